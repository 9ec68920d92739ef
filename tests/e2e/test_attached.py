"""What is attached to images: attached, printed, listed, removed; in Debian's registry, which has no referrers API, in our own, which has
it, and in layouts; registries that lie."""
import base64
import json
import os
import pty
import shutil
import subprocess

import pytest

import images
from registry_own import own_registry
from test_copy import INDEX, MANIFEST, World, copy, digests, get, tree
from test_registry import registry, run

pytestmark = pytest.mark.skipif(not shutil.which('docker-registry') or not shutil.which('openssl'),
                                reason='docker-registry or openssl is not installed')
PASSWORD = {'COSIGN_PASSWORD': 'x'}
FORCE = ('clean', '--force')


@pytest.fixture(params=['debian', 'own'])
def place(request, lazaret, tmp_path):
    """A registry with one image in it: its reference, its digest."""
    lay = images.Layout(tmp_path / 'image')
    lay.image([{'a': b'b'}], tag='v1')
    context = registry(tmp_path / 'debian') if request.param == 'debian' else own_registry()
    with context as it:
        port = it if request.param == 'debian' else it[0]
        ref = f'127.0.0.1:{port}/team/app'
        copy(lazaret, 'oci:image:v1', f'{ref}:v1')
        yield ref, lay.manifests[0]['digest']


def ok(lazaret, *args, **kw):
    r = lazaret(*args, **kw)
    assert r.returncode == 0, r.stderr
    return r.stdout


def lines(text):
    return [json.loads(x) for x in text.splitlines()]


def kinds(lazaret, target):
    return sorted((x['kind'], x.get('tag', '')[-5:]) for x in tree(lazaret, target)['attached'])


def simple(ref, digest):
    return json.dumps({'critical': {'identity': {'docker-reference': ref}, 'image': {'docker-manifest-digest': digest},
                                    'type': 'cosign container image signature'}, 'optional': None}, separators=(',', ':')).encode()


def pae(kind, body):
    return b'DSSEv1 %d %s %d %s' % (len(kind), kind, len(body), body)


def openssl_sign(folder, data):
    (folder / 'data').write_bytes(data)
    return run('openssl', 'dgst', '-sha256', '-sign', folder / 'ec.key', folder / 'data')


@pytest.fixture
def ec(tmp_path):
    run('openssl', 'ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', tmp_path / 'ec.key')
    run('openssl', 'pkey', '-in', tmp_path / 'ec.key', '-pubout', '-out', tmp_path / 'ec.pub')
    return tmp_path


@pytest.mark.parametrize('mode', ['legacy', 'oci-1-1'])
def test_signature_made_elsewhere(lazaret, place, ec, mode):
    ref, digest = place
    payload = simple(ref, digest)
    (ec / 'payload').write_bytes(payload)
    (ec / 'sig').write_text(base64.b64encode(openssl_sign(ec, payload)).decode() + '\n')
    args = ('attach', 'signature', '--signature', 'sig', '--payload', 'payload', '--registry-referrers-mode', mode)
    ok(lazaret, *args, f'{ref}:v1')
    ok(lazaret, *args, f'{ref}:v1')         # twice is once
    assert kinds(lazaret, f'{ref}:v1') == [('signature', '' if mode == 'oci-1-1' else 'e.sig'.replace('e', digest[-1]))]
    ok(lazaret, 'verify', '--key', 'ec.pub', f'{ref}:v1')
    got = lines(ok(lazaret, 'download', 'signature', f'{ref}:v1'))
    assert got == [{'Base64Signature': (ec / 'sig').read_text().strip(), 'Payload': base64.b64encode(payload).decode(), 'Cert': None,
                    'Chain': None, 'Bundle': None, 'RFC3161Timestamp': None}]
    # Without a payload: the one that cosign makes, which is this one.
    assert lazaret('attach', 'signature', '--signature', 'sig', f'{ref}:v1').returncode == 0
    (ec / 'payload').write_bytes(simple(ref, 'sha256:' + '0' * 64))
    for bad in (args, ('attach', 'signature', '--signature', 'ec.key'), ('attach', 'signature', '--signature', 'sig', '--certificate', 'ec.pub')):
        r = lazaret(*bad, f'{ref}:v1')
        assert r.returncode == 3, (bad, r.stderr)
    assert lazaret('attach', 'signature', f'{ref}:v1').returncode == 2


def test_with_certificate_and_log(lazaret, place, ec):
    ref, digest = place
    run('openssl', 'req', '-x509', '-new', '-key', ec / 'ec.key', '-subj', '/CN=x', '-days', '2', '-out', ec / 'ec.crt')
    der = run('openssl', 'x509', '-in', ec / 'ec.crt', '-outform', 'DER')
    entry = {'body': base64.b64encode(b'{"kind":"x"}').decode(), 'integratedTime': 1700000000, 'logIndex': 7, 'logID': 'ab' * 32}
    (ec / 'sig').write_text(base64.b64encode(b'whatever').decode())
    (ec / 'tsr').write_bytes(b'0\x03abc')
    (ec / 'rekor').write_text(json.dumps({'id': {**entry, 'verification': {'signedEntryTimestamp': 'c2V0'}}}))
    ok(lazaret, 'attach', 'signature', '--signature', 'sig', '--certificate', 'ec.crt', '--certificate-chain', 'ec.crt', '--rekor-response',
       'rekor', '--tsr', 'tsr', f'{ref}:v1')
    raw = {'Raw': base64.b64encode(der).decode()}
    got = lines(ok(lazaret, 'download', 'signature', f'{ref}:v1'))[0]
    assert got['Cert'] == raw and got['Chain'] == [raw]
    assert got['Bundle'] == {'SignedEntryTimestamp': 'c2V0', 'Payload': entry}
    assert got['RFC3161Timestamp'] == {'SignedRFC3161Timestamp': base64.b64encode(b'0\x03abc').decode()}
    # And what cosign keeps is taken as well.
    (ec / 'rekor').write_text(json.dumps(got['Bundle']))
    (ec / 'sig').write_text(base64.b64encode(b'another').decode())
    ok(lazaret, 'attach', 'signature', '--signature', 'sig', '--rekor-response', 'rekor', f'{ref}:v1')
    assert [x['Bundle'] for x in lines(ok(lazaret, 'download', 'signature', f'{ref}:v1'))] == [got['Bundle']] * 2
    (ec / 'rekor').write_text('{"id":{"body":""}}')
    assert lazaret('attach', 'signature', '--signature', 'sig', '--rekor-response', 'rekor', f'{ref}:v1').returncode == 3


def test_attestations(lazaret, place, ec):
    ref, digest = place

    def envelope(kind, subject=digest):
        body = json.dumps({'_type': 'https://in-toto.io/Statement/v1', 'subject': [{'digest': {'sha256': subject[7:]}}],
                           'predicateType': kind, 'predicate': {}}).encode()
        sig = openssl_sign(ec, pae(b'application/vnd.in-toto+json', body))
        return json.dumps({'payloadType': 'application/vnd.in-toto+json', 'payload': base64.b64encode(body).decode(),
                           'signatures': [{'sig': base64.b64encode(sig).decode()}]}, indent=1)

    spdx, mine = envelope('https://spdx.dev/Document'), envelope('https://example.org/mine')
    (ec / 'spdx').write_text(spdx)
    (ec / 'mine').write_text(mine)
    ok(lazaret, 'attach', 'attestation', '--attestation', 'spdx', '--attestation', 'mine', f'{ref}:v1')
    ok(lazaret, 'verify-attestation', '--key', 'ec.pub', '--type', 'spdx', f'{ref}:v1')
    out = ok(lazaret, 'download', 'attestation', f'{ref}:v1')
    assert lines(out) == [json.loads(spdx), json.loads(mine)] and ' ' not in out
    assert lines(ok(lazaret, 'download', 'attestation', '--predicate-type', 'spdx', f'{ref}:v1')) == [json.loads(spdx)]
    assert lines(ok(lazaret, 'download', 'attestation', '--predicate-type', 'https://example.org/mine', f'{ref}:v1')) == [json.loads(mine)]
    r = lazaret('download', 'attestation', '--predicate-type', 'vuln', f'{ref}:v1')
    assert r.returncode == 1 and r.stdout == '' and 'no such attestation' in r.stderr
    ok(lazaret, 'download', 'attestation', '--output-file', 'out', f'{ref}:v1')
    assert (ec / 'out').read_text() == out
    # A bundle becomes a referrer, and is printed as it was signed.
    ok(lazaret, 'key', 'generate', '--output-key-prefix', 'k', env=PASSWORD)
    (ec / 'p').write_text('{}')
    ok(lazaret, 'attest', '--key', 'k.key', '--type', 'custom', '--predicate', 'p', f'{ref}:v1', env=PASSWORD)
    (bundle,) = [x for x in lines(ok(lazaret, 'download', 'attestation', f'{ref}:v1')) if 'mediaType' in x]
    ok(lazaret, *FORCE, '--type', 'referrer', f'{ref}:v1')
    (ec / 'bundle').write_text(json.dumps(bundle))
    ok(lazaret, 'attach', 'attestation', '--attestation', 'bundle', f'{ref}:v1')
    ok(lazaret, 'verify-attestation', '--key', 'k.pub', '--type', 'custom', f'{ref}:v1')
    for bad in (envelope('https://spdx.dev/Document', 'sha256:' + '0' * 64), '{}', '[', '{"mediaType":"x"}'):
        (ec / 'bad').write_text(bad)
        r = lazaret('attach', 'attestation', '--attestation', 'bad', f'{ref}:v1')
        assert r.returncode == 3 and 'bad' in r.stderr


def test_sbom(lazaret, place, tmp_path):
    ref, digest = place
    (tmp_path / 'a').write_text('SPDXVersion: SPDX-2.3\n')
    (tmp_path / 'b').write_text('{"spdxVersion":"SPDX-2.3"}')
    ok(lazaret, 'attach', 'sbom', '--sbom', 'a', f'{ref}:v1')
    assert ok(lazaret, 'download', 'sbom', f'{ref}:v1') == 'SPDXVersion: SPDX-2.3\n'
    ok(lazaret, 'attach', 'sbom', '--sbom', 'b', f'{ref}:v1')           # in its place
    assert ok(lazaret, 'download', 'sbom', f'{ref}:v1') == '{"spdxVersion":"SPDX-2.3"}'
    port, name = ref.split(':')[1].split('/', 1)
    m = json.loads(get(port, f'{name}/manifests/{digest.replace(":", "-")}.sbom', MANIFEST))
    assert [x['mediaType'] for x in m['layers']] == ['text/spdx+json']
    ok(lazaret, 'attach', 'sbom', '--sbom', 'a', '--type', 'syft', '--input-format', 'json', '--registry-referrers-mode', 'oci-1-1', f'{ref}:v1')
    assert kinds(lazaret, f'{ref}:v1')[0] == ('sbom', '')
    r = lazaret('download', 'sbom', f'{ref}:v1')
    assert r.returncode == 3 and '--digest' in r.stderr and not r.stdout
    one = next(x['digest'] for x in tree(lazaret, f'{ref}:v1')['attached'] if 'tag' not in x)
    assert ok(lazaret, 'download', 'sbom', '--digest', one, f'{ref}:v1') == 'SPDXVersion: SPDX-2.3\n'
    for bad in (('--type', 'spdx', '--input-format', 'xml'), ('--type', 'other')):
        assert lazaret('attach', 'sbom', '--sbom', 'a', *bad, f'{ref}:v1').returncode == 3


def test_clean(lazaret, tmp_path):
    world = World(tmp_path / 'image')
    with registry(tmp_path / 'debian') as debian, own_registry() as (own, store):
        for target in (f'127.0.0.1:{debian}/a:v1', f'127.0.0.1:{own}/a:v1', 'oci:here:v1'):
            copy(lazaret, 'oci:image:v1', target)
            r = lazaret('clean', target)
            assert r.returncode == 2 and '--force' in r.stderr and set(digests(tree(lazaret, target))) == world.all
            ok(lazaret, *FORCE, '--type', 'sbom', target)
            assert set(digests(tree(lazaret, target))) == world.all - {world.tags[2]['digest']}
            ok(lazaret, *FORCE, '--type', 'signature', target)
            assert kinds(lazaret, target) == [('attestation', ''), ('attestation', world.index['digest'][-1] + '.att')]
            # With the signature of the SBOM.
            ok(lazaret, *FORCE, '--type', 'referrer', target)
            assert kinds(lazaret, target) == [('attestation', world.index['digest'][-1] + '.att')]
            ok(lazaret, *FORCE, target)
            assert kinds(lazaret, target) == [] and [len(m['attached']) for m in tree(lazaret, target)['manifests']] == [1, 1]
            out = ok(lazaret, *FORCE, '-r', target)
            assert set(digests(tree(lazaret, target))) == {x['digest'] for x in (world.index, *world.children)}
            assert len(out.splitlines()) == 2
            r = lazaret(*FORCE, target)
            assert r.returncode == 0 and 'nothing' in r.stderr
        # The entry in the list goes with the manifest.
        name = world.index['digest'].replace(':', '-')
        assert json.loads(get(debian, f'a/manifests/{name}', INDEX))['manifests'] == []


def test_clean_refused(lazaret, tmp_path):
    world = World(tmp_path / 'image')

    with own_registry() as (port, store):
        target = f'127.0.0.1:{port}/a:v1'
        copy(lazaret, 'oci:image:v1', target)
        store.refuse = {'DELETE': 405}
        r = lazaret(*FORCE, target)
        assert r.returncode == 3 and 'does not let manifests be removed' in r.stderr
        assert set(digests(tree(lazaret, target))) == world.all
        store.refuse = {}
        # A tag that claims the image itself to be its signature.
        store.tags['a', world.index['digest'].replace(':', '-') + '.sig'] = world.children[0]['digest']
        r = lazaret(*FORCE, target)
        assert r.returncode == 0 and ('a', world.children[0]['digest']) in store.manifests
        assert world.children[0]['digest'] in set(digests(tree(lazaret, target)))


def test_clean_asks(lazaret, tmp_path):
    World(tmp_path / 'image')
    for word, status, left in (('n', 1, 5), ('y', 0, 0)):
        ours, theirs = pty.openpty()
        p = subprocess.Popen([lazaret.program, 'clean', 'oci:image:v1'], env=lazaret.env, cwd=tmp_path, stdin=theirs, stdout=subprocess.DEVNULL,
                             stderr=theirs)
        os.close(theirs)
        os.write(ours, word.encode() + b'\n')
        assert p.wait(30) == status
        shown = os.read(ours, 65536)
        assert b'signature' in shown and b'[y/N]' in shown
        os.close(ours)
        assert len(tree(lazaret, 'oci:image:v1')['attached']) == left
