"""Images with all that is attached to them, moved: registry (Debian's, without the referrers API; our own, with it), layout, archive
and back; what others (skopeo, umoci) make of what we wrote; writers at the same time; registries that lie."""
import base64
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import threading
import urllib.error
import urllib.request

import pytest

import images
from registry_own import INDEX, Store, handler, own_registry
from test_registry import registry, run, server

MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json'
SIMPLE = 'application/vnd.dev.cosign.simplesigning.v1+json'
EMPTY = b'{}'

pytestmark = pytest.mark.skipif(not shutil.which('docker-registry') or not shutil.which('skopeo'),
                                reason='docker-registry or skopeo is not installed')


def refer(layout, subject, body, artifact_type=BUNDLE, predicate=None):
    """A manifest that refers to `subject`, entered without a name."""
    config = {**layout.blob(EMPTY, 'application/vnd.oci.empty.v1+json')}
    note = {'dev.sigstore.bundle.content': 'dsse-envelope', 'dev.sigstore.bundle.predicateType': predicate} if predicate else {}
    m = layout.blob(json.dumps({'schemaVersion': 2, 'mediaType': MANIFEST, 'artifactType': artifact_type, 'config': config,
                                'layers': [layout.blob(body, artifact_type)], 'annotations': note,
                                'subject': {k: subject[k] for k in ('mediaType', 'digest', 'size')}}).encode(), MANIFEST)
    layout.manifests.append({**m, 'artifactType': artifact_type, 'annotations': note})
    return m


def tagged(layout, subject, suffix, bodies, media_type=SIMPLE):
    """cosign's tag for a manifest: one layer for each of the bodies."""
    layers = [{**layout.blob(b, media_type), 'annotations': {'dev.cosignproject.cosign/signature': 'c2ln%d' % i}} for i, b in enumerate(bodies)]
    config = layout.blob(json.dumps({'architecture': '', 'os': '', 'config': {}, 'created': '0001-01-01T00:00:00Z', 'rootfs': {
        'type': 'layers', 'diff_ids': [x['digest'] for x in layers]}}).encode(), 'application/vnd.oci.image.config.v1+json')
    m = layout.blob(json.dumps({'schemaVersion': 2, 'mediaType': MANIFEST, 'config': config, 'layers': layers}).encode(), MANIFEST)
    layout.manifests.append({**m, 'annotations': {'org.opencontainers.image.ref.name': subject['digest'].replace(':', '-') + suffix}})
    return m


class World:
    """An index of two platforms; attached: to the index a signature and an SBOM attestation (with a signature of its own), cosign's
    three tags; to a child a signature by referrer and one by tag."""

    def __init__(self, folder):
        self.layout = lay = images.Layout(folder)
        self.children = [lay.image([{'etc/os-release': images.OS_RELEASE, 'arch': a.encode()}], tag='x', arch=a) for a in ('amd64', 'arm64')]
        entries = lay.manifests
        lay.manifests = []
        self.index = lay.blob(json.dumps({'schemaVersion': 2, 'mediaType': INDEX, 'manifests': [
            {k: e[k] for k in ('mediaType', 'digest', 'size', 'platform')} for e in entries]}).encode(), INDEX)
        lay.manifests.append({**self.index, 'annotations': {'org.opencontainers.image.ref.name': 'v1'}})
        sbom = refer(lay, self.index, b'{"sbom":1}', predicate='https://spdx.dev/Document')
        self.referrers = [refer(lay, self.index, b'{"sig":1}', predicate='https://sigstore.dev/cosign/sign/v1'), sbom,
                          refer(lay, sbom, b'{"sig of sbom":1}', 'application/vnd.cncf.notary.signature'),
                          refer(lay, self.children[1], b'{"sig of arm64":1}', predicate='https://sigstore.dev/cosign/sign/v1')]
        self.tags = [tagged(lay, self.index, '.sig', [b'payload 1', b'payload 2']), tagged(lay, self.index, '.att', [b'{"payloadType":"x"}']),
                     tagged(lay, self.index, '.sbom', [b'SPDX'], 'text/spdx'), tagged(lay, self.children[0], '.sig', [b'payload of amd64'])]
        lay.write()
        self.all = {x['digest'] for x in [self.index, *self.children, *self.referrers, *self.tags]}


@pytest.fixture
def world(tmp_path):
    return World(tmp_path / 'image')


def digests(node):
    return [node['digest']] + [d for key in ('attached', 'manifests') for n in node.get(key, []) for d in digests(n)]


def tree(lazaret, target):
    r = lazaret('tree', '-f', 'json', target)
    assert r.returncode == 0, r.stderr
    return json.loads(r.stdout)


def copy(lazaret, *args):
    r = lazaret('copy', *args)
    assert r.returncode == 0, r.stderr
    return {line.split()[1] for line in r.stdout.splitlines()}


def get(port, path, accept='*/*'):
    return urllib.request.urlopen(urllib.request.Request(f'http://127.0.0.1:{port}/v2/{path}', headers={'Accept': accept})).read()


def test_tree(lazaret, world):
    t = tree(lazaret, 'oci:image:v1')
    assert t['digest'] == world.index['digest'] and set(digests(t)) == world.all
    kinds = [(x['kind'], x['format'] if 'format' in x else '') for x in t['attached']]
    assert kinds == [('attestation', 'sigstore-bundle'), ('signature', 'sigstore-bundle'), ('signature', 'cosign'), ('attestation', 'cosign'), ('sbom', 'cosign')]
    assert [x['kind'] for x in t['attached'][0]['attached']] == ['signature'] and t['attached'][0]['predicateType'] == 'https://spdx.dev/Document'
    assert [len(m['attached']) for m in t['manifests']] == [1, 1]
    text = lazaret('tree', 'oci:image:v1').stdout
    assert text.count('\n') == len(world.all) and 'by tag sha256-' in text and 'linux/arm64' in text
    # The only image of the layout needs no name: what is attached is none.
    assert tree(lazaret, 'oci:image')['digest'] == world.index['digest']


@pytest.mark.parametrize('api', [False, True])
def test_everything_goes_round(lazaret, world, tmp_path, api):
    """Layout, registry, another repository, archive, layout, registry: the same manifests everywhere."""
    with registry(tmp_path / 'debian') as debian, own_registry() as (own, store):
        port = own if api else debian
        a, b = f'127.0.0.1:{port}/a/b:v1', f'127.0.0.1:{port}/c:v2'
        assert copy(lazaret, 'oci:image:v1', a) == world.all
        assert set(digests(tree(lazaret, a))) == world.all
        assert json.loads(get(port, 'a/b/manifests/v1', INDEX)) == json.loads((world.layout.folder / 'blobs/sha256' / world.index['digest'][7:]).read_bytes())
        assert copy(lazaret, a, b) == world.all
        assert copy(lazaret, b, 'oci-archive:x.tar:v3') == world.all
        assert copy(lazaret, 'oci-archive:x.tar:v3', 'oci:back:v4') == world.all
        assert copy(lazaret, 'oci:back:v4', f'127.0.0.1:{port}/d:v5') == world.all
        assert set(digests(tree(lazaret, f'127.0.0.1:{port}/d:v5'))) == world.all
        # Once more: nothing is sent twice, nothing is lost.
        before = len(store.log)
        assert copy(lazaret, a, b) == world.all and set(digests(tree(lazaret, b))) == world.all
        if api:
            sent = [x for x in store.log[before:] if x[0] in ('POST', 'PUT') and '/blobs/' in x[1]]
            assert sent == [] and [x for x in store.log if 'mount=' in x[1] and 'from=a%2Fb' in x[1] or 'from=a/b' in x[1]]
    first = (tmp_path / 'x.tar').read_bytes()
    assert copy(lazaret, 'oci:image:v1', 'oci-archive:y.tar:v3') == world.all
    with tarfile.open(tmp_path / 'x.tar') as x, tarfile.open(tmp_path / 'y.tar') as y:
        assert x.getnames() == y.getnames() == sorted(x.getnames())
        assert {m.mtime for m in x} == {0}
    assert copy(lazaret, 'oci:image:v1', 'oci-archive:z.tar:v3') and (tmp_path / 'y.tar').read_bytes() == (tmp_path / 'z.tar').read_bytes() and first
    assert not [f for f in os.listdir(tmp_path) if f.startswith('.')]


def test_others_read_it(lazaret, world, tmp_path):
    copy(lazaret, 'oci:image:v1', 'oci:ours:v1')
    copy(lazaret, 'oci:image:v1', 'oci-archive:ours.tar:v1')
    raw = (world.layout.folder / 'blobs/sha256' / world.index['digest'][7:]).read_bytes()
    for target in (f'oci:{tmp_path}/ours:v1', f'oci-archive:{tmp_path}/ours.tar:v1'):
        config = json.loads(run('skopeo', 'inspect', '--config', '--override-arch', 'arm64', target))
        assert config['architecture'] == 'arm64'
        run('skopeo', 'copy', '--insecure-policy', '--all', target, f'dir:{tmp_path}/out-{target.split(":")[0]}')
        assert (tmp_path / f'out-{target.split(":")[0]}/manifest.json').read_bytes() == raw
    if shutil.which('umoci'):
        assert 'v1' in run('umoci', 'list', '--layout', tmp_path / 'ours').decode()
    with registry(tmp_path / 'debian') as port:
        copy(lazaret, 'oci:image:v1', f'127.0.0.1:{port}/a:v1')
        assert run('skopeo', 'inspect', '--raw', '--tls-verify=false', f'docker://127.0.0.1:{port}/a:v1') == raw
        # And what skopeo pushes, we carry on.
        run('skopeo', 'copy', '--insecure-policy', '--all', '--dest-tls-verify=false', f'oci:{tmp_path}/ours:v1', f'docker://127.0.0.1:{port}/b:v1')
        assert len(copy(lazaret, f'127.0.0.1:{port}/b:v1', 'oci:again:v1')) == 3


def test_upload_that_leads_elsewhere(lazaret, world):
    """GHSA-vh4v-2xq2-g5cg and others of its kind: where the registry sends an upload gets the bytes, not the password."""
    store, elsewhere = Store(), Store()
    wanted = 'Basic ' + base64.b64encode(b'somebody:secret word').decode()
    trap = handler(elsewhere)

    class Guarded(handler(store)):
        def guarded(self):
            if self.headers.get('Authorization') == wanted:
                return self.run()
            self.rfile.read(int(self.headers.get('Content-Length') or 0))
            self.answer(401, WWW_Authenticate='Basic realm="here"')

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = guarded
    with server(trap) as there, server(Guarded) as port:
        store.location = lambda path: f'http://127.0.0.1:{there}{path}'
        r = lazaret('copy', '--username', 'somebody', '--password-stdin', '--retries', '0', 'oci:image:v1', f'127.0.0.1:{port}/a:v1', input='secret word')
        assert store.log and 'secret word' not in r.stderr + r.stdout
    assert elsewhere.log or 'another host' in r.stderr
    for _, path, headers in elsewhere.log:
        assert not {k.lower() for k in headers} & {'authorization', 'cookie'}, path


@pytest.mark.parametrize('digest', ['sha256:../../../secret', 'sha256:..', 'sha256:' + 'A' * 64, 'sha256:' + '0' * 63 + '/', '../secret', 'md5:' + '0' * 32,
                                    'sha256:' + '0' * 64 + '/../../../secret', ''])
def test_digests_that_are_paths(lazaret, world, tmp_path, digest):
    """GHSA-6wvf-f2vw-3425: a digest is one before it is a file's name; what is copied goes nowhere else."""
    (tmp_path / 'secret').write_text('{"schemaVersion":2,"config":{},"layers":[]}')
    (tmp_path / 'image/blobs/secret').write_text('{"schemaVersion":2,"config":{},"layers":[]}')
    index = json.loads((tmp_path / 'image/index.json').read_text())
    for m in index['manifests']:
        m['digest'] = digest
    (tmp_path / 'image/index.json').write_text(json.dumps(index))
    before = {p for p in tmp_path.rglob('*') if 'home' not in p.parts and 'cache' not in p.parts}
    for args in (['tree', 'oci:image:v1'], ['copy', 'oci:image:v1', 'oci:out:v1'], ['verify', '--key', 'none', 'oci:image:v1'], ['scan', '--offline', 'oci:image:v1']):
        assert lazaret(*args).returncode in (2, 3), args
    after = {p for p in tmp_path.rglob('*') if 'home' not in p.parts and 'cache' not in p.parts}
    assert not [p for p in after - before if p.is_file() and 'secret' in p.name]


def test_names_are_not_moved_unasked(lazaret, world, tmp_path):
    other = images.Layout(tmp_path / 'other')
    other.image([{'x': b'y'}], tag='v1')
    with own_registry() as (port, store):
        copy(lazaret, 'oci:image:v1', f'127.0.0.1:{port}/a:v1')
        r = lazaret('copy', 'oci:other:v1', f'127.0.0.1:{port}/a:v1')
        assert r.returncode == 3 and '--force' in r.stderr and store.tags['a', 'v1'] == world.index['digest']
        copy(lazaret, '--force', 'oci:other:v1', f'127.0.0.1:{port}/a:v1')
        assert store.tags['a', 'v1'] != world.index['digest']
        # Signatures that are only at the destination are not dropped.
        sig = ('a', world.index['digest'].replace(':', '-') + '.sig')
        lay = images.Layout(tmp_path / 'fewer')
        for f in (world.layout.folder / 'blobs/sha256').iterdir():
            shutil.copy(f, lay.folder / 'blobs/sha256')
        lay.manifests = [world.layout.manifests[0]]
        tagged(lay, world.index, '.sig', [b'payload 3'])
        lay.write()
        before = store.tags[sig]
        r = lazaret('copy', '--only', 'sig', 'oci:fewer:v1', f'127.0.0.1:{port}/a:v1')
        assert r.returncode == 3 and 'would be lost' in r.stderr and store.tags[sig] == before
    r = lazaret('copy', 'oci:image:v1', 'docker-archive:d.tar')
    assert r.returncode == 3 and 'can only be read' in r.stderr and not (tmp_path / 'd.tar').exists()
    copy(lazaret, 'oci:image:v1', 'oci-archive:x.tar')
    r = lazaret('copy', 'oci:image:v1', 'oci-archive:x.tar')
    assert r.returncode == 3 and 'there already' in r.stderr


def test_only_some(lazaret, world):
    with own_registry() as (port, store):
        copy(lazaret, 'oci:image:v1', f'127.0.0.1:{port}/a:v1')
        got = copy(lazaret, '--platform', 'linux/arm64', f'127.0.0.1:{port}/a:v1', f'127.0.0.1:{port}/b:v1')
        assert got == {world.children[1]['digest'], world.referrers[3]['digest']}
        assert store.tags['b', 'v1'] == world.children[1]['digest']
        got = copy(lazaret, '--only', 'att,sbom', f'127.0.0.1:{port}/a:v1', f'127.0.0.1:{port}/c:v1')
        assert got == {world.referrers[1]['digest'], world.referrers[2]['digest'], world.tags[1]['digest'], world.tags[2]['digest']}
        assert ('c', 'v1') not in store.tags
        assert lazaret('copy', '--only', 'nothing', 'oci:image:v1', f'127.0.0.1:{port}/c:v1').returncode == 2


def test_save_and_load(lazaret, world, tmp_path):
    with registry(tmp_path / 'debian') as port, own_registry() as (own, store):
        copy(lazaret, 'oci:image:v1', f'127.0.0.1:{port}/a:v1')
        r = lazaret('save', f'127.0.0.1:{port}/a:v1', '--dir', 'saved')
        assert r.returncode == 0, r.stderr
        entries = json.loads((tmp_path / 'saved/index.json').read_text())['manifests']
        kinds = {e['digest']: e.get('annotations', {}).get('kind') for e in entries}
        assert kinds[world.index['digest']] == 'dev.cosignproject.cosign/imageIndex'
        assert [k for k in kinds.values() if k] [0] and kinds[world.tags[0]['digest']] == 'dev.cosignproject.cosign/sigs'
        assert kinds[world.tags[1]['digest']] == 'dev.cosignproject.cosign/atts'
        assert next(d for d, k in kinds.items() if k and k.endswith('/sigs')) == world.tags[0]['digest']
        r = lazaret('load', '--dir', 'saved', f'127.0.0.1:{own}/b:v1')
        assert r.returncode == 0, r.stderr
        assert set(digests(tree(lazaret, f'127.0.0.1:{own}/b:v1'))) == world.all
        # As cosign writes it: kinds, no names, bundles that no index lists.
        one, sig = world.children[0], world.tags[3]
        bundle = refer(world.layout, one, b'{"loose":1}')
        entries = [{**d, 'annotations': {'kind': 'dev.cosignproject.cosign/' + k}} for d, k in ((one, 'image'), (sig, 'sigs'))]
        world.layout.manifests = entries
        world.layout.write()
        r = lazaret('load', '--dir', 'image', f'127.0.0.1:{own}/c:v1')
        assert r.returncode == 0, r.stderr
        assert set(digests(tree(lazaret, f'127.0.0.1:{own}/c:v1'))) == {x['digest'] for x in (one, sig, bundle)}


def test_attachments_elsewhere(lazaret, world):
    with own_registry() as (port, store):
        copy(lazaret, 'oci:image:v1', f'127.0.0.1:{port}/a:v1')
        copy(lazaret, '--only', 'sig', 'oci:image:v1', f'127.0.0.1:{port}/sigs:v1')
        env = {'COSIGN_REPOSITORY': f'127.0.0.1:{port}/sigs'}
        r = lazaret('tree', '-f', 'json', f'127.0.0.1:{port}/a:v1', env=env)
        assert [x['kind'] for x in json.loads(r.stdout)['attached']] == ['signature', 'signature']
        name = world.index['digest'].replace(':', '-')
        assert lazaret('triangulate', f'127.0.0.1:{port}/a:v1', env=env).stdout == f'127.0.0.1:{port}/sigs:{name}.sig\n'
        assert lazaret('triangulate', '--type', 'sbom', f'127.0.0.1:{port}/a:v1').stdout == f'127.0.0.1:{port}/a:{name}.sbom\n'
        assert lazaret('triangulate', '--type', 'digest', f'127.0.0.1:{port}/a:v1').stdout == f'127.0.0.1:{port}/a@{world.index["digest"]}\n'
        # load, as cosign does it, puts what is attached there.
        env = {'COSIGN_REPOSITORY': f'127.0.0.1:{port}/loaded/sigs'}
        r = lazaret('load', '--dir', 'image', f'127.0.0.1:{port}/loaded/image:v1', env=env)
        assert r.returncode == 0, r.stderr
        assert ('loaded/sigs', name + '.sig') in store.tags and not [k for k in store.tags if k[0] == 'loaded/image' and k[1] != 'v1']
        assert set(digests(json.loads(lazaret('tree', '-f', 'json', f'127.0.0.1:{port}/loaded/image:v1', env=env).stdout))) == world.all


def test_uploads_elsewhere(lazaret, world):
    """A registry may send uploads to another host: the bytes go there, no credentials do."""
    with own_registry() as (port, store), own_registry() as (other, stranger):
        store.authorization = 'Basic dTpzZWNyZXQ='
        store.location = lambda path: f'http://127.0.0.1:{other}{path}'
        r = lazaret('copy', '--username', 'u', '--password-stdin', 'oci:image:v1', f'127.0.0.1:{port}/a:v1', input='secret')
        # What went there is not here: the registry says so, or takes manifests all the same.
        assert r.returncode in (0, 3)
        assert stranger.log and all(m == 'PUT' for m, _, _ in stranger.log)
        assert not [h for _, _, h in stranger.log if 'authorization' in {k.lower() for k in h}]
        assert [h for _, _, h in store.log if h.get('Authorization') == store.authorization]
        # Another scheme that is none of ours, another host without TLS.
        for bad in ('ftp://127.0.0.1/x', 'file:///etc/passwd', 'http://192.0.2.1/x', '//', 'http://a b/'):
            store.location = lambda path: bad
            r = lazaret('copy', '--retries', '0', '--username', 'u', '--password-stdin', 'oci:image:v1', f'127.0.0.1:{port}/b:v1',
                        input='secret', timeout=30)
            assert r.returncode == 3 and ('b', 'v1') not in store.tags, bad


def test_confusion(lazaret, world):
    """A manifest that is called an index, a list of referrers that is none, other bytes than the digest says."""
    with own_registry(Store(referrers=False)) as (port, store):
        target = f'127.0.0.1:{port}/a:v1'
        copy(lazaret, 'oci:image:v1', target)
        name = ('a', world.index['digest'].replace(':', '-'))
        key = ('a', store.tags['a', 'v1'])
        good = store.manifests[key]
        for bad in ((good[0], MANIFEST), (good[0].replace(b'"manifests"', b'"layers"'), INDEX), (good[0] + b' ', INDEX),
                    (json.dumps({**json.loads(good[0]), 'layers': []}).encode(), INDEX)):
            store.manifests[key] = bad
            for command in (('tree', target), ('copy', target, 'oci:bad:v1')):
                assert lazaret(*command).returncode == 3, (command, bad)
        store.manifests[key] = good
        listing = store.tags[name]
        store.tags[name] = world.children[0]['digest']
        r = lazaret('tree', target)
        assert r.returncode == 3 and 'referrers' in r.stderr
        store.tags[name] = listing
        # More than we look at: refused, never cut.
        entry = json.loads(store.manifests['a', listing][0])['manifests'][0]
        many = json.dumps({'schemaVersion': 2, 'mediaType': INDEX, 'manifests': [entry] * 1001}).encode()
        digest = 'sha256:' + hashlib.sha256(many).hexdigest()
        store.manifests['a', digest], store.tags[name] = (many, INDEX), digest
        r = lazaret('tree', target)
        assert r.returncode == 3 and '1000' in r.stderr, r.stderr


def test_a_tag_that_names_another_image(lazaret, world, tmp_path):
    """Who may push but not delete lets our signature's tag name somebody's image: clean removes no image, copy carries none."""
    other = images.Layout(tmp_path / 'other')
    other.image([{'x': b'y'}], tag='v1')
    victim = other.manifests[0]['digest']
    with own_registry() as (port, store):
        copy(lazaret, 'oci:image:v1', f'127.0.0.1:{port}/a:v1')
        copy(lazaret, 'oci:other:v1', f'127.0.0.1:{port}/a:theirs')
        for suffix in ('.sig', '.att', '.sbom'):
            store.tags['a', world.index['digest'].replace(':', '-') + suffix] = victim
        r = lazaret('clean', '--force', f'127.0.0.1:{port}/a:v1')
        assert ('a', victim) in store.manifests and store.tags.get(('a', 'theirs')) == victim, r.stderr
        r = lazaret('tree', f'127.0.0.1:{port}/a:v1')
        assert r.returncode == 0 and victim not in r.stdout and 'promises' in r.stderr
