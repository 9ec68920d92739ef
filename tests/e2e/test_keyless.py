"""Signing with services and without a key, against a Sigstore of our own (sigstore_own.py): what is signed is verified offline,
with the services gone; what a service or an attacker does to it is not believed."""
import gzip
import base64
import copy
import json
import subprocess
import time

import pytest

import images
import sigstore_own as own
from sigstore_own import DAY, b64

WHO = 'https://ci.example/workflow'


class World:
    """A Sigstore, the program, a message, and what the two have made."""

    def __init__(self, sigstore, lazaret, folder):
        self.s, self.lazaret, self.folder, self.made = sigstore, lazaret, folder, 0
        self.message = folder / 'message'
        self.message.write_bytes(b'what is signed\n')
        self.lazaret.env['COSIGN_PASSWORD'] = 'x'

    def key(self, *args):
        if not (self.folder / 'k.key').exists():
            r = self.lazaret('key', 'generate', '--output-key-prefix', self.folder / 'k', *args)
            assert r.returncode == 0, r.stderr
        return self.folder / 'k.key', self.folder / 'k.pub'

    def services(self, fulcio=True, log=None, tsa=None):
        """Options for these services; log: 1 or 2."""
        out = []
        if fulcio:
            out += ['--fulcio-url', self.s.ca.url, '--identity-token', self.s.token(WHO)]
        if log:
            out += ['--rekor-url', (self.s.log1 if log == 1 else self.s.log2).url, '--rekor-version', log]
        if tsa or (tsa is None and log == 2):
            out += ['--timestamp-server-url', self.s.tsa.url]
        return out

    def sign(self, *args, status=0, message=None, env=None):
        """-> the bundle's path, or what was said about a failure."""
        self.made += 1
        bundle = self.folder / f'bundle.{self.made}.json'
        r = self.lazaret('sign-blob', message or self.message, '--bundle', bundle, *args, env=env)
        assert r.returncode == status, r.stderr
        assert bundle.exists() == (status == 0)
        return bundle if status == 0 else r.stderr

    def verify(self, bundle, *args, root=None, who=WHO, issuer=None, status=0, says='', message=None):
        r = self.lazaret('verify-blob', message or self.message, '--bundle', bundle, *(['--trusted-root', root or self.s.trusted_root()]),
                         *(['--certificate-identity', who] if who else []),
                         *(['--certificate-oidc-issuer', issuer or self.s.issuer.url] if who else []), '--offline', *args)
        assert r.returncode == status, (r.returncode, r.stderr)
        assert says in r.stderr, r.stderr
        return r

    def verify_key(self, bundle, *args, **kw):
        return self.verify(bundle, '--key', self.key()[1], *args, who=None, **kw)


@pytest.fixture
def world(lazaret, tmp_path):
    with own.Sigstore(tmp_path / 'sigstore') as s:
        yield World(s, lazaret, tmp_path)


def changed(bundle, change, name='changed'):
    doc = json.loads(bundle.read_text())
    change(doc)
    out = bundle.parent / f'{bundle.stem}.{name}.json'
    out.write_text(json.dumps(doc))
    return out


def material(doc):
    return doc['verificationMaterial']


# What works

@pytest.mark.parametrize('log', [1, 2])
def test_keyless(world, log):
    """Certificate, log and (Rekor 2) timestamp; verified when nobody is there any more, in a network of its own without routes."""
    bundle = world.sign(*world.services(log=log), '--trusted-root', world.s.trusted_root())
    doc = json.loads(bundle.read_text())
    entry, = material(doc)['tlogEntries']
    assert entry['kindVersion'] == {'kind': 'hashedrekord', 'version': '0.0.1' if log == 1 else '0.0.2'}
    assert ('inclusionPromise' in entry) == (log == 1)
    assert len(material(doc).get('timestampVerificationData', {}).get('rfc3161Timestamps', [])) == (log == 2)
    root = world.s.trusted_root()
    world.s.stop()
    r = world.verify(bundle, root=root)
    assert WHO in r.stderr
    alone = ['unshare', '-rn', world.lazaret.program, 'verify-blob', world.message, '--bundle', bundle, '--trusted-root', root,
             '--certificate-identity', WHO, '--certificate-oidc-issuer', world.s.issuer.url]
    if subprocess.run(['unshare', '-rn', 'true'], capture_output=True).returncode == 0:
        assert subprocess.run(list(map(str, alone)), env=world.lazaret.env, capture_output=True).returncode == 0
    other = world.folder / 'other'
    other.write_bytes(b'what is not signed\n')
    world.verify(bundle, root=root, message=other, status=1)


@pytest.mark.parametrize('log, tsa', [(1, False), (2, False), (None, True), (2, True), (None, False)])
def test_key(world, log, tsa):
    private, _ = world.key()
    bundle = world.sign('--key', private, *world.services(fulcio=False, log=log, tsa=tsa), '--trusted-root', world.s.trusted_root())
    world.verify_key(bundle)
    world.verify_key(bundle, '--require-log', status=0 if log else 1)
    world.verify_key(bundle, '--use-signed-timestamps', status=0 if tsa else 1)
    if not log and not tsa:
        assert not any(service.seen for service in world.s.services.values())


@pytest.mark.parametrize('kind', ['ecdsa-p384', 'ecdsa-p521', 'rsa-2048', 'ed25519'])
def test_kinds_of_keys_are_logged(world, kind):
    private, _ = world.key('--type', kind)
    for log in (1, 2):
        bundle = world.sign('--key', private, *world.services(fulcio=False, log=log, tsa=False), '--trusted-root', world.s.trusted_root())
        world.verify_key(bundle, '--require-log')


def test_email_and_claims(world):
    world.s.ca.extra = {'12': 'https://code.example/a/b', '14': 'refs/heads/main', '5': 'x'}
    world.s.ca.extra.pop('5')
    bundle = world.sign('--fulcio-url', world.s.ca.url, '--identity-token', world.s.token('17', 'someone@example.org'),
                        '--rekor-url', world.s.log1.url)
    world.verify(bundle, who='someone@example.org')
    world.verify(bundle, who='17', status=1)


def test_signing_config(world):
    """A file names the services: of the newest version known, one an operator, as many as it wants."""
    config = world.s.signing_config(logs=[(world.s.log1, 1), (world.s.log2, 2)], log_selector='EXACT', count=2)
    bundle = world.sign('--signing-config', config, '--identity-token', world.s.token(WHO), '--trusted-root', world.s.trusted_root())
    kinds = [e['kindVersion']['version'] for e in material(json.loads(bundle.read_text()))['tlogEntries']]
    assert kinds == ['0.0.2', '0.0.1']
    world.verify(bundle)
    private, _ = world.key()
    bundle = world.sign('--key', private, '--signing-config', config, '--tlog-upload=false')
    assert 'tlogEntries' not in material(json.loads(bundle.read_text()))
    config = world.s.signing_config(logs=[(world.s.log1, 1)], log_selector='EXACT', count=2)
    assert 'wants 2 of its logs' in world.sign('--signing-config', config, '--key', private, status=3)


def test_any_log_will_do_but_not_a_wrong_answer(world):
    """Of several candidates the next is asked when one is down; one that lies ends it."""
    second = world.s.add(own.Rekor1(world.s, 'rekor1-b'))
    config = world.s.signing_config(logs=[(world.s.log1, 1), (second, 1)], tsas=[])
    world.s.log1.answer = lambda body: (503, 'text/plain', b'tired', {'Retry-After': '0'})
    bundle = world.sign('--signing-config', config, '--identity-token', world.s.token(WHO))
    assert len(second.entries) == 4 and bundle
    world.s.log1.answer = lambda body: body.replace(b'logIndex', b'logindex')
    assert 'answer' in world.sign('--signing-config', config, '--identity-token', world.s.token(WHO), status=3)
    assert len(second.entries) == 4


def test_ambient_tokens(world):
    args = ['--fulcio-url', world.s.ca.url, '--rekor-url', world.s.log1.url]
    world.verify(world.sign(*args, env={'SIGSTORE_ID_TOKEN': world.s.token(WHO)}))
    path = world.folder / 'token'
    path.write_text(world.s.token(WHO) + '\n')
    world.verify(world.sign(*args, '--identity-token', path))
    github = {'ACTIONS_ID_TOKEN_REQUEST_URL': world.s.issuer.url + '?api-version=2.0', 'ACTIONS_ID_TOKEN_REQUEST_TOKEN': 'request-token'}
    world.verify(world.sign(*args, env=github), who='https://ci.example/job')


def test_existing_entry_is_fetched(world):
    """The log has it already (a lost answer, a key whose signatures are always the same): that entry is ours, too."""
    private, _ = world.key('--type', 'rsa-2048')
    first, second = (world.sign('--key', private, *world.services(fulcio=False, log=1), '--trusted-root', world.s.trusted_root())
                     for _ in range(2))
    assert len(world.s.log1.entries) == 4
    assert world.s.log1.seen[-1][0] == 'GET'
    world.verify_key(second, '--require-log')


@pytest.mark.parametrize('before, behind', [(0, 0), (300, 7), (65536 - 5, 300)])
def test_existing_entry_is_proved_from_tiles(world, before, behind):
    """Rekor 2 says at which place it has the entry; the proof is made from its tiles, at any size of the tree."""
    private, _ = world.key('--type', 'rsa-2048')
    args = ['--key', private, *world.services(fulcio=False, log=2, tsa=False)]
    world.s.log2.fill(before + 5)
    world.sign(*args)
    world.s.log2.fill(before + 5 + behind)
    size = len(world.s.log2.entries)
    bundle = world.sign(*args, '--trusted-root', world.s.trusted_root())
    assert len(world.s.log2.entries) == size
    assert world.s.log2.seen[-1][0] == 'GET'
    world.verify_key(bundle, '--require-log')
    assert '--trusted-root' in world.sign(*args, status=3)
    tile = world.s.log2.tile
    world.s.log2.tile = lambda level, rest: bytes(len(tile(level, rest)))
    assert 'does not prove' in world.sign(*args, '--trusted-root', world.s.trusted_root(), status=3)


def test_our_own_log(world):
    """The log of `lazaret log` takes the place of Rekor 2: its checkpoints, proofs and tiles."""
    log = world.s.log2 = world.s.add(own.OwnLog(world.s, 'own-log', world.lazaret))
    world.s.generations[0] = (*world.s.generations[0][:3], log, world.s.tsa)
    bundle = world.sign(*world.services(log=2), '--trusted-root', world.s.trusted_root())
    private, _ = world.key('--type', 'rsa-2048')
    args = ['--key', private, *world.services(fulcio=False, log=2, tsa=False), '--trusted-root', world.s.trusted_root()]
    first = world.sign(*args)
    log.fill(300)
    assert len(log.entries) == 302
    second = world.sign(*args)
    assert material(json.loads(first.read_text()))['tlogEntries'] != material(json.loads(second.read_text()))['tlogEntries']
    world.s.stop()
    world.verify(bundle)
    for path in (first, second):
        world.verify_key(path, '--require-log')
    assert world.lazaret('log', 'verify', log.folder).returncode == 0


# What is missing is said

def test_nothing_is_assumed(world):
    text = world.sign(status=2)
    assert '--fulcio-url' in text and '--identity-token' in text and '--rekor-url' in text
    text = world.sign('--fulcio-url', world.s.ca.url, status=2)
    assert 'missing are' in text and '--fulcio-url' not in text.partition('missing are')[2] and '--identity-token' in text
    text = world.sign('--fulcio-url', world.s.ca.url, '--identity-token', world.s.token(WHO), status=2)
    assert '--timestamp-server-url' in text
    text = world.sign('--fulcio-url', world.s.ca.url, '--identity-token', world.s.token(WHO), '--rekor-url', world.s.log2.url,
                      '--rekor-version', '2', status=2)
    assert 'proves the time' in text
    assert '--rekor-url' in world.sign('--key', world.key()[0], '--tlog-upload', status=2)
    assert '--rekor-version' in world.sign('--key', world.key()[0], '--rekor-url', world.s.log1.url, '--rekor-version', '3', status=2)
    assert not any(service.seen for service in world.s.services.values())


def test_tokens_are_checked_and_never_shown(world):
    base = ['--fulcio-url', world.s.ca.url, '--rekor-url', world.s.log1.url]
    good, stranger = world.s.token(WHO), own.ec.generate_private_key(own.ec.SECP256R1())
    for token, status, says in ((good[:-8], 3, 'refused'), (world.s.token(WHO, key=stranger), 3, 'refused'),
                                (world.s.token(WHO, seconds=-5), 3, 'ended'), ('eyJhbGciOiJFUzI1NiJ9.this-is-no-claim.signature', 2, 'identity token'),
                                (world.s.issuer.token('s', 'a@b.example', email_verified=False), 2, 'not verified')):
        text = world.sign(*base, '--identity-token', token, status=status)
        assert says in text, text
        assert token not in text and token.split('.')[1] not in text
    text = world.sign(*base, '--identity-token', good, '--oidc-issuer', 'https://other.example', status=2)
    assert '--oidc-issuer' in text
    # a service that repeats the token in its error does not get it into our logs
    world.s.ca.answer = lambda body: (400, 'application/json', own.compact({'message': f'bad token {good}'}), {})
    text = world.sign(*base, '--identity-token', good, status=3)
    assert 'status 400' in text and good[:40] not in text and 'bad token' not in text
    world.s.ca.answer = lambda body: (400, 'application/json', own.compact({'message': 'not today\n'}), {})
    assert 'not today' in world.sign(*base, '--identity-token', good, status=3)
    r = world.lazaret('sign-blob', '-v', world.message, '--bundle', world.folder / 'x', *base, '--identity-token', good)
    assert good[:40] not in r.stderr + r.stdout


# Services that lie

@pytest.fixture
def attacked(world):
    """Signs with a log and a timestamp; -> what was said."""
    def sign(log=1, root=True):
        return world.sign(*world.services(log=log, tsa=True), *(['--trusted-root', world.s.trusted_root()] if root else []), status=3)
    return sign


def test_certificate_for_another_key(world, attacked):
    world.s.ca.force_key = own.ec.generate_private_key(own.ec.SECP256R1()).public_key()
    assert 'another key than ours' in attacked(root=False)
    assert not world.s.log1.seen and not world.s.tsa.seen


def test_certificate_of_nobody_we_trust(world, attacked):
    root = world.s.trusted_root()
    world.s.next_generation()
    text = world.sign(*world.services(log=1), '--trusted-root', root, status=3)
    assert 'no trusted root' in text and not world.s.log1.seen


def test_certificate_without_promise_of_a_log(world, attacked):
    world.s.ca.with_sct = False
    assert 'certificate log' in attacked()
    world.s.ca.with_sct = True
    world.s.ca.ct = own.CTLog(world.s, 'stranger')
    assert 'certificate log' in attacked()
    assert not world.s.log1.seen


@pytest.mark.parametrize('log', [1, 2])
def test_somebody_elses_entry(world, attacked, log):
    """A valid entry, about another signature: GHSA-whqx-f9j3-ch6m, GHSA-8pmp-678w-c8xx, when signing."""
    service = world.s.log1 if log == 1 else world.s.log2
    world.sign(*world.services(log=log))
    theirs = own.compact(service.entry(len(service.entries) - 1))
    service.answer = lambda body: theirs
    assert 'about another signature' in attacked(log, root=False)


@pytest.mark.parametrize('log', [1, 2])
def test_log_with_another_key(world, attacked, log):
    service = world.s.log1 if log == 1 else world.s.log2
    root = world.s.trusted_root()
    service.key = own.ec.generate_private_key(own.ec.SECP256R1()) if log == 1 else own.ed25519.Ed25519PrivateKey.generate()
    text = world.sign(*world.services(log=log, tsa=True), '--trusted-root', root, status=3)
    assert 'does not verify under the trust root' in text


def test_log_that_shows_another_tree(world, attacked):
    other = own.Rekor1(world.s, 'rekor1-x')
    other.key, other.tree_id, other.host = world.s.log1.key, world.s.log1.tree_id, world.s.log1.host
    other.fill(9)
    wrong = other.checkpoint()

    def lie(body):
        doc = json.loads(body)
        next(iter(doc.values()))['verification']['inclusionProof']['checkpoint'] = wrong
        return own.compact(doc)
    world.s.log1.answer = lie
    assert 'another tree' in attacked(root=False)


def test_conflict_that_leads_elsewhere(world):
    """Of the Location of a conflict only the entry's name is believed: GHSA-4c4x-jm2x-pf9j and others."""
    private, _ = world.key('--type', 'rsa-2048')
    args = ['--key', private, *world.services(fulcio=False, log=1)]
    world.sign(*args)
    uuid = next(iter(world.s.log1.entry(3)))
    for place in (f'{world.s.url}/trap/{uuid}', f'//127.0.0.2/{uuid}', f'/../trap/{uuid}'):
        world.s.log1.answer = lambda body, place=place: (409, 'application/json', body, {'Location': place}) if b'409' in body else body
        assert world.sign(*args)
        assert world.s.log1.seen[-1][1].endswith('/api/v1/log/entries/' + uuid)
    for place in ('', 'x', '/api/v1/log/entries/../../..', uuid + '0', uuid[:-1] + '/'):
        world.s.log1.answer = lambda body, place=place: (409, 'application/json', body, {'Location': place}) if b'409' in body else body
        assert 'does not say which' in world.sign(*args, status=3)


@pytest.mark.parametrize('which', ['ca', 'log1', 'log2', 'tsa'])
def test_redirects_are_not_followed(world, which):
    """Neither token nor signature goes where a service points: GHSA-59jp-pj84-45mr."""
    trap = world.s.add(own.Issuer(world.s, 'trap'))
    for status in (301, 302, 303, 307, 308):
        getattr(world.s, which).answer = lambda body, status=status: (status, 'text/plain', b'', {'Location': trap.url})
        text = world.sign(*world.services(log=2 if which == 'log2' else 1, tsa=True), status=3)
        assert 'redirect' in text
    assert not trap.seen


def test_token_service_may_not_redirect(world):
    trap = world.s.add(own.Issuer(world.s, 'trap'))
    world.s.issuer.answer = lambda body: (302, 'text/plain', b'', {'Location': trap.url})
    github = {'ACTIONS_ID_TOKEN_REQUEST_URL': world.s.issuer.url + '?x=1', 'ACTIONS_ID_TOKEN_REQUEST_TOKEN': 'request-token'}
    text = world.sign('--fulcio-url', world.s.ca.url, '--rekor-url', world.s.log1.url, env=github, status=3)
    assert 'redirect' in text and 'request-token' not in text
    assert not trap.seen


def test_only_https(world):
    """Plain http is for this machine alone: nobody on the way reads a token."""
    for url in ('http://sigstore.test/', 'ftp://127.0.0.1/', 'file:///etc/passwd', 'https://user:secret@sigstore.test/'):
        text = world.sign('--fulcio-url', url, '--identity-token', world.s.token(WHO), '--rekor-url', world.s.log1.url, status=3)
        assert 'secret' not in text
        text = world.sign('--key', world.key()[0], '--timestamp-server-url', url, status=3)
        text = world.sign('--key', world.key()[0], '--rekor-url', url, status=3)


@pytest.mark.parametrize('which, size', [('ca', 300 << 10), ('log1', 2 << 20), ('tsa', 2 << 20)])
def test_answers_are_bounded(world, attacked, which, size):
    """GHSA-2h5h-59f5-c5x9: nor is anything of them inflated."""
    getattr(world.s, which).answer = lambda body: body + b' ' * size
    assert 'larger than' in attacked()
    getattr(world.s, which).answer = lambda body: (201, 'application/json', gzip.compress(body), {'Content-Encoding': 'gzip'})
    attacked()


def test_timestamp_of_something_else(world, attacked):
    """A reply to another question, one that refuses, and rubbish."""
    query = world.folder / 'query'
    subprocess.run(['openssl', 'ts', '-query', '-data', world.message, '-sha256', '-out', query], check=True, capture_output=True)
    other = world.s.tsa.reply(query.read_bytes())
    refusal = own.der(0x30, own.der(0x30, own.der_int(2)))
    for answer in (other, refusal, b'', b'\x30\x80', other[:-1]):
        world.s.tsa.answer = lambda body, answer=answer: answer
        assert 'timestamp authority' in attacked(root=False)


def test_timestamp_of_nobody_we_trust(world):
    root = world.s.trusted_root()
    world.s.tsa = world.s.add(own.TSA(world.s, 'tsa-x'))
    text = world.sign(*world.services(log=2), '--trusted-root', root, status=3)
    assert 'does not verify under the trust root' in text


# Time

def test_certificate_that_ended(world):
    """Ended long ago, but the log's promise or a timestamp proves that it was valid when it signed. Without one: no."""
    world.s.at = int(time.time()) - 30 * DAY
    for log in (1, 2):
        bundle = world.sign(*world.services(log=log))
        world.verify(bundle)
    # Rekor 1 without its promise, Rekor 2 without timestamp: nothing proves the time
    def no_promise(doc):
        for entry in material(doc)['tlogEntries']:
            entry.pop('inclusionPromise', None)
        material(doc).pop('timestampVerificationData', None)
    for log in (1, 2):
        bundle = world.sign(*world.services(log=log))
        world.verify(changed(bundle, no_promise), status=1)


def test_expired_certificate_without_trusted_time(world):
    world.s.at = int(time.time()) - 30 * DAY
    bundle = world.sign(*world.services(log=2))
    def no_time(doc):
        material(doc).pop('timestampVerificationData')
        material(doc).pop('tlogEntries')
    for args in ([], ['--insecure-ignore-tlog']):
        world.verify(changed(bundle, no_time), *args, status=1)


@pytest.mark.parametrize('late', [-3600, 3600])
def test_timestamp_outside_the_certificate(world, late):
    """Signed with a certificate before or after its ten minutes."""
    start = int(time.time()) - 10 * DAY
    world.s.at = start
    world.s.tsa.reply = lambda query: world.s.tsa.token(query, start + late)
    bundle = world.sign(*world.services(log=2))
    world.verify(bundle, status=1)


def test_promised_time_outside_the_certificate(world):
    world.s.at = int(time.time()) - 10 * DAY
    world.s.ca.seconds = 600
    issue = world.s.ca.issue
    world.s.ca.issue = lambda key, claims, now: issue(key, claims, now - 7200)
    bundle = world.sign(*world.services(log=1))
    world.verify(bundle, status=1)


def test_timestamp_outside_the_authority(world):
    """The root says when the authority was one: GHSA-wqqc-jjcq-vfxm."""
    bundle = world.sign(*world.services(log=2))
    def ended(doc):
        doc['timestampAuthorities'][0]['validFor']['end'] = own.rfc3339(time.time() - 3600)
    world.verify(bundle, root=world.s.trusted_root(change=ended), status=1)
    def later(doc):
        doc['timestampAuthorities'][0]['validFor']['start'] = own.rfc3339(time.time() + 3600)
    world.verify(bundle, root=world.s.trusted_root(change=later), status=1)
    world.verify(bundle, root=world.s.trusted_root(without=['timestampAuthorities']), status=1)


@pytest.mark.parametrize('which', ['tlogs', 'ctlogs', 'certificateAuthorities'])
def test_services_that_were_none_yet(world, which):
    bundle = world.sign(*world.services(log=1))
    def ended(doc):
        for entry in doc[which]:
            entry.get('publicKey', entry)['validFor'] = {'start': own.rfc3339(0), 'end': own.rfc3339(time.time() - 3600)}
    world.verify(bundle, root=world.s.trusted_root(change=ended), status=1)
    world.verify(bundle, root=world.s.trusted_root(without=[which]), status=1)


def test_expired_intermediate(world):
    """The whole chain counts at signing time: GHSA-wfqv-66vq-46rm."""
    ca = world.s.add(own.Fulcio(world.s, 'ca-short', intermediate_days=100))
    ca.ct, world.s.ca = world.s.ct, ca
    world.s.generations.append((ca, *world.s.generations[0][1:]))
    world.s.at = ca.start + 99 * DAY
    world.verify(world.sign(*world.services(log=2)))
    world.s.at = ca.start + 101 * DAY
    world.verify(world.sign(*world.services(log=2)), status=1)


# Rotation

@pytest.mark.parametrize('log', [1, 2])
def test_rotation(world, log):
    old = world.sign(*world.services(log=log))
    first = world.s.trusted_root()
    world.s.next_generation()
    new = world.sign(*world.services(log=log))
    both, second = world.s.trusted_root(), world.s.trusted_root([1])
    world.verify(old, root=both)
    world.verify(new, root=both)
    world.verify(old, root=first)
    world.verify(new, root=second)
    world.verify(new, root=first, status=1)
    world.verify(old, root=second, status=1)
    world.verify(new, '--trusted-root', second, root=first)     # several files count together


# Bundles that were put together

@pytest.mark.parametrize('log', [1, 2])
def test_replayed_entry(world, log):
    """An entry that is valid in itself, of another signature of the same signer: GHSA-whqx-f9j3-ch6m, GHSA-ccxc-vr6p-4858."""
    other = world.folder / 'other'
    other.write_bytes(b'something else\n')
    one, two = world.sign(*world.services(log=log)), world.sign(*world.services(log=log), message=other)
    entries = material(json.loads(two.read_text()))['tlogEntries']
    def replay(doc):
        material(doc)['tlogEntries'] = entries
    world.verify(two, message=other)
    world.verify(changed(one, replay), status=1)
    private, _ = world.key()
    keyed = world.sign('--key', private, *world.services(fulcio=False, log=log))
    world.verify_key(changed(keyed, replay), '--require-log', status=1)


def test_replayed_timestamp(world):
    one, two = world.sign(*world.services(log=2)), world.sign(*world.services(log=2))
    data = material(json.loads(two.read_text()))['timestampVerificationData']
    def replay(doc):
        material(doc)['timestampVerificationData'] = data
    world.verify(changed(one, replay), status=1)


def test_swapped_bundle(world):
    """The bundle of another message, and halves of two."""
    other = world.folder / 'other'
    other.write_bytes(b'something else\n')
    one, two = world.sign(*world.services(log=1)), world.sign(*world.services(log=1), message=other)
    world.verify(two, status=1)
    first, second = json.loads(one.read_text()), json.loads(two.read_text())
    def swap(doc, part):
        doc[part] = second[part]
    for part in ('messageSignature', 'verificationMaterial'):
        world.verify(changed(one, lambda doc, part=part: swap(doc, part)), status=1)
        world.verify(changed(one, lambda doc, part=part: swap(doc, part)), message=other, status=1)
    assert first != second


@pytest.mark.parametrize('log', [1, 2])
def test_changed_proofs(world, log):
    """Every part of a log's proof matters: promise, index, hashes, checkpoint, its signature."""
    bundle = world.sign(*world.services(log=log))
    service = world.s.log1 if log == 1 else world.s.log2
    service.fill(20)
    later = service.checkpoint()
    flip = lambda text: b64(bytes([base64.b64decode(text)[0] ^ 1]) + base64.b64decode(text)[1:])
    def proof(doc):
        return material(doc)['tlogEntries'][0]['inclusionProof']
    def hash_(doc):
        proof(doc)['hashes'][0] = flip(proof(doc)['hashes'][0])
    def short(doc):
        proof(doc)['hashes'].pop()
    def index(doc):
        proof(doc)['logIndex'] = material(doc)['tlogEntries'][0]['logIndex'] = '0'
    def tree(doc):
        proof(doc)['checkpoint']['envelope'] = later
    def signature(doc):
        text = proof(doc)['checkpoint']['envelope'].rstrip('\n')
        head, _, sig = text.rpartition(' ')
        raw = base64.b64decode(sig)
        proof(doc)['checkpoint']['envelope'] = head + ' ' + b64(raw[:-1] + bytes([raw[-1] ^ 1])) + '\n'
    def no_proof(doc):
        del material(doc)['tlogEntries'][0]['inclusionProof']
    def promise(doc):
        p = material(doc)['tlogEntries'][0].setdefault('inclusionPromise', {'signedEntryTimestamp': b64(b'no')})
        p['signedEntryTimestamp'] = flip(p['signedEntryTimestamp'])
    def when(doc):
        entry = material(doc)['tlogEntries'][0]
        entry['integratedTime'] = str(int(entry.get('integratedTime', '0')) + 1)
    changes = [hash_, short, index, tree, signature, no_proof] + ([promise, when] if log == 1 else [])
    for change in changes:
        world.verify(changed(bundle, change, change.__name__), status=1)
    world.verify(bundle)


def test_wrong_log_key(world):
    """The log's name with another key, and the certificate log's. GHSA-xvrc-2wvh-49vc: a log's key is the trust root's, never what the log hands out."""
    bundle = world.sign(*world.services(log=1))
    other = b64(own.spki(own.ec.generate_private_key(own.ec.SECP256R1()).public_key()))
    for which in ('tlogs', 'ctlogs'):
        def swap(doc, which=which):
            for log in doc[which]:
                if log['publicKey']['keyDetails'] != 'PKIX_ED25519':
                    log['publicKey']['rawBytes'] = other
        world.verify(bundle, root=world.s.trusted_root(change=swap), status=1)


def test_one_log_twice_is_one_log(world):
    """The same entry twice counts for nothing: GHSA-9vcr-p3rj-q5q6."""
    bundle = world.sign(*world.services(log=1))
    def twice(doc):
        material(doc)['tlogEntries'].append(copy.deepcopy(material(doc)['tlogEntries'][0]))
    world.verify(changed(bundle, twice), status=1)
    def many(doc):
        material(doc)['tlogEntries'] = material(doc)['tlogEntries'] * 33
    world.verify(changed(bundle, many), status=1)


# Who

def test_identity_matchers(world):
    """Every combination of exact and regular expression, for name and issuer; all that is given must hold, expressions describe the
    whole text: GHSA-46mp-8w32-6g94, GHSA-f5mr-q85p-6hh6."""
    bundle = world.sign(*world.services(log=1))
    root, issuer = world.s.trusted_root(), world.s.issuer.url
    choices = {'': None, 'right': True, 'wrong': False}
    values = {('identity', 'exact'): (WHO, WHO + 'x'), ('identity', 'regexp'): (r'https://ci\.example/[a-z]+', r'https://ci\.example/[a-z]'),
              ('oidc-issuer', 'exact'): (issuer, issuer + '/'), ('oidc-issuer', 'regexp'): (r'http://127\.0\.0\.1:\d+/issuer', r'issuer')}
    for a in choices:
        for b in choices:
            for c in choices:
                for d in choices:
                    args, given = [], {'identity': [], 'oidc-issuer': []}
                    for (what, how), choice in zip(values, (a, b, c, d)):
                        if choice:
                            args += [f'--certificate-{what}' + ('-regexp' if how == 'regexp' else ''),
                                     values[what, how][0 if choices[choice] else 1]]
                            given[what].append(choices[choice])
                    r = world.lazaret('verify-blob', world.message, '--bundle', bundle, '--trusted-root', root, '--offline', *args)
                    complete = all(given.values())
                    want = 2 if not complete else 0 if all(sum(given.values(), [])) else 1
                    assert r.returncode == want, (args, r.stderr)


# Attestations and images

@pytest.mark.parametrize('log, kind', [(1, 'dsse'), (2, 'hashedrekord')])
def test_attested_blob(world, log, kind):
    """Rekor 1 logs the envelope, Rekor 2 the digest of what is signed of it."""
    predicate, bundle = world.folder / 'predicate', world.folder / 'attestation.json'
    predicate.write_text('{"buildType": "x"}')
    root = world.s.trusted_root()
    r = world.lazaret('attest-blob', world.message, '--predicate', predicate, '--type', 'https://example.org/p/v1', '--bundle', bundle,
                      *world.services(log=log), '--trusted-root', root)
    assert r.returncode == 0, r.stderr
    doc = json.loads(bundle.read_text())
    assert [e['kindVersion']['kind'] for e in material(doc)['tlogEntries']] == [kind]
    who = ['--certificate-identity', WHO, '--certificate-oidc-issuer', world.s.issuer.url, '--trusted-root', root, '--offline']
    world.s.stop()

    def verify(path, *args):
        return world.lazaret('verify-blob-attestation', world.message, '--bundle', path, *who, *args).returncode
    assert verify(bundle, '--type', 'https://example.org/p/v1') == 0
    assert verify(bundle, '--type', 'slsaprovenance') == 1

    def payload(doc):
        text = base64.b64decode(doc['dsseEnvelope']['payload']).replace(b'"x"', b'"y"')
        doc['dsseEnvelope']['payload'] = b64(text)
    assert verify(changed(bundle, payload), '--type', 'https://example.org/p/v1') == 1


def test_an_envelopes_entry_of_another_envelope(world):
    predicate = world.folder / 'predicate'
    for n in (1, 2):
        predicate.write_text('{"n": %d}' % n)
        r = world.lazaret('attest-blob', world.message, '--predicate', predicate, '--type', 'custom', '--bundle', world.folder / f'{n}.json',
                          *world.services(log=1))
        assert r.returncode == 0, r.stderr
    entries = material(json.loads((world.folder / '2.json').read_text()))['tlogEntries']

    def replay(doc):
        material(doc)['tlogEntries'] = entries
    r = world.lazaret('verify-blob-attestation', world.message, '--bundle', changed(world.folder / '1.json', replay), '--type', 'custom',
                      '--certificate-identity', WHO, '--certificate-oidc-issuer', world.s.issuer.url, '--trusted-root',
                      world.s.trusted_root(), '--offline')
    assert r.returncode == 1, r.stderr


@pytest.fixture
def image(world):
    layout = images.Layout(world.folder / 'image')
    layout.image([{'etc/os-release': images.OS_RELEASE}], tag='1')
    return f'oci:{layout.folder}:1'


@pytest.mark.parametrize('log', [1, 2])
@pytest.mark.parametrize('form', ['bundle', 'cosign'])
def test_image(world, image, log, form):
    """Both forms of signatures; the older one has no place for the proofs of Rekor 2, and lives by its timestamp."""
    root = world.s.trusted_root()
    r = world.lazaret('sign', image, '--format', form, *world.services(log=log), '--trusted-root', root)
    assert r.returncode == 0, r.stderr
    world.s.stop()
    who = ['--certificate-identity', WHO, '--certificate-oidc-issuer', world.s.issuer.url, '--trusted-root', root, '--offline']
    no_log = ['--insecure-ignore-tlog'] if form == 'cosign' and log == 2 else []
    r = world.lazaret('verify', image, *who, *no_log)
    assert r.returncode == 0, r.stderr
    assert world.lazaret('verify', image, *who[:1], 'https://ci.example/other', *who[2:], *no_log).returncode == 1


def test_image_attestation(world, image):
    predicate, root = world.folder / 'predicate', world.s.trusted_root()
    predicate.write_text('{}')
    r = world.lazaret('attest', image, '--predicate', predicate, '--type', 'slsaprovenance1', *world.services(log=1), '--trusted-root', root)
    assert r.returncode == 0, r.stderr
    who = ['--certificate-identity', WHO, '--certificate-oidc-issuer', world.s.issuer.url, '--trusted-root', root, '--offline']
    assert world.lazaret('verify-attestation', image, *who, '--type', 'slsaprovenance1').returncode == 0
    assert world.lazaret('verify-attestation', image, *who, '--type', 'spdx').returncode == 1
    assert world.lazaret('verify', image, *who).returncode == 1      # an attestation is no signature
