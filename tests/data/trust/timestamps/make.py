#!/usr/bin/python3
"""Makes the time-stamp tokens of this folder, good and broken ones: `./make.py`. What they stamp is the text "message"."""
import datetime
import pathlib
import sys

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID as EKU, ExtensionOID

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / 'certs'))
from make import Party, SHORT, cn, sha256  # noqa: E402

DER = serialization.Encoding.DER


def tlv(tag, *parts):
    body = b''.join(parts)
    n = len(body)
    length = bytes([n]) if n < 128 else bytes([0x81, n]) if n < 256 else b'\x82' + n.to_bytes(2, 'big')
    return bytes([tag]) + length + body


def seq(*parts):
    return tlv(0x30, *parts)


def oid(text):
    arcs = [int(x) for x in text.split('.')]
    out = bytes([40 * arcs[0] + arcs[1]])
    for arc in arcs[2:]:
        groups = [arc & 127]
        while arc := arc >> 7:
            groups.insert(0, arc & 127 | 128)
        out += bytes(groups)
    return tlv(6, out)


def number(v):
    return tlv(2, v.to_bytes(v.bit_length() // 8 + 1, 'big'))


SHA256, SHA1 = seq(oid('2.16.840.1.101.3.4.2.1')), seq(oid('1.3.14.3.2.26'))
ECDSA_SHA256 = seq(oid('1.2.840.10045.4.3.2'))
TST_INFO = oid('1.2.840.113549.1.9.16.1.4')


def tst(when='20230601120000Z', message=b'message', version=1, hash_alg=SHA256, digest=None, nonce=None, more=b''):
    return seq(number(version), oid('1.2.3.4'), seq(hash_alg, tlv(4, digest or sha256(message))), number(77),
               tlv(0x18, when.encode()), seq(number(1), tlv(0x80, b'\5')), number(nonce) if nonce else b'', more)


def attribute(name, value):
    return seq(oid(name), tlv(0x31, value))


def cert_bytes(party):
    return party.cert.public_bytes(DER)


def signer(party, content, named=None, ess=None, extra=b'', sid=None, digest=None, key=None):
    """named: the certificate of the issuer and serial number; ess: the attribute instead of the right one."""
    named = named or party
    if ess is None:
        ess = attribute('1.2.840.113549.1.9.16.2.47', seq(seq(seq(tlv(4, sha256(cert_bytes(named)))))))
    attributes = attribute('1.2.840.113549.1.9.3', TST_INFO) + attribute('1.2.840.113549.1.9.4', tlv(4, digest or sha256(content))) + ess + extra
    signature = (key or party.key).sign(tlv(0x31, attributes), ec.ECDSA(hashes.SHA256()))
    sid = sid or seq(named.cert.issuer.public_bytes(), number(named.cert.serial_number))
    return seq(number(1), sid, SHA256, tlv(0xa0, attributes), ECDSA_SHA256, tlv(4, signature))


def token(content, signers, certs):
    data = seq(number(3), tlv(0x31, SHA256), seq(TST_INFO, tlv(0xa0, tlv(4, content))),
               tlv(0xa0, *sorted(cert_bytes(c) for c in certs)) if certs else b'', tlv(0x31, *signers))
    return seq(oid('1.2.840.113549.1.7.2'), tlv(0xa0, data))


def response(tok, status=0, text=None):
    return seq(seq(number(status), seq(tlv(0xc, text.encode())) if text else b''), tok)


def main():
    root = Party(cn('TSA root'), ca=True)
    mid = Party(cn('TSA mid'), root, ca=True)
    tsa = Party(cn('TSA'), mid, eku=[EKU.TIME_STAMPING])
    old_mid = Party(cn('TSA old mid'), root, ca=True, validity=SHORT)
    under_old = Party(cn('TSA under old'), old_mid, eku=[EKU.TIME_STAMPING])
    wide = Party(cn('TSA wide'), mid, eku=[EKU.TIME_STAMPING, EKU.CODE_SIGNING])
    plain = Party(cn('no TSA'), mid)
    other_root = Party(cn('other root'), ca=True)
    evil = Party(cn('TSA'), other_root, eku=[EKU.TIME_STAMPING])
    good = tst()
    (HERE / 'root.pem').write_bytes(root.pem())
    (HERE / 'tsa.pem').write_bytes(tsa.pem())
    (HERE / 'mid.pem').write_bytes(mid.pem())
    all_certs = [tsa, mid]
    made = {
        'pass-response.der': response(token(good, [signer(tsa, good)], all_certs)),
        'pass-mods.der': response(token(good, [signer(tsa, good)], all_certs), 1),
        'pass-token.der': token(good, [signer(tsa, good)], all_certs),
        'pass-no-certs.der': response(token(good, [signer(tsa, good)], [])),
        'pass-key-id.der': token(good, [signer(tsa, good, sid=tlv(0x80, tsa.cert.extensions.get_extension_for_oid(
            ExtensionOID.SUBJECT_KEY_IDENTIFIER).value.digest))], all_certs),
        'pass-two-signers.der': token(good, [signer(evil, good), signer(tsa, good)], all_certs + [evil]),
        'pass-fraction.der': (lambda t: token(t, [signer(tsa, t)], all_certs))(tst('20230601120000.25Z', nonce=0x4142)),
        'fail-other-root.der': token(good, [signer(evil, good)], [evil, other_root]),
        # The good certificate is shown, another key signed (GHSA-xm5m-wgh2-rrg3).
        'fail-key.der': token(good, [signer(tsa, good, key=evil.key)], all_certs),
        'fail-named-other.der': token(good, [signer(evil, good, named=tsa)], all_certs + [evil]),
        'fail-ess-other.der': token(good, [signer(evil, good, ess=attribute('1.2.840.113549.1.9.16.2.47', seq(seq(seq(tlv(4, sha256(
            cert_bytes(tsa))))))))], all_certs + [evil]),
        'fail-no-ess.der': token(good, [signer(tsa, good, ess=b'')], all_certs),
        'fail-ess-twice.der': token(good, [signer(tsa, good, extra=attribute('1.2.840.113549.1.9.16.2.47', seq(seq(seq(
            tlv(4, sha256(cert_bytes(tsa))))))))], all_certs),
        'fail-digest-twice.der': token(good, [signer(tsa, good, extra=attribute('1.2.840.113549.1.9.4', tlv(4, sha256(b''))))], all_certs),
        'fail-digest.der': token(good, [signer(tsa, good, digest=sha256(b'other'))], all_certs),
        'fail-wide-eku.der': token(good, [signer(wide, good)], [wide, mid]),
        'fail-no-eku.der': token(good, [signer(plain, good)], [plain, mid]),
        'fail-expired-mid.der': token(good, [signer(under_old, good)], [under_old, old_mid]),
        'fail-no-mid.der': token(good, [signer(tsa, good)], [tsa]),
        'fail-no-signer.der': token(good, [], all_certs),
        'fail-many-signers.der': token(good, [signer(tsa, good)] * 9, all_certs),
        'fail-rejected.der': seq(seq(number(2), seq(tlv(0xc, b'not today')))),
        'fail-no-token.der': seq(seq(number(0))),
        'fail-trailing.der': token(good, [signer(tsa, good)], all_certs) + b'\0',
    }
    for file, content in {
            'other': tst(message=b'other'), 'version': tst(version=2), 'sha1': tst(hash_alg=SHA1, digest=bytes(20)),
            'short-digest': tst(digest=bytes(31)), 'early': tst('20010601120000Z'), 'no-time': tst('20231301120000Z'),
            'offset': tst('20230601120000+0100'), 'critical': tst(more=tlv(0xa1, seq(oid('1.2.3'), tlv(1, b'\xff'), tlv(4, b'')))),
            'nonce-twice': tst(more=number(1) + number(2))}.items():
        made[f'fail-{file}.der'] = token(content, [signer(tsa, content)], all_certs)
    for file, data in made.items():
        (HERE / file).write_bytes(data)


if __name__ == '__main__':
    main()
