"""sign-blob, verify-blob, attest-blob, verify-blob-attestation: keys of every kind, openssl as the other side, and the published bundles."""
import base64
import hashlib
import json
import subprocess

import pytest

TYPES = ['ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521', 'ed25519', 'rsa-2048']
CUSTOM = 'https://cosign.sigstore.dev/attestation/v1'


@pytest.fixture
def signer(lazaret, tmp_path):
    """(folder, environment): a key pair and a file to sign."""
    lazaret.env['COSIGN_PASSWORD'] = 'secret'
    assert lazaret('key', 'generate', '--output-key-prefix', 'k').returncode == 0
    (tmp_path / 'file').write_bytes(b'hello\n' * 1000)
    return tmp_path


def sign(lazaret, *args):
    r = lazaret('sign-blob', 'file', '--key', 'k.key', *args)
    assert r.returncode == 0, r.stderr
    return r.stdout


@pytest.mark.parametrize('kind', TYPES)
def test_sign_and_verify(lazaret, tmp_path, kind):
    lazaret.env['COSIGN_PASSWORD'] = ''
    assert lazaret('key', 'generate', '--type', kind, '--output-key-prefix', 'k').returncode == 0
    (tmp_path / 'file').write_bytes(b'x' * 100000)
    sign(lazaret, '--bundle', 'file.sigstore.json')
    r = lazaret('verify-blob', 'file', '--key', 'k.pub')
    assert r.returncode == 0 and 'Verified OK' in r.stderr and r.stdout == ''
    r = lazaret('verify-blob', 'file', '--key', 'k.pub', '-f', 'json')
    answer = json.loads(r.stdout)
    assert answer['verified'] and answer['digest'] == 'sha256:' + hashlib.sha256(b'x' * 100000).hexdigest()
    checks = {c['name']: c['result'] for c in answer['signatures'][0]['checks']}
    assert checks['signature'] == 'yes' and checks['artifact'] == 'yes' and checks['log-entry'] == 'skipped'
    (tmp_path / 'file').write_bytes(b'x' * 99999 + b'y')
    r = lazaret('verify-blob', 'file', '--key', 'k.pub', '-f', 'json')
    assert r.returncode == 1 and not json.loads(r.stdout)['verified']


@pytest.mark.parametrize('kind,alg', [('ecdsa-p256', 'sha256'), ('ecdsa-p384', 'sha384'), ('ecdsa-p521', 'sha512'), ('rsa-2048', 'sha256')])
def test_openssl_verifies(lazaret, tmp_path, kind, alg):
    """The signed bytes are the file's, the signature is what openssl takes; and what openssl signs we verify."""
    lazaret.env['COSIGN_PASSWORD'] = ''
    lazaret('key', 'generate', '--type', kind, '--output-key-prefix', 'k')
    (tmp_path / 'file').write_text('hello')
    (tmp_path / 'sig').write_bytes(base64.b64decode(sign(lazaret)))
    subprocess.run(['openssl', 'dgst', f'-{alg}', '-verify', 'k.pub', '-signature', 'sig', 'file'], cwd=tmp_path, check=True, capture_output=True)
    for text in ('sig', base64.b64encode((tmp_path / 'sig').read_bytes()).decode()):
        assert lazaret('verify-blob', 'file', '--key', 'k.pub', '--signature', text).returncode == 0
    (tmp_path / 'sig').write_bytes(bytes(5))
    assert lazaret('verify-blob', 'file', '--key', 'k.pub', '--signature', 'sig').returncode == 1


def test_attestation_by_openssl(lazaret, signer):
    """The pre-authentication encoding, assembled here from the specification, verifies with openssl."""
    (signer / 'p').write_text('{"a":1}')
    r = lazaret('attest-blob', 'file', '--key', 'k.key', '--predicate', 'p', '--type', 'https://x.example/t')
    envelope = json.loads(r.stdout)
    payload = base64.b64decode(envelope['payload'])
    kind = envelope['payloadType'].encode()
    (signer / 'pae').write_bytes(b'DSSEv1 %d %s %d %s' % (len(kind), kind, len(payload), payload))
    (signer / 'sig').write_bytes(base64.b64decode(envelope['signatures'][0]['sig']))
    subprocess.run(['openssl', 'dgst', '-sha256', '-verify', 'k.pub', '-signature', 'sig', 'pae'], cwd=signer, check=True, capture_output=True)
    statement = json.loads(payload)
    assert statement['_type'] == 'https://in-toto.io/Statement/v1' and statement['predicate'] == {'a': 1}
    assert statement['subject'] == [{'name': 'file', 'digest': {'sha256': hashlib.sha256((signer / 'file').read_bytes()).hexdigest()}}]


def test_standard_input_and_digest(lazaret, signer):
    text = (signer / 'file').read_text()
    lazaret('sign-blob', '-', '--key', 'k.key', '--bundle', 'b', input=text)
    assert lazaret('verify-blob', '-', '--key', 'k.pub', '--bundle', 'b', input=text).returncode == 0
    digest = 'sha256:' + hashlib.sha256(text.encode()).hexdigest()
    assert lazaret('verify-blob', digest, '--key', 'k.pub', '--bundle', 'b').returncode == 0
    assert lazaret('verify-blob', digest[:-1] + ('0' if digest[-1] != '0' else '1'), '--key', 'k.pub', '--bundle', 'b').returncode == 1


def test_several_keys(lazaret, signer):
    lazaret('key', 'generate', '--output-key-prefix', 'other')
    sign(lazaret, '--bundle', 'b')
    assert lazaret('verify-blob', 'file', '--bundle', 'b', '--key', 'other.pub').returncode == 1
    r = lazaret('verify-blob', 'file', '--bundle', 'b', '--key', 'other.pub', '--key', 'k.pub', '-f', 'json')
    assert r.returncode == 0 and json.loads(r.stdout)['signatures'][0]['keyName'] == 'k.pub'


def test_attestations(lazaret, signer):
    (signer / 'p').write_text('anything')
    assert lazaret('attest-blob', 'file', '--key', 'k.key', '--predicate', 'p', '--bundle', 'b', '--output-attestation', 'e').returncode == 0
    verify = lambda *args: lazaret('verify-blob-attestation', 'file', '--key', 'k.pub', *args)
    r = verify('--bundle', 'b', '-f', 'json')
    assert r.returncode == 0 and json.loads(r.stdout)['signatures'][0]['predicateType'] == CUSTOM
    assert verify('--signature', 'e').returncode == 0
    assert verify('--bundle', 'b', '--type', CUSTOM).returncode == 0
    assert verify('--bundle', 'b', '--type', 'cyclonedx').returncode == 1
    assert lazaret('verify-blob', 'file', '--key', 'k.pub', '--bundle', 'b').returncode == 1     # no signature of it
    (signer / 'file').write_text('other')
    assert verify('--bundle', 'b').returncode == 1


def dsse_bundle(lazaret, tmp_path, payload, kind='application/vnd.in-toto+json', command='verify-blob-attestation'):
    """A bundle around any payload, with a good signature by openssl."""
    pae = b'DSSEv1 %d %s %d %s' % (len(kind), kind.encode(), len(payload), payload)
    subprocess.run(['openssl', 'ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', 'raw.key'], cwd=tmp_path, check=True)
    subprocess.run(['openssl', 'pkey', '-in', 'raw.key', '-pubout', '-out', 'raw.pub'], cwd=tmp_path, check=True)
    sig = subprocess.run(['openssl', 'dgst', '-sha256', '-sign', 'raw.key'], cwd=tmp_path, input=pae, check=True, capture_output=True).stdout
    b64 = lambda b: base64.b64encode(b).decode()
    (tmp_path / 'b').write_text(json.dumps({
        'mediaType': 'application/vnd.dev.sigstore.bundle.v0.3+json', 'verificationMaterial': {'publicKey': {}},
        'dsseEnvelope': {'payload': b64(payload), 'payloadType': kind, 'signatures': [{'sig': b64(sig)}]}}))
    return lazaret(command, 'file', '--key', 'raw.pub', '--bundle', 'b', *([] if command == 'verify-blob' else ['--type', 'https://x.example/t']))


@pytest.mark.parametrize('change,ok', [
    (lambda s: s, True), (lambda s: b'no JSON', False), (lambda s: s[:-1], False), (lambda s: s.replace(b'"subject"', b'"subjects"'), False),
    (lambda s: s.replace(b'sha256', b'sha257'), False), (lambda s: s.replace(b'Statement/v1', b'Statement/v2'), False),
    (lambda s: s.replace(b'https://x.example/t', b'https://x.example/u'), False), (lambda s: b'[]', False), (lambda s: b'', False)])
def test_statement_that_cannot_be_read_is_a_no(lazaret, tmp_path, change, ok):
    """GHSA-w6c6-c85g-mmv6: the signature is good, what it says is not."""
    (tmp_path / 'file').write_text('x')
    statement = json.dumps({'_type': 'https://in-toto.io/Statement/v1', 'subject': [{'digest': {'sha256': hashlib.sha256(b'x').hexdigest()}}],
                            'predicateType': 'https://x.example/t', 'predicate': {}}).encode()
    r = dsse_bundle(lazaret, tmp_path, change(statement))
    assert r.returncode == (0 if ok else 1), r.stderr


def test_other_payload_type_is_a_no(lazaret, tmp_path):
    (tmp_path / 'file').write_text('x')
    statement = json.dumps({'_type': 'https://in-toto.io/Statement/v1', 'subject': [{'digest': {'sha256': hashlib.sha256(b'x').hexdigest()}}],
                            'predicateType': 'https://x.example/t', 'predicate': {}}).encode()
    assert dsse_bundle(lazaret, tmp_path, statement, 'text/plain').returncode == 1


def test_bytes_are_verified_as_they_came(lazaret, tmp_path):
    """GHSA-7rmh-48mx-2vwc: the same statement in other bytes is not what was signed."""
    (tmp_path / 'file').write_text('x')
    statement = {'subject': [{'digest': {'sha256': hashlib.sha256(b'x').hexdigest()}}], 'predicateType': 'https://x.example/t', 'predicate': {},
                 '_type': 'https://in-toto.io/Statement/v1'}
    r = dsse_bundle(lazaret, tmp_path, b' ' + json.dumps(statement, indent=3).encode() + b'\n')
    assert r.returncode == 0, r.stderr
    b = json.loads((tmp_path / 'b').read_text())
    b['dsseEnvelope']['payload'] = base64.b64encode(json.dumps(statement, separators=(',', ':')).encode()).decode()
    (tmp_path / 'b').write_text(json.dumps(b))
    assert lazaret('verify-blob-attestation', 'file', '--key', 'raw.pub', '--bundle', 'b', '--type', 'https://x.example/t').returncode == 1


def test_a_statement_in_place_of_the_signature(lazaret, tmp_path):
    """verify-blob takes the statement that cosign signs with, of this file and in an envelope that says so; one that says nothing, which
    the key signed too, is no signature of anything."""
    (tmp_path / 'file').write_text('x')

    def statement(of, predicate='https://sigstore.dev/cosign/sign/v1'):
        return json.dumps({'_type': 'https://in-toto.io/Statement/v1', 'subject': [{'digest': {'sha256': hashlib.sha256(of).hexdigest()}}],
                           'predicateType': predicate, 'predicate': {}}).encode()
    for payload, kind, status in ((statement(b'x'), 'application/vnd.in-toto+json', 0), (statement(b'y'), 'application/vnd.in-toto+json', 1),
                                  (statement(b'x'), 'text/plain', 1), (b'', 'application/vnd.in-toto+json', 1), (b'', 'text/plain', 1),
                                  (statement(b'x', CUSTOM), 'application/vnd.in-toto+json', 1)):
        r = dsse_bundle(lazaret, tmp_path, payload, kind, command='verify-blob')
        assert r.returncode == status, (payload, kind, r.stderr)


@pytest.mark.parametrize('args', [
    [], ['file'], ['file', 'file', '--key', 'k.pub'], ['file', '--certificate-identity', 'me'], ['file', '--certificate-oidc-issuer', 'https://i.example'],
    ['file', '--certificate-github-workflow-ref', 'x'], ['file', '--key', 'k.pub', '--at', 'soon'], ['file', '--key', 'k.pub', '-f', 'xml'],
    ['file', '--key', 'k.pub', '--bundle', 'b', '--signature', 's'], ['file', '--key', 'k.pub', '--bundle', 'b', '--certificate', 'c'],
    ['file', '--key', 'k.pub'], ['file', '--key', 'k.pub', '--ca-intermediates', 'x'], ['file', '--key', 'k.pub', '--ca-roots', 'x', '--certificate-chain', 'x'],
    ['file', '--key', 'k.pub', '--require-log', '--insecure-ignore-tlog'], ['file', '--certificate-identity-regexp', '(', '--certificate-oidc-issuer', 'x'],
], ids=' '.join)
def test_usage(lazaret, signer, args):
    for command in ('verify-blob', 'verify-blob-attestation'):
        r = lazaret(command, *args)
        assert r.returncode == 2 and r.stdout == '', r.stderr


def test_usage_names_both(lazaret, signer):
    r = lazaret('verify-blob', 'file', '--certificate-identity', 'me')
    assert '--certificate-identity' in r.stderr and '--certificate-oidc-issuer' in r.stderr
    for args in (['sign-blob', 'file'], ['attest-blob', 'file', '--predicate', 'file']):
        r = lazaret(*args)
        assert r.returncode == 2 and '--' in r.stderr
    assert lazaret('sign-blob', 'file', '--key', 'k.key', '--signing-algorithm', 'ed25519').returncode == 2
    assert lazaret('attest-blob', 'file', '--key', 'k.key').returncode == 2


def test_could_not_find_out(lazaret, signer):
    sign(lazaret, '--bundle', 'b')
    assert lazaret('verify-blob', 'file', '--key', 'k.pub', '--bundle', 'nothing').returncode == 3
    assert lazaret('verify-blob', 'nothing', '--key', 'k.pub', '--bundle', 'b').returncode == 3
    assert lazaret('verify-blob', 'file', '--key', 'nothing', '--bundle', 'b').returncode == 3
    (signer / 'b').write_text('{"mediaType": "\\u001b[31m"}')
    r = lazaret('verify-blob', 'file', '--key', 'k.pub', '--bundle', 'b')
    assert r.returncode == 1 and '\x1b' not in r.stderr


def test_revoked(lazaret, signer):
    sign(lazaret, '--bundle', 'b')
    spki = subprocess.run(['openssl', 'pkey', '-pubin', '-in', 'k.pub', '-outform', 'DER'], cwd=signer, capture_output=True, check=True).stdout
    (signer / 'list').write_text(f'revoked:\n  - key: sha256:{hashlib.sha256(spki).hexdigest()}\n    since: 2020-01-01T00:00:00Z\n    reason: stolen\n')
    r = lazaret('verify-blob', 'file', '--key', 'k.pub', '--bundle', 'b', '--revoked', 'list')
    assert r.returncode == 1 and 'stolen' in r.stderr
    (signer / 'list').write_text('revoked:\n  - key: nonsense\n')
    assert lazaret('verify-blob', 'file', '--key', 'k.pub', '--bundle', 'b', '--revoked', 'list').returncode == 3


def test_published_bundles(lazaret, data):
    """All cases of the conformance suite that are in the shared data, through the commands."""
    folder = data / 'sign/sigstore'
    wrong = []
    for c in json.loads((folder / 'cases.json').read_text()):
        bundle = json.loads((folder / c['bundle']).read_text())
        whom = (['--key', folder / c['key']] if c['key'] else
                ['--certificate-identity', c['identity'], '--certificate-oidc-issuer', c['issuer']])
        command = ['verify-blob']
        if 'dsseEnvelope' in bundle:
            kind = json.loads(base64.b64decode(bundle['dsseEnvelope']['payload'])).get('predicateType', 'x:y')
            command = ['verify-blob-attestation', '--type', kind]
        r = lazaret(*command, folder / c['artifact'], '--bundle', folder / c['bundle'], '--trusted-root', folder / c['trusted_root'], '--offline', *whom)
        if (r.returncode == 0) != (c['expect'] == 'pass') or r.returncode == 2:
            wrong.append((c['case'], r.returncode, r.stderr[:300]))
    assert not wrong
    path = folder / 'bundle-verify/happy-path-v0.3/bundle.sigstore.json'
    for args in (['--certificate-identity-regexp', 'https://github.com/sigstore-conformance/', '--certificate-oidc-issuer-regexp', '.*'],
                 ['--certificate-identity-regexp', '.*', '--certificate-oidc-issuer', 'https://token.actions'],
                 ['--certificate-identity-regexp', '.*', '--certificate-oidc-issuer-regexp', '.*', '--certificate-github-workflow-trigger', 'push']):
        r = lazaret('verify-blob', folder / 'a.txt', '--bundle', path, '--trusted-root', folder / 'root-signing/targets/trusted_root.json', *args)
        assert r.returncode == 1, args
    r = lazaret('verify-blob', folder / 'a.txt', '--bundle', path, '--trusted-root', folder / 'root-signing/targets/trusted_root.json', '-f', 'json',
                '--certificate-identity-regexp', 'https://github.com/sigstore-conformance/.*', '--certificate-oidc-issuer-regexp', '.*')
    p = json.loads(r.stdout)['signatures'][0]
    assert r.returncode == 0 and p['issuer'] == 'https://token.actions.githubusercontent.com' and p['claims']['workflow-ref'] == 'refs/heads/main'
    assert [x['name'] for x in p['checks']][:3] == ['signature', 'certificate', 'sct'] and p['time'] and 'trusted_root.json' in p['root']
