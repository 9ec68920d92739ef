"""lazaret trust: a TUF client against repositories that are right, old, frozen, forged; and Sigstore's own history of roots."""
import base64
import functools
import hashlib
import http.server
import json
import tarfile
import threading

import pytest

from tuf_own import ROLES, Key, Repository, canonical, signed

AT = ('--at', '2026-01-01T00:00:00Z')


@pytest.fixture
def repo(tmp_path):
    r = Repository(tmp_path / 'mirror')
    r.root()
    r.publish()
    return r


class Client:
    def __init__(self, lazaret, folder):
        self.lazaret, self.mirror = lazaret, folder / 'mirror'
        self.cache = folder / 'home/.local/share/lazaret/trust'

    def init(self, *more, root='1.root.json', mirror=None):
        return self.lazaret('trust', 'init', '--mirror', mirror or self.mirror, '--root', self.mirror / root, *AT, *more)

    def update(self, *more):
        return self.lazaret('trust', 'update', *(more or AT))

    def ok(self, r):
        assert r.returncode == 0, r.stderr
        return r

    def refused(self, why, r=None):
        """Exit status 1, the reason, and nothing of what was there is lost."""
        before = {p.name: p.read_bytes() for p in self.cache.rglob('*') if p.is_file()}
        r = r or self.update()
        assert r.returncode == 1 and why in r.stderr, (r.returncode, r.stderr)
        return before

    def version(self, role):
        return json.loads((self.cache / f'{role}.json').read_text())['signed']['version']

    def trusted_root(self):
        return (self.cache / 'targets/trusted_root.json').read_bytes()


@pytest.fixture
def client(lazaret, tmp_path):
    return Client(lazaret, tmp_path)


def test_init_update_show(repo, client):
    client.ok(client.init())
    assert client.trusted_root() == repo.files['trusted_root.json']
    assert not (client.cache / 'targets/other.txt').exists()
    repo.files['trusted_root.json'] = b'a newer one'
    repo.next('targets', 'snapshot', 'timestamp')
    client.ok(client.update())
    assert client.trusted_root() == b'a newer one'
    shown = json.loads(client.lazaret('trust', 'show', '-f', 'json', *AT).stdout)
    assert [(r['name'], r['version'], r['expired']) for r in shown['roles']] == [('root', 1, False), ('timestamp', 2, False),
                                                                                 ('snapshot', 2, False), ('targets', 2, False)]
    assert shown['files'] == ['trusted_root.json', 'signing_config.v0.2.json']
    assert '(expired)' in client.lazaret('trust', 'show', '--at', '2031-01-01').stdout
    client.ok(client.update())          # nothing new is fine


def test_by_http_and_offline(repo, client):
    class Server(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), functools.partial(Server, directory=str(repo.folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f'http://127.0.0.1:{server.server_port}'
    client.ok(client.init(mirror=url))
    server.shutdown()
    server.server_close()
    assert client.update().returncode == 3                      # nobody there
    client.ok(client.update('--offline', *AT))
    assert client.update('--offline', '--at', '2031-01-01').returncode == 1
    assert client.trusted_root() == repo.files['trusted_root.json']
    (client.cache / 'targets/trusted_root.json').write_bytes(b'altered')
    assert client.update('--offline', *AT).returncode == 3


def test_the_public_root_is_the_one_we_know(repo, client, data, tmp_path):
    r = client.lazaret('trust', 'init', '--mirror', repo.folder, *AT)
    assert r.returncode == 3 and '15.root.json' in r.stderr
    repo.write('15.root.json', (repo.folder / '1.root.json').read_bytes())
    r = client.lazaret('trust', 'init', '--mirror', repo.folder, *AT)
    assert r.returncode == 1 and 'SHA-256' in r.stderr and not client.cache.exists()
    with tarfile.open(data / 'sign/sigstore/root-signing/metadata.tar.gz') as t:
        root = t.extractfile('metadata/root_history/15.root.json').read()
    repo.write('15.root.json', root)
    r = client.lazaret('trust', 'init', '--mirror', repo.folder, *AT)
    assert 'trust root in' in r.stderr      # accepted; what the mirror has beyond it is not Sigstore's
    assert r.returncode == 1


def test_sigstore_history(client, data, tmp_path):
    folder = tmp_path / 'mirror'
    (folder / 'targets').mkdir(parents=True)
    with tarfile.open(data / 'sign/sigstore/root-signing/metadata.tar.gz') as t:
        for name in t.getnames():
            base = name.rsplit('/', 1)[-1]
            there = {'snapshot.json': '165.snapshot.json', 'targets.json': '14.targets.json'}.get(base, base)
            if base.endswith('.json'):
                (folder / there).write_bytes(t.extractfile(name).read())
    for p in (data / 'sign/sigstore/root-signing/targets').iterdir():
        content = p.read_bytes()
        (folder / f'targets/{hashlib.sha256(content).hexdigest()}.{p.name}').write_bytes(content)
    for first in (1, 3, 9, 15):
        r = client.lazaret('trust', 'init', '--mirror', folder, '--root', folder / f'{first}.root.json', '--at', '2026-08-25')
        assert r.returncode == 0, r.stderr
        assert client.version('root') == 15 and client.version('timestamp') == 762
        assert client.trusted_root() == (data / 'sign/sigstore/root-signing/targets/trusted_root.json').read_bytes()
    assert client.lazaret('trust', 'init', '--mirror', folder, '--at', '2026-08-25').returncode == 0
    # What verifies finds it there, offline and long after the metadata has expired.
    case = next(c for c in json.loads((data / 'sign/sigstore/cases.json').read_text()) if c['case'] == 'happy-path-v0.3')
    ask = ['verify-blob', data / 'sign/sigstore' / case['artifact'], '--bundle', data / 'sign/sigstore' / case['bundle'], '--offline',
           '--certificate-identity', case['identity'], '--certificate-oidc-issuer', case['issuer']]
    r = client.lazaret(*ask)
    assert r.returncode == 0, r.stdout + r.stderr
    kept = client.cache / 'targets/trusted_root.json'
    kept.write_bytes(kept.read_bytes().replace(b'sigstore.dev', b'sigstore.bad'))
    assert client.lazaret(*ask).returncode == 3
    assert client.lazaret(*ask, env={'TUF_ROOT': str(tmp_path / 'nothing')}).returncode == 3
    assert client.update('--at', '2026-08-25').returncode == 0      # the file that was altered comes again
    assert client.lazaret(*ask).returncode == 0
    assert client.update('--at', '2026-08-29').returncode == 1
    assert client.update('--at', '2026-11-21').returncode == 1
    (folder / '9.root.json').write_bytes((folder / '10.root.json').read_bytes())
    r = client.lazaret('trust', 'init', '--mirror', folder, '--root', folder / '8.root.json', '--at', '2026-08-25')
    assert r.returncode == 1


def test_first_root(repo, client, tmp_path):
    sum_ = hashlib.sha256((repo.folder / '1.root.json').read_bytes()).hexdigest()
    client.ok(client.init('--root-checksum', sum_))
    assert client.init('--root-checksum', '0' * 64).returncode == 1
    assert client.init('--root-checksum', 'no').returncode == 1
    repo.write('bad.json', signed(repo.root_body(), [Key()]))
    client.refused('not by 1', client.init(root='bad.json'))
    for body in (b'', b'{', b'[]', b'{"signed":1,"signatures":[]}', b'{"signed":{},"signatures":{}}', (repo.folder / 'timestamp.json').read_bytes()):
        repo.write('bad.json', body)
        client.refused('', client.init(root='bad.json'))
    assert client.version('root') == 1
    env = {'TUF_ROOT': str(tmp_path / 'elsewhere'), 'TUF_MIRROR': str(repo.folder), 'TUF_ROOT_JSON': str(repo.folder / '1.root.json')}
    client.ok(client.lazaret('trust', 'init', *AT, env=env))
    assert (tmp_path / 'elsewhere/targets/trusted_root.json').exists()
    assert client.lazaret('trust', 'update', env={'TUF_ROOT': str(tmp_path / 'nothing')}).returncode == 3


def test_key_kinds(tmp_path, client):
    repo = Repository(tmp_path / 'mirror')
    kinds = ['ecdsa', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp256-hex', 'ed25519', 'rsa']
    repo.keys = {role: [Key(k) for k in kinds] for role in ROLES}
    repo.threshold = {role: len(kinds) for role in ROLES}
    repo.root()
    repo.publish()
    client.ok(client.init())
    # What nobody knows counts for nothing, an empty signature neither.
    text = json.loads((repo.folder / 'timestamp.json').read_text())
    text['signatures'][2]['sig'] = ''
    repo.write('timestamp.json', text)
    client.refused('signed by 4 of the keys')


def test_rotation(repo, client):
    client.ok(client.init())
    old, new = repo.keys['root'], [Key('ed25519')]
    repo.keys['root'] = new
    repo.versions['root'] = 2
    for signers in (new, old, [Key()]):
        repo.root(signers)
        client.refused('2.root.json: root metadata: signed by 0')
    repo.versions['root'] = 3
    body = signed(repo.root_body(), old + new)
    repo.write('2.root.json', body)
    client.refused('2.root.json has version 3')
    repo.versions['root'] = 2
    repo.root(old + new)
    repo.expires['root'] = '2030-01-01T00:00:00Z'
    client.ok(client.update())
    assert client.version('root') == 2
    # An expired root between is passed, an expired last one is not.
    repo.versions['root'], repo.expires['root'] = 3, '2020-01-01T00:00:00Z'
    repo.root()
    client.refused('root metadata of version 3 has expired')
    repo.versions['root'], repo.expires['root'] = 4, '2030-01-01T00:00:00Z'
    repo.root()
    client.ok(client.update())
    assert client.version('root') == 4


@pytest.mark.parametrize('role', ['timestamp', 'snapshot', 'targets'])
def test_rollback(repo, client, role):
    """GHSA-66x3-6cw3-v5gj: no role goes back."""
    for r in ROLES[1:]:
        repo.versions[r] = 5
    repo.publish()
    client.ok(client.init())
    repo.versions = {**repo.versions, 'timestamp': 6, 'snapshot': 6, role: 4}
    if role == 'timestamp':
        repo.versions['snapshot'] = 5
    if role == 'snapshot':
        repo.versions['snapshot'] = 4
    repo.publish()
    client.refused('went back from version 5 to 4')
    assert client.version(role) == 5


def test_targets_metadata_cannot_vanish(repo, client):
    a = Key()
    repo.delegations, repo.delegated = repo.delegate(('a', a)), {'a': ([a], {}, None)}
    repo.publish()
    client.ok(client.init())
    repo.meta['a.json'] = None
    repo.next('snapshot', 'timestamp')
    client.refused("a.json went back")


@pytest.mark.parametrize('role', ROLES)
def test_freeze(repo, client, role):
    client.ok(client.init())
    repo.expires[role] = '2025-12-31T23:59:59Z'
    repo.versions['root'] += role == 'root'
    if role == 'root':
        repo.root()
    repo.next('targets', 'snapshot', 'timestamp')
    client.refused(f'{role} metadata of version 2 has expired')
    client.ok(client.update('--at', '2025-12-31T23:59:58Z'))


def test_same_timestamp_expires_too(repo, client):
    repo.expires['timestamp'] = '2026-02-01T00:00:00Z'
    repo.publish()
    client.ok(client.init())
    client.refused('timestamp metadata of version 1 has expired', client.update('--at', '2026-02-01T00:00:00Z'))


@pytest.mark.parametrize('role', ROLES[1:])
def test_wrong_key(repo, client, role):
    """GHSA-3633-5h82-39pq: what others than the role's keys signed is signed by nobody."""
    client.ok(client.init())
    repo.keys[role] = [Key()]
    repo.next('targets', 'snapshot', 'timestamp')
    client.refused(f'{role} metadata: signed by 0')


def test_mix_and_match(repo, client):
    """Hashes, lengths and versions that are signed above."""
    client.ok(client.init())
    repo.next('targets', 'snapshot', 'timestamp')
    targets, snapshot = (repo.folder / '2.targets.json').read_bytes(), (repo.folder / '2.snapshot.json').read_bytes()
    repo.write('2.snapshot.json', (repo.folder / '1.snapshot.json').read_bytes())
    client.refused('2.snapshot.json')
    repo.write('2.snapshot.json', snapshot)
    repo.write('2.targets.json', targets + b' ')
    client.refused('2.targets.json')
    repo.write('2.targets.json', targets.replace(b'"any"', b'"anY"'))
    client.refused('sha256 is not the signed one')
    repo.write('2.targets.json', targets)
    client.ok(client.update())
    repo.meta['targets.json'] = {'version': 9}
    repo.versions['targets'] = 3
    repo.next('snapshot', 'timestamp')
    repo.write('9.targets.json', (repo.folder / '3.targets.json').read_bytes())
    client.refused('has version 3, not 9')


def test_target_files(repo, client):
    client.ok(client.init())
    repo.files['trusted_root.json'] = content = b'the next one'
    repo.next('targets', 'snapshot', 'timestamp')
    for bad, why in ((b'the next onE', 'sha256'), (b'the next', 'bytes, not'), (b'the next one, longer', '')):
        path = repo.folder / f'targets/{hashlib.sha256(content).hexdigest()}.trusted_root.json'
        path.write_bytes(bad)
        client.refused(why)
        assert client.trusted_root() == b'{"mediaType":"a root"}'
    path.unlink()
    assert client.update().returncode == 3
    repo.target('trusted_root.json', content)
    client.ok(client.update())
    repo.change['targets'] = lambda b: b['targets']['trusted_root.json'].update(hashes={'md5': '00'})
    repo.next('targets', 'snapshot', 'timestamp')
    (client.cache / 'targets/trusted_root.json').write_bytes(b'gone')
    client.refused('no hash that we know')


def test_threshold(repo, client):
    """Distinct keys, not signatures, not key ids; and never none. GHSA-fphv-w9fq-2525."""
    repo.keys['timestamp'] = [Key(), Key(), Key()]
    repo.threshold['timestamp'] = 2
    repo.root()
    repo.publish()
    client.ok(client.init())
    repo.next('timestamp')
    text = json.loads((repo.folder / 'timestamp.json').read_text())
    text['signatures'] = [text['signatures'][0]] * 5
    repo.write('timestamp.json', text)
    client.refused('signed by 1 of the keys')
    twin = Key()
    twin.private = repo.keys['timestamp'][0].private
    repo.keys['timestamp'] = [repo.keys['timestamp'][0], twin]
    repo.versions['root'] = 2
    repo.root()
    repo.next('timestamp')
    client.refused('signed by 1 of the keys')
    for threshold in (0, -1, 1.5, '1', None):
        repo.threshold['timestamp'] = threshold
        repo.versions['root'] = 3
        repo.root()
        client.refused('threshold')


def test_fast_forward_recovery(repo, client):
    repo.versions.update(timestamp=1000000, snapshot=1000000)
    repo.publish()
    client.ok(client.init())
    repo.versions.update(timestamp=2, snapshot=2)
    repo.publish()
    client.refused('went back')
    repo.keys['timestamp'] += [Key()]       # the old key stays: the files must be forgotten
    repo.versions['root'] = 2
    repo.root()
    repo.publish()
    client.ok(client.update())
    assert client.version('timestamp') == 2 and client.version('snapshot') == 2


def test_delegations(tmp_path, client):
    """GHSA-4f8r-qqr9-fq8j: the order of delegations is the order of trust."""
    a, b, c = Key(), Key('ed25519'), Key('rsa')
    repo = Repository(tmp_path / 'mirror')
    del repo.files['trusted_root.json']

    def found(delegations, delegated, status=0):
        repo.delegations, repo.delegated = delegations, delegated
        repo.versions['root'] = 1
        repo.root()
        repo.publish()
        r = client.init()
        assert r.returncode == status, r.stderr
        return client.trusted_root() if status == 0 else r.stderr

    def file(content):
        return {'trusted_root.json': content}
    both = repo.delegate(('a', a), ('b', b))
    assert found(both, {'a': ([a], file(b'of a'), None), 'b': ([b], file(b'of b'), None)}) == b'of a'
    assert found(both, {'a': ([a], {}, None), 'b': ([b], file(b'of b'), None)}) == b'of b'
    # Depth first: a's own delegate goes before b; a terminating one ends the search.
    deep = {'a': ([a], {}, repo.delegate(('c', c))), 'b': ([b], file(b'of b'), None), 'c': ([c], file(b'of c'), None)}
    assert found(both, deep) == b'of c'
    last = repo.delegate(('a', a), ('b', b), terminating=True)
    assert 'nothing is signed of' in found(last, {'a': ([a], {}, None), 'b': ([b], file(b'of b'), None)}, 3)
    # Paths: a role may speak of what matches alone.
    for paths, ok in ((['*'], True), (['trusted_*.json'], True), (['t?usted_root.json'], True), (['*/*'], False), (['trusted'], False), ([], False),
                      (['x/trusted_root.json', 'trusted_root.json'], True), (['**/trusted_root.json'], False)):
        found(repo.delegate(('a', a), paths=paths), {'a': ([a], file(b'of a'), None)}, 0 if ok else 3)
    prefix = hashlib.sha256(b'trusted_root.json').hexdigest()[:4]
    assert found(repo.delegate(('a', a), paths=[prefix], kind='path_hash_prefixes'), {'a': ([a], file(b'of a'), None)}) == b'of a'
    found(repo.delegate(('a', a), paths=['ffff'], kind='path_hash_prefixes'), {'a': ([a], file(b'of a'), None)}, 3)
    # Bins (TAP 15), a circle, a key that was not delegated to, a name made of other letters.
    bins = {'keys': {a.id: a.public()}, 'succinct_roles': {'keyids': [a.id], 'threshold': 1, 'bit_length': 4, 'name_prefix': 'bin'}}
    assert found(bins, {f'bin-{prefix[0]}': ([a], file(b'of a bin'), None)}) == b'of a bin'
    found(repo.delegate(('a', a)), {'a': ([a], {}, repo.delegate(('b', b))), 'b': ([b], {}, repo.delegate(('a', a)))}, 3)
    assert 'a metadata: signed by 0' in found(repo.delegate(('a', a)), {'a': ([b], file(b'of a'), None)}, 1)
    strange = '../..?a#b %41'
    assert found(repo.delegate((strange, a)), {strange: ([a], file(b'of it'), None)}) == b'of it'
    assert not [p for p in tmp_path.rglob('*%41*') if client.cache not in p.parents and tmp_path / 'mirror' not in p.parents]
    many = [(f'r{i}', a) for i in range(40)]
    assert 'more than 32' in found(repo.delegate(*many), {n: ([a], {}, None) for n, _ in many}, 1)


def test_names_that_climb(repo, client, tmp_path):
    """GHSA-fcv2-xgw5-pqxf, GHSA-jqc5-w2xx-5vq4: a target's name is no way out of the cache."""
    for name in ('signing_config/../../../../escaped.json', 'signing_config//x.json', 'signing_config\\x.json', 'signing_config\n.json',
                 'signing_config/./x.json', 'signing_config' + 'x' * 300 + '.json'):
        repo.change['targets'] = lambda b: b['targets'].update({name: repo.describe(b'escaped')})
        repo.next('targets', 'snapshot', 'timestamp')
        client.refused('cannot be the name of a target', client.init())
    assert not list(tmp_path.rglob('*escaped*'))


def test_broken_metadata(repo, client):
    """GHSA-846p-jg2w-w324: whatever it is, it is refused and the program goes on."""
    client.ok(client.init())
    good = json.loads((repo.folder / 'timestamp.json').read_text())
    key = repo.keys['timestamp']

    def but(**changes):
        return json.dumps(signed({**good['signed'], **changes}, key)).encode()
    text = but(version=2)
    for bad in (b'', b'{', b'null', b'[' * 1000, text + b'x', text.replace(b'"version"', b'"version": 2, "version"', 1), but(version='2'), but(version=0), but(version=-1),
                but(version=2, expires='soon'), but(version=2, expires=7), but(version=2, _type='snapshot'), but(version=2, spec_version='2.0'),
                but(version=2, meta=[]), but(version=2, meta={}), but(version=2, meta={'snapshot.json': {}}), but(version=2, meta={'snapshot.json': {'version': 0}}),
                b' ' * 20000 + text, json.dumps({'signed': good['signed']}).encode(), b'\xff' + text):
        repo.write('timestamp.json', bad)
        client.refused('')
        assert client.version('timestamp') == 1
    repo.write('timestamp.json', b'{"signatures":[],"signed":{}}')
    client.refused('')


def test_inconsistent_snapshots(tmp_path, client):
    repo = Repository(tmp_path / 'mirror', consistent=False)
    repo.root()
    repo.publish()
    client.ok(client.init())
    repo.files['trusted_root.json'] = b'next'
    repo.next('targets', 'snapshot', 'timestamp')
    client.ok(client.update())
    assert client.trusted_root() == b'next'


def dct_signed(body, *keys):
    """As Notary v1 signs: base64, ECDSA as two numbers."""
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
    out = []
    for k in keys:
        sig, method = k.sign(canonical(body)), {'rsa': 'rsapss', 'ed25519': 'eddsa'}.get(k.kind, 'ecdsa')
        if method == 'ecdsa':
            sig = b''.join(n.to_bytes(32, 'big') for n in decode_dss_signature(sig))
        out.append({'keyid': k.id, 'method': method, 'sig': base64.b64encode(sig).decode()})
    return json.dumps({'signed': body, 'signatures': out}).encode()


def dct_key(k):
    from cryptography.hazmat.primitives import serialization as s
    form = (s.Encoding.Raw, s.PublicFormat.Raw) if k.kind == 'ed25519' else (s.Encoding.DER, s.PublicFormat.SubjectPublicKeyInfo)
    return {'keytype': k.kind, 'keyval': {'private': None, 'public': base64.b64encode(k.private.public_key().public_bytes(*form)).decode()}}


def test_import_dct(lazaret, tmp_path):
    root, targets, releases, snapshot = Key(), Key('rsa'), Key('ed25519'), Key()
    folder = tmp_path / 'metadata'
    (folder / 'targets').mkdir(parents=True)

    def tags(**names):
        return {n: {'length': 7, 'hashes': {'sha256': base64.b64encode(hashlib.sha256(v.encode()).digest()).decode()}} for n, v in names.items()}

    def role(**more):
        return {'_type': 'Targets', 'version': 3, 'expires': '2020-01-01T00:00:00.5-05:00', **more}
    keys = {k.id: dct_key(k) for k in (root, targets, snapshot)}
    roles = {n: {'keyids': [k.id], 'threshold': 1} for n, k in (('root', root), ('targets', targets), ('snapshot', snapshot), ('timestamp', snapshot))}
    delegation = {'name': 'targets/releases', 'keyids': [releases.id], 'threshold': 1, 'paths': ['v']}
    files = {'root': dct_signed({'_type': 'Root', 'version': 1, 'expires': '2020-01-01T00:00:00Z', 'keys': keys, 'roles': roles}, root),
             'targets': dct_signed(role(targets=tags(latest='a'), delegations={'keys': {releases.id: dct_key(releases)}, 'roles': [
                 delegation, {**delegation, 'name': '../escape'}, {**delegation, 'name': 'targets/../x'}]}), targets),
             'targets/releases': dct_signed(role(targets=tags(v1='b', other='c')), releases)}

    def put(**more):
        names = {**files, **more}
        for name, content in names.items():
            (folder / f'{name}.json').write_bytes(content)
        return names

    def run():
        r = lazaret('trust', 'import-dct', folder, '-f', 'json', *AT)
        return r.returncode, json.loads(r.stdout) if r.stdout else r.stderr
    put()
    status, got = run()
    assert status == 0 and [(t['tag'], t['role'], t['digest'][7:]) for t in got['tags']] == [
        ('latest', 'targets', hashlib.sha256(b'a').hexdigest()), ('v1', 'targets/releases', hashlib.sha256(b'b').hexdigest())]
    assert all(r['verified'] and r['expired'] for r in got['roles']) and len(got['rootKeys']) == 1 and not got['snapshotChecked']
    assert 'tag       v1 sha256:' in lazaret('trust', 'import-dct', folder).stdout
    # A snapshot that names other files; then the right one.
    meta = {n: {'length': len(c), 'hashes': {'sha256': base64.b64encode(hashlib.sha256(c).digest()).decode()}} for n, c in files.items()}
    put(snapshot=dct_signed({'_type': 'Snapshot', 'version': 1, 'expires': '2020-01-01T00:00:00Z', 'meta': {**meta, 'targets': meta['root']}}, snapshot))
    assert run()[0] == 1
    put(snapshot=dct_signed({'_type': 'Snapshot', 'version': 1, 'expires': '2020-01-01T00:00:00Z', 'meta': meta}, root))
    assert run()[0] == 1
    put(snapshot=dct_signed({'_type': 'Snapshot', 'version': 1, 'expires': '2020-01-01T00:00:00Z', 'meta': meta}, snapshot))
    assert run()[0] == 0 and run()[1]['snapshotChecked']
    # A delegation that is forged is left out and said; a forged targets or root ends it.
    (folder / 'targets/releases.json').write_bytes(files['targets/releases'].replace(b'"v1"', b'"v2"'))
    status, got = run()
    assert status == 1 and [t['tag'] for t in got['tags']] == ['latest'] and 'signed by 0' in got['roles'][1]['problem']
    for name in ('targets', 'root'):
        put(**{name: files[name].replace(b'"version": ', b'"version": 1')})
        assert run()[0] == 1
    put(root=dct_signed(json.loads(files['root'])['signed'], targets))
    assert run()[0] == 1
    (folder / 'root.json').unlink()
    assert run()[0] == 3
