#!/usr/bin/python3
"""Makes what is in this folder: `./make.py`, by python3-cryptography and openssl. The envelopes are assembled here from the
specification alone (JSON, CBOR, the bytes that are signed), each signed properly, so that only the rule it breaks can make it a no.
The private keys protect nothing."""
import base64
import datetime
import hashlib
import json
import pathlib
import subprocess
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import ExtendedKeyUsageOID as EKU, NameOID

HERE = pathlib.Path(__file__).resolve().parent
DATE = datetime.datetime
LONG = (DATE(2020, 1, 1), DATE(2119, 1, 1))
N = 'io.cncf.notary.'
PAYLOAD = 'application/vnd.cncf.notary.payload.v1+json'
JWS, COSE = 'application/jose+json', 'application/cose'
ARTIFACT = b'artifact'
TARGET = {'mediaType': 'application/vnd.oci.image.manifest.v1+json', 'digest': 'sha256:' + hashlib.sha256(ARTIFACT).hexdigest(),
          'size': len(ARTIFACT)}
SIGNED, EXPIRES = DATE(2024, 1, 1), DATE(2100, 1, 1)
ALGS = {'PS256': -37, 'PS384': -38, 'PS512': -39, 'ES256': -7, 'ES384': -35, 'ES512': -36}
USAGES = ('digital_signature', 'content_commitment', 'key_encipherment', 'data_encipherment', 'key_agreement', 'key_cert_sign', 'crl_sign',
          'encipher_only', 'decipher_only')


def name(cn, *more):
    parts = [(NameOID.COUNTRY_NAME, 'CH'), (NameOID.STATE_OR_PROVINCE_NAME, 'Bern'), (NameOID.ORGANIZATION_NAME, 'Lazaret, tests'), *more,
             (NameOID.COMMON_NAME, cn)]
    return x509.Name([x509.NameAttribute(o, v) for o, v in parts])


class Party:
    def __init__(self, cn, issuer=None, key=None, ca=False, path_len=None, eku=(), usage=None, usage_critical=True, ca_critical=True,
                 validity=LONG, more=()):
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.subject, self.issuer = name(cn, *more), issuer or self
        usage = usage or (['key_cert_sign', 'crl_sign'] if ca else ['digital_signature'])
        b = x509.CertificateBuilder().subject_name(self.subject).issuer_name(self.issuer.subject).public_key(self.key.public_key())
        b = b.serial_number(x509.random_serial_number()).not_valid_before(validity[0]).not_valid_after(validity[1])
        if ca:
            b = b.add_extension(x509.BasicConstraints(ca=True, path_length=path_len), critical=ca_critical)
        b = b.add_extension(x509.KeyUsage(**{u: u in usage for u in USAGES}), critical=usage_critical)
        if eku:
            b = b.add_extension(x509.ExtendedKeyUsage(eku), critical=list(eku) == [EKU.TIME_STAMPING])
        self.cert = b.sign(self.issuer.key, hashes.SHA256())

    def der(self):
        return self.cert.public_bytes(serialization.Encoding.DER)

    def pem(self):
        return self.cert.public_bytes(serialization.Encoding.PEM)

    def key_pem(self):
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())

    def chain(self):
        return [self] if self.issuer is self else [self] + self.issuer.chain()


def hash_of(alg):
    return {'256': hashes.SHA256, '384': hashes.SHA384, '512': hashes.SHA512}[alg[2:]]()


def sign(party, alg, message):
    h = hash_of(alg)
    if alg.startswith('PS'):
        return party.key.sign(message, padding.PSS(padding.MGF1(h), h.digest_size), h)
    r, s = decode_dss_signature(party.key.sign(message, ec.ECDSA(h)))
    n = (party.key.curve.key_size + 7) // 8
    return r.to_bytes(n, 'big') + s.to_bytes(n, 'big')


def b64u(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


class Tag:
    def __init__(self, number, value):
        self.number, self.value = number, value


class Raw(bytes):
    """Text or CBOR that is put in as it is."""


def head(major, n):
    for low, size in ((24, 0), (1 << 8, 1), (1 << 16, 2), (1 << 32, 4), (1 << 64, 8)):
        if n < low:
            return bytes([major << 5 | n]) if size == 0 else bytes([major << 5 | 23 + size.bit_length()]) + n.to_bytes(size, 'big')


def cbor(v):
    if isinstance(v, Raw):
        return bytes(v)
    if isinstance(v, bool) or v is None:
        return bytes([{False: 0xf4, True: 0xf5, None: 0xf6}[v]])
    if isinstance(v, int):
        return head(0, v) if v >= 0 else head(1, -1 - v)
    if isinstance(v, bytes):
        return head(2, len(v)) + v
    if isinstance(v, str):
        return head(3, len(v.encode())) + v.encode()
    if isinstance(v, list):
        return head(4, len(v)) + b''.join(map(cbor, v))
    if isinstance(v, Tag):
        return head(6, v.number) + cbor(v.value)
    pairs = sorted((cbor(k), cbor(x)) for k, x in v.items())
    return head(5, len(pairs)) + b''.join(k + x for k, x in pairs)


def dump(v):
    return v if isinstance(v, bytes) else json.dumps(v, separators=(',', ':')).encode()


class Envelope:
    """What is to be signed, open to changes until it is built."""
    def __init__(self, party, alg, kind, scheme='notary.x509', expiry=None):
        self.party, self.alg, self.kind = party, alg, kind
        self.payload = dump({'targetArtifact': TARGET})
        clock = N + ('signingTime' if scheme == 'notary.x509' else 'authenticSigningTime')
        self.crit = [N + 'signingScheme'] + ([clock] if scheme != 'notary.x509' else []) + ([N + 'expiry'] if expiry else [])
        self.headers = {self.k('alg'): alg if kind == JWS else ALGS[alg], self.k('crit'): self.crit, self.k('cty'): PAYLOAD,
                        N + 'signingScheme': scheme, clock: self.time(SIGNED)}
        if expiry:
            self.headers[N + 'expiry'] = self.time(expiry)
        certs = [p.der() for p in party.chain()]
        self.beside = {'x5c': [base64.b64encode(c).decode() for c in certs]} if kind == JWS else {33: certs}
        self.beside[N + 'signingAgent'] = 'make.py/1.0'
        self.signature = self.guarded = None

    def k(self, label):
        return label if self.kind == JWS else {'alg': 1, 'crit': 2, 'cty': 3}[label]

    def time(self, t):
        return t.strftime('%Y-%m-%dT%H:%M:%SZ') if self.kind == JWS else Tag(1, int(t.replace(tzinfo=datetime.timezone.utc).timestamp()))

    def sign(self):
        if self.guarded is None:
            self.guarded = dump(self.headers) if self.kind == JWS else cbor(self.headers)
        if self.kind == JWS:
            message = (b64u(self.guarded) + '.' + b64u(self.payload)).encode()
        else:
            message = cbor(['Signature1', self.guarded, b'', self.payload])
        self.signature = self.signature or sign(self.party, self.alg, message)
        return self.signature

    def build(self):
        self.sign()
        if self.kind == COSE:
            return cbor(Tag(18, [self.guarded, self.beside, self.payload, self.signature]))
        return dump({'payload': b64u(self.payload), 'protected': b64u(self.guarded), 'header': self.beside, 'signature': b64u(self.signature)})


CASES = []


def case(what, envelope, kind, why='', **more):
    """why: a part of the text of the refusal; empty for a yes."""
    CASES.append({'name': f'{kind[12:]}: {what}', 'media_type': kind, 'envelope': base64.b64encode(envelope).decode(), 'why': why, **more})


ROOT = Party('root', ca=True)
LEAF = Party('leaf', ROOT, eku=[EKU.CODE_SIGNING])


def bad_headers(kind):
    def one(what, why, change, scheme='notary.x509', expiry=EXPIRES, **more):
        v = Envelope(LEAF, 'ES256', kind, scheme, expiry)
        result = change(v)
        case(what, result if isinstance(result, bytes) else v.build(), kind, why, **more)

    def drop(key):
        return lambda v: v.headers.pop(key) and None

    def put(key, value):
        return lambda v: v.headers.__setitem__(key, value) or None
    probe = Envelope(LEAF, 'ES256', kind)
    alg, crit, cty, t = probe.k('alg'), probe.k('crit'), probe.k('cty'), probe.time
    authority = 'notary.x509.signingAuthority'
    one('good', '', lambda v: None)
    one('good, an extended attribute', '', put('org.example', 'x'))
    one('no alg', 'algorithm', drop(alg))
    one('alg none', 'algorithm', put(alg, 'none'))
    one('alg of HMAC', 'algorithm', put(alg, 'HS256' if kind == JWS else 5))
    one('alg of another hash', 'algorithm', put(alg, 'ES384' if kind == JWS else -35))
    one('alg of RSA', 'algorithm', put(alg, 'PS256' if kind == JWS else -37))
    one('no crit', 'crit' if kind == JWS else 'not marked critical', drop(crit))
    one('crit empty', 'crit', put(crit, []))
    one('crit no list', 'crit', put(crit, N + 'signingScheme'))
    one('crit without scheme', 'not marked critical', put(crit, [N + 'expiry']))
    one('crit without expiry', 'not marked critical', put(crit, [N + 'signingScheme']))
    one('crit twice', 'twice', put(crit, [N + 'signingScheme', N + 'expiry', N + 'expiry']))
    one('crit names what is not there', 'not known', put(crit, [N + 'signingScheme', N + 'expiry', 'org.example']))
    one('crit names expiry, which is not there', 'not known', drop(N + 'expiry'))

    def unknown(v):
        v.headers['org.example'] = 'x'
        v.crit.append('org.example')
    one('unknown critical header', 'not known', unknown)

    def plugin(v):
        v.headers[N + 'verificationPlugin'] = 'x'
        v.crit.append(N + 'verificationPlugin')
    one('verification plugin', 'not known', plugin)
    one('verification plugin, not critical', 'plugin', put(N + 'verificationPlugin', 'x'))
    one('no content type', 'content type', drop(cty))
    one('content type of something else', 'content type', put(cty, 'application/json'))
    one('no scheme', 'scheme', drop(N + 'signingScheme'))
    one('unknown scheme', 'scheme', put(N + 'signingScheme', 'notary.other'))
    one('no signing time', 'missing', drop(N + 'signingTime'))
    one('signing time is no time', 'no time', put(N + 'signingTime', 'yesterday'))
    one('both times', 'does not go with', put(N + 'authenticSigningTime', t(SIGNED)))
    one('expiry before signing', 'expires before', put(N + 'expiry', t(DATE(2023, 1, 1))))
    one('expiry when signing', 'expires before', put(N + 'expiry', t(SIGNED)))
    one('expiry is no time', 'no time', put(N + 'expiry', 'never'))
    one('expired', 'expired 2025', lambda v: None, expiry=DATE(2025, 1, 1))
    one('expired, only logged', '', lambda v: None, expiry=DATE(2025, 1, 1), policy='permissive', logged='expired 2025')
    one('authority', '', lambda v: None, scheme=authority, policy='authority')
    one('authority, in a ca store', 'no trust store', lambda v: None, scheme=authority)
    one('x509, in a signingAuthority store', 'no trust store', lambda v: None, policy='authority')
    one('authority, crit without its time', 'not marked critical', put(crit, [N + 'signingScheme', N + 'expiry']), scheme=authority,
        policy='authority')
    one('authority with signing time', 'does not go with', put(N + 'signingTime', t(SIGNED)), scheme=authority, policy='authority')
    one('authority without its time', 'missing', drop(N + 'authenticSigningTime'), scheme=authority, policy='authority')
    one('authority signed before its certificate', 'valid from', put(N + 'authenticSigningTime', t(DATE(2019, 1, 1))), scheme=authority,
        policy='authority')
    if kind == JWS:
        one('time with a fraction', 'no time', put(N + 'signingTime', '2024-01-01T00:00:00.5Z'))
        one('time without offset', 'no time', put(N + 'signingTime', '2024-01-01T00:00:00'))
        one('a day is no time', 'no time', put(N + 'signingTime', '2024-01-01'))
        one('time with an offset', '', put(N + 'signingTime', '2024-01-01T08:00:00+08:00'))
        one('payload not encoded', 'not encoded', put('b64', False))
    else:
        one('time without tag', 'no time', put(N + 'signingTime', 1704067200))
        one('time as text tag', 'no time', put(N + 'signingTime', Tag(0, '2024-01-01T00:00:00Z')))
        one('time as float', 'simple value or float', put(N + 'signingTime', Tag(1, Raw(b'\xfb\x41\xd9\x64\x80\x00\x00\x00\x00'))))
        one('crit names a label that is a number', 'not known', lambda v: v.crit.append(4))
        one('alg as text', 'no number', put(alg, 'ES256'))
    one('payload of another artifact', 'the signature is of', lambda v: setattr(
        v, 'payload', dump({'targetArtifact': {**TARGET, 'digest': 'sha256:' + 64 * 'a'}})))
    one('payload of another size', 'size or media type', lambda v: setattr(v, 'payload', dump({'targetArtifact': {**TARGET, 'size': 9}})))
    one('payload of another type', 'size or media type', lambda v: setattr(
        v, 'payload', dump({'targetArtifact': {**TARGET, 'mediaType': 'application/vnd.oci.image.index.v1+json'}})))
    for what, payload in (('no JSON', b'hello'), ('a list', b'[]'), ('without target', b'{}'), ('without size', dump({
            'targetArtifact': {k: v for k, v in TARGET.items() if k != 'size'}})), ('negative size', dump({
                'targetArtifact': {**TARGET, 'size': -1}})), ('digest twice', dump({'targetArtifact': TARGET}).replace(
                    b'"digest"', b'"digest":"sha256:' + 64 * b'a' + b'","digest"')), ('an annotation that is a number', dump({
                        'targetArtifact': {**TARGET, 'annotations': {'a': 1}}}))):
        one('payload ' + what, '', lambda v, p=payload: setattr(v, 'payload', p), no=True)


def broken_envelopes():
    def jws(what, why, change):
        j = json.loads(Envelope(LEAF, 'ES256', JWS).build())
        result = change(j)
        case(what, result if isinstance(result, bytes) else dump(j), JWS, why)

    def twice(j, key):
        text = dump(j)
        return text.replace(f'"{key}":'.encode(), f'"{key}":"",'.encode() + f'"{key}":'.encode(), 1)

    v = Envelope(LEAF, 'ES256', JWS)
    v.guarded = dump(v.headers).replace(b'"alg"', b'"alg":"ES256","alg"')
    case('alg twice', v.build(), JWS, 'twice')
    v = Envelope(LEAF, 'ES256', JWS)
    v.guarded = dump(v.headers)[:-1] + b',"' + (N + 'signingScheme').encode() + b'":"notary.x509"}'
    case('scheme twice', v.build(), JWS, 'twice')
    for key in ('payload', 'protected', 'header', 'signature'):
        jws(f'no {key}', 'missing', lambda j, k=key: j.pop(k) and None)
        jws(f'{key} twice', 'twice', lambda j, k=key: twice(j, k))
    jws('general form beside', 'flattened', lambda j: j.__setitem__('signatures', []))
    jws('no certificates', 'certificates', lambda j: j['header'].__setitem__('x5c', []))
    jws('certificate chain missing', 'certificates', lambda j: j['header'].pop('x5c') and None)
    jws('alg in both headers', 'both headers', lambda j: j['header'].__setitem__('alg', 'ES256'))
    jws('certificate no base64', 'base64', lambda j: j['header'].__setitem__('x5c', ['!']))
    jws('certificate is PEM', 'not DER', lambda j: j['header'].__setitem__('x5c', [base64.b64encode(LEAF.pem()).decode()]))
    jws('two certificates in one', 'more than one', lambda j: j['header'].__setitem__(
        'x5c', [base64.b64encode(LEAF.der() + ROOT.der()).decode()]))
    jws('too many certificates', 'more than 32', lambda j: j['header'].__setitem__('x5c', j['header']['x5c'] * 17))
    jws('padded base64', 'base64', lambda j: j.__setitem__('signature', j['signature'] + '=='))
    jws('signature changed', 'does not hold', lambda j: j.__setitem__('signature', 'AAAA' + j['signature'][4:]))
    jws('payload changed', 'does not hold', lambda j: j.__setitem__('payload', b64u(dump({'targetArtifact': TARGET, 'x': 1}))))
    jws('no JSON', 'JSON', lambda j: b'{')
    jws('bytes behind', 'JSON', lambda j: dump(j) + b'{}')
    jws('a COSE message', 'JSON', lambda j: Envelope(LEAF, 'ES256', COSE).build())

    def cose(what, why, change, kind=COSE):
        v = Envelope(LEAF, 'ES256', COSE)
        v.sign()
        parts = [v.guarded, v.beside, v.payload, v.signature]
        result = change(v, parts)
        case(what, result if isinstance(result, bytes) else cbor(Tag(18, parts)), kind, why)

    def part(i, value):
        return lambda v, p: p.__setitem__(i, value)
    cose('no tag', 'COSE_Sign1', lambda v, p: cbor(p))
    cose('another tag', 'COSE_Sign1', lambda v, p: cbor(Tag(98, p)))
    cose('five parts', 'COSE_Sign1', lambda v, p: p.append(b''))
    cose('three parts', 'COSE_Sign1', lambda v, p: p.pop() and None)
    cose('payload detached', 'payload', part(2, None))
    cose('payload empty', 'payload', part(2, b''))
    cose('protected empty', 'protected', part(0, b''))
    cose('protected no bytes', 'protected', part(0, {}))
    cose('signature empty', 'signature', part(3, b''))
    cose('signature short', 'does not hold', lambda v, p: p.__setitem__(3, p[3][:-1]))
    cose('signature changed', 'does not hold', lambda v, p: p.__setitem__(3, bytes(4) + p[3][4:]))
    cose('payload changed', 'does not hold', lambda v, p: p.__setitem__(2, p[2] + b' '))
    cose('no certificates', 'certificates', lambda v, p: p[1].pop(33) and None)
    cose('certificate alone', 'list', lambda v, p: p[1].__setitem__(33, LEAF.der()))
    cose('certificate list empty', 'list', lambda v, p: p[1].__setitem__(33, []))
    cose('certificate is text', 'byte string', lambda v, p: p[1].__setitem__(33, ['x']))
    cose('alg in both headers', 'both headers', lambda v, p: p[1].__setitem__(1, -7))
    cose('bytes behind', 'behind', lambda v, p: cbor(Tag(18, p)) + b'\0')
    cose('array of indefinite length', 'indefinite', lambda v, p: b'\xd2\x9f' + b''.join(map(cbor, p)) + b'\xff')
    cose('ends early', 'early', lambda v, p: cbor(Tag(18, p))[:-1])
    cose('label twice, beside', 'twice', lambda v, p: p.__setitem__(1, Raw(b'\xa2\x18\x21' + cbor([LEAF.der()]) + b'\x18\x21' + cbor([LEAF.der()]))))
    cose('a JWS envelope', 'JSON', lambda v, p: cbor(Tag(18, p)), kind=JWS)
    v = Envelope(LEAF, 'ES256', COSE)
    v.guarded = bytes([0xa0 + len(v.headers) + 1]) + cbor(v.headers)[1:] + b'\x01\x26'
    case('alg twice', v.build(), COSE, 'twice')
    v = Envelope(LEAF, 'ES256', COSE)
    v.guarded = cbor(v.headers).replace(b'\x01\x26', b'\x01\x38\x06')
    case('number not in its shortest form', v.build(), COSE, 'shortest')
    v = Envelope(LEAF, 'ES256', COSE)
    v.guarded = cbor(v.headers) + b'\0'
    case('bytes behind the protected header', v.build(), COSE, 'behind')


def chains():
    def one(what, why, party, alg='ES256', certs=None, **more):
        v = Envelope(party, alg, JWS)
        if certs:
            v.beside['x5c'] = [base64.b64encode(c.der()).decode() for c in certs]
        case('chain: ' + what, v.build(), JWS, why, **more)
    other, mid = Party('other', ca=True), Party('mid', ROOT, ca=True, path_len=0)
    low = Party('low', mid, ca=True)
    self_signed = Party('self')
    store('self', self_signed.pem())
    one('with an intermediate', '', Party('leaf 2', mid))
    one('self-signed leaf', '', self_signed, policy='self')
    one('self-signed leaf of nobody', 'no certificate of the chain', self_signed)
    one('of another root', 'no certificate of the chain', Party('leaf', other))
    one('root left out', 'not whole', LEAF, certs=[LEAF])
    one('leaf last', 'self-signed but not the last', LEAF, certs=[ROOT, LEAF])
    one('root twice', 'self-signed but not the last', LEAF, certs=[LEAF, ROOT, ROOT])
    one('an unrelated one within', 'not issued by', LEAF, certs=[LEAF, mid, ROOT])
    one('root of the same name', 'not issued by', LEAF, certs=[LEAF, Party('root', ca=True)])
    one('path too long', 'fewer certificates', Party('leaf', low))
    one('issued by a leaf', 'is no CA', Party('leaf', LEAF))
    one('CA not critical', 'is no CA', Party('leaf', Party('ca', ROOT, ca=True, ca_critical=False)))
    one('CA without keyCertSign', 'may not sign certificates', Party('leaf', Party('ca', ROOT, ca=True, usage=['crl_sign'])))
    one('CA with usage not critical', 'may not sign certificates', Party('leaf', Party('ca', ROOT, ca=True, usage_critical=False)))
    one('signed by a CA', 'is a CA', ROOT)
    one('usage not critical', 'may not sign', Party('leaf', ROOT, usage_critical=False))
    one('no digitalSignature', 'may not sign', Party('leaf', ROOT, usage=['content_commitment']))
    one('content commitment too', '', Party('leaf', ROOT, usage=['digital_signature', 'content_commitment']))
    for u in ('key_encipherment', 'data_encipherment', 'key_agreement', 'key_cert_sign', 'crl_sign'):
        one(f'usage {u} too', 'more than signing', Party('leaf', ROOT, usage=['digital_signature', u]))
    for u in ('SERVER_AUTH', 'CLIENT_AUTH', 'EMAIL_PROTECTION', 'TIME_STAMPING', 'OCSP_SIGNING', 'ANY_EXTENDED_KEY_USAGE'):
        one(f'extended usage {u}', 'extended key usage', Party('leaf', ROOT, eku=[EKU.CODE_SIGNING, getattr(EKU, u)]))
    one('P-224', '', Party('leaf', ROOT, key=ec.generate_private_key(ec.SECP224R1())), no=True)
    one('RSA of 2560 bits', 'kind or size', Party('leaf', ROOT, key=rsa.generate_private_key(65537, 2560)), 'PS256')
    one('two units', 'twice', Party('leaf', ROOT, more=[(NameOID.ORGANIZATIONAL_UNIT_NAME, 'a'), (NameOID.ORGANIZATIONAL_UNIT_NAME, 'b')]),
        policy='named')
    one('named', '', LEAF, policy='named')
    one('named otherwise', 'none of the trusted identities', Party('leaf 3', ROOT), policy='named')
    one('named otherwise, only logged', '', Party('leaf 3', ROOT), policy='audit', logged='none of the trusted identities')
    one('of another root, only logged', '', Party('leaf', other), policy='audit', logged='no certificate of the chain')
    expired = Party('leaf', ROOT, validity=(DATE(2023, 1, 1), DATE(2025, 1, 1)))
    one('expired', 'expired 2025', expired)
    one('expired, only logged', '', expired, policy='permissive', logged='expired 2025')
    one('not yet valid', 'valid from 2101', Party('leaf', ROOT, validity=(DATE(2101, 1, 1), DATE(2119, 1, 1))))


def stamp(tsa, message, folder, accuracy='secs:1'):
    """A bare TimeStampToken, by openssl, of today."""
    (folder / 'tsa.pem').write_bytes(tsa.pem())
    (folder / 'tsa.key').write_bytes(tsa.key_pem())
    (folder / 'chain.pem').write_bytes(b''.join(p.pem() for p in tsa.chain()[1:]))
    (folder / 'message').write_bytes(message)
    (folder / 'serial').write_text('01\n')
    (folder / 'ts.cnf').write_text(f'''[tsa]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
certs = {folder}/chain.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256, sha384, sha512
accuracy = {accuracy}
ess_cert_id_alg = sha256
''')
    subprocess.run(['openssl', 'ts', '-query', '-data', 'message', '-sha256', '-cert', '-out', 'query'], cwd=folder, check=True, capture_output=True)
    subprocess.run(['openssl', 'ts', '-reply', '-config', 'ts.cnf', '-section', 'tsa', '-queryfile', 'query', '-token_out', '-out', 'token'],
                   cwd=folder, check=True, capture_output=True)
    return (folder / 'token').read_bytes()


def stamps():
    root = Party('tsa root', ca=True)
    tsa = Party('tsa', root, eku=[EKU.TIME_STAMPING])
    strange = Party('tsa', Party('strange root', ca=True), eku=[EKU.TIME_STAMPING])
    signer = Party('leaf', ROOT, eku=[EKU.TIME_STAMPING])
    ended = Party('leaf', ROOT, validity=(DATE(2020, 1, 1), DATE(2040, 1, 1)))
    before = Party('leaf', ROOT, validity=(DATE(2020, 1, 1), DATE(2025, 1, 1)))
    store('stamps', root.pem(), 'tsa')
    late = 2240000000  # 2040-12-25
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)

        def one(what, kind, why, party=LEAF, by=tsa, of=None, token=True, **more):
            v = Envelope(party, 'ES256', kind)
            if token:
                t = token if isinstance(token, bytes) else stamp(by, of or v.sign(), folder)
                v.beside[N + 'timestampSignature'] = base64.b64encode(t).decode() if kind == JWS else t
            more.setdefault('policy', 'stamped')
            case('stamp: ' + what, v.build(), kind, why, **more)
        for kind in (JWS, COSE):
            one('good', kind, '')
            one('none', kind, 'there is none', token=False)
            one('none, but not asked for yet', kind, '', token=False, policy='stamped later')
            one('none, asked for once expired', kind, 'there is none', ended, token=False, policy='stamped later', now=late)
            one('good, certificate expired since', kind, '', ended, now=late)
            one('good, expired since, asked for then', kind, '', ended, now=late, policy='stamped later')
            one('certificate expired before', kind, 'the timestamp is of another time', before)
            one('of something else', kind, '', of=b'something else', no=True)
            one('of a strange authority', kind, '', by=strange, no=True)
            one('of a root that is no tsa', kind, '', by=signer, no=True)
            one('broken', kind, '', token=b'0\x03\x02\x01\x01', no=True)
            one('expired since, without stores', kind, 'expired 2040', ended, now=late, policy='strict')


def store(name, pem, kind='ca'):
    folder = HERE / 'truststore/x509' / kind / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f'{name}.pem').write_bytes(pem)


def statement(name, level, stores, identities=('*',), **more):
    return {'name': name, 'registryScopes': ['registry.example/' + name.replace(' ', '-')], 'trustStores': stores,
            'signatureVerification': {'level': level, **more}, 'trustedIdentities': list(identities)}


def main():
    store('root', ROOT.pem())
    store('root', ROOT.pem(), 'signingAuthority')
    for kind in (JWS, COSE):
        bad_headers(kind)
    broken_envelopes()
    chains()
    stamps()
    keys = {'PS256': rsa.generate_private_key(65537, 2048), 'PS384': rsa.generate_private_key(65537, 3072),
            'PS512': rsa.generate_private_key(65537, 4096), 'ES256': ec.generate_private_key(ec.SECP256R1()),
            'ES384': ec.generate_private_key(ec.SECP384R1()), 'ES512': ec.generate_private_key(ec.SECP521R1())}
    for alg, key in keys.items():
        party = Party('signer ' + alg, ROOT, key=key)
        (HERE / f'{alg}.key').write_bytes(party.key_pem())
        (HERE / f'{alg}.crt').write_bytes(b''.join(p.pem() for p in party.chain()))
        for kind in (JWS, COSE):
            case(f'good, {alg}', Envelope(party, alg, kind).build(), kind)
    named = ['x509.subject: C=CH, ST=Bern, O=Lazaret\\, tests, CN=leaf', 'x509.subject: CN=x,S=Bern,C=CH,O=Lazaret\\2c tests']
    policy = {'version': '1.0', 'trustPolicies': [
        statement('strict', 'strict', ['ca:root']), statement('permissive', 'permissive', ['ca:root']),
        statement('audit', 'audit', ['ca:root'], named), statement('authority', 'strict', ['signingAuthority:root']),
        statement('named', 'strict', ['ca:root'], named), statement('self', 'strict', ['ca:self']),
        statement('stamped', 'strict', ['ca:root', 'tsa:stamps'], verifyTimestamp='always'),
        statement('stamped later', 'strict', ['ca:root', 'tsa:stamps'], verifyTimestamp='afterCertExpiry')]}
    (HERE / 'trustpolicy.json').write_text(json.dumps(policy, indent=1) + '\n')
    (HERE / 'cases.json').write_text(json.dumps({'target': TARGET, 'cases': CASES}, indent=1) + '\n')


main()
