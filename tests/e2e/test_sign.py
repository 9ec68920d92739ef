"""Images are signed, attested and verified: in registries and layouts, alone and with skopeo and podman, and against what the
advisories about other tools teach (their ids stand at the tests)."""
import base64
import concurrent.futures
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

import images
from registry_own import own_registry
from sigstore_own import Encoding, Sigstore
from test_registry import Quiet, registry, run, server

pytestmark = pytest.mark.skipif(not shutil.which('docker-registry') or not shutil.which('skopeo'),
                                reason='docker-registry or skopeo is not installed')
OCI = 'application/vnd.oci.image.manifest.v1+json'
INDEX = 'application/vnd.oci.image.index.v1+json'
BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json'
SIMPLE = 'application/vnd.dev.cosign.simplesigning.v1+json'


class Repository:
    """One repository of a registry, by HTTP."""

    def __init__(self, port, name):
        self.port, self.name, self.ref = port, name, f'127.0.0.1:{port}/{name}'

    def request(self, method, path, body=None, kind='application/octet-stream'):
        url = path if path.startswith('http') else f'http://127.0.0.1:{self.port}/v2/{self.name}/{path}'
        headers = {'Content-Type': kind, 'Accept': f'{OCI}, {INDEX}, application/vnd.docker.distribution.manifest.v2+json'}
        return urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method))

    def manifest(self, tag):
        return json.loads(self.request('GET', f'manifests/{tag}').read())

    def get_blob(self, digest):
        return self.request('GET', f'blobs/{digest}').read()

    def put_blob(self, data, kind='application/octet-stream'):
        digest = 'sha256:' + hashlib.sha256(data).hexdigest()
        where = self.request('POST', 'blobs/uploads/', b'').headers['Location']
        where = urllib.parse.urljoin(f'http://127.0.0.1:{self.port}', where)
        self.request('PUT', f'{where}&digest={digest}', data).read()
        return {'mediaType': kind, 'digest': digest, 'size': len(data)}

    def put_manifest(self, manifest, tag=None):
        data = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
        digest = 'sha256:' + hashlib.sha256(data).hexdigest()
        kind = json.loads(data).get('mediaType', OCI)
        self.request('PUT', f'manifests/{tag or digest}', data, kind).read()
        return {'mediaType': kind, 'digest': digest, 'size': len(data)}

    def refer(self, subject, layers, kind=BUNDLE, annotations=None):
        """A manifest that refers to the subject, listed in the tag that stands for the referrers API."""
        d = self.put_manifest({'schemaVersion': 2, 'mediaType': OCI, 'artifactType': kind, 'subject': subject, 'layers': layers,
                               'config': self.put_blob(b'{}', 'application/vnd.oci.empty.v1+json'), 'annotations': annotations or {}})
        tag = subject['digest'].replace(':', '-')
        try:
            index = self.manifest(tag)
        except urllib.error.HTTPError:
            index = {'schemaVersion': 2, 'mediaType': INDEX, 'manifests': []}
        index['manifests'].append({**d, 'artifactType': kind})
        self.put_manifest(index, tag)
        return d

    def referrers(self, digest):
        try:
            return json.loads(self.request('GET', f'referrers/{digest}').read())['manifests']
        except urllib.error.HTTPError:
            return self.manifest(digest.replace(':', '-'))['manifests']


def sig_tag(digest):
    return digest.replace(':', '-') + '.sig'


# Debian's registry has no referrers API, ours has.
registries = pytest.mark.parametrize('port', ['docker-registry', 'own'], indirect=True)


@pytest.fixture(scope='module')
def port(request, tmp_path_factory):
    own = getattr(request, 'param', '') == 'own'
    with own_registry() if own else registry(tmp_path_factory.mktemp('registry')) as port:
        yield port[0] if own else port


@pytest.fixture(scope='module')
def keys(tmp_path_factory):
    """Key pairs for all tests, not encrypted: opening those takes its time."""
    folder = tmp_path_factory.mktemp('keys')
    for name in ('one', 'two', 'three', 'four'):
        run('openssl', 'genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', folder / f'{name}.key')
        run('openssl', 'pkey', '-in', folder / f'{name}.key', '-pubout', '-out', folder / f'{name}.pub')
    return folder


@pytest.fixture
def signed(lazaret, tmp_path, port, keys, request):
    """The program with key pairs, and a repository of its own with two images, 1 and 2."""
    lazaret.env['COSIGN_PASSWORD'] = 'secret'
    for key in keys.glob('*.*'):
        shutil.copy(key, tmp_path)
    layout = images.Layout(tmp_path / 'image')
    layout.image([{'etc/os-release': images.OS_RELEASE, 'name': request.node.name.encode()}], tag='1')
    layout.image([{'etc/os-release': images.OS_RELEASE, 'name': b'another'}], tag='2', arch='arm64')
    lazaret.layout = layout
    lazaret.repo = Repository(port, 'test/' + ''.join(c if c.isalnum() else '-' for c in request.node.name).strip('-').lower())
    lazaret.image = lazaret.repo.ref + ':1'
    for tag, d in zip('12', layout.manifests):
        blob = (tmp_path / 'image/blobs/sha256' / d['digest'].split(':')[1]).read_bytes()
        m = json.loads(blob)
        for x in (m['config'], *m['layers']):
            lazaret.repo.put_blob((tmp_path / 'image/blobs/sha256' / x['digest'].split(':')[1]).read_bytes())
        lazaret.repo.put_manifest(blob, tag)
    lazaret.digest, lazaret.other = (d['digest'] for d in layout.manifests)
    return lazaret


def ok(lazaret, *args, **kw):
    r = lazaret(*args, **kw)
    assert r.returncode == 0, r.stdout + r.stderr
    return r


def verify(lazaret, *args, status=0, command='verify', **kw):
    """Verifies and returns the answer about the one image."""
    r = lazaret(command, '-f', 'json', *args, **kw)
    assert r.returncode == status, r.stdout + r.stderr
    return json.loads(r.stdout)['images'][0] if r.stdout.startswith('{') else r


def no(lazaret, *args, **kw):
    answer = verify(lazaret, *args, status=1, **kw)
    assert answer['verified'] is False and answer['why']
    return answer


@registries
@pytest.mark.parametrize('formats,n', [(['--format', 'bundle'], 1), (['--format', 'cosign'], 1), (['--also-tag'], 2), (['--format', 'bundle,cosign'], 2)])
def test_sign_and_verify(signed, formats, n):
    assert 'no signature is attached' in no(signed, '--key', 'one.pub', signed.image)['why']
    r = ok(signed, 'sign', '-y', '--key', 'one.key', *formats, signed.image)
    assert r.stdout == f'{signed.repo.ref}@{signed.digest}\n' and 'names a tag' in r.stderr
    answer = verify(signed, '--key', 'one.pub', signed.image)
    assert answer['digest'] == signed.digest and answer['signers'] == 1 and len(answer['signatures']) == n
    text = ok(signed, 'verify', '--key', 'one.pub', f'{signed.repo.ref}@{signed.digest}')
    assert text.stdout == f'{signed.repo.ref}@{signed.digest} verified, 1 signer\n' and 'signature      yes' in text.stderr
    no(signed, '--key', 'two.pub', signed.image)
    no(signed, '--key', 'one.pub', signed.repo.ref + ':2')
    # Signed once more: nothing changes.
    assert ok(signed, 'sign', '--key', 'one.key', *formats, signed.image).stderr.count('is there already') == n
    assert len(verify(signed, '--key', 'one.pub', signed.image)['signatures']) == n
    # The payloads, as cosign prints them.
    payloads = json.loads(ok(signed, 'verify', '--key', 'one.pub', '-o', 'json', signed.image).stdout)
    assert len(payloads) == n and signed.digest.split(':')[1] in json.dumps(payloads[0])


@pytest.mark.parametrize('kind', ['ecdsa-p384', 'ecdsa-p521', 'ed25519', 'rsa-2048'])
def test_kinds_of_keys(signed, kind):
    ok(signed, 'key', 'generate', '--type', kind, '--output-key-prefix', 'k')
    ok(signed, 'sign', '--key', 'k.key', '--also-tag', signed.image)
    assert [s['result'] for s in verify(signed, '--key', 'k.pub', signed.image)['signatures']] == ['yes', 'yes']


def test_exit_status(signed):
    assert signed('verify', signed.image).returncode == 2
    assert signed('verify', '--key', 'one.pub').returncode == 2
    assert signed('verify', '--key', 'one.pub', '--require', '0', signed.image).returncode == 2
    assert signed('verify', '--key', 'one.pub', '-a', 'x', signed.image).returncode == 2
    assert signed('verify', '--key', 'one.pub', signed.repo.ref + ':none').returncode == 3
    assert signed('verify', '--retries', '0', '--key', 'one.pub', '127.0.0.1:1/a:1').returncode == 3
    assert signed('sign', '--key', 'none.key', signed.image).returncode == 3
    assert signed('sign', '--key', 'one.key', '--format', 'x', signed.image).returncode == 2
    assert signed('sign', '--key', 'one.key', '--expiry', '90d', signed.image).returncode == 2
    ok(signed, 'key', 'generate', '--output-key-prefix', 'k')
    assert signed('sign', '--key', 'k.key', signed.image, env={'COSIGN_PASSWORD': 'wrong'}).returncode == 3


def test_annotations(signed):
    ok(signed, 'sign', '--key', 'one.key', '--also-tag', '-a', 'commit=abc', '-a', 'who=<me> & you', signed.image)
    answer = verify(signed, '--key', 'one.pub', '-a', 'who=<me> & you', signed.image)
    assert [s['result'] for s in answer['signatures']] == ['yes', 'yes']
    assert 'commit=abd is not signed' in no(signed, '--key', 'one.pub', '-a', 'commit=abd', signed.image)['why']
    no(signed, '--key', 'one.pub', '-a', 'commit=abc', '-a', 'more=1', signed.image)


def test_the_bytes_that_cosign_writes(signed, tmp_path):
    ok(signed, 'sign', '--key', 'one.key', '--format', 'cosign', signed.image)
    m = signed.repo.manifest(sig_tag(signed.digest))
    payload = signed.repo.get_blob(m['layers'][0]['digest'])
    assert payload.decode() == ('{"critical":{"identity":{"docker-reference":"%s"},"image":{"docker-manifest-digest":"%s"},'
                                '"type":"cosign container image signature"},"optional":null}' % (signed.repo.ref, signed.digest))
    assert m['config']['size'] == 233 and m['layers'][0]['mediaType'] == SIMPLE
    # openssl knows nothing of us.
    (tmp_path / 'payload').write_bytes(payload)
    (tmp_path / 'sig').write_bytes(base64.b64decode(m['layers'][0]['annotations']['dev.cosignproject.cosign/signature']))
    run('openssl', 'dgst', '-sha256', '-verify', tmp_path / 'one.pub', '-signature', tmp_path / 'sig', tmp_path / 'payload')


def test_the_bytes_of_a_bundle(signed, tmp_path):
    ok(signed, 'sign', '--key', 'one.key', signed.image)
    m = signed.repo.manifest(signed.repo.referrers(signed.digest)[0]['digest'])
    assert m['artifactType'] == BUNDLE and m['annotations']['dev.sigstore.bundle.predicateType'] == 'https://sigstore.dev/cosign/sign/v1'
    envelope = json.loads(signed.repo.get_blob(m['layers'][0]['digest']))['dsseEnvelope']
    payload = base64.b64decode(envelope['payload'])
    kind = b'application/vnd.in-toto+json'
    (tmp_path / 'pae').write_bytes(b'DSSEv1 %d %s %d %s' % (len(kind), kind, len(payload), payload))
    (tmp_path / 'sig').write_bytes(base64.b64decode(envelope['signatures'][0]['sig']))
    run('openssl', 'dgst', '-sha256', '-verify', tmp_path / 'one.pub', '-signature', tmp_path / 'sig', tmp_path / 'pae')


# Real clients: podman, CRI-O and skopeo read the tag-based form. Debian 12 builds them without it ("Debian-local change: sigstore
# disabled"), so that they reject every such image; LAZARET_SKOPEO and LAZARET_PODMAN name others.
def able(tool):
    path = os.environ.get(f'LAZARET_{tool.upper()}') or shutil.which(tool)
    if not path:
        pytest.skip(f'{tool} is not installed')
    with open(path, 'rb') as f:
        if b'sigstore disabled' in f.read():
            pytest.skip(f'this {tool} is built without signatures by keys (LAZARET_{tool.upper()} names another)')
    return path


@pytest.fixture
def client(signed, tmp_path):
    """skopeo and podman under a policy that wants signatures by key one."""
    short = pathlib.Path(tempfile.mkdtemp(prefix='lz'))     # podman wants less than 50 characters
    d = tmp_path / 'home/.config/containers/registries.d'
    d.mkdir(parents=True)
    host = signed.repo.ref.split('/')[0]
    (d / 'default.yaml').write_text(f'docker:\n  {host}:\n    use-sigstore-attachments: true\n')

    class Client:
        def policy(self, identity=None, key='one.pub'):
            rule = {'type': 'sigstoreSigned', 'keyPath': str(tmp_path / key)}
            if identity:
                rule['signedIdentity'] = {'type': identity}
            (tmp_path / 'policy.json').write_text(json.dumps({'default': [{'type': 'reject'}], 'transports': {
                'docker': {host: [rule]}, 'dir': {'': [{'type': 'insecureAcceptAnything'}]}}}))

        def skopeo(self, ref, *options):
            return self.skopeo_at(able('skopeo'), ref, *options)

        def skopeo_at(self, path, ref, *options):
            shutil.rmtree(tmp_path / 'out', ignore_errors=True)
            return subprocess.run([path, '--policy', tmp_path / 'policy.json', '--registries.d', d, 'copy', *options, '--src-tls-verify=false',
                                   f'docker://{ref}', f'dir:{tmp_path}/out'], capture_output=True, text=True, timeout=60)

        def podman(self, ref):
            return subprocess.run([able('podman'), '--root', tmp_path / 'storage', '--runroot', short / 'run', '--storage-driver', 'vfs', 'pull', '-q',
                                   '--signature-policy', tmp_path / 'policy.json', '--tls-verify=false', ref],
                                  capture_output=True, text=True, timeout=120, env={**os.environ, 'HOME': str(tmp_path / 'home')})
    yield Client()
    shutil.rmtree(short, ignore_errors=True)


@pytest.mark.parametrize('tool', ['skopeo', 'podman'])
def test_containers_policy(signed, client, tool):
    able(tool)
    pull = getattr(client, tool)
    client.policy('matchRepository')
    r = pull(signed.image)
    assert r.returncode and 'no signature exists' in r.stderr
    ok(signed, 'sign', '--key', 'two.key', '--also-tag', signed.image)
    assert pull(signed.image).returncode
    ok(signed, 'sign', '--key', 'one.key', '--also-tag', signed.image)
    r = pull(signed.image)
    assert r.returncode == 0, r.stderr
    # The default (matchRepoDigestOrExact) wants a signature that names a tag.
    client.policy()
    assert pull(f'{signed.repo.ref}@{signed.digest}').returncode
    assert pull(signed.image).returncode
    ok(signed, 'sign', '--key', 'one.key', '--also-tag', '--sign-container-identity', signed.image, signed.image)
    for ref in (signed.image, f'{signed.repo.ref}@{signed.digest}'):
        r = pull(ref)
        assert r.returncode == 0, r.stderr
    # Tampered with; another image; and the right signatures at the wrong image.
    client.policy('matchRepository')
    whole = signed.repo.manifest(sig_tag(signed.digest))
    for layer in (bad := json.loads(json.dumps(whole)))['layers']:
        sig = base64.b64decode(layer['annotations']['dev.cosignproject.cosign/signature'])
        layer['annotations']['dev.cosignproject.cosign/signature'] = base64.b64encode(sig[:-1] + bytes([sig[-1] ^ 1])).decode()
    signed.repo.put_manifest(bad, sig_tag(signed.digest))
    assert pull(signed.image).returncode
    signed.repo.put_manifest(whole, sig_tag(signed.digest))
    assert pull(signed.image).returncode == 0
    assert pull(signed.repo.ref + ':2').returncode
    signed.repo.put_manifest(signed.repo.manifest(sig_tag(signed.digest)), sig_tag(signed.other))
    assert pull(signed.repo.ref + ':2').returncode
    assert 'is about' in json.dumps(no(signed, '--key', 'one.pub', signed.repo.ref + ':2'))


def test_tampered_signature(signed):
    ok(signed, 'sign', '--key', 'one.key', '--format', 'cosign', signed.image)
    m = signed.repo.manifest(sig_tag(signed.digest))
    sig = bytearray(base64.b64decode(m['layers'][0]['annotations']['dev.cosignproject.cosign/signature']))
    sig[-1] ^= 1
    m['layers'][0]['annotations']['dev.cosignproject.cosign/signature'] = base64.b64encode(sig).decode()
    signed.repo.put_manifest(m, sig_tag(signed.digest))
    no(signed, '--key', 'one.pub', signed.image)
    # One that is broken takes nothing from one that is not.
    ok(signed, 'sign', '--key', 'one.key', '--format', 'cosign', signed.image)
    assert [s['result'] for s in verify(signed, '--key', 'one.pub', signed.image)['signatures']] == ['no', 'yes']


def push_index(signed, *digests):
    manifests = [{'mediaType': OCI, 'digest': d['digest'], 'size': d['size'], 'platform': {'os': 'linux', 'architecture': d['arch']}} for d in digests]
    return signed.repo.put_manifest({'schemaVersion': 2, 'mediaType': INDEX, 'manifests': manifests}, 'multi')['digest']


@pytest.fixture
def multi(signed):
    """An index of both images."""
    signed.index = push_index(signed, *[{**d, 'arch': d['platform']['architecture']} for d in signed.layout.manifests])
    signed.multi = signed.repo.ref + ':multi'
    return signed


@registries
def test_signed_index(multi):
    ok(multi, 'sign', '--key', 'one.key', multi.multi)
    assert verify(multi, '--key', 'one.pub', multi.multi)['digest'] == multi.index
    # A child by itself is not signed; chosen out of the index it is trusted through it, and the answer says so.
    no(multi, '--key', 'one.pub', f'{multi.repo.ref}@{multi.digest}')
    child = verify(multi, '--key', 'one.pub', '--platform', 'linux/arm64', multi.multi)['manifests'][0]
    assert child['digest'] == multi.other and child['trustedThrough'] == multi.index and child['signers'] == 0
    r = ok(multi, 'verify', '--key', 'one.pub', '--recursive', multi.multi)
    assert r.stdout.count(f'trusted through signed index {multi.index}') == 2
    assert multi('verify', '--key', 'one.pub', '--platform', 'linux/s390x', multi.multi).returncode == 3


@registries
def test_recursive(multi):
    r = ok(multi, 'sign', '--key', 'one.key', '--also-tag', '--recursive', multi.multi)
    assert r.stderr.count(': signed (bundle') == 3
    answer = verify(multi, '--key', 'one.pub', '--recursive', multi.multi)
    assert [m.get('trustedThrough') for m in answer['manifests']] == [None, None]
    assert verify(multi, '--key', 'one.pub', f'{multi.repo.ref}@{multi.other}')['signers'] == 1


def test_containers_policy_recursive(multi, client):
    able('skopeo')
    ok(multi, 'sign', '--key', 'one.key', '--also-tag', '--recursive', multi.multi)
    client.policy('matchRepository')
    r = client.skopeo(multi.multi, '--all')
    assert r.returncode == 0, r.stderr


@registries
def test_index_that_is_not_signed(multi):
    """Each of its images signed is enough with --recursive; one that is not makes it a no."""
    ok(multi, 'sign', '--key', 'one.key', f'{multi.repo.ref}@{multi.digest}')
    answer = no(multi, '--key', 'one.pub', '--recursive', multi.multi)
    assert [m['verified'] for m in answer['manifests']] == [True, False]
    ok(multi, 'sign', '--key', 'one.key', f'{multi.repo.ref}@{multi.other}')
    r = ok(multi, 'verify', '--key', 'one.pub', '--recursive', multi.multi)
    assert 'not signed itself' in r.stdout
    no(multi, '--key', 'one.pub', multi.multi)


def test_confused_types(signed):
    """GHSA-qq97-vm5h-rrhg: what is index and manifest at once is neither."""
    m = signed.repo.manifest('1')
    try:
        signed.repo.put_manifest({**m, 'manifests': []}, 'both')
    except urllib.error.HTTPError:
        layout = signed.layout
        d = layout.blob(json.dumps({**m, 'manifests': []}).encode(), OCI)
        layout.manifests.append({**d, 'annotations': {'org.opencontainers.image.ref.name': 'both'}})
        layout.write()
        assert signed('verify', '--key', 'one.pub', 'oci:image:both').returncode == 3
        return
    assert signed('verify', '--key', 'one.pub', signed.repo.ref + ':both').returncode == 3


# Thresholds.
def test_require_counts_signers(signed):
    """connaisseur PR#2150: one key that signs twice is one signer."""
    ok(signed, 'sign', '--key', 'one.key', '--also-tag', signed.image)
    ok(signed, 'sign', '--key', 'one.key', '--also-tag', '-a', 'n=2', signed.image)
    answer = no(signed, '--key', 'one.pub', '--key', 'two.pub', '--require', '2', signed.image)
    assert answer['signers'] == 1 and [s['result'] for s in answer['signatures']] == ['yes'] * 4
    # The same key under another name is no other key.
    shutil.copy(signed.cwd / 'one.pub', signed.cwd / 'copy.pub')
    no(signed, '--key', 'one.pub', '--key', 'copy.pub', '--require', '2', signed.image)
    ok(signed, 'sign', '--key', 'two.key', signed.image)
    assert verify(signed, '--key', 'one.pub', '--key', 'two.pub', '--require', '2', signed.image)['signers'] == 2
    no(signed, '--key', 'one.pub', '--require', '2', signed.image)


# Attestations.
@pytest.fixture
def predicate(signed):
    (signed.cwd / 'p.json').write_text('{"spdxVersion": "SPDX-2.3", "name": "<x>"}')
    return 'p.json'


@registries
@pytest.mark.parametrize('tag', [[], ['--also-tag']])
def test_attest(signed, predicate, tag):
    ok(signed, 'attest', '--key', 'one.key', '--predicate', predicate, '--type', 'spdxjson', *tag, signed.image)
    r = ok(signed, 'verify-attestation', '--key', 'one.pub', '--type', 'spdxjson', signed.image)
    statements = [json.loads(line) for line in r.stdout.splitlines()]
    assert [s['_type'].rsplit('/', 1)[1] for s in statements] == ['v1', 'v0.1'][:1 + len(tag)]
    for s in statements:
        assert s['predicateType'] == 'https://spdx.dev/Document' and s['predicate']['name'] == '<x>'
        assert s['subject'] == [{'name': signed.repo.ref, 'digest': {'sha256': signed.digest.split(':')[1]}}]
    for wrong in (['--key', 'two.pub', '--type', 'spdxjson'], ['--key', 'one.pub', '--type', 'cyclonedx'], ['--key', 'one.pub']):
        no(signed, *wrong, signed.image, command='verify-attestation')
    again = ok(signed, 'attest', '--key', 'one.key', '--predicate', predicate, '--type', 'spdxjson', *tag, signed.image)
    assert 'was there already' in again.stderr
    assert len(verify(signed, '--key', 'one.pub', '--type', 'spdxjson', signed.image, command='verify-attestation')['signatures']) == 1 + len(tag)


def test_predicates(signed):
    (signed.cwd / 'text').write_text('SPDXVersion: SPDX-2.3\n')
    (signed.cwd / 'broken').write_text('{"a": ')

    def attest(file, kind, status=0):
        r = signed('attest', '--key', 'one.key', '--predicate', file, '--type', kind, signed.image)
        assert r.returncode == status, r.stderr
        if status == 0:
            return json.loads(ok(signed, 'verify-attestation', '--key', 'one.pub', '--type', kind, signed.image).stdout)['predicate']
    assert attest('text', 'spdx') == 'SPDXVersion: SPDX-2.3\n'
    assert attest('text', 'custom')['Data'] == 'SPDXVersion: SPDX-2.3\n'
    attest('text', 'cyclonedx', 2)
    attest('broken', 'https://example.com/x', 2)
    attest('text', 'nothing', 2)
    assert signed('verify-attestation', '--key', 'one.pub', '--type', 'nothing', signed.image).returncode == 2


def test_an_attestation_is_no_signature(signed, predicate):
    """GHSA-vjxv-45g9-9296, GHSA-739f-hw6h-7wq8: an SBOM signed by the right key approves nothing, by tag or referrer, whatever
    the manifest around it says; and a signature is no attestation."""
    ok(signed, 'attest', '--key', 'one.key', '--predicate', predicate, '--type', 'spdxjson', '--also-tag', signed.image)
    answer = no(signed, '--key', 'one.pub', signed.image)
    assert 'no signature is attached' in answer['why'] and 'no signatures' in answer['notes'][0]
    bundle = signed.repo.manifest(signed.repo.referrers(signed.digest)[0]['digest'])
    subject = {'mediaType': OCI, 'digest': signed.digest, 'size': signed.layout.manifests[0]['size']}
    for annotations in ({}, {'dev.sigstore.bundle.predicateType': 'https://sigstore.dev/cosign/sign/v1', 'dev.sigstore.bundle.content': 'dsse-envelope'}):
        signed.repo.refer(subject, bundle['layers'], annotations=annotations)
        no(signed, '--key', 'one.pub', signed.image)
    # The envelope in the place of a signature.
    att = signed.repo.manifest(signed.digest.replace(':', '-') + '.att')
    signed.repo.put_manifest(att, sig_tag(signed.digest))
    no(signed, '--key', 'one.pub', signed.image)
    att['layers'][0]['mediaType'] = SIMPLE
    signed.repo.put_manifest(att, sig_tag(signed.digest))
    no(signed, '--key', 'one.pub', signed.image)
    # The other way round.
    ok(signed, 'sign', '--key', 'one.key', signed.repo.ref + ':2')
    for kind in ('custom', 'spdxjson'):
        no(signed, '--key', 'one.pub', '--type', kind, signed.repo.ref + ':2', command='verify-attestation')


def test_a_wrong_type_does_not_count(signed, predicate):
    """GHSA-vjxv-45g9-9296: one good attestation of another type, and one of the type that is signed by somebody else."""
    ok(signed, 'attest', '--key', 'one.key', '--predicate', predicate, '--type', 'spdxjson', signed.image)
    ok(signed, 'attest', '--key', 'two.key', '--predicate', predicate, '--type', 'openvex', signed.image)
    no(signed, '--key', 'one.pub', '--type', 'openvex', signed.image, command='verify-attestation')
    # The manifest says that the SBOM is VEX.
    entries = [signed.repo.manifest(r['digest']) for r in signed.repo.referrers(signed.digest)]
    sbom = next(m for m in entries if 'spdx' in json.dumps(m))
    signed.repo.refer(sbom['subject'], sbom['layers'], annotations={'dev.sigstore.bundle.predicateType': 'https://openvex.dev/ns'})
    no(signed, '--key', 'one.pub', '--type', 'openvex', signed.image, command='verify-attestation')


# What others can put there.
def test_bundle_of_another_image(signed):
    """GHSA-8gw7-4j42-w388: a good signature, of something else."""
    ok(signed, 'sign', '--key', 'one.key', signed.repo.ref + ':2')
    m = signed.repo.manifest(signed.repo.referrers(signed.other)[0]['digest'])
    signed.repo.refer({**m['subject'], 'digest': signed.digest, 'size': signed.layout.manifests[0]['size']}, m['layers'], annotations=m['annotations'])
    assert 'is not about' in no(signed, '--key', 'one.pub', signed.image)['why']
    # Listed as a referrer, it refers to the other one.
    index = signed.repo.manifest(signed.digest.replace(':', '-'))
    index['manifests'] = signed.repo.referrers(signed.other)
    signed.repo.put_manifest(index, signed.digest.replace(':', '-'))
    assert 'refers to something else' in json.dumps(no(signed, '--key', 'one.pub', signed.image)['notes'])


RISKY = [*map(chr, range(32)), '\x7f', *map(chr, range(0x80, 0xa0)), '\u202e', '\u2066', '\u2028']


def test_what_others_write_reaches_no_terminal(signed):
    """Types, platforms and media types are whatever somebody pushed."""
    evil = 'https://x.example/\x1b]0;owned\x07\x9b31m\u202eNOT\r\n127.0.0.1/x verified'
    subject = {'mediaType': OCI, 'digest': signed.digest, 'size': signed.layout.manifests[0]['size']}
    blob = signed.repo.put_blob(b'{}', BUNDLE)
    signed.repo.refer(subject, [blob], annotations={'dev.sigstore.bundle.predicateType': evil, 'dev.sigstore.bundle.content': 'dsse-envelope'})
    signed.repo.refer(subject, [{**blob, 'mediaType': BUNDLE + evil}], annotations={'dev.sigstore.bundle.predicateType': 'https://sigstore.dev/cosign/sign/v1'})
    d = signed.layout.manifests[0]
    signed.repo.put_manifest({'schemaVersion': 2, 'mediaType': INDEX, 'manifests': [
        {**{k: d[k] for k in ('mediaType', 'digest', 'size')}, 'platform': {'os': 'linux' + evil, 'architecture': evil}}]}, 'evil')
    for args in (['verify', '--key', 'one.pub', signed.image], ['verify', '--key', 'one.pub', '--recursive', signed.repo.ref + ':evil'],
                 ['verify-attestation', '--key', 'one.pub', '--type', 'openvex', signed.image], ['tree', signed.repo.ref + ':evil'], ['tree', signed.image]):
        r = signed(*args)
        assert 'x.example' in r.stdout + r.stderr or 'verify-attestation' in args, args
        found = [c for c in RISKY if c != '\n' and c in r.stdout + r.stderr]
        assert not found and '\n127' not in r.stderr.replace('\n127.0.0.1:', ''), (args, found)


def test_endless_signatures(signed):
    """GHSA-vfp6-jrw2-99g9, GHSA-9m3v-v4r5-ppx7: a hundred are looked at, and more than a thousand layers are not read; so nothing that
    asks us before it lets an image in waits without end, GHSA-hjpv-68f4-2262, GHSA-4mp4-46gq-hv3r."""
    ok(signed, 'sign', '--key', 'two.key', '--format', 'cosign', signed.image)
    m = signed.repo.manifest(sig_tag(signed.digest))
    layer = m['layers'][0]
    m['layers'] = [layer] * 150
    signed.repo.put_manifest(m, sig_tag(signed.digest))
    answer = no(signed, '--key', 'one.pub', signed.image)
    assert len(answer['signatures']) == 100 and '50 signatures beyond the first 100' in json.dumps(answer['notes'])
    m['layers'] = [{**layer, 'annotations': {'dev.cosignproject.cosign/signature': ''}}] * 1001
    signed.repo.put_manifest(m, sig_tag(signed.digest))
    r = signed('verify', '--key', 'one.pub', signed.image)
    assert r.returncode in (1, 3) and '1001 layers' in r.stderr + r.stdout


def test_huge_attachments(signed):
    """GHSA-88jx-383q-w4qc, GHSA-95pr-fxf5-86gv, GHSA-87x9-7grx-m28v, GHSA-wc3x-5rfv-hh5v, GHSA-9g37-h7p2-2c6r: a descriptor that says so is
    not read; one that lies is not read on."""
    ok(signed, 'sign', '--key', 'one.key', '--format', 'cosign', signed.repo.ref + ':1')
    m = signed.repo.manifest(sig_tag(signed.digest))
    for size, text in ((1 << 30, 'more than'), (10, '10 bytes')):
        m['layers'][0]['size'] = size
        signed.repo.put_manifest(m, sig_tag(signed.digest))
        assert text in no(signed, '--key', 'one.pub', signed.image)['why']
    m['layers'][0]['size'] = 1 << 40
    signed.repo.put_manifest(m, sig_tag(signed.digest))
    r = signed('verify', '--key', 'one.pub', signed.image)
    assert r.returncode == 3 and 'blob_bytes' in r.stderr


def test_the_tag_moves(signed):
    """GHSA-3hfq-cx9j-923w, GHSA-m3cq-xcx9-3gvm: a tag that names another image with every question is resolved once."""
    ok(signed, 'sign', '--key', 'one.key', signed.repo.ref + ':1')
    asked = []

    class Front(Quiet):
        def do_GET(self):
            path = self.path
            if path.endswith('/manifests/moving'):
                asked.append(path)
                path = path.replace('moving', '1' if len(asked) % 2 else '2')
            try:
                r = urllib.request.urlopen(urllib.request.Request(f'http://127.0.0.1:{signed.repo.port}{path}', method=self.command,
                                                                  headers={'Accept': self.headers.get('Accept', '*/*')}))
            except urllib.error.HTTPError as e:
                self.answer(e.code, e.read())
                return
            self.answer(200, r.read(), Content_Type=r.headers['Content-Type'])

        do_HEAD = do_GET
    with server(Front) as port:
        answer = verify(signed, '--key', 'one.pub', f'127.0.0.1:{port}/{signed.repo.name}:moving')
        assert answer['digest'] == signed.digest
        assert len(asked) == 1


def test_what_could_not_be_said_is_no_yes(signed, predicate):
    """GHSA-7c37-gx6w-8vc5: whoever ends before all is written has not verified."""
    ok(signed, 'attest', '--key', 'one.key', '--predicate', predicate, '--type', 'spdxjson', signed.image)
    args = [signed.program, 'verify-attestation', '--key', 'one.pub', '--type', 'spdxjson', signed.image]
    for out in ('/dev/full', None):
        r = subprocess.run(args if out else ['bash', '-c', 'exec "$@" >&-', '-', *args], env=signed.env, cwd=signed.cwd, stdout=open(out, 'w') if out else None,
                           stderr=subprocess.PIPE)
        assert r.returncode == 3


def test_a_registry_that_breaks_is_no_answer(signed):
    """What is attached cannot be listed: not "no signature", but "could not find out"."""
    class Front(Quiet):
        def do_GET(self):
            if 'sha256-' in self.path or '/referrers/' in self.path:
                self.answer(500)
                return
            r = urllib.request.urlopen(urllib.request.Request(f'http://127.0.0.1:{signed.repo.port}{self.path}', headers={'Accept': self.headers.get('Accept', '*/*')}))
            self.answer(200, r.read(), Content_Type=r.headers['Content-Type'])

        do_HEAD = do_GET
    with server(Front) as port:
        r = signed('verify', '--retries', '0', '--key', 'one.pub', f'127.0.0.1:{port}/{signed.repo.name}:1')
        assert r.returncode == 3 and 'list what is attached' in r.stderr


# Where signatures are.
@registries
@pytest.mark.parametrize('formats', [['--format', 'bundle'], ['--format', 'cosign']])
def test_two_at_once_lose_nothing(signed, formats):
    names = ('one', 'two', 'three', 'four')
    with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
        for r in pool.map(lambda n: signed('sign', '--key', f'{n}.key', *formats, signed.image), names):
            assert r.returncode == 0, r.stderr
    args = [x for n in names for x in ('--key', f'{n}.pub')]
    assert verify(signed, *args, '--require', '4', signed.image)['signers'] == 4


def test_another_repository(signed):
    there = Repository(signed.repo.port, signed.repo.name + '-signatures')
    env = {'COSIGN_REPOSITORY': there.ref}
    ok(signed, 'sign', '--key', 'one.key', '--also-tag', signed.image, env=env)
    assert len(verify(signed, '--key', 'one.pub', signed.image, env=env)['signatures']) == 2
    no(signed, '--key', 'one.pub', signed.image)
    assert signed.digest in there.get_blob(there.manifest(sig_tag(signed.digest))['layers'][0]['digest']).decode()


def test_layout(signed):
    image = 'oci:image:1'
    ok(signed, 'sign', '--key', 'one.key', image)
    ok(signed, 'sign', '--key', 'one.key', '--format', 'cosign', '--sign-container-identity', 'example.com/a', image)
    answer = verify(signed, '--key', 'one.pub', '--local-image', image)
    assert answer['digest'] == signed.digest and [s['format'] for s in answer['signatures']] == ['sigstore-bundle', 'cosign']
    no(signed, '--key', 'one.pub', 'oci:image:2')
    assert signed('sign', '--key', 'one.key', 'oci:nothing:1').returncode == 3
    assert not (signed.cwd / 'nothing').exists()


# Notation.
def policy(folder, store, level='strict', scopes=('*',)):
    """A folder as notation keeps it, with one certificate in one store."""
    d = folder / 'notation'
    shutil.rmtree(d, ignore_errors=True)
    (d / 'truststore/x509/ca/own').mkdir(parents=True)
    shutil.copy(store, d / 'truststore/x509/ca/own/root.crt')
    (d / 'trustpolicy.json').write_text(json.dumps({'version': '1.0', 'trustPolicies': [{
        'name': 'own', 'registryScopes': list(scopes), 'signatureVerification': {'level': level},
        **({} if level == 'skip' else {'trustStores': ['ca:own'], 'trustedIdentities': ['*']})}]}))
    return {'NOTATION_CONFIG': str(d)}


@pytest.mark.parametrize('layout,store,file,expected', [
    ('e2e-valid-signature', 'e2e', 'trustpolicy', 0),
    ('e2e-valid-signature', 'new_e2e', 'trustpolicy', 1),
    ('e2e-expired-signature', 'e2e', 'trustpolicy', 1),
    ('e2e-expired-signature', 'e2e', 'permissive_trustpolicy', 0),
])
def test_signatures_by_notation_itself(lazaret, data, tmp_path, layout, store, file, expected):
    there = data / 'sign/notation'
    policy(tmp_path, there / f'trust-store/{store}.crt')
    (tmp_path / 'notation/truststore/x509/ca/own').rename(tmp_path / 'notation/truststore/x509/ca/e2e')
    target = f'oci:{there}/oci_layout/{layout}@sha256:b8479de3f88fb259a0a9ea82a5b2a052a1ef3c4ebbcfc61482d5ae4c831f8af9'
    answer = verify(lazaret, '--offline', '--trust-store', 'notation', '--trust-policy', there / f'trustpolicy/{file}.json',
                    '--scope', 'localhost:5000/e2e', target, status=expected)
    assert [s['format'] for s in answer['signatures']] == ['notation-jws']


@pytest.mark.parametrize('kind', ['notation-jws', 'notation-cose'])
def test_notation(signed, tmp_path, kind):
    ok(signed, 'cert', 'generate-test', 'own', env={'XDG_CONFIG_HOME': str(tmp_path / 'config')})
    keys = tmp_path / 'config/notation/localkeys'
    args = ['--key', keys / 'own.key', '--certificate-chain', keys / 'own.crt', '--format', kind]
    env = policy(tmp_path, keys / 'own.crt')
    assert 'no signature is attached' in no(signed, '--offline', signed.image, env=env)['why']
    ok(signed, 'sign', *args, '-a', 'build=7', '--expiry', '1d', signed.image)
    answer = verify(signed, '--offline', '-a', 'build=7', signed.image, env=env)
    assert answer['signatures'][0]['format'] == kind and answer['digest'] == signed.digest
    no(signed, '--offline', '-a', 'build=8', signed.image, env=env)
    m = signed.repo.manifest(signed.repo.referrers(signed.digest)[0]['digest'])
    assert m['artifactType'] == 'application/vnd.cncf.notary.signature' and len(m['layers']) == 1
    thumbprint = hashlib.sha256(run('openssl', 'x509', '-in', keys / 'own.crt', '-outform', 'DER')).hexdigest()
    assert json.loads(m['annotations']['io.cncf.notary.x509chain.thumbprint#S256']) == [thumbprint]
    # GHSA-xhg5-42rf-296r: the same envelope at another image; a manifest that is none of notation's.
    subject = {'mediaType': OCI, 'digest': signed.other, 'size': signed.layout.manifests[1]['size']}
    signed.repo.refer(subject, m['layers'], kind=m['artifactType'])
    no(signed, '--offline', signed.repo.ref + ':2', env=env)
    signed.repo.refer(m['subject'], m['layers'] * 2, kind=m['artifactType'])
    assert sorted(s['result'] for s in verify(signed, '--offline', signed.image, env=env)['signatures']) == ['no', 'no', 'yes']
    # Somebody else's store, a scope that is not ours, a policy that asks for nothing.
    ok(signed, 'cert', 'generate-test', 'other', env={'XDG_CONFIG_HOME': str(tmp_path / 'config')})
    no(signed, '--offline', signed.image, env=policy(tmp_path, keys / 'other.crt'))
    no(signed, '--offline', signed.image, env=policy(tmp_path, keys / 'own.crt', scopes=['registry.example/x']))
    r = verify(signed, '--offline', signed.image, env=policy(tmp_path, keys / 'own.crt', level='skip'))
    assert r['verified'] is False and r['result'] == 'skipped'
    # With a key as well, either is believed; signers are counted over all formats.
    ok(signed, 'sign', '--key', 'one.key', signed.image)
    env = policy(tmp_path, keys / 'own.crt')
    assert verify(signed, '--offline', '--key', 'one.pub', '--notation', '--require', '2', signed.image, env=env)['signers'] == 2
    no(signed, '--offline', '--key', 'one.pub', '--require', '2', signed.image, env=env)
    assert signed('verify', '--offline', signed.image, env={'NOTATION_CONFIG': str(tmp_path / 'none')}).returncode == 2


def test_notation_with_a_timestamp(signed, tmp_path):
    """It outlives the signer's certificate; without the authority in the store it does not count."""
    ok(signed, 'cert', 'generate-test', 'own', env={'XDG_CONFIG_HOME': str(tmp_path / 'config')})
    keys = tmp_path / 'config/notation/localkeys'
    time.sleep(2.1)     # the timestamp is exact to a second, and all of it must be in the certificate's time
    with Sigstore(tmp_path / 'sigstore') as s:
        ok(signed, 'sign', '--key', keys / 'own.key', '--certificate-chain', keys / 'own.crt', '--format', 'notation-cose',
           *(x for name in ('nothing', s.tsa.name, 'nothing') for x in ('--timestamp-server-url', f'{s.url}/{name}')), signed.image)
        root = s.tsa.root.public_bytes(Encoding.PEM)
    env = policy(tmp_path, keys / 'own.crt')
    d = tmp_path / 'notation/truststore/x509/tsa/own'
    d.mkdir(parents=True)
    (d / 'root.crt').write_bytes(root)
    doc = json.loads((tmp_path / 'notation/trustpolicy.json').read_text())
    doc['trustPolicies'][0]['trustStores'].append('tsa:own')
    doc['trustPolicies'][0]['signatureVerification']['override'] = {'revocation': 'skip'}
    (tmp_path / 'notation/trustpolicy.json').write_text(json.dumps(doc))
    assert verify(signed, '--offline', signed.image, env=env)['signatures'][0]['timeFrom'].startswith('timestamp')


@pytest.mark.parametrize('version', [1, 2])
def test_without_a_key(signed, tmp_path, version):
    """Services make the certificate, the log entry and the timestamp; what verifies needs none of them."""
    with Sigstore(tmp_path / 'sigstore') as s:
        log = s.log1 if version == 1 else s.log2
        root, config = s.trusted_root(), s.signing_config(logs=[(log, version)])
        formats = ['--also-tag'] if version == 1 else []
        ok(signed, 'sign', '--identity-token', s.token(), '--signing-config', config, '--trusted-root', root, *formats, signed.image)
        (tmp_path / 'p').write_text('{}')
        ok(signed, 'attest', '--identity-token', s.token(), '--signing-config', config, '--trusted-root', root, '--predicate', 'p', '--type', 'vuln',
           *formats, signed.image)
        other = s.trusted_root(change=lambda doc: doc['tlogs'].clear())
    ask = ['--offline', '--certificate-oidc-issuer', s.issuer.url, '--certificate-identity']
    answer = verify(signed, *ask, 'https://ci.example/workflow', '--trusted-root', root, signed.image)
    assert [x['result'] for x in answer['signatures']] == ['yes'] * (1 + len(formats)) and answer['signers'] == 1
    verify(signed, *ask, 'https://ci.example/workflow', '--trusted-root', root, '--type', 'vuln', signed.image, command='verify-attestation')
    no(signed, *ask, 'https://ci.example/other', '--trusted-root', root, signed.image)
    no(signed, *ask, 'https://ci.example/workflow', '--trusted-root', other, signed.image)


def test_key_with_a_certificate(signed, tmp_path):
    """The certificate of a key's own authority goes into the signature and is what is believed."""
    run('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=root',
        '-days', '2', '-addext', 'keyUsage=critical,keyCertSign', cwd=tmp_path)
    (tmp_path / 'ext').write_text('subjectAltName=email:me@example.com\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\n'
                                  '1.3.6.1.4.1.57264.1.8=ASN1:UTF8String:https://issuer.example\n')
    run('openssl', 'req', '-new', '-key', 'one.key', '-subj', '/', '-out', 'one.csr', cwd=tmp_path)
    run('openssl', 'x509', '-req', '-in', 'one.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-days', '1', '-extfile', 'ext', '-out', 'one.pem', cwd=tmp_path)
    assert signed('sign', '--key', 'two.key', '--certificate', 'one.pem', signed.image).returncode == 2
    ok(signed, 'sign', '--key', 'one.key', '--certificate', 'one.pem', '--certificate-chain', 'ca.pem', '--also-tag', signed.image)
    ask = ['--certificate-oidc-issuer', 'https://issuer.example', '--ca-roots', 'ca.pem', '--insecure-ignore-tlog', '--insecure-ignore-sct', signed.image]
    answer = verify(signed, '--certificate-identity', 'me@example.com', *ask)
    assert [s['identity'] for s in answer['signatures']] == ['me@example.com'] * 2
    no(signed, '--certificate-identity', 'you@example.com', *ask)
    no(signed, '--certificate-identity', 'me@example.com', *[a for a in ask if a != '--insecure-ignore-tlog'])


# Provenance.
REPO = 'https://github.com/org/app'


@pytest.fixture
def provenance(signed):
    def attest(repository=REPO, ref='refs/tags/v1', builder='https://ci.example/builder@v1', **parameters):
        (signed.cwd / 'p.json').write_text(json.dumps({
            'buildDefinition': {'buildType': 'https://ci.example/type', 'externalParameters': {'workflow': {'repository': repository, 'ref': ref}, **parameters}},
            'runDetails': {'builder': {'id': builder}}}))
        ok(signed, 'attest', '--key', 'one.key', '--predicate', 'p.json', '--type', 'slsaprovenance1', signed.image)
    return attest


def test_provenance(signed, provenance):
    def check(*args, status=0):
        return verify(signed, '--key', 'one.pub', '--source-uri', 'github.com/org/app', *args, signed.image, status=status, command='verify-provenance')
    builder = ['--builder-id', 'https://ci.example/builder']
    assert 'no attestation' in check(*builder, status=1)['why']
    provenance(debug=True)
    assert 'parameter debug was not expected' in check(*builder, status=1)['why']
    assert check(*builder, '--parameter', 'debug=true', '--source-tag', 'v1')['signers'] == 1
    check(*builder, '--allow-parameter', 'debug')
    assert 'a key says nothing about a builder' in check('--allow-parameter', 'debug', status=1)['why']
    check('--builder-id', 'https://ci.example/other', '--allow-parameter', 'debug', status=1)
    check(*builder, '--allow-parameter', 'debug', '--source-tag', 'v2', status=1)
    check(*builder, '--allow-parameter', 'debug', '--source-branch', 'v1', status=1)
    assert signed('verify-provenance', '--key', 'one.pub', signed.image).returncode == 2


def test_provenance_of_a_blob(signed, provenance):
    """A bundle beside a file: the statement must be about the file's own digest."""
    provenance()
    m = signed.repo.manifest(signed.repo.referrers(signed.digest)[0]['digest'])
    (signed.cwd / 'bundle').write_bytes(signed.repo.get_blob(m['layers'][0]['digest']))
    manifest = (signed.cwd / 'image/blobs/sha256' / signed.digest.split(':')[1]).read_bytes()
    (signed.cwd / 'blob').write_bytes(manifest)
    args = ['verify-provenance', '--key', 'one.pub', '--source-uri', REPO, '--builder-id', 'https://ci.example/builder', '--provenance-path', 'bundle', '--blob', 'blob']
    assert ok(signed, *args).stdout == f'{signed.digest} verified\n'
    assert 'buildDefinition' in ok(signed, *args, '--print-provenance').stdout
    (signed.cwd / 'blob').write_bytes(manifest + b' ')
    assert signed(*args).returncode == 1
