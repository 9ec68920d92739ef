"""The signed bytes of every kind of signature, assembled here from the specifications and verified by the openssl command, which
knows nothing of lazaret. Ed25519ph, which this openssl lacks, is held to the published vector by tests/unit/trust/key.c."""
import base64
import hashlib
import json
import subprocess

import pytest

CASES = 'sign/sigstore/bundle-verify'
SCT_LIST = bytes.fromhex('060a2b06010401d679020402')
HASHES = {bytes.fromhex('608648016503040201'): 'sha256', bytes.fromhex('608648016503040202'): 'sha384',
          bytes.fromhex('608648016503040203'): 'sha512'}


def b64(text):
    return base64.b64decode(text)


def b64url(text):
    return base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))


class Openssl:
    def __init__(self, folder):
        self.folder = folder

    def run(self, *args):
        return subprocess.run(['openssl', *map(str, args)], cwd=self.folder, capture_output=True)

    def key_of(self, der):
        """The public key, in PEM, of a certificate or an SPKI."""
        (self.folder / 'der').write_bytes(der)
        r = self.run('x509', '-inform', 'DER', '-in', 'der', '-noout', '-pubkey')
        return r.stdout if r.returncode == 0 else self.run('pkey', '-pubin', '-inform', 'DER', '-in', 'der').stdout

    def says(self, public, signed, signature, digest='sha256', pss=False):
        for name, what in (('key', public), ('signed', signed), ('signature', signature)):
            (self.folder / name).write_bytes(what)
        if b'ED25519' in self.run('pkey', '-pubin', '-in', 'key', '-noout', '-text').stdout:
            return self.run('pkeyutl', '-verify', '-pubin', '-inkey', 'key', '-rawin', '-in', 'signed', '-sigfile',
                            'signature').returncode == 0
        options = ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:digest'] if pss else []
        return self.run('dgst', f'-{digest}', *options, '-verify', 'key', '-signature', 'signature', 'signed').returncode == 0

    def verifies(self, public, signed, signature, **kw):
        """Yes for these bytes, no for others."""
        assert self.says(public, signed, signature, **kw)
        assert not self.says(public, signed + b'x', signature, **kw)


@pytest.fixture
def openssl(tmp_path):
    (tmp_path / 'openssl').mkdir()
    return Openssl(tmp_path / 'openssl')


def der(data, at=0):
    """(tag, content, whole, end) of the value at this place."""
    n, head = data[at + 1], 2
    if n & 0x80:
        head += n & 0x7f
        n = int.from_bytes(data[at + 2:at + head], 'big')
    return data[at], data[at + head:at + head + n], data[at:at + head + n], at + head + n


def ders(data):
    at, out = 0, []
    while at < len(data):
        tag, content, whole, at = der(data, at)
        out.append((tag, content, whole))
    return out


def wrap(tag, content):
    n = len(content)
    size = bytes([n]) if n < 128 else (lambda b: bytes([0x80 | len(b)]) + b)(n.to_bytes((n.bit_length() + 7) // 8, 'big'))
    return bytes([tag]) + size + content


def raw_to_der(raw):
    half = len(raw) // 2
    numbers = (int.from_bytes(p, 'big') for p in (raw[:half], raw[half:]))
    return wrap(0x30, b''.join(wrap(2, v.to_bytes(v.bit_length() // 8 + 1, 'big')) for v in numbers))


def load(data, case):
    folder = data / CASES / case
    own = folder / 'trusted_root.json'
    root = own if own.exists() else data / 'sign/sigstore/root-signing/targets/trusted_root.json'
    return json.loads((folder / 'bundle.sigstore.json').read_text()), json.loads(root.read_text()), folder


def leaf(bundle):
    material = bundle['verificationMaterial']
    one = material.get('certificate') or material['x509CertificateChain']['certificates'][0]
    return b64(one['rawBytes'])


def log_key(openssl, root, entry):
    return [openssl.key_of(b64(t['publicKey']['rawBytes'])) for t in root['tlogs'] if t['logId']['keyId'] == entry['logId']['keyId']][0]


@pytest.mark.parametrize('case', ['happy-path-v0.1', 'happy-path-v0.3', 'rekor2-happy-path', 'managed-key-happy-path'])
def test_message(openssl, data, case):
    bundle, _, folder = load(data, case)
    public = (folder / 'key.pub').read_bytes() if (folder / 'key.pub').exists() else openssl.key_of(leaf(bundle))
    openssl.verifies(public, (data / 'sign/sigstore/a.txt').read_bytes(), b64(bundle['messageSignature']['signature']))


def pae(kind, body):
    return b'DSSEv1 %d %s %d %s' % (len(kind), kind.encode(), len(body), body)


@pytest.mark.parametrize('case', ['happy-path-intoto-in-dsse-v3', 'rekor2-dsse-happy-path'])
def test_dsse(openssl, data, case):
    bundle, _, _ = load(data, case)
    envelope = bundle['dsseEnvelope']
    openssl.verifies(openssl.key_of(leaf(bundle)), pae(envelope['payloadType'], b64(envelope['payload'])), b64(envelope['signatures'][0]['sig']))


@pytest.mark.parametrize('case', ['happy-path-v0.1', 'happy-path-v0.3', 'happy-path-intoto-in-dsse-v3'])
def test_signed_entry_timestamp(openssl, data, case):
    bundle, root, _ = load(data, case)
    entry = bundle['verificationMaterial']['tlogEntries'][0]
    signed = '{"body":"%s","integratedTime":%s,"logID":"%s","logIndex":%s}' % (
        entry['canonicalizedBody'], entry['integratedTime'], b64(entry['logId']['keyId']).hex(), entry['logIndex'])
    openssl.verifies(log_key(openssl, root, entry), signed.encode(), b64(entry['inclusionPromise']['signedEntryTimestamp']))


def note_lines(note):
    """The signed text of a note, and (name, 4 bytes of key id, signature) of each line."""
    text, _, signatures = note.rpartition('\n\n')
    lines = [line.split(' ') for line in signatures.strip().split('\n')]
    return (text + '\n').encode(), [(name, b64(value)[:4], b64(value)[4:]) for _, name, value in lines]


@pytest.mark.parametrize('case', ['happy-path-v0.3', 'rekor2-happy-path'])
def test_checkpoint(openssl, data, case):
    bundle, root, _ = load(data, case)
    entry = bundle['verificationMaterial']['tlogEntries'][0]
    public = log_key(openssl, root, entry)
    text, lines = note_lines(entry['inclusionProof']['checkpoint']['envelope'])
    fits = [s for _, hint, s in lines if hint == b64(entry['logId']['keyId'])[:4]]
    assert len(fits) == 1
    openssl.verifies(public, text, fits[0])


def test_checkpoint_of_our_log(openssl, lazaret, tmp_path):
    env = {'COSIGN_PASSWORD': ''}
    assert lazaret('log', 'init', 'log', '--origin', 'example.test/log', env=env).returncode == 0
    assert lazaret('log', 'append', 'log', '-', input='one\ntwo\n', env=env).returncode == 0
    public = lazaret('key', 'public', '--key', 'log.key', env=env).stdout.encode()
    text, lines = note_lines(lazaret('log', 'checkpoint', 'log').stdout)
    a, b = (hashlib.sha256(b'\0' + x).digest() for x in (b'one', b'two'))
    assert text.decode().split('\n')[:3] == ['example.test/log', '2', base64.b64encode(hashlib.sha256(b'\1' + a + b).digest()).decode()]
    raw = base64.b64decode(''.join(public.decode().split('\n')[1:-2]))[-32:]
    assert lines[0][:2] == ('example.test/log', hashlib.sha256(b'example.test/log\n\1' + raw).digest()[:4])
    openssl.verifies(public, text, lines[0][2])


def test_certificate_timestamp(openssl, data):
    """RFC 6962, section 3.2: of a precertificate, which is this certificate without the list of timestamps."""
    bundle, root, _ = load(data, 'happy-path-v0.3')
    tbs = ders(der(leaf(bundle))[1])[0]
    fields = ders(tbs[1])
    extensions = ders(der(fields[-1][1])[1])
    lists = [e for e in extensions if e[1].startswith(SCT_LIST)]
    assert len(lists) == 1
    rest = wrap(0xa3, wrap(0x30, b''.join(e[2] for e in extensions if e not in lists)))
    precertificate = wrap(0x30, b''.join(f[2] for f in fields[:-1]) + rest)
    tls = der(ders(lists[0][1])[-1][1])[1]
    sct = tls[4:]
    assert len(tls) == 2 + int.from_bytes(tls[:2], 'big') and sct[0] == 0
    log, at = sct[1:33], 43 + int.from_bytes(sct[41:43], 'big')
    assert sct[at:at + 2] == b'\4\3'
    public = [openssl.key_of(b64(t['publicKey']['rawBytes'])) for t in root['ctlogs'] if b64(t['logId']['keyId']) == log][0]
    answers = []
    for authority in root['certificateAuthorities']:
        issuer = ders(ders(der(b64(authority['certChain']['certificates'][0]['rawBytes']))[1])[0][1])
        key = [f[2] for f in issuer if f[0] == 0x30][4]
        spki = hashlib.sha256(key).digest()
        signed = b'\0\0' + sct[33:41] + b'\0\1' + spki + len(precertificate).to_bytes(3, 'big') + precertificate + sct[41:at]
        answers.append(openssl.says(public, signed, sct[at + 4:]))
    assert answers.count(True) == 1


@pytest.mark.parametrize('case', ['rekor2-happy-path', 'rekor2-dsse-happy-path'])
def test_timestamp(openssl, data, case):
    """RFC 3161: the imprint is of the signature, the signature of the token of the attributes, and they hold the token's hash."""
    bundle, root, _ = load(data, case)
    signature = b64(bundle['messageSignature']['signature'] if 'messageSignature' in bundle else bundle['dsseEnvelope']['signatures'][0]['sig'])
    response = b64(bundle['verificationMaterial']['timestampVerificationData']['rfc3161Timestamps'][0]['signedTimestamp'])
    content = ders(ders(der(response)[1])[1][1])
    signed_data = ders(der(content[1][1])[1])
    info = der(ders(signed_data[2][1])[1][1])[1]
    imprint = ders(ders(der(info)[1])[2][1])
    assert imprint[1][1] == hashlib.new(HASHES[ders(imprint[0][1])[0][1]], signature).digest()
    signer = ders(der(signed_data[-1][1])[1])
    digest = HASHES[ders(signer[2][1])[0][1]]
    attributes = signer[3]
    assert attributes[0] == 0xa0
    message_digest = [ders(a[1]) for a in ders(attributes[1]) if a[1].startswith(bytes.fromhex('06092a864886f70d010904'))][0]
    assert der(message_digest[1][1])[1] == hashlib.new(digest, info).digest()
    keys = [openssl.key_of(b64(t['certChain']['certificates'][0]['rawBytes'])) for t in root['timestampAuthorities']]
    assert [openssl.says(k, wrap(0x31, attributes[1]), signer[-1][1], digest=digest) for k in keys].count(True) == 1


def check_jws(openssl, text):
    envelope = json.loads(text)
    algorithm = json.loads(b64url(envelope['protected']))['alg']
    signature = b64url(envelope['signature'])
    openssl.verifies(openssl.key_of(b64(envelope['header']['x5c'][0])), f"{envelope['protected']}.{envelope['payload']}".encode(),
                     raw_to_der(signature) if algorithm[0] == 'E' else signature, digest='sha' + algorithm[2:], pss=algorithm[0] == 'P')


def test_notation_jws(openssl, data):
    check_jws(openssl, (data / 'sign/notation/notation-go/jws_signature.sig').read_text())


def cbor(data, at=0):
    """(value, end): what notation's envelopes are made of."""
    major, n, at = data[at] >> 5, data[at] & 31, at + 1
    if n >= 24:
        size = 1 << (n - 24)
        n, at = int.from_bytes(data[at:at + size], 'big'), at + size
    if major in (2, 3):
        return (data[at:at + n] if major == 2 else data[at:at + n].decode()), at + n
    if major in (4, 5):
        items = []
        for _ in range(n * (major - 3)):
            item, at = cbor(data, at)
            items.append(item)
        return (items if major == 4 else dict(zip(items[::2], items[1::2]))), at
    if major == 6:
        return cbor(data, at)
    return (n if major == 0 else -1 - n), at


def cbor_bytes(b):
    n = len(b)
    return (bytes([0x40 | n]) if n < 24 else bytes([0x58, n]) if n < 256 else b'\x59' + n.to_bytes(2, 'big')) + b


COSE = {-37: ('sha256', True), -38: ('sha384', True), -39: ('sha512', True), -7: ('sha256', False), -35: ('sha384', False), -36: ('sha512', False)}


def check_cose(openssl, envelope):
    protected, unprotected, payload, signature = cbor(envelope)[0]
    digest, pss = COSE[cbor(protected)[0][1]]
    signed = b'\x84\x6aSignature1' + cbor_bytes(protected) + b'\x40' + cbor_bytes(payload)
    openssl.verifies(openssl.key_of(unprotected[33][0]), signed, signature if pss else raw_to_der(signature), digest=digest, pss=pss)


def test_notation_cose(openssl, data):
    check_cose(openssl, (data / 'sign/notation/notation-go/cose_signature.sig').read_bytes())


class Layout:
    """An image in an OCI layout, and what is signed beside it."""

    def __init__(self, lazaret, folder):
        self.lazaret, self.folder, self.env = lazaret, folder, {'COSIGN_PASSWORD': ''}
        (folder / 'blobs/sha256').mkdir(parents=True)
        config = self.put(b'{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}', 'config')
        self.image = self.put(json.dumps({'schemaVersion': 2, 'mediaType': 'application/vnd.oci.image.manifest.v1+json', 'config': config,
                                          'layers': []}).encode(), 'manifest')
        named = {**self.image, 'annotations': {'org.opencontainers.image.ref.name': 'v1'}}
        (folder / 'index.json').write_text(json.dumps({'schemaVersion': 2, 'manifests': [named]}))
        (folder / 'oci-layout').write_text('{"imageLayoutVersion":"1.0.0"}')

    def put(self, body, kind):
        digest = hashlib.sha256(body).hexdigest()
        (self.folder / 'blobs/sha256' / digest).write_bytes(body)
        return {'mediaType': f'application/vnd.oci.image.{kind}.v1+json', 'digest': f'sha256:{digest}', 'size': len(body)}

    def blob(self, descriptor):
        return (self.folder / 'blobs/sha256' / descriptor['digest'].partition(':')[2]).read_bytes()

    def sign(self, *args):
        """Signs, and returns the manifest that came: its first layer and that layer's bytes."""
        r = self.lazaret('sign', *args, f'oci:{self.folder}:v1', env=self.env)
        assert r.returncode == 0, r.stderr
        last = json.loads((self.folder / 'index.json').read_text())['manifests'][-1]
        layer = json.loads(self.blob(last))['layers'][0]
        return layer, self.blob(layer)

    def key(self, kind):
        r = self.lazaret('key', 'generate', '--type', kind, '--output-key-prefix', kind, env=self.env)
        assert r.returncode == 0, r.stderr
        return f'{kind}.key', (self.folder.parent / f'{kind}.pub').read_bytes()


@pytest.fixture
def layout(lazaret, tmp_path):
    return Layout(lazaret, tmp_path / 'layout')


@pytest.mark.parametrize('kind, digest', [('ecdsa-p256', 'sha256'), ('ecdsa-p384', 'sha384'), ('ed25519', None), ('rsa-2048', 'sha256')])
def test_our_bundle(openssl, layout, kind, digest):
    private, public = layout.key(kind)
    envelope = json.loads(layout.sign('--key', private)[1])['dsseEnvelope']
    statement = json.loads(b64(envelope['payload']))
    assert f"sha256:{statement['subject'][0]['digest']['sha256']}" == layout.image['digest']
    openssl.verifies(public, pae(envelope['payloadType'], b64(envelope['payload'])), b64(envelope['signatures'][0]['sig']), digest=digest)


@pytest.mark.parametrize('kind', ['ecdsa-p256', 'rsa-2048'])
def test_our_simple_signing(openssl, layout, kind):
    private, public = layout.key(kind)
    layer, payload = layout.sign('--key', private, '--format', 'cosign')
    assert json.loads(payload)['critical']['image'] == {'docker-manifest-digest': layout.image['digest']}
    openssl.verifies(public, payload, b64(layer['annotations']['dev.cosignproject.cosign/signature']))


@pytest.mark.parametrize('args', [(), ('--type', 'ecdsa-p256'), ('--type', 'ecdsa-p521')])
@pytest.mark.parametrize('form', ['jws', 'cose'])
def test_our_notation(openssl, layout, lazaret, args, form):
    assert lazaret('cert', 'generate-test', '--dir', 'n', *args, 'x').returncode == 0
    body = layout.sign('--key', 'n/localkeys/x.key', '--certificate-chain', 'n/localkeys/x.crt', '--format', f'notation-{form}')[1]
    check_jws(openssl, body) if form == 'jws' else check_cose(openssl, body)
