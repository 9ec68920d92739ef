"""lazaret key and cert: key files against the openssl command and python's cryptography, tokens by SoftHSM."""
import json
import os
import pty
import re
import select
import stat
import subprocess

import pytest

HSM = '/usr/lib/softhsm/libsofthsm2.so'
TYPES = ['ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521', 'ed25519', 'rsa-2048', 'rsa-3072']
GENPKEY = {
    'ecdsa-p256': ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
    'ecdsa-p384': ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384'],
    'ecdsa-p521': ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-521'],
    'ed25519': ['-algorithm', 'ED25519'],
    'rsa-2048': ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
    'rsa-3072': ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:3072'],
}


def openssl(*args, **kw):
    return subprocess.run(['openssl', *map(str, args)], check=True, capture_output=True, **kw).stdout


@pytest.fixture
def key(lazaret):
    def run(*args, status=0, env=None, **kw):
        r = lazaret('key', *args, env={'COSIGN_PASSWORD': 'secret', **(env or {})}, **kw)
        assert r.returncode == status, r.stderr
        return r.stdout if status == 0 else r.stderr
    return run


@pytest.mark.parametrize('kind', TYPES)
def test_generate(key, tmp_path, kind):
    key('generate', '--type', kind, '--output-key-prefix', 'made')
    private, public = tmp_path / 'made.key', tmp_path / 'made.pub'
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert private.read_text().startswith('-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n')
    assert key('public', '--key', private) == public.read_text()
    text = openssl('pkey', '-pubin', '-in', public, '-noout', '-text').decode()
    assert {'ecdsa-p256': 'P-256', 'ecdsa-p384': 'P-384', 'ecdsa-p521': 'P-521', 'ed25519': 'ED25519', 'rsa-2048': '2048 bit',
            'rsa-3072': '3072 bit'}[kind] in text
    assert not list(tmp_path.glob('*.part'))


@pytest.mark.parametrize('kind', TYPES)
def test_import(key, tmp_path, kind):
    """What openssl makes, in every form it writes, is imported; the public half is openssl's."""
    pkcs8 = tmp_path / 'pkcs8.pem'
    openssl('genpkey', *GENPKEY[kind], '-out', pkcs8)
    forms = {'pkcs8': pkcs8, 'encrypted': tmp_path / 'encrypted.pem'}
    openssl('pkcs8', '-topk8', '-in', pkcs8, '-out', forms['encrypted'], '-passout', 'pass:secret')
    if kind != 'ed25519':
        forms['traditional'] = tmp_path / 'traditional.pem'
        openssl('pkey', '-in', pkcs8, '-traditional', '-out', forms['traditional'])
    want = openssl('pkey', '-in', pkcs8, '-pubout').decode()
    for name, form in forms.items():
        key('import', '--key', form, '--output-key-prefix', name)
        assert (tmp_path / f'{name}.pub').read_text() == want
        assert key('public', '--key', f'{name}.key') == want


def test_never_overwrites(key, tmp_path):
    key('generate')
    before = (tmp_path / 'lazaret.key').read_bytes()
    assert 'there already' in key('generate', status=3)
    (tmp_path / 'lazaret.key').unlink()
    assert 'there already' in key('generate', status=3)
    assert not (tmp_path / 'lazaret.key').exists()
    key('generate', '--force')
    assert (tmp_path / 'lazaret.key').read_bytes() != before


def test_wrong_password(key, tmp_path):
    key('generate')
    said = key('public', '--key', 'lazaret.key', status=3, env={'COSIGN_PASSWORD': 'wrong-one'})
    assert 'password' in said and 'wrong-one' not in said
    (tmp_path / 'password').write_text('secret\n')
    key('public', '--key', 'lazaret.key', '--password-file', 'password', env={'COSIGN_PASSWORD': 'wrong-one'})


def test_empty_password(key):
    key('generate', env={'COSIGN_PASSWORD': ''})
    key('public', '--key', 'lazaret.key', env={'COSIGN_PASSWORD': ''})
    key('public', '--key', 'lazaret.key', status=3, env={'COSIGN_PASSWORD': ' '})


def test_no_terminal(lazaret):
    r = subprocess.run([lazaret.program, 'key', 'generate'], env=lazaret.env, cwd=lazaret.cwd, stdin=subprocess.DEVNULL,
                       capture_output=True, text=True, start_new_session=True)
    assert r.returncode == 3 and 'COSIGN_PASSWORD' in r.stderr


def prompted(lazaret, args, typed):
    """Runs on a terminal of its own and types a line at each prompt. Returns the exit status and what the terminal showed."""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(lazaret.cwd)
        os.execve(lazaret.program, [lazaret.program, *args], lazaret.env)
    shown, typed = b'', list(typed)
    while True:
        ready, _, _ = select.select([fd], [], [], 20)
        assert ready, shown
        try:
            piece = os.read(fd, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
        if typed and shown.rstrip(b' ').endswith(b':'):
            os.write(fd, typed.pop(0))
    os.close(fd)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()


def test_prompt(lazaret, key):
    status, shown = prompted(lazaret, ['key', 'generate'], [b'hunterX\x7f2\r', b'hunter2\r'])
    assert status == 0 and 'hunter' not in shown, shown
    key('public', '--key', 'lazaret.key', env={'COSIGN_PASSWORD': 'hunter2'})
    assert prompted(lazaret, ['key', 'public', '--key', 'lazaret.key'], [b'hunter2\r'])[0] == 0
    assert prompted(lazaret, ['key', 'public', '--key', 'lazaret.key'], [b'hunter3\r'])[0] == 3
    assert 'interrupted' in prompted(lazaret, ['key', 'public', '--key', 'lazaret.key'], [b'hu\x03'])[1]
    status, shown = prompted(lazaret, ['key', 'generate', '--force'], [b'one\r', b'two\r'])
    assert status == 3 and 'differ' in shown


@pytest.mark.parametrize('ref', ['awskms:///alias/x', 'hashivault://x', 'k8s://ns/secret', 'gitlab://1', 'https://localhost:1/cosign.pub'])
def test_refused(key, ref):
    said = key('public', '--key', ref, '--offline', status=3)
    assert ref in said


def test_usage(key):
    key('generate', '--type', 'dsa', status=2)
    key('import', status=2)
    key('public', status=2)
    key('frobnicate', status=2)


def test_cosign_keys(key, data):
    folder = data / 'sign/cosign'
    for name in ('pemcosignkey.key', 'pemsigstorekey.key'):
        assert 'BEGIN PUBLIC KEY' in key('public', '--key', folder / name, env={'COSIGN_PASSWORD': 'hello'})
    key('public', '--key', folder / 'pemcosignkey.key', env={'COSIGN_PASSWORD': 'wrong'}, status=3)


@pytest.fixture(scope='module')
def hsm(tmp_path_factory):
    """A SoftHSM token with a key of each kind; the PIN is 1234."""
    folder = tmp_path_factory.mktemp('hsm')
    (folder / 'tokens').mkdir()
    (folder / 'conf').write_text(f'directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n')
    env = {**os.environ, 'SOFTHSM2_CONF': str(folder / 'conf')}

    def tool(*args):
        return subprocess.run(args, env=env, check=True, capture_output=True, text=True).stdout
    for label in ('first', 'second'):
        tool('softhsm2-util', '--init-token', '--free', '--label', label, '--so-pin', '4321', '--pin', '1234')
    for n, kind in enumerate(('EC:prime256v1', 'EC:secp384r1', 'EC:secp521r1', 'rsa:2048', 'EC:edwards25519'), 1):
        tool('pkcs11-tool', '--module', HSM, '--token-label', 'first', '--login', '--pin', '1234', '--keypairgen', '--key-type', kind,
             '--label', kind.replace(':', '-'), '--id', f'{n:02x}')
    return {'SOFTHSM2_CONF': str(folder / 'conf'), 'COSIGN_PKCS11_MODULE_PATH': HSM}, tool


@pytest.mark.parametrize('n, label', enumerate(['EC-prime256v1', 'EC-secp384r1', 'EC-secp521r1', 'rsa-2048', 'EC-edwards25519'], 1))
def test_token_public(key, hsm, tmp_path, n, label):
    env, tool = hsm
    ours = key('public', '--key', f'pkcs11:token=first;object={label}', env=env)
    assert ours == key('public', '--key', f'pkcs11:token=first;id=%{n:02x}?pin-value=1234', env=env)
    if n in (1, 4):     # what this pkcs11-tool can write
        tool('pkcs11-tool', '--module', HSM, '--token-label', 'first', '--read-object', '--type', 'pubkey', '--id', f'{n:02x}',
             '--output-file', str(tmp_path / 'der'))
        assert ours == openssl('pkey', '-pubin', '-inform', 'DER', '-in', tmp_path / 'der', '-pubout').decode()


@pytest.mark.parametrize('uri, word', [
    ('pkcs11:token=none;object=x', 'no PKCS#11 token'), ('pkcs11:object=EC-prime256v1', 'say which'),
    ('pkcs11:token=first;object=none', 'no public key'), ('pkcs11:token=first', 'several'),
    ('pkcs11:token=first;token=first', 'twice'), ('pkcs11:token=first;colour=red', 'colour'), ('pkcs11:token', 'NAME=VALUE'),
    ('pkcs11:token=first;object=EC-prime256v1?module-path=/no/such.so', '/no/such.so'),
    ('pkcs11:token=first;object=EC-prime256v1?pin-value=9999', 'PIN is wrong'),
])
def test_token_errors(key, hsm, uri, word):
    said = key('public', '--key', uri, env=hsm[0], status=3)
    assert word in said and '9999' not in said


@pytest.mark.parametrize('form', ['text', 'json'])
def test_a_pin_is_never_shown(lazaret, hsm, tmp_path, form):
    """The reference names the key in answers, without the PIN that it may hold."""
    (tmp_path / 'file').write_text('x')
    uri = 'pkcs11:token=first;object=EC-prime256v1'
    r = lazaret('sign-blob', '--key', uri + '?pin-value=1234', '--bundle', 'b', 'file', env=hsm[0])
    assert r.returncode == 0 and 'pin-value' not in r.stdout + r.stderr, r.stderr
    for other, status in (('file', 0), ('b', 1)):
        r = lazaret('verify-blob', '-f', form, '--key', uri + '?pin-value=1234', '--bundle', 'b', other, env=hsm[0])
        assert r.returncode == status and 'pin-value' not in r.stdout + r.stderr, r.stderr
        assert status or uri in r.stdout + r.stderr


def test_token_keys_stay(key, hsm):
    """A token's private key cannot be imported."""
    said = key('import', '--key', 'pkcs11:token=first;object=EC-prime256v1', env={**hsm[0], 'COSIGN_PKCS11_PIN': '1234'}, status=3)
    assert 'cannot be taken out' in said


@pytest.fixture
def cert(lazaret):
    def run(*args, status=0):
        r = lazaret('cert', *args)
        assert r.returncode == status, r.stderr
        return r.stdout if status == 0 else r.stderr
    return run


def pem_split(path):
    return re.findall(r'-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n', path.read_text(), flags=re.S)


@pytest.mark.parametrize('args, text', [((), 'Public-Key: (2048 bit)'), (('--bits', '3072'), 'Public-Key: (3072 bit)'),
                                        (('--type', 'ecdsa-p384'), 'ecdsa-with-SHA384')])
def test_cert_generate_test(cert, tmp_path, args, text):
    cert('generate-test', '--trust', *args, 'example.test')
    folder = tmp_path / 'home/.config/notation'
    crt, private = folder / 'localkeys/example.test.crt', folder / 'localkeys/example.test.key'
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert private.read_text().startswith('-----BEGIN PRIVATE KEY-----')
    assert (folder / 'truststore/x509/ca/example.test/example.test.crt').read_text() == crt.read_text()
    shown = openssl('x509', '-in', crt, '-noout', '-text').decode()
    for line in (text, 'Subject: C = US, ST = WA, L = Seattle, O = Notary, CN = example.test', 'Version: 3', 'Code Signing',
                 'X509v3 Key Usage: critical\n                Digital Signature\n', 'X509v3 Basic Constraints: critical'):
        assert line in shown, line
    assert openssl('x509', '-in', crt, '-noout', '-pubkey') == openssl('pkey', '-in', private, '-pubout')
    openssl('verify', '-x509_strict', '-partial_chain', '-CAfile', crt, crt)
    assert 'there already' in cert('generate-test', *args, 'example.test', status=3)


def test_cert_generate_chain(cert, tmp_path):
    cert('generate-chain', '--trust', '--type', 'ecdsa-p256', '--dir', 'n', '--days', '3', 'chained')
    leaf, middle, root = pem_split(tmp_path / 'n/localkeys/chained.crt')
    for name, pem in (('leaf', leaf), ('middle', middle), ('root', root)):
        (tmp_path / name).write_text(pem)
    assert (tmp_path / 'n/truststore/x509/ca/chained/chained.crt').read_text() == root
    openssl('verify', '-x509_strict', '-CAfile', 'root', '-untrusted', 'middle', 'leaf', cwd=tmp_path)
    shown = cert('show', 'n/localkeys/chained.crt')
    assert shown.count('subject') == 3 and shown.count('of a CA') == 2 and '1.3.6.1.5.5.7.3.3' in shown
    said = json.loads(cert('show', '-f', 'json', 'leaf'))
    digest = openssl('x509', '-in', 'leaf', '-noout', '-fingerprint', '-sha256', cwd=tmp_path).decode()
    assert said[0]['thumbprint'] == 'sha256:' + digest.split('=')[1].strip().replace(':', '').lower()
    assert said[0]['key'] == 'ECDSA P-256' and not said[0]['ca']


@pytest.mark.parametrize('args', [['generate-test'], ['generate-test', '../x'], ['generate-test', 'a/b'], ['generate-test', 'x' * 65],
                                  ['generate-test', '--bits', '1024', 'x'], ['generate-test', '--type', 'ecdsa-p256', '--bits', '2048', 'x'],
                                  ['generate-test', '--days', '0', 'x'], ['show'], ['show', '-f', 'xml', 'x'], ['frobnicate', 'x']])
def test_cert_usage(cert, tmp_path, args):
    cert(*args, status=2)
    assert not (tmp_path / 'home/.config').exists()


def test_cert_show_rejects(cert, tmp_path):
    (tmp_path / 'text').write_text('no certificate')
    assert 'text' in cert('show', 'text', status=3)
    assert 'none' in cert('show', 'none', status=3)
