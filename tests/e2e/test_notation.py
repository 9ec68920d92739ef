"""lazaret notation, and images signed and verified as the Notary Project has it."""
import json
import pathlib
import subprocess

import pytest

DATA = pathlib.Path(__file__).resolve().parent.parent / 'data/trust/notation'
ROOT = DATA / 'truststore/x509/ca/root/root.pem'


def ok(r):
    assert r.returncode == 0, r.stderr
    return r.stdout


@pytest.fixture
def config(tmp_path, lazaret):
    """A folder of notation's with a store and a policy for everything."""
    folder = tmp_path / 'notation'
    ok(lazaret('notation', 'cert', 'add', '-d', folder, '--type', 'ca', '--store', 'own', ROOT))
    ok(lazaret('notation', 'policy', 'init', '-d', folder, '--name', 'own', '--trust-store', 'ca:own', '--trusted-identity',
               'x509.subject: C=CH, ST=Bern, O=Lazaret\\, tests'))
    return folder


def test_stores(lazaret, config):
    said = json.loads(ok(lazaret('notation', 'cert', 'list', '-d', config, '-f', 'json')))
    assert [(c['type'], c['store'], c['file']) for c in said] == [('ca', 'own', 'root.pem')]
    assert lazaret('notation', 'cert', 'add', '-d', config, '--type', 'ca', '--store', 'own', ROOT).returncode == 3
    for bad in (['--type', 'other', '--store', 'own'], ['--type', 'ca', '--store', '..'], ['--type', 'ca', '--store', 'a/b']):
        assert lazaret('notation', 'cert', 'add', '-d', config, *bad, ROOT).returncode != 0
    assert lazaret('notation', 'cert', 'add', '-d', config, '--type', 'tsa', '--store', 't', DATA / 'ES256.crt').returncode == 3
    (config / 'truststore/x509/ca/own/link.pem').symlink_to('root.pem')
    r = lazaret('notation', 'cert', 'list', '-d', config)
    assert r.returncode == 3 and 'symbolic link' in r.stderr
    ok(lazaret('notation', 'cert', 'delete', '-d', config, '--type', 'ca', '--store', 'own', 'link.pem'))
    ok(lazaret('notation', 'cert', 'delete', '-d', config, '--type', 'ca', '--store', 'own', '--all'))
    assert ok(lazaret('notation', 'cert', 'list', '-d', config)) == ''


def test_policy(lazaret, config, tmp_path):
    shown = json.loads(ok(lazaret('notation', 'policy', 'show', '-d', config)))
    assert shown['trustPolicies'][0]['trustStores'] == ['ca:own']
    assert lazaret('notation', 'policy', 'import', '-d', config, DATA / 'trustpolicy.json').returncode == 3
    (tmp_path / 'bad.json').write_text('{"version":"1.0","trustPolicies":[]}')
    assert lazaret('notation', 'policy', 'import', '-d', config, '--force', tmp_path / 'bad.json').returncode == 3
    assert json.loads(ok(lazaret('notation', 'policy', 'show', '-d', config))) == shown
    ok(lazaret('notation', 'policy', 'import', '-d', config, '--force', DATA / 'trustpolicy.json'))
    assert len(json.loads(ok(lazaret('notation', 'policy', 'show', '-d', config)))['trustPolicies']) == 8


def test_keys(lazaret, config):
    add = ('notation', 'key', 'add', '-d', config, '--key', DATA / 'ES256.key', '--certificate-chain', DATA / 'ES256.crt')
    ok(lazaret(*add, '--default', 'one'))
    ok(lazaret(*add, 'two'))
    assert lazaret(*add, 'two').returncode == 3
    said = json.loads((config / 'signingkeys.json').read_text())
    assert said['default'] == 'one' and [k['name'] for k in said['keys']] == ['one', 'two']
    assert (config / 'signingkeys.json').stat().st_mode & 0o777 == 0o600
    assert ok(lazaret('notation', 'key', 'list', '-d', config)).startswith('* one')


def test_inspect(lazaret, tmp_path):
    import base64
    cases = {c['name']: c for c in json.loads((DATA / 'cases.json').read_text())['cases']}
    for kind in ('jose+json', 'cose'):
        (tmp_path / 'signature').write_bytes(base64.b64decode(cases[f'{kind}: good, ES384']['envelope']))
        said = json.loads(ok(lazaret('notation', 'inspect', tmp_path / 'signature')))
        assert said['mediaType'] == 'application/' + kind
        assert said['certificates'][0]['issuedTo'].startswith('CN=signer ES384,')
        assert said['signedAttributes']['signingTime'] == '2024-01-01T00:00:00Z'
    (tmp_path / 'signature').write_bytes(b'{}')
    assert lazaret('notation', 'inspect', tmp_path / 'signature').returncode == 3


@pytest.fixture
def layout(tmp_path, lazaret):
    """An image in a layout; where its commands are not there yet the test is passed over."""
    if lazaret('help', 'sign').returncode != 0:
        pytest.skip('there is no lazaret sign')
    (tmp_path / 'root').mkdir()
    (tmp_path / 'root/file').write_text('hello')
    subprocess.run(['tar', '-cf', 'layer.tar', '-C', 'root', 'file'], cwd=tmp_path, check=True)
    import hashlib
    blobs = tmp_path / 'layout/blobs/sha256'
    blobs.mkdir(parents=True)

    def put(data, media_type):
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {'mediaType': media_type, 'digest': 'sha256:' + digest, 'size': len(data)}
    layer = put((tmp_path / 'layer.tar').read_bytes(), 'application/vnd.oci.image.layer.v1.tar')
    config = put(json.dumps({'architecture': 'amd64', 'os': 'linux', 'rootfs': {'type': 'layers', 'diff_ids': [layer['digest']]}}).encode(),
                 'application/vnd.oci.image.config.v1+json')
    manifest = put(json.dumps({'schemaVersion': 2, 'mediaType': 'application/vnd.oci.image.manifest.v1+json', 'config': config,
                               'layers': [layer]}).encode(), 'application/vnd.oci.image.manifest.v1+json')
    manifest['annotations'] = {'org.opencontainers.image.ref.name': 'v1'}
    (tmp_path / 'layout/index.json').write_text(json.dumps({'schemaVersion': 2, 'manifests': [manifest]}))
    (tmp_path / 'layout/oci-layout').write_text('{"imageLayoutVersion":"1.0.0"}')
    return f'oci:{tmp_path}/layout:v1'


@pytest.mark.parametrize('form', ['notation-jws', 'notation-cose'])
@pytest.mark.parametrize('alg', ['PS256', 'ES384'])
def test_sign_and_verify(lazaret, config, layout, form, alg):
    verify = ('verify', '--offline', '--trust-store', config, '--scope', 'local/image', layout)
    assert lazaret(*verify).returncode == 1
    ok(lazaret('sign', '--format', form, '--key', DATA / f'{alg}.key', '--certificate-chain', DATA / f'{alg}.crt', layout))
    said = lazaret(*verify)
    assert said.returncode == 0, said.stderr + said.stdout
    other = config / 'other.json'
    other.write_text((config / 'trustpolicy.oci.json').read_text().replace('O=Lazaret', 'O=Other'))
    r = lazaret('verify', '--offline', '--trust-policy', other, *verify[2:])
    assert r.returncode == 1, r.stderr + r.stdout


@pytest.mark.parametrize('root,leaf,good', [
    ('', '', True), ('nameConstraints=critical,permitted;dirName:allowed\n', '', True), ('nameConstraints=critical,excluded;dirName:allowed\n', '', False),
    ('', '1.2.3.4=critical,DER:0500\n', False), ('1.2.3.4=critical,DER:0500\n', '', False), ('', '1.2.3.4=DER:0500\n', True)])
def test_rules_of_certificates(lazaret, layout, tmp_path, root, leaf, good):
    """Trusted identities are names: an authority that may not give a name gives none, and what must be understood is."""
    def openssl(*args):
        subprocess.run(['openssl', *args], cwd=tmp_path, check=True, capture_output=True)
    subject = '/C=CH/ST=Bern/O=Names'
    (tmp_path / 'conf').write_text(f'[req]\ndistinguished_name=dn\nprompt=no\n[dn]\n[root]\nbasicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign\n{root}'
                                   f'[leaf]\nkeyUsage=critical,digitalSignature\n{leaf}[allowed]\nC=CH\nST=Bern\nO=Names\n')
    new = ('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-config', 'conf')
    openssl('req', '-x509', *new, '-extensions', 'root', '-subj', '/CN=root', '-days', '2', '-keyout', 'root.key', '-out', 'root.crt')
    openssl('req', *new, '-subj', subject, '-keyout', 'leaf.key', '-out', 'leaf.csr')
    openssl('x509', '-req', '-in', 'leaf.csr', '-CA', 'root.crt', '-CAkey', 'root.key', '-CAcreateserial', '-days', '1', '-extfile', 'conf', '-extensions', 'leaf',
            '-out', 'leaf.crt')
    (tmp_path / 'chain.crt').write_bytes((tmp_path / 'leaf.crt').read_bytes() + (tmp_path / 'root.crt').read_bytes())
    folder = tmp_path / 'names'
    ok(lazaret('notation', 'cert', 'add', '-d', folder, '--type', 'ca', '--store', 'own', 'root.crt'))
    ok(lazaret('notation', 'policy', 'init', '-d', folder, '--name', 'own', '--trust-store', 'ca:own', '--trusted-identity', 'x509.subject: C=CH, ST=Bern, O=Names'))
    r = lazaret('sign', '--format', 'notation-jws', '--key', 'leaf.key', '--certificate-chain', 'chain.crt', layout)
    if not good and r.returncode != 0:      # our own signer refuses such a chain as well
        assert 'name that its authority may not give' in r.stderr or 'critical extension' in r.stderr
        return
    ok(r)
    assert lazaret('verify', '--offline', '--trust-store', folder, '--scope', 'local/image', layout).returncode == (0 if good else 1)


def test_key_by_name(lazaret, config, layout, tmp_path):
    """What notation's folder calls a key, where that is no file; its chain comes with it."""
    env = {'NOTATION_CONFIG': str(config)}
    sign = ('sign', '--format', 'notation-jws')
    r = lazaret(*sign, layout, env=env)
    assert r.returncode == 2 and 'no default key' in r.stderr
    for name, alg in (('one', 'ES256'), ('two', 'ES384')):
        ok(lazaret('notation', 'key', 'add', '--key', DATA / f'{alg}.key', '--certificate-chain', DATA / f'{alg}.crt', name, env=env))
    r = lazaret(*sign, layout, env=env)
    assert r.returncode == 2 and 'no default key' in r.stderr
    ok(lazaret('notation', 'key', 'add', '--default', '--key', DATA / 'ES512.key', '--certificate-chain', DATA / 'ES512.crt', 'three', env=env))
    r = lazaret(*sign, '--key', 'four', layout, env=env)
    assert r.returncode == 2 and "'four' is neither a file nor a signing key" in r.stderr
    assert lazaret('sign', '--key', 'two', layout, env=env).returncode == 3    # a bundle is none of notation's
    assert lazaret(*sign, '--key', 'two', '--certificate-chain', DATA / 'ES256.crt', layout, env=env).returncode == 2
    ok(lazaret(*sign, '--key', 'two', layout, env=env))
    ok(lazaret('sign', '--format', 'notation-cose', layout, env=env))
    ok(lazaret(*sign, '--key', DATA / 'PS256.key', '--certificate-chain', DATA / 'PS256.crt', layout, env=env))
    answer = json.loads(ok(lazaret('verify', '--offline', '--scope', 'local/image', '-f', 'json', layout, env=env)))
    signers = sorted((s['format'], s['identity'].split(',')[0]) for s in answer['images'][0]['signatures'])
    assert signers == [('notation-cose', 'CN=signer ES512'), ('notation-jws', 'CN=signer ES384'), ('notation-jws', 'CN=signer PS256')]
    keys = json.loads((config / 'signingkeys.json').read_text())
    keys['keys'].append({'name': 'cloud', 'id': '1', 'pluginName': 'cloud'})
    (config / 'signingkeys.json').write_text(json.dumps(keys))
    r = lazaret(*sign, '--key', 'cloud', layout, env=env)
    assert r.returncode == 3 and "plugin's" in r.stderr
