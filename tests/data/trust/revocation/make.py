#!/usr/bin/python3
"""Makes the CRLs and OCSP responses of this folder, what must fail of them in tests/reject/trust, and seeds for the fuzzers:
`./make.py`, after those of ../certs and ../timestamps."""
import datetime
import importlib.util
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID as AIA, ExtendedKeyUsageOID as EKU

HERE = pathlib.Path(__file__).resolve().parent
TESTS = HERE.parent.parent.parent
DER = serialization.Encoding.DER
START, END = datetime.datetime(2023, 1, 1), datetime.datetime(2119, 1, 1)


def load(folder):
    spec = importlib.util.spec_from_file_location(f'{folder}_make', HERE.parent / folder / 'make.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


certs, stamps = load('certs'), load('timestamps')


def crl(ca, *revoked, number=1, delta=None, more=()):
    b = x509.CertificateRevocationListBuilder().issuer_name(ca.subject).last_update(START).next_update(END)
    b = b.add_extension(x509.CRLNumber(number), False)
    if delta:
        b = b.add_extension(x509.DeltaCRLIndicator(delta), True)
    for extension in more:
        b = b.add_extension(extension, False)
    for party, reason, invalid in revoked:
        r = x509.RevokedCertificateBuilder().serial_number(party.cert.serial_number).revocation_date(datetime.datetime(2023, 6, 1))
        r = r.add_extension(x509.CRLReason(reason), False)
        if invalid:
            r = r.add_extension(x509.InvalidityDate(invalid), False)
        b = b.add_revoked_certificate(r.build())
    return b.sign(ca.key, hashes.SHA256()).public_bytes(DER)


def response(ca, party, revoked=False, signer=None, alg=hashes.SHA1()):
    b = ocsp.OCSPResponseBuilder().add_response(
        cert=party.cert, issuer=ca.cert, algorithm=alg, cert_status=ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
        this_update=START, next_update=END, revocation_time=datetime.datetime(2023, 6, 1) if revoked else None,
        revocation_reason=x509.ReasonFlags.key_compromise if revoked else None)
    b = b.responder_id(ocsp.OCSPResponderEncoding.HASH, (signer or ca).cert)
    if signer:
        b = b.certificates([signer.cert])
    return b.sign((signer or ca).key, hashes.SHA256()).public_bytes(DER)


def main():
    key = x509.ReasonFlags.key_compromise
    ca = certs.Party(certs.cn('CA'), ca=True)
    where = [(x509.AuthorityInformationAccess([x509.AccessDescription(AIA.OCSP, x509.UniformResourceIdentifier('http://127.0.0.1/ocsp')),
                                               x509.AccessDescription(AIA.CA_ISSUERS, x509.UniformResourceIdentifier('http://127.0.0.1/ca'))]), False),
             (x509.CRLDistributionPoints([x509.DistributionPoint([x509.UniformResourceIdentifier('http://127.0.0.1/crl')], None, None, None)]), False)]
    leaf = certs.Party(certs.cn('leaf'), ca, more=where)
    other = certs.Party(certs.cn('other'), ca)
    delegate = certs.Party(certs.cn('responder'), ca, eku=[EKU.OCSP_SIGNING], more=[(x509.OCSPNoCheck(), False)])
    freshest = x509.FreshestCRL([x509.DistributionPoint([x509.UniformResourceIdentifier('http://127.0.0.1/delta')], None, None, None)])
    made = {
        'leaf.pem': leaf.pem(), 'other.pem': other.pem(), 'ca.pem': ca.pem(),
        'ocsp-good.der': response(ca, leaf), 'ocsp-revoked.der': response(ca, leaf, True),
        'ocsp-delegate.der': response(ca, leaf, signer=delegate, alg=hashes.SHA256()),
        'crl.der': crl(ca, (leaf, key, datetime.datetime(2023, 3, 1)), (other, x509.ReasonFlags.certificate_hold, None), number=300),
        'crl-empty.der': crl(ca, number=300, more=[freshest]),
        'delta.der': crl(ca, (leaf, key, None), (other, x509.ReasonFlags.remove_from_crl, None), number=301, delta=300),
    }
    root = certs.Party(certs.cn('TSA root'), ca=True)
    tsa = certs.Party(certs.cn('TSA'), root, eku=[EKU.TIME_STAMPING])
    info = stamps.tst()
    made |= {'tsa-root.pem': root.pem(), 'tsa-token.der': stamps.token(info, [stamps.signer(tsa, info)], [tsa]),
             'tsa/revoked.crl': crl(root, (tsa, key, None))}
    for file, data in made.items():
        (HERE / file).write_bytes(data)

    good, listed = made['ocsp-good.der'], made['crl.der']
    broken = {'ocsp-short.der': good[:-1], 'ocsp-trailing.der': good + b'\0', 'ocsp-unauthorized.der': bytes.fromhex('30030a0106'),
              'ocsp-later.der': bytes.fromhex('30030a0103'), 'ocsp-success-without.der': bytes.fromhex('30030a0100'),
              'ocsp-changed.der': good.replace(b'\x80\0\x18\x0f2023', b'\x80\0\x18\x0f2024'),
              'ocsp-other.der': response(ca, other), 'ocsp-foreign.der': response(ca, leaf, signer=certs.Party(certs.cn('x'), eku=[EKU.OCSP_SIGNING])),
              'crl-short.der': listed[:-1], 'crl-trailing.der': listed + b'\0', 'crl-changed.der': listed.replace(b'230601', b'230602', 1),
              'crl-no-next.der': listed.replace(b'\x18\x0f21190101000000Z', b''),
              'crl-foreign.der': crl(certs.Party(certs.cn('CA'), ca=True)), 'crl-other-issuer.der': crl(root)}
    assert all(x not in (good, listed) for x in broken.values())
    for file, data in broken.items():
        (TESTS / 'reject/trust' / file).write_bytes(data)

    def seed(file, data):
        (TESTS / 'fuzz/corpus' / file).write_bytes(data)
    pair = leaf.cert.public_bytes(DER) + ca.cert.public_bytes(DER)
    for file in 'ocsp-good.der', 'ocsp-revoked.der', 'ocsp-delegate.der', 'crl.der', 'delta.der':
        seed(f'revocation/{file}', pair + made[file])
    seed('cert/with-addresses.der', leaf.cert.public_bytes(DER))
    for name in 'leaf-scts', 'leaf-sans', 'mid-named', 'mid':
        cert = x509.load_pem_x509_certificate((HERE.parent / f'certs/{name}.pem').read_bytes())
        seed(f'cert/{name}.der', cert.public_bytes(DER))
    seed('cert/chain.pem', b''.join((HERE.parent / f'certs/{n}.pem').read_bytes() for n in ('leaf', 'mid', 'root')))
    for name in 'pass-response', 'pass-two-signers', 'pass-no-certs', 'pass-fraction', 'fail-rejected':
        seed(f'timestamp/{name}.der', (HERE.parent / f'timestamps/{name}.der').read_bytes())
    seed('revoked/list.yaml', b'revoked:\n  - key: sha256:' + b'1' * 64 + b'\n    since: 2026-01-02T03:04:05Z\n    reason: laptop stolen\n'
         b'  - certificate: sha256:' + b'2' * 64 + b'\n  - identity: me@example.com\n    since: 2026-01-02\n')


if __name__ == '__main__':
    main()
