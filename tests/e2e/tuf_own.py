"""A TUF repository of our own for the tests: keys of every kind, metadata as the specification says, and whatever is wrong with it."""
import hashlib
import json

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

ROLES = ('root', 'timestamp', 'snapshot', 'targets')


def canonical(value):
    """OLPC canonical JSON: in strings nothing but quotes and backslashes is escaped, newlines are not."""
    if isinstance(value, dict):
        return b'{' + b','.join(canonical(k) + b':' + canonical(value[k]) for k in sorted(value)) + b'}'
    if isinstance(value, (list, tuple)):
        return b'[' + b','.join(map(canonical, value)) + b']'
    if isinstance(value, str):
        return b'"' + value.replace('\\', '\\\\').replace('"', '\\"').encode() + b'"'
    return json.dumps(value).encode()


class Key:
    count = 0

    def __init__(self, kind='ecdsa'):
        Key.count += 1
        self.kind, self.id = kind, f'opaque-{Key.count}'
        self.private = {'ecdsa': lambda: ec.generate_private_key(ec.SECP256R1()), 'ed25519': ed25519.Ed25519PrivateKey.generate,
                        'rsa': lambda: rsa.generate_private_key(65537, 2048)}[kind.split('-')[0]]()

    def public(self):
        k = self.private.public_key()
        pem = k.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
        if self.kind == 'ed25519':
            raw = k.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw).hex()
            return {'keytype': 'ed25519', 'scheme': 'ed25519', 'keyval': {'public': raw}}
        if self.kind == 'rsa':
            return {'keytype': 'rsa', 'scheme': 'rsassa-pss-sha256', 'keyval': {'public': pem}}
        if self.kind.endswith('-hex'):
            pem = k.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint).hex()
        return {'keytype': self.kind.removesuffix('-hex'), 'scheme': 'ecdsa-sha2-nistp256', 'keyval': {'public': pem},
                'keyid_hash_algorithms': ['sha256'], 'x-tuf-on-ci-keyowner': '@somebody'}

    def sign(self, message):
        if self.kind == 'ed25519':
            return self.private.sign(message)
        if self.kind == 'rsa':
            return self.private.sign(message, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        return self.private.sign(message, ec.ECDSA(hashes.SHA256()))


def signed(body, keys):
    return {'signatures': [{'keyid': k.id, 'sig': k.sign(canonical(body)).hex()} for k in keys], 'signed': body}


class Repository:
    def __init__(self, folder, consistent=True):
        self.folder, self.consistent = folder, consistent
        self.keys = {role: [Key()] for role in ROLES}
        self.threshold = {role: 1 for role in ROLES}
        self.versions = {role: 1 for role in ROLES}
        self.expires = {role: '2030-01-01T00:00:00Z' for role in ROLES}
        self.files = {'trusted_root.json': b'{"mediaType":"a root"}', 'signing_config.v0.2.json': b'{}', 'other.txt': b'other'}
        self.delegations, self.delegated = None, {}     # name -> (keys, targets, delegations)
        self.more, self.meta = {}, {}                   # further files; overrides of the snapshot's meta
        self.change = {}                                # role -> function(body), before it is signed
        (folder / 'targets').mkdir(parents=True)

    def body(self, role, **more):
        body = {'_type': role if role in ROLES else 'targets', 'spec_version': '1.0.31', 'version': self.versions.get(role, 1),
                'expires': self.expires.get(role, '2030-01-01T00:00:00Z'), 'x-unknown': {'any': [1, None, True]}, **more}
        self.change.get(role, lambda b: None)(body)
        return body

    def write(self, name, value):
        data = value if isinstance(value, bytes) else json.dumps(value, indent=1).encode()
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_bytes(data)
        return data

    def name(self, role):
        return f'{self.versions.get(role, 1)}.{role}.json' if self.consistent else f'{role}.json'

    def root_body(self):
        return self.body('root', consistent_snapshot=self.consistent,
                         keys={k.id: k.public() for keys in self.keys.values() for k in keys},
                         roles={r: {'keyids': [k.id for k in self.keys[r]], 'threshold': self.threshold[r]} for r in ROLES})

    def root(self, signers=None):
        """Writes N.root.json; signers: by default the keys of the role."""
        data = self.write(f'{self.versions["root"]}.root.json', signed(self.root_body(), signers or self.keys['root']))
        return data

    def describe(self, content):
        return {'length': len(content), 'hashes': {'sha256': hashlib.sha256(content).hexdigest(), 'sha512': hashlib.sha512(content).hexdigest()}}

    def target(self, name, content):
        folder, _, base = name.rpartition('/')
        prefix = hashlib.sha256(content).hexdigest() + '.' if self.consistent else ''
        self.write('targets/' + (folder + '/' if folder else '') + prefix + base, content)

    def targets(self, role='targets'):
        keys, files, delegations = self.delegated.get(role, (self.keys['targets'], self.files, self.delegations))
        more = {'delegations': delegations} if delegations else {}
        body = self.body(role, targets={n: self.describe(c) for n, c in files.items()}, **more)
        for name, content in files.items():
            if '..' not in name:
                self.target(name, content)
        from urllib.parse import quote
        where = self.name(role)
        prefix, base = (where.split('.', 1) if self.consistent else ('', where))
        return self.write((prefix + '.' if prefix else '') + quote(base, safe='.'), signed(body, keys))

    def publish(self):
        data = {role: self.targets(role) for role in ('targets', *self.delegated)}
        meta = {f'{role}.json': {'version': self.versions.get(role, 1), **self.describe(d)} for role, d in data.items()}
        meta.update(self.meta)
        meta = {k: v for k, v in meta.items() if v}
        snapshot = self.write(self.name('snapshot'), signed(self.body('snapshot', meta=meta), self.keys['snapshot']))
        entry = {'snapshot.json': {'version': self.versions['snapshot'], **self.describe(snapshot)}}
        self.write('timestamp.json', signed(self.body('timestamp', meta=entry), self.keys['timestamp']))

    def next(self, *roles):
        for role in roles:
            self.versions[role] += 1
        self.publish()

    def delegate(self, *roles, paths=('trusted_root.json',), terminating=False, kind='paths'):
        """The delegations part: roles are (name, key)."""
        return {'keys': {k.id: k.public() for _, k in roles},
                'roles': [{'name': n, 'keyids': [k.id], 'threshold': 1, 'terminating': terminating, kind: list(paths)} for n, k in roles]}
