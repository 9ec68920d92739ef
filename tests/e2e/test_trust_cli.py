"""Command lines that users of cosign and notation have in their scripts: taken where they mean the same, refused with what to do."""
import pytest

import images
from conftest import Lazaret

BASE = {'etc/os-release': images.OS_RELEASE}
ENV = {'COSIGN_PASSWORD': 'pw'}


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    """A folder with a key and two images, one of them signed with the words of a script for cosign."""
    folder = tmp_path_factory.mktemp('signed')
    lazaret = Lazaret(folder)
    images.Layout(folder / 'image').image([BASE])
    images.Layout(folder / 'bare').image([{'etc/x': b'x'}])
    assert lazaret('key', 'generate', env=ENV).returncode == 0
    r = lazaret('sign', '--key', 'lazaret.key', '--yes', '--tlog-upload=false', '--upload=true', '--replace=false', '--allow-insecure-registry',
                '-y', '--recursive', '-t', '30s', 'oci:image', env=ENV)
    assert r.returncode == 0 and 'sha256:' in r.stdout, r.stderr
    return folder


@pytest.fixture
def lazaret(made):
    return Lazaret(made)


@pytest.fixture
def signed():
    return 'oci:image'


@pytest.mark.parametrize('words', [
    ['--insecure-ignore-tlog'], ['--insecure-ignore-tlog=true'], ['--private-infrastructure'], ['--private-infrastructure=true'],
    ['--check-claims'], ['--check-claims=true'], ['--offline=true'], ['--max-workers', '4'], ['--max-workers=4'], ['--rekor-url=https://rekor.example'],
    ['--rekor-url', 'https://rekor.example'], ['--experimental-oci11=true'], ['--registry-referrers-mode', 'oci-1-1'], ['--new-bundle-format'],
    ['--local-image'], ['-t', '30s'], ['--timeout=30s'], ['--output', 'json'], ['--k8s-keychain=false'],
], ids=' '.join)
def test_taken(lazaret, signed, words):
    r = lazaret('verify', '--key', 'lazaret.pub', *words, signed)
    assert r.returncode == 0, r.stderr


@pytest.mark.parametrize('command,words,what', [
    ('verify', ['--check-claims=false'], 'always checked'), ('verify', ['--certificate', 'c.pem'], '--key'), ('verify', ['--sk'], 'pkcs11:'),
    ('verify', ['--registry-password', 'Hush-Hush'], '--password-stdin'), ('verify', ['--registry-password=Hush-Hush'], '--password-stdin'),
    ('verify', ['--registry-cacert=ca.pem'], 'certs.d'), ('verify', ['--attachment', 'sbom'], 'digest'), ('verify', ['--oci-layout'], 'oci:DIR:TAG'),
    ('sign', ['--replace'], 'lazaret clean'), ('sign', ['--upload=false'], 'lazaret copy'), ('sign', ['--output-signature', 's'], 'lazaret download'),
    ('sign', ['--signature-format', 'cose'], 'notation-cose'), ('sign', ['--fulcio-auth-flow', 'device'], 'SIGSTORE_ID_TOKEN'),
    ('sign', ['--new-bundle-format=false'], '--format cosign'),
    ('verify', ['--registry-cacert'], 'certs.d'), ('sign', ['--frobnicate'], 'no option'),
], ids=lambda x: ' '.join(x) if isinstance(x, list) else x)
def test_refused(lazaret, signed, command, words, what):
    key = 'lazaret.key' if command == 'sign' else 'lazaret.pub'
    r = lazaret(command, '--key', key, signed, *words, env=ENV)
    assert r.returncode == 2 and r.stdout == '' and what in r.stderr, r.stderr
    assert 'Hush' not in r.stderr and words[0].split('=')[0] in r.stderr


def test_statuses(lazaret, signed, made):
    """1 is a no, 2 a wrong word, 3 that it could not be found out."""
    lazaret('key', 'generate', '--output-key-prefix', 'other', env=ENV)
    (made / 'broken.pub').write_text('-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n')
    verify = ['verify', '--offline', '--key']
    for want, words in [(0, [*verify, 'lazaret.pub', signed]), (1, [*verify, 'other.pub', signed]), (1, [*verify, 'lazaret.pub', 'oci:bare']),
                        (3, [*verify, 'none.pub', signed]), (3, [*verify, 'lazaret.pub', 'oci:none']),
                        (3, [*verify, 'lazaret.pub', '127.0.0.1:1/x:1']), (2, ['verify', signed]), (3, ['verify', '--key', 'broken.pub', signed]),
                        (3, ['verify', '--certificate-identity', 'a', '--certificate-oidc-issuer', 'b', signed])]:
        r = lazaret(*words)
        assert r.returncode == want, (words, r.stderr)
        assert r.stderr.strip() or want == 0
    r = lazaret('sign', '--key', 'lazaret.key', signed, env={'COSIGN_PASSWORD': 'Hush-Hush'})
    assert r.returncode in (2, 3) and 'password' in r.stderr and 'Hush' not in r.stderr


def test_other_commands_know_no_foreign_words(lazaret):
    for words in (['scan', '--replace', 'x'], ['key', 'generate', '--replace'], ['db', 'info', '--rekor-url', 'x']):
        r = lazaret(*words)
        assert r.returncode == 2 and 'no option' in r.stderr, r.stderr


def test_manifests_are_dated_by_source_date_epoch(lazaret, made):
    images.Layout(made / 'dated').image([BASE])
    (made / 'p.json').write_text('{}')
    env = {**ENV, 'SOURCE_DATE_EPOCH': '1000000000'}
    assert lazaret('sign', '--key', 'lazaret.key', 'oci:dated', env=env).returncode == 0
    assert lazaret('attest', '--key', 'lazaret.key', '--type', 'custom', '--predicate', 'p.json', 'oci:dated', env=env).returncode == 0
    created = [b.read_bytes().split(b'image.created":"')[1][:20] for b in (made / 'dated/blobs/sha256').iterdir() if b'image.created"' in b.read_bytes()]
    assert created == [b'2001-09-09T01:46:40Z'] * 2


def test_every_command_has_its_help(lazaret):
    for name in ('attach', 'clean', 'download'):
        r = lazaret(name, '--help')
        assert r.returncode == 0 and 'EXIT STATUS' in r.stdout
    assert 'EXIT STATUS' in lazaret('help', 'signing').stdout
