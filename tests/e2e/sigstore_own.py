"""A Sigstore of our own, on localhost: identity provider, certificate authority with certificate transparency log, transparency
logs of both generations, timestamp authorities. Written from the specifications, with the mathematics of python3-cryptography
and the openssl command, so that it shares nothing with the program that it tests.

    with Sigstore(folder) as s:
        s.trusted_root(), s.signing_config()    files
        s.token('ci@example.org')               an identity token
        s.at = 1700000000                       what time the services believe it is
        s.next_generation()                     new keys and certificates everywhere; the old ones stay in the roots
        s.log1.answer = lambda body: ...        what a service answers instead (gets its own answer, gives another)
"""
import base64
import datetime
import hashlib
import http.server
import json
import pathlib
import secrets
import subprocess
import threading
import time
import urllib.parse

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

DAY, YEAR = 86400, 365 * 86400
FULCIO = '1.3.6.1.4.1.57264.1.'
CODE_SIGNING, TIME_STAMPING = '1.3.6.1.5.5.7.3.3', '1.3.6.1.5.5.7.3.8'


def b64(data):
    return base64.b64encode(data).decode()


def compact(value):
    """RFC 8785 for what is written here: sorted, without white space, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(',', ':')).encode()


def sha256(data):
    return hashlib.sha256(data).digest()


def rfc3339(t):
    return datetime.datetime.fromtimestamp(t, datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ')


def naive(t):
    return datetime.datetime.utcfromtimestamp(int(t))


def spki(key):
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def der(tag, *parts):
    """One ASN.1 value."""
    body = b''.join(parts)
    n = len(body)
    size = bytes([n]) if n < 128 else bytes([0x80 | (n.bit_length() + 7) // 8]) + n.to_bytes((n.bit_length() + 7) // 8, 'big')
    return bytes([tag]) + size + body


def der_int(n):
    return der(2, n.to_bytes(n.bit_length() // 8 + 1, 'big'))


def der_parts(data):
    """(tag, content, whole) of each value in a row."""
    out, at = [], 0
    while at < len(data):
        n, head = data[at + 1], 2
        if n & 0x80:
            head += n & 0x7f
            n = int.from_bytes(data[at + 2:at + head], 'big')
        out.append((data[at], data[at + head:at + head + n], data[at:at + head + n]))
        at += head + n
    return out


# Merkle trees, RFC 6962 section 2.1, as it is written there: see Tree

def leaf_hash(entry):
    return sha256(b'\0' + entry)


def split(n):
    k = 1
    while k * 2 < n:
        k *= 2
    return k


class Refused(Exception):
    def __init__(self, status, text, headers=()):
        super().__init__(text)
        self.status, self.text, self.headers = status, text, dict(headers)


class Service:
    """What is behind one path of the server. `answer` may be set to change what it says, `seen` holds what it was asked."""

    def __init__(self, world, name):
        self.world, self.name = world, name
        self.url = f'{world.url}/{name}'
        self.host = f'{name}.sigstore.test'      # as trust roots know it
        self.start, self.end = int(world.now()) - YEAR, None
        self.answer, self.seen, self.lock = None, [], threading.Lock()

    def valid(self):
        return {'start': rfc3339(self.start), **({'end': rfc3339(self.end)} if self.end else {})}

    def handle(self, method, path, headers, body):
        """-> status, content type, bytes, headers"""
        raise NotImplementedError

    def as_service(self, version=1):
        return {'url': self.url, 'majorApiVersion': version, 'validFor': self.valid(), 'operator': self.host}


class Issuer(Service):
    """An identity provider: signs tokens with ES256."""

    def __init__(self, world, name='issuer'):
        super().__init__(world, name)
        self.key = ec.generate_private_key(ec.SECP256R1())

    def token(self, subject, email=None, audience='sigstore', seconds=600, key=None, **claims):
        now = int(time.time())
        claims = {'iss': self.url, 'aud': audience, 'sub': subject, 'iat': now, 'nbf': now, 'exp': now + seconds,
                  **({'email': email, 'email_verified': True} if email else {}), **claims}
        text = '.'.join(base64.urlsafe_b64encode(compact(p)).decode().rstrip('=') for p in ({'alg': 'ES256', 'typ': 'JWT'}, claims))
        r, s = utils.decode_dss_signature((key or self.key).sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return text + '.' + base64.urlsafe_b64encode(r.to_bytes(32, 'big') + s.to_bytes(32, 'big')).decode().rstrip('=')

    def claims(self, token):
        head, payload, sig = (base64.urlsafe_b64decode(p + '=' * (-len(p) % 4)) for p in token.split('.'))
        raw = utils.encode_dss_signature(int.from_bytes(sig[:32], 'big'), int.from_bytes(sig[32:], 'big'))
        self.key.public_key().verify(raw, token.rpartition('.')[0].encode(), ec.ECDSA(hashes.SHA256()))
        claims = json.loads(payload)
        assert json.loads(head)['alg'] == 'ES256' and claims['aud'] == 'sigstore' and claims['exp'] > time.time()
        return claims

    def handle(self, method, path, headers, body):
        """As a CI service gives tokens to its jobs."""
        if headers.get('Authorization') != 'Bearer request-token' or 'audience=sigstore' not in path:
            raise Refused(401, 'no')
        return 200, 'application/json', compact({'value': self.token('https://ci.example/job')}), {}


class CTLog(Service):
    def __init__(self, world, name):
        super().__init__(world, name)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = sha256(spki(self.key.public_key()))

    def sct(self, tbs, issuer_spki, extensions=b''):
        """RFC 6962 section 3.2: over a certificate's TBS without the extension that it will be in."""
        ms = int(self.world.now() * 1000)
        signed = (b'\0\0' + ms.to_bytes(8, 'big') + b'\0\1' + sha256(issuer_spki) + len(tbs).to_bytes(3, 'big') + tbs +
                  len(extensions).to_bytes(2, 'big') + extensions)
        sig = self.key.sign(signed, ec.ECDSA(hashes.SHA256()))
        sct = (b'\0' + self.id + ms.to_bytes(8, 'big') + len(extensions).to_bytes(2, 'big') + extensions + b'\4\3' +
               len(sig).to_bytes(2, 'big') + sig)
        return (len(sct) + 2).to_bytes(2, 'big') + len(sct).to_bytes(2, 'big') + sct

    def as_trusted(self):
        return {'baseUrl': f'https://{self.host}', 'hashAlgorithm': 'SHA2_256', 'logId': {'keyId': b64(self.id)},
                'publicKey': {'rawBytes': b64(spki(self.key.public_key())), 'keyDetails': 'PKIX_ECDSA_P256_SHA_256',
                              'validFor': self.valid()}}


def certificate(subject, key, issuer, issuer_key, start, end, extensions, digest=None):
    """issuer: a certificate, or None for one that signs itself. extensions: (value, critical)."""
    b = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer.subject if issuer else subject)
         .public_key(key).serial_number(x509.random_serial_number()).not_valid_before(naive(start)).not_valid_after(naive(end)))
    for value, critical in extensions:
        b = b.add_extension(value, critical)
    return b.sign(issuer_key, digest or hashes.SHA384())


def name_of(common):
    return x509.Name([x509.NameAttribute(x509.oid.NameOID.ORGANIZATION_NAME, 'sigstore.test'),
                      x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, common)])


def ca_extensions(key, parent, path, eku=None):
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    out = [(x509.BasicConstraints(True, path), True), (usage, True), (x509.SubjectKeyIdentifier.from_public_key(key), False)]
    if parent:
        out.append((x509.AuthorityKeyIdentifier.from_issuer_public_key(parent), False))
    if eku:
        out.append((x509.ExtendedKeyUsage([x509.ObjectIdentifier(eku)]), False))
    return out


class Fulcio(Service):
    """P-384 root and intermediate; leaves of ten minutes."""

    def __init__(self, world, name, intermediate_days=3650):
        super().__init__(world, name)
        self.key, self.root_key = ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP384R1())
        own, root = self.key.public_key(), self.root_key.public_key()
        self.root = certificate(name_of('root of ' + name), root, None, self.root_key, self.start, self.start + 10 * YEAR,
                                ca_extensions(root, None, 1))
        self.cert = certificate(name_of(name), own, self.root, self.root_key, self.start, self.start + intermediate_days * DAY,
                                ca_extensions(own, root, 0, CODE_SIGNING))
        self.ct, self.seconds, self.with_sct, self.force_key, self.extra = None, 600, True, None, {}

    def issue(self, key, claims, now):
        email = claims.get('email')
        san = x509.RFC822Name(email) if email else x509.UniformResourceIdentifier(claims['sub'])
        issuer = claims['iss'].encode()
        oid = x509.ObjectIdentifier
        extensions = [
            (x509.KeyUsage(True, False, False, False, False, False, False, False, False), True),
            (x509.ExtendedKeyUsage([oid(CODE_SIGNING)]), False),
            (x509.SubjectKeyIdentifier.from_public_key(key), False),
            (x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False),
            (x509.SubjectAlternativeName([san]), True),
            (x509.UnrecognizedExtension(oid(FULCIO + '1'), issuer), False),
            (x509.UnrecognizedExtension(oid(FULCIO + '8'), der(12, issuer)), False)]
        extensions += [(x509.UnrecognizedExtension(oid(FULCIO + n), der(12, v.encode())), False) for n, v in self.extra.items()]
        b = (x509.CertificateBuilder().subject_name(x509.Name([])).issuer_name(self.cert.subject).public_key(key)
             .serial_number(x509.random_serial_number()).not_valid_before(naive(now)).not_valid_after(naive(now + self.seconds)))
        for value, critical in extensions:
            b = b.add_extension(value, critical)
        if self.with_sct:
            tbs = b.sign(self.key, hashes.SHA384()).tbs_certificate_bytes
            scts = self.ct.sct(tbs, spki(self.key.public_key()))
            b = b.add_extension(x509.UnrecognizedExtension(oid('1.3.6.1.4.1.11129.2.4.2'), der(4, scts)), False)
        return b.sign(self.key, hashes.SHA384())

    def handle(self, method, path, headers, body):
        if method != 'POST' or path != '/api/v2/signingCert':
            raise Refused(404, 'there is nothing')
        request = json.loads(body)['publicKeyRequest']
        kind, _, token = headers.get('Authorization', '').partition(' ')
        try:
            claims = self.world.issuer.claims(token)
        except Exception:
            raise Refused(401, 'There was an error processing the identity token') from None
        key = serialization.load_pem_public_key(request['publicKey']['content'].encode())
        try:
            check(key, base64.b64decode(request['proofOfPossession']), (claims.get('email') or claims['sub']).encode())
        except InvalidSignature:
            raise Refused(400, 'The signature supplied in the request could not be verified') from None
        leaf = self.issue(self.force_key or key, claims, self.world.now())
        chain = [c.public_bytes(Encoding.PEM).decode() for c in (leaf, self.cert, self.root)]
        return 200, 'application/json', compact({'signedCertificateEmbeddedSct': {'chain': {'certificates': chain}}}), {}

    def as_trusted(self):
        return {'subject': {'organization': 'sigstore.test', 'commonName': self.name}, 'uri': f'https://{self.host}',
                'certChain': {'certificates': [{'rawBytes': b64(c.public_bytes(Encoding.DER))} for c in (self.cert, self.root)]},
                'validFor': self.valid()}


def check(key, sig, message, hashed=None):
    """Verifies a signature with whatever kind of key; hashed: of a digest, by the hash of that name."""
    algorithm = {'sha256': hashes.SHA256(), 'sha384': hashes.SHA384(), 'sha512': hashes.SHA512()}[hashed or 'sha256']
    used = utils.Prehashed(algorithm) if hashed else algorithm
    if isinstance(key, ec.EllipticCurvePublicKey):
        if not hashed:
            used = {256: hashes.SHA256(), 384: hashes.SHA384(), 521: hashes.SHA512()}[key.curve.key_size]
        key.verify(sig, message, ec.ECDSA(used))
    elif isinstance(key, rsa.RSAPublicKey):
        key.verify(sig, message, padding.PKCS1v15(), used)
    elif not hashed:
        key.verify(sig, message)


def pem_key(text):
    if b'CERTIFICATE' in text:
        return x509.load_pem_x509_certificate(text).public_key()
    return serialization.load_pem_public_key(text)


class Tree(Service):
    """What both generations of logs share."""

    def __init__(self, world, name):
        super().__init__(world, name)
        self.entries, self.leaves, self.places, self.complete = [], [], {}, {}

    def append(self, body):
        """-> index, whether it was there already"""
        if body in self.places:
            return self.places[body], True
        self.places[body] = len(self.entries)
        self.entries.append(body)
        self.leaves.append(leaf_hash(body))
        return len(self.entries) - 1, False

    def fill(self, n):
        for i in range(n):
            self.append(b'entry %d of somebody else' % i)

    def root(self, first=0, end=None):
        """The hash over leaves first to end; subtrees that will not change are remembered."""
        end = len(self.leaves) if end is None else end
        n = end - first
        if n < 2:
            return self.leaves[first] if n else sha256(b'')
        if (first, end) not in self.complete:
            k = split(n)
            both = sha256(b'\1' + self.root(first, first + k) + self.root(first + k, end))
            if n & (n - 1):
                return both
            self.complete[first, end] = both
        return self.complete[first, end]

    def path(self, at, first=0, end=None):
        end = len(self.leaves) if end is None else end
        if end - first == 1:
            return []
        k = first + split(end - first)
        return self.path(at, first, k) + [self.root(k, end)] if at < k else self.path(at, k, end) + [self.root(first, k)]

    def note(self, origin):
        return f'{origin}\n{len(self.leaves)}\n{b64(self.root())}\n'


class Rekor1(Tree):
    OFFSET = 5000       # entries of earlier shards: an entry's number in the log is not the one in its tree
    ENTRIES = '/api/v1/log/entries'

    def __init__(self, world, name):
        super().__init__(world, name)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = sha256(spki(self.key.public_key()))
        self.tree_id = secrets.randbits(60)
        self.times, self.fill_times = {}, None
        self.fill(3)

    def checkpoint(self):
        text = self.note(f'{self.host} - {self.tree_id}')
        sig = self.key.sign(text.encode(), ec.ECDSA(hashes.SHA256()))
        return f'{text}\n\u2014 {self.host} {b64(self.id[:4] + sig)}\n'

    def promise(self, body, t, index):
        return self.key.sign(compact({'body': b64(body), 'integratedTime': t, 'logID': self.id.hex(), 'logIndex': index}),
                             ec.ECDSA(hashes.SHA256()))

    def entry(self, i):
        body, t = self.entries[i], self.times[i]
        return {f'{self.tree_id:016x}{self.leaves[i].hex()}': {
            'body': b64(body), 'integratedTime': t, 'logID': self.id.hex(), 'logIndex': self.OFFSET + i,
            'verification': {
                'inclusionProof': {'checkpoint': self.checkpoint(), 'hashes': [h.hex() for h in self.path(i)], 'logIndex': i,
                                   'rootHash': self.root().hex(), 'treeSize': len(self.leaves)},
                'signedEntryTimestamp': b64(self.promise(body, t, self.OFFSET + i))}}}

    @staticmethod
    def canonical(proposed):
        """The entry that is made of what was proposed; refuses a signature that does not hold."""
        spec, kind = proposed['spec'], (proposed['kind'], proposed['apiVersion'])
        try:
            if kind == ('hashedrekord', '0.0.1'):
                sig, data = spec['signature'], spec['data']['hash']
                check(pem_key(base64.b64decode(sig['publicKey']['content'])), base64.b64decode(sig['content']),
                      bytes.fromhex(data['value']), data['algorithm'])
                return compact(proposed)
            if kind == ('dsse', '0.0.1'):
                text, pem = spec['proposedContent']['envelope'], spec['proposedContent']['verifiers'][0]
                envelope = json.loads(text)
                payload, sig = base64.b64decode(envelope['payload']), envelope['signatures'][0]['sig']
                check(pem_key(base64.b64decode(pem)), base64.b64decode(sig), pae(envelope['payloadType'], payload))
                return compact({**proposed, 'spec': {
                    'envelopeHash': {'algorithm': 'sha256', 'value': sha256(text.encode()).hex()},
                    'payloadHash': {'algorithm': 'sha256', 'value': sha256(payload).hex()},
                    'signatures': [{'signature': sig, 'verifier': pem}]}})
        except InvalidSignature:
            raise Refused(400, 'verifying signature: invalid') from None
        raise Refused(400, f'there are no entries of kind {kind}')

    def handle(self, method, path, headers, body):
        if method == 'POST' and path == self.ENTRIES:
            i, there = self.append(self.canonical(json.loads(body)))
            if there:
                uuid = next(iter(self.entry(i)))
                raise Refused(409, f'an equivalent entry already exists in the transparency log with UUID {uuid}',
                              {'Location': f'{self.ENTRIES}/{uuid}'})
            self.times[i] = int(self.world.now())
            return 201, 'application/json', compact(self.entry(i)), {}
        if method == 'GET' and path.startswith(self.ENTRIES + '/'):
            wanted = bytes.fromhex(path.rpartition('/')[2][-64:])
            if wanted in self.leaves:
                return 200, 'application/json', compact(self.entry(self.leaves.index(wanted))), {}
        if method == 'POST' and path == self.ENTRIES + '/retrieve':
            found = [self.entries.index(b) for b in map(self.canonical, json.loads(body).get('entries', [])) if b in self.entries]
            return 200, 'application/json', compact([self.entry(i) for i in found]), {}
        raise Refused(404, 'there is nothing')

    def as_trusted(self):
        return {'baseUrl': f'https://{self.host}', 'hashAlgorithm': 'SHA2_256', 'logId': {'keyId': b64(self.id)},
                'publicKey': {'rawBytes': b64(spki(self.key.public_key())), 'keyDetails': 'PKIX_ECDSA_P256_SHA_256',
                              'validFor': self.valid()}}


def pae(kind, body):
    return b'DSSEv1 %d %s %d %s' % (len(kind.encode()), kind.encode(), len(body), body)


class Rekor2(Tree):
    def __init__(self, world, name):
        super().__init__(world, name)
        self.public = self.make_key()
        self.id = sha256(self.host.encode() + b'\n\1' + self.public.public_bytes(Encoding.Raw, PublicFormat.Raw))
        self.fill(5)

    def make_key(self):
        self.key = ed25519.Ed25519PrivateKey.generate()
        return self.key.public_key()

    def checkpoint(self):
        text = self.note(self.host)
        return f'{text}\n\u2014 witness.test {b64(secrets.token_bytes(76))}\n\u2014 {self.host} {b64(self.id[:4] + self.key.sign(text.encode()))}\n'

    def entry(self, i):
        return {'logIndex': str(i), 'logId': {'keyId': b64(self.id)}, 'kindVersion': {'kind': 'hashedrekord', 'version': '0.0.2'},
                'inclusionProof': {'logIndex': str(i), 'rootHash': b64(self.root()), 'treeSize': str(len(self.leaves)),
                                   'hashes': [b64(h) for h in self.path(i)], 'checkpoint': {'envelope': self.checkpoint()}},
                'canonicalizedBody': b64(self.entries[i])}

    def tile(self, level, rest):
        """c2sp.org/tlog-tiles: 256 hashes of subtrees of 256^level entries, fewer in the last."""
        rest, _, width = rest.partition('.p/')
        number = int(rest.replace('x', '').replace('/', ''))
        step = 256 ** level
        first, last = number * 256, min((number + 1) * 256, len(self.leaves) // step)
        if last - first != int(width or 256):
            raise Refused(404, 'there is no such tile')
        return b''.join(self.root(i * step, (i + 1) * step) for i in range(first, last))

    def handle(self, method, path, headers, body):
        if method == 'GET' and path == '/api/v2/checkpoint':
            return 200, 'text/plain', self.checkpoint().encode(), {}
        if method == 'GET' and path.startswith('/api/v2/tile/'):
            level, _, rest = path[len('/api/v2/tile/'):].partition('/')
            return 200, 'application/octet-stream', self.tile(int(level), rest), {}
        if method != 'POST' or path != '/api/v2/log/entries':
            raise Refused(404, 'there is nothing')
        request = json.loads(body)['hashedRekordRequestV002']
        sig, verifier = request['signature'], request['signature']['verifier']
        if 'x509Certificate' in verifier:
            key = x509.load_der_x509_certificate(base64.b64decode(verifier['x509Certificate']['rawBytes'])).public_key()
        else:
            key = serialization.load_der_public_key(base64.b64decode(verifier['publicKey']['rawBytes']))
        digest = base64.b64decode(request['digest'])
        name = {32: 'sha256', 48: 'sha384', 64: 'sha512'}[len(digest)]
        try:
            check(key, base64.b64decode(sig['content']), digest, name)
        except InvalidSignature:
            raise Refused(400, 'verifying signature: invalid') from None
        made = compact({'apiVersion': '0.0.2', 'kind': 'hashedrekord', 'spec': {'hashedRekordV002': {
            'data': {'algorithm': 'SHA2_' + name[3:], 'digest': request['digest']}, 'signature': sig}}})
        i, there = self.append(made)
        if there:
            raise Refused(409, f'an equivalent entry already exists in the transparency log with index {i}', {'X-Log-Index': str(i)})
        return 201, 'application/json', compact(self.entry(i)), {}

    def as_trusted(self):
        return {'baseUrl': f'https://{self.host}', 'hashAlgorithm': 'SHA2_256', 'logId': {'keyId': b64(self.id)},
                'publicKey': {'rawBytes': b64(spki(self.public)), 'keyDetails': 'PKIX_ED25519', 'validFor': self.valid()}}


class OwnLog(Rekor2):
    """Rekor 2 in front of the program's own log (`lazaret log`): checkpoint, proofs and tiles are the log's; the tree that is kept here
    beside it must agree."""

    def __init__(self, world, name, lazaret):
        self.lazaret, self.folder = lazaret, world.folder / name
        super().__init__(world, name)

    def make_key(self):
        self.run('init', self.folder, '--origin', self.host)
        raw = base64.b64decode(self.folder.with_suffix('.vkey').read_text().strip().split('+', 2)[2])
        assert raw[0] == 1
        return ed25519.Ed25519PublicKey.from_public_bytes(raw[1:])

    def run(self, *args, input=None):
        r = self.lazaret('log', *args, input=input, env={'COSIGN_PASSWORD': 'log'})
        assert r.returncode == 0, r.stderr
        return r.stdout

    def append(self, body):
        i, there = super().append(body)
        if not there:
            self.log([body])
        return i, there

    def fill(self, n):
        new = [body for body in (b'entry %d of somebody else' % i for i in range(n)) if not Tree.append(self, body)[1]]
        self.log(new)

    def log(self, bodies):
        """Its numbers are ours."""
        n = len(self.entries)
        out = self.run('append', self.folder, '-', input=''.join(body.decode() + '\n' for body in bodies))
        assert [int(line) for line in out.split()] == list(range(n - len(bodies), n))

    def path(self, at, first=0, end=None):
        path = super().path(at, first, end)
        if end is None:
            lines = self.run('prove', self.folder, '--index', at).partition('\n\n')[0].split('\n')
            assert [base64.b64decode(line) for line in lines[2:]] == path
        return path

    def checkpoint(self):
        return (self.folder / 'checkpoint').read_text()

    def tile(self, level, rest):
        return (self.folder / 'tile' / str(level) / rest).read_bytes()


class TSA(Service):
    """RFC 3161 by openssl: `ts -reply` at the clock's time, a token put together from the RFC and signed by `cms` at others."""

    def __init__(self, world, name):
        super().__init__(world, name)
        self.folder = world.folder / name
        self.folder.mkdir()
        self.key, self.root_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP384R1())
        own, root = self.key.public_key(), self.root_key.public_key()
        self.root = certificate(name_of('root of ' + name), root, None, self.root_key, self.start, self.start + 10 * YEAR,
                                ca_extensions(root, None, 0))
        usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
        self.cert = certificate(name_of(name), own, self.root, self.root_key, self.start, self.start + 9 * YEAR, [
            (x509.BasicConstraints(False, None), True), (usage, True),
            (x509.ExtendedKeyUsage([x509.ObjectIdentifier(TIME_STAMPING)]), True),
            (x509.SubjectKeyIdentifier.from_public_key(own), False), (x509.AuthorityKeyIdentifier.from_issuer_public_key(root), False)])
        self.file('cert.pem', self.cert.public_bytes(Encoding.PEM))
        self.file('key.pem', self.key.private_bytes(Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        self.file('serial', b'01\n')
        self.file('ts.cnf', b'[tsa]\nserial = serial\ncrypto_device = builtin\nsigner_cert = cert.pem\nsigner_key = key.pem\n'
                  b'signer_digest = sha256\ndefault_policy = 1.3.6.1.4.1.57264.2\ndigests = sha256, sha384, sha512\naccuracy = secs:1\n'
                  b'ess_cert_id_chain = no\ness_cert_id_alg = sha256\n')

    def file(self, name, data):
        (self.folder / name).write_bytes(data)

    def openssl(self, *args, input=None):
        r = subprocess.run(['openssl', *args], cwd=self.folder, input=input, capture_output=True, timeout=60)
        assert r.returncode == 0, r.stderr
        return r.stdout

    def reply(self, query):
        if self.world.at is None:
            self.file('query', query)
            return self.openssl('ts', '-reply', '-config', 'ts.cnf', '-section', 'tsa', '-queryfile', 'query')
        return self.token(query, self.world.at)

    def token(self, query, at):
        parts = der_parts(der_parts(query)[0][1])
        imprint = parts[1][2]
        nonce = b''.join(whole for tag, _, whole in parts[2:] if tag == 2)
        info = der(0x30, der_int(1), der(6, bytes.fromhex('2b0601040183bf3002')), imprint, der_int(secrets.randbits(60)),
                   der(0x18, time.strftime('%Y%m%d%H%M%SZ', time.gmtime(at)).encode()), der(0x30, der_int(1)), nonce)
        signed = self.openssl('cms', '-sign', '-binary', '-nodetach', '-cades', '-econtent_type', '1.2.840.113549.1.9.16.1.4', '-signer',
                              'cert.pem', '-inkey', 'key.pem', '-md', 'sha256', '-outform', 'DER', input=info)
        return der(0x30, der(0x30, der_int(0)), signed)

    def handle(self, method, path, headers, body):
        if method != 'POST' or headers.get('Content-Type') != 'application/timestamp-query':
            raise Refused(400, 'this is no query')
        return 200, 'application/timestamp-reply', self.reply(body), {}

    def as_trusted(self):
        return {'subject': {'organization': 'sigstore.test', 'commonName': self.name}, 'uri': f'https://{self.host}',
                'certChain': {'certificates': [{'rawBytes': b64(c.public_bytes(Encoding.DER))} for c in (self.cert, self.root)]},
                'validFor': self.valid()}


class Sigstore:
    """All of them behind one port; services of generation n are at /ca-n, /rekor1-n, /rekor2-n, /tsa-n."""

    def __init__(self, folder, at=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.at, self.services, self.generations, self.files = at, {}, [], 0
        world = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def log_message(self, *args):
                pass

            def serve(self):
                body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
                status, kind, answer, headers = world.serve(self.command, self.path, self.headers, body)
                self.send_response(status)
                for k, v in {'Content-Type': kind, 'Content-Length': str(len(answer)), **headers}.items():
                    self.send_header(k, v)
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = do_PUT = serve

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.url = f'http://127.0.0.1:{self.server.server_address[1]}'
        self.issuer = self.add(Issuer(self))
        self.next_generation()

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *args):
        self.stop()

    def stop(self):
        """The services are gone; what was signed is not."""
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def now(self):
        return time.time() if self.at is None else self.at

    def add(self, service):
        self.services[service.name] = service
        return service

    def next_generation(self):
        n = len(self.generations) + 1
        self.ca, self.ct = self.add(Fulcio(self, f'ca-{n}')), self.add(CTLog(self, f'ct-{n}'))
        self.ca.ct = self.ct
        self.log1, self.log2, self.tsa = (self.add(kind(self, f'{name}-{n}')) for kind, name in
                                          ((Rekor1, 'rekor1'), (Rekor2, 'rekor2'), (TSA, 'tsa')))
        self.generations.append((self.ca, self.ct, self.log1, self.log2, self.tsa))

    def serve(self, method, path, headers, body):
        name, _, rest = path[1:].partition('/')
        service = self.services.get(name.partition('?')[0])
        if not service:
            return 404, 'text/plain', b'there is nothing', {}
        with service.lock:
            service.seen.append((method, path, dict(headers), body))
            try:
                out = service.handle(method, '/' + rest if '?' not in name else path, headers, body)
            except Refused as e:
                out = (e.status, 'application/json', compact({'code': e.status, 'message': e.text}), e.headers)
            if service.answer:
                other = service.answer(out[2])
                out = other if isinstance(other, tuple) else (out[0], out[1], other, out[3])
            return out

    def token(self, subject='https://ci.example/workflow', email=None, **kw):
        return self.issuer.token(subject, email, **kw)

    def write(self, name, value):
        self.files += 1
        path = self.folder / f'{name}.{self.files}.json'
        path.write_text(json.dumps(value, indent=1))
        return path

    def trusted_root(self, generations=None, without=(), change=None):
        """A trust root of these generations (all), without the lists named; change(document) may edit it."""
        use = self.generations if generations is None else [self.generations[g] for g in generations]
        doc = {'mediaType': 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
               'tlogs': [t.as_trusted() for g in use for t in (g[2], g[3])], 'certificateAuthorities': [g[0].as_trusted() for g in use],
               'ctlogs': [g[1].as_trusted() for g in use], 'timestampAuthorities': [g[4].as_trusted() for g in use]}
        for name in without:
            doc[name] = []
        if change:
            change(doc)
        return self.write('trusted_root', doc)

    def signing_config(self, logs=None, tsas=None, cas=None, log_selector='ANY', tsa_selector='ANY', count=None):
        """logs: (service, version)."""
        logs = [(self.log1, 1)] if logs is None else logs
        config = {'count': count} if count else {}
        return self.write('signing_config', {
            'mediaType': 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
            'caUrls': [c.as_service() for c in ([self.ca] if cas is None else cas)], 'oidcUrls': [self.issuer.as_service()],
            'rekorTlogUrls': [s.as_service(v) for s, v in logs], 'rekorTlogConfig': {'selector': log_selector, **config},
            'tsaUrls': [t.as_service() for t in ([self.tsa] if tsas is None else tsas)], 'tsaConfig': {'selector': tsa_selector}})
