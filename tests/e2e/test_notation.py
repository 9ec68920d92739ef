"""lazaret notation, and images signed and verified as the Notary Project has it."""
import datetime
import json
import pathlib
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from sigstore_own import YEAR, Encoding, Sigstore, certificate
from test_revocation import Party, aia, cn, points, web  # noqa: F401

DATA = pathlib.Path(__file__).resolve().parent.parent / 'data/trust/notation'
ROOT = DATA / 'truststore/x509/ca/root/root.pem'
SIGNER = x509.Name([x509.NameAttribute(k, v) for k, v in (
    (NameOID.COUNTRY_NAME, 'CH'), (NameOID.STATE_OR_PROVINCE_NAME, 'Bern'), (NameOID.ORGANIZATION_NAME, 'Lazaret tests'), (NameOID.COMMON_NAME, 'leaf'))])


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


class Revocable:
    """A chain whose leaf says where to ask, in a trust store under the level strict; a CRL of its issuer in a folder."""

    def __init__(self, folder, lazaret, *more):
        self.folder, self.lazaret = folder, lazaret
        self.ca = Party(cn('CA'), ca=True)
        self.leaf = Party(SIGNER, self.ca, more=more)
        for name, data in (('chain.pem', self.leaf.pem() + self.ca.pem()), ('leaf.key', self.leaf.key_pem()), ('ca.pem', self.ca.pem()),
                           ('ca.key', self.ca.key_pem()), ('leaf.pem', self.leaf.pem())):
            (folder / name).write_bytes(data)
        self.config, self.crls = folder / 'config', folder / 'crls'
        self.crls.mkdir()
        self.trust('ca', folder / 'ca.pem')
        ok(lazaret('notation', 'policy', 'init', '-d', self.config, '--name', 'own', '--trust-store', 'ca:own', '--trusted-identity', '*'))

    def trust(self, kind, file):
        ok(self.lazaret('notation', 'cert', 'add', '-d', self.config, '--type', kind, '--store', 'own', file))

    def sign(self, form, layout, *more):
        ok(self.lazaret('sign', '--format', form, '--key', self.folder / 'leaf.key', '--certificate-chain', self.folder / 'chain.pem', *more, layout))

    def crl(self, name, issuer, *serials):
        (self.crls / name).write_bytes(crl(issuer, serials))

    def verify(self, layout, *more, offline=True):
        r = self.lazaret('verify', *(['--offline'] if offline else []), '--trust-store', self.config, '--crl-dir', self.crls, '--scope', 'local/image',
                         '-f', 'json', *more, layout)
        return r.returncode, r.stdout + r.stderr


def crl(issuer, serials):
    now = datetime.datetime.utcnow()
    b = x509.CertificateRevocationListBuilder().issuer_name(issuer.subject if isinstance(issuer, Party) else issuer[0])
    b = b.last_update(now - datetime.timedelta(hours=1)).next_update(now + datetime.timedelta(days=1)).add_extension(x509.CRLNumber(1), False)
    for serial in serials:
        b = b.add_revoked_certificate(x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now - datetime.timedelta(hours=2)).build())
    key = issuer.key if isinstance(issuer, Party) else issuer[1]
    return b.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


@pytest.mark.parametrize('form', ['notation-jws', 'notation-cose'])
def test_revoked(lazaret, layout, tmp_path, form):
    """Under strict: what a list says is the answer, and without one there is none."""
    r = Revocable(tmp_path, lazaret, points('http://127.0.0.1:9/ca.crl'))
    r.sign(form, layout)
    status, text = r.verify(layout)
    assert status == 3 and 'revocation' in text
    r.crl('ca.crl', r.ca)
    status, text = r.verify(layout)
    assert status == 0, text
    r.crl('ca.crl', r.ca, r.leaf.cert.serial_number)
    status, text = r.verify(layout)
    assert status == 1 and 'was revoked' in text
    r.crl('ca.crl', (r.ca.subject, r.leaf.key))     # a list that its issuer did not sign says nothing
    assert r.verify(layout)[0] == 3


def test_ocsp(lazaret, layout, tmp_path, web):
    """openssl answers for the issuer."""
    r = Revocable(tmp_path, lazaret, aia(web.url + '/ocsp'))
    r.sign('notation-jws', layout)
    serial = f'{r.leaf.cert.serial_number:X}'
    serial = serial if len(serial) % 2 == 0 else '0' + serial

    def answer(body):
        (tmp_path / 'request').write_bytes(body)
        subprocess.run(['openssl', 'ocsp', '-index', 'index', '-CA', 'ca.pem', '-rsigner', 'ca.pem', '-rkey', 'ca.key', '-reqin', 'request',
                        '-respout', 'response', '-nmin', '5'], cwd=tmp_path, capture_output=True, check=True)
        return (tmp_path / 'response').read_bytes()
    assert r.verify(layout, offline=False)[0] == 3      # the responder has no answer
    web.routes['/ocsp'] = answer
    for line, want in (('V\t491231235959Z\t\t', 0), ('R\t491231235959Z\t250101000000Z\t', 1)):
        (tmp_path / 'index').write_text(f'{line}{serial}\tunknown\t/CN=leaf\n')
        status, text = r.verify(layout, offline=False)
        assert status == want, text
    assert r.verify(layout)[0] == 3


@pytest.mark.parametrize('form', ['notation-jws', 'notation-cose'])
def test_timestamp_authority_revoked(lazaret, layout, tmp_path, form):
    """openssl stamps; whether it was revoked is asked of lists, too, and with the store alone a timestamp counts."""
    r = Revocable(tmp_path, lazaret)
    with Sigstore(tmp_path / 'sigstore') as s:
        tsa, root = s.tsa, s.tsa.root
        usage = [x for x in tsa.cert.extensions]
        more = [(x.value, x.critical) for x in usage] + [points('http://127.0.0.1:9/tsa.crl')]
        ca = root.public_key()
        tsa.root = certificate(root.subject, ca, None, tsa.root_key, tsa.start, tsa.start + 10 * YEAR, [
            (x509.BasicConstraints(True, 0), True), (x509.SubjectKeyIdentifier.from_public_key(ca), False),
            (x509.KeyUsage(False, False, False, False, False, True, True, False, False), True)])
        tsa.cert = certificate(tsa.cert.subject, tsa.key.public_key(), tsa.root, tsa.root_key, tsa.start, tsa.start + 9 * YEAR, more)
        tsa.file('cert.pem', tsa.cert.public_bytes(Encoding.PEM))
        r.sign(form, layout, '--timestamp-server-url', f'{s.url}/{tsa.name}')
    (tmp_path / 'tsa.pem').write_bytes(tsa.root.public_bytes(Encoding.PEM))
    r.trust('tsa', tmp_path / 'tsa.pem')
    policy = r.config / 'trustpolicy.oci.json'
    doc = json.loads(policy.read_text())
    doc['trustPolicies'][0]['trustStores'].append('tsa:own')
    policy.write_text(json.dumps(doc))
    status, text = r.verify(layout)
    assert status == 3 and 'timestamp authority' in text
    issuer = (tsa.root.subject, tsa.root_key)
    r.crl('tsa.crl', issuer)
    status, text = r.verify(layout)
    assert status == 0, text
    assert json.loads(text[:text.rindex('}') + 1])['images'][0]['signatures'][0]['timeFrom'].startswith('timestamp')
    r.crl('tsa.crl', issuer, tsa.cert.serial_number)
    status, text = r.verify(layout)
    assert status == 1 and 'was revoked' in text
