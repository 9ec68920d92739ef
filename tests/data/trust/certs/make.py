#!/usr/bin/python3
"""Makes the certificates of this folder: `./make.py`, by python3-cryptography. Keys are new each time and are not kept."""
import datetime
import ipaddress
import pathlib
import struct

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID as EKU, NameOID, ObjectIdentifier as OID

HERE = pathlib.Path(__file__).resolve().parent
LONG = (datetime.datetime(2020, 1, 1), datetime.datetime(2119, 1, 1))
SHORT = (datetime.datetime(2021, 1, 1), datetime.datetime(2022, 1, 1))
CODE = [EKU.CODE_SIGNING]


def name(*parts):
    return x509.Name([x509.NameAttribute(o, v) for o, v in parts])


def cn(text):
    return name((NameOID.COUNTRY_NAME, 'CH'), (NameOID.ORGANIZATION_NAME, 'Lazaret tests'), (NameOID.COMMON_NAME, text))


def usage(**bits):
    known = ('digital_signature', 'content_commitment', 'key_encipherment', 'data_encipherment', 'key_agreement', 'key_cert_sign',
             'crl_sign', 'encipher_only', 'decipher_only')
    return x509.KeyUsage(**{k: bits.get(k, False) for k in known})


class Party:
    """A certificate with its key."""
    def __init__(self, subject, issuer=None, key=None, ca=False, path_len=None, eku=None, sans=None, validity=LONG, hash_alg=hashes.SHA256(),
                 more=(), key_usage=None, signer=None):
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.issuer = issuer or self
        self.subject = subject
        b = x509.CertificateBuilder().subject_name(subject).issuer_name(self.issuer.subject).public_key(self.key.public_key())
        b = b.serial_number(x509.random_serial_number()).not_valid_before(validity[0]).not_valid_after(validity[1])
        if ca or path_len is not None:
            b = b.add_extension(x509.BasicConstraints(ca=ca, path_length=path_len), critical=True)
        if key_usage is None:
            key_usage = usage(key_cert_sign=True, crl_sign=True) if ca else usage(digital_signature=True)
        b = b.add_extension(key_usage, critical=True)
        b = b.add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
        b = b.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key((signer or self.issuer).key.public_key()), critical=False)
        if eku:
            b = b.add_extension(x509.ExtendedKeyUsage(eku), critical=eku == [EKU.TIME_STAMPING])
        if sans:
            b = b.add_extension(x509.SubjectAlternativeName(sans), critical=not list(subject))
        for extension, critical in more:
            b = b.add_extension(extension, critical)
        self.builder = b
        self.cert = b.sign((signer or self.issuer).key, hash_alg)

    def pem(self):
        return self.cert.public_bytes(serialization.Encoding.PEM)

    def key_pem(self):
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def spki(key):
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def sha256(data):
    h = hashes.Hash(hashes.SHA256())
    h.update(data)
    return h.finalize()


def sct(log, issuer, tbs, time_ms, extensions=b''):
    signed = struct.pack('>BBQH', 0, 0, time_ms, 1) + sha256(spki(issuer.key)) + len(tbs).to_bytes(3, 'big') + tbs
    signed += struct.pack('>H', len(extensions)) + extensions
    signature = log.sign(signed, ec.ECDSA(hashes.SHA256()))
    return b'\0' + sha256(spki(log)) + struct.pack('>QH', time_ms, len(extensions)) + extensions + b'\4\3' + struct.pack('>H', len(signature)) + signature


def der_octets(data):
    length = bytes([len(data)]) if len(data) < 128 else b'\x82' + struct.pack('>H', len(data))
    return b'\4' + length + data


def with_scts(party, log, **kwargs):
    """The party's certificate again, with SCTs of the log in it."""
    tbs = party.builder.sign(party.issuer.key, hashes.SHA256()).tbs_certificate_bytes
    scts = [sct(log, party.issuer, tbs, 1700000000000), sct(log, party.issuer, tbs, 1700000000001, b'\0\0\5abcde'),
            b'\7unknown version']
    listed = b''.join(struct.pack('>H', len(s)) + s for s in scts)
    value = der_octets(struct.pack('>H', len(listed)) + listed)
    extension = x509.UnrecognizedExtension(OID('1.3.6.1.4.1.11129.2.4.2'), value)
    return party.builder.add_extension(extension, False).sign(party.issuer.key, hashes.SHA256())


def main():
    def put(file, party):
        (HERE / f'{file}.pem').write_bytes(party.pem())
        return party

    root = put('root', Party(cn('root'), ca=True, key=ec.generate_private_key(ec.SECP384R1()), hash_alg=hashes.SHA384()))
    mid = put('mid', Party(cn('mid'), root, ca=True, path_len=0, eku=CODE, hash_alg=hashes.SHA384()))
    leaf = put('leaf', Party(name(), mid, eku=CODE, sans=[x509.UniformResourceIdentifier('https://example.com/workflow')]))
    put('leaf-short', Party(cn('short'), mid, eku=CODE, validity=SHORT))
    put('mid-expired', Party(cn('mid'), root, key=mid.key, ca=True, path_len=0, validity=SHORT))
    put('root-other', Party(cn('root'), ca=True))
    put('leaf-no-eku', Party(cn('no eku'), mid))
    put('leaf-tls', Party(cn('tls'), mid, eku=[EKU.SERVER_AUTH]))
    put('leaf-encipher', Party(cn('encipher'), mid, eku=CODE, key_usage=usage(key_encipherment=True)))
    put('leaf-critical', Party(cn('critical'), mid, eku=CODE, more=[(x509.UnrecognizedExtension(OID('1.2.3.4'), b'\5\0'), True)]))
    put('leaf-sha1', Party(cn('sha1'), mid, eku=CODE, hash_alg=hashes.SHA1()))
    put('leaf-forged', Party(cn('forged'), mid, eku=CODE, signer=leaf,
                             more=[]))
    put('leaf-of-leaf', Party(cn('leaf of leaf'), put('leaf-named', Party(cn('named'), mid, eku=CODE)), eku=CODE))
    deep = put('mid-deep', Party(cn('deep'), mid, ca=True))
    put('leaf-deep', Party(cn('leaf deep'), deep, eku=CODE))
    tls = put('mid-tls', Party(cn('tls mid'), root, ca=True, eku=[EKU.SERVER_AUTH]))
    put('leaf-under-tls', Party(cn('leaf under tls'), tls, eku=CODE))
    sign = put('mid-no-sign', Party(cn('no sign'), root, ca=True, key_usage=usage(crl_sign=True)))
    put('leaf-no-sign', Party(cn('leaf no sign'), sign, eku=CODE))
    named = put('mid-named', Party(cn('named mid'), root, ca=True, more=[
        (x509.NameConstraints([x509.RFC822Name('example.com'), x509.UniformResourceIdentifier('example.com')], None), True)]))
    put('leaf-name-good', Party(cn('good'), named, eku=CODE, sans=[x509.RFC822Name('me@example.com')]))
    put('leaf-name-bad', Party(cn('bad'), named, eku=CODE, sans=[x509.RFC822Name('me@example.org')]))
    put('leaf-sans', Party(name((NameOID.COUNTRY_NAME, 'US'), (NameOID.STATE_OR_PROVINCE_NAME, 'WA'), (NameOID.ORGANIZATION_NAME, 'A, B & C'),
                                (NameOID.STREET_ADDRESS, 'Main'), (OID('1.2.3.9'), 'x')), mid, eku=CODE, sans=[
        x509.RFC822Name('me@example.com'), x509.DNSName('example.com'), x509.IPAddress(ipaddress.ip_address('192.0.2.1')),
        x509.OtherName(OID('1.3.6.1.4.1.57264.1.7'), b'\x0c\x04user'), x509.OtherName(OID('1.2.3'), b'\x0c\x04user'),
        x509.DNSName('nul\0.example.com'), x509.UniformResourceIdentifier('https://example.com/x')]))
    multi = x509.Name([x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.ORGANIZATION_NAME, 'O'),
                                                       x509.NameAttribute(NameOID.COMMON_NAME, 'multi')])])
    put('leaf-multi', Party(multi, mid, eku=CODE))
    put('self-leaf', Party(cn('self'), eku=CODE, key=rsa.generate_private_key(65537, 2048)))
    put('small-rsa', Party(cn('small'), mid, eku=CODE, key=rsa.generate_private_key(65537, 1024)))
    loop_a = Party(cn('a'), ca=True)
    loop_b = Party(cn('b'), loop_a, ca=True)
    put('loop-a', Party(cn('a'), loop_b, key=loop_a.key, ca=True))
    put('loop-b', loop_b)
    put('leaf-loop', Party(cn('leaf loop'), loop_b, eku=CODE))
    long = [Party(cn('long 0'), root, ca=True)]
    for i in range(1, 9):
        long.append(Party(cn(f'long {i}'), long[-1], ca=True))
    (HERE / 'long.pem').write_bytes(b''.join(p.pem() for p in long))
    put('leaf-long', Party(cn('leaf long'), long[-1], eku=CODE))
    put('leaf-long-enough', Party(cn('leaf long enough'), long[-2], eku=CODE))

    log = ec.generate_private_key(ec.SECP256R1())
    seen = with_scts(leaf, log)
    (HERE / 'leaf-scts.pem').write_bytes(seen.public_bytes(serialization.Encoding.PEM))
    (HERE / 'ct-log.pub').write_bytes(log.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))

    # Broken ones for tests/reject/trust.
    reject = HERE.parent.parent.parent / 'reject/trust'
    der = leaf.cert.public_bytes(serialization.Encoding.DER)
    for file, data in {
            'cert-trailing.der': der + b'\0', 'cert-short.der': der[:-1], 'cert-empty.der': b'', 'cert-two.der': der + der,
            'cert-indefinite.der': b'\x30\x80' + der[4:] + b'\0\0',
            'cert-long-length.der': b'\x30\x83\0' + der[2:], 'cert-no-cert.der': b'\x30\x03\x02\x01\x01'}.items():
        (reject / file).write_bytes(data)
    twice = x509.UnrecognizedExtension(OID('2.5.29.19'), b'\x30\x06\x01\x01\xff\x02\x01\xff')
    (reject / 'cert-negative-path.der').write_bytes(
        Party(cn('negative'), mid, more=[(twice, True)]).cert.public_bytes(serialization.Encoding.DER))
    usage_twice = der.replace(bytes.fromhex('551d0e'), bytes.fromhex('551d0f'))
    assert usage_twice != der
    (reject / 'cert-extension-twice.der').write_bytes(usage_twice)


if __name__ == '__main__':
    main()
