"""Images from a real registry (Debian's docker-registry): anonymous, htpasswd, TLS with an own CA, client certificates, a
token service, mirrors, and a network between that breaks."""
import base64
import contextlib
import hashlib
import http.client
import http.server
import json
import os
import random
import shutil
import socket
import subprocess
import threading
import time
import urllib.parse

import pytest

import images

STATUS = 'var/lib/dpkg/status'
USER, PASSWORD = 'tester', 'correct horse'

pytestmark = pytest.mark.skipif(not shutil.which('docker-registry') or not shutil.which('skopeo'),
                                reason='docker-registry or skopeo is not installed')


def run(*args, **kw):
    return subprocess.run(list(map(str, args)), check=True, capture_output=True, timeout=120, **kw).stdout


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def registry(folder, address='127.0.0.1', auth=None, tls=None):
    """Runs docker-registry; gives its port."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    config = {'version': '0.1', 'log': {'level': 'error', 'accesslog': {'disabled': True}},
              'storage': {'filesystem': {'rootdirectory': str(folder / 'storage')}, 'delete': {'enabled': True}},
              'http': {'addr': f'{address}:{port}', **({'tls': tls} if tls else {})}, **({'auth': auth} if auth else {})}
    (folder / 'config.yml').write_text(json.dumps(config))
    with open(folder / 'log', 'wb') as log:
        p = subprocess.Popen(['docker-registry', 'serve', folder / 'config.yml'], stdout=log, stderr=log)
        try:
            for _ in range(200):
                with socket.socket() as s:
                    if s.connect_ex(('127.0.0.1', port)) == 0:
                        break
                assert p.poll() is None, (folder / 'log').read_text()
                time.sleep(0.05)
            yield port
        finally:
            p.terminate()
            p.wait(20)


@contextlib.contextmanager
def server(handler):
    """A Python HTTP server in a thread; gives its port."""
    s = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)
    t = threading.Thread(target=s.serve_forever, daemon=True)
    t.start()
    try:
        yield s.server_address[1]
    finally:
        s.shutdown()
        s.server_close()


class Quiet(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *args):
        pass

    def answer(self, status, body=b'', **headers):
        self.send_response(status)
        for k, v in {'Content-Length': len(body), **headers}.items():
            self.send_header(k.replace('_', '-'), str(v))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope='module')
def layout(tmp_path_factory):
    """Two layers, one of them of four megabytes that do not compress."""
    folder = tmp_path_factory.mktemp('image') / 'layout'
    made = images.Layout(folder)
    noise = random.Random(7).randbytes(4_000_000)
    made.image([{'etc/os-release': images.OS_RELEASE, STATUS: images.dpkg(libfoo=('1.1-1', 'foo'))},
                {'opt/noise': noise, STATUS: images.dpkg(libfoo=('1.1-1', 'foo'), bar='1.9')}], tag='1')
    return folder


def push(layout, port, *options, host='localhost', name='team/app:1'):
    run('skopeo', 'copy', '--insecure-policy', *options, f'oci:{layout}:1', f'docker://{host}:{port}/{name}')


def names(report):
    return sorted((p['name'], p['version']) for p in report['packages'])


def fails(lazaret, *args, **kw):
    """The message of a scan that must exit with 3."""
    r = lazaret('scan', '--format', 'json', *args, **kw)
    assert r.returncode == 3, r.stdout + r.stderr
    return r.stderr


EXPECTED = [('bar', '1.9'), ('libfoo', '1.1-1')]


@pytest.fixture(scope='module')
def plain(layout, tmp_path_factory):
    with registry(tmp_path_factory.mktemp('plain')) as port:
        push(layout, port, '--dest-tls-verify=false')
        yield port


def test_anonymous(lazaret, layout, plain):
    digest = json.loads((layout / 'index.json').read_text())['manifests'][0]['digest']
    for target in (f'localhost:{plain}/team/app:1', f'registry:127.0.0.1:{plain}/team/app:1', f'docker://localhost:{plain}/team/app:1',
                   f'localhost:{plain}/team/app@{digest}', f'localhost:{plain}/team/app:other@{digest}'):
        report = lazaret.scan('--no-cache', target)
        assert names(report) == EXPECTED
        assert report['image']['digest'] == digest


def test_missing(lazaret, plain):
    assert 'manifest nothing of team/app' in fails(lazaret, f'localhost:{plain}/team/app:nothing')
    assert 'has no manifest' in fails(lazaret, f'localhost:{plain}/no/such:1')
    assert 'sha256:' + '0' * 64 in fails(lazaret, f'localhost:{plain}/team/app@sha256:' + '0' * 64)
    assert 'registry localhost:1' in fails(lazaret, '--retries', '0', 'localhost:1/team/app:1')


def test_plain_http_elsewhere(lazaret, layout, tmp_path):
    """GHSA-85p9-j7c9-v4gr: no credentials on the wire in the clear."""
    addresses = subprocess.run(['hostname', '-I'], capture_output=True, text=True).stdout.split()
    address = next((a for a in addresses if ':' not in a), None)
    if not address:
        pytest.skip('this machine has no other address')
    with registry(tmp_path / 'registry', address='0.0.0.0') as port:
        push(layout, port, '--dest-tls-verify=false')
        fails(lazaret, '--retries', '0', f'{address}:{port}/team/app:1')
        assert names(lazaret.scan('--insecure-registry', f'{address}:{port}/team/app:1')) == EXPECTED


@pytest.fixture(scope='module')
def guarded(layout, tmp_path_factory):
    """A registry that wants a password."""
    if not shutil.which('htpasswd'):
        pytest.skip('htpasswd is not installed')
    folder = tmp_path_factory.mktemp('guarded')
    (folder / 'htpasswd').write_bytes(run('htpasswd', '-Bbn', USER, PASSWORD))
    with registry(folder, auth={'htpasswd': {'realm': 'test', 'path': str(folder / 'htpasswd')}}) as port:
        push(layout, port, '--dest-tls-verify=false', '--dest-creds', f'{USER}:{PASSWORD}')
        yield port


def config(port, password=PASSWORD, host='localhost', path=''):
    auth = base64.b64encode(f'{USER}:{password}'.encode()).decode()
    return json.dumps({'auths': {f'{host}:{port}{path}': {'auth': auth}}})


def write(path, text, mode=0o600):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def test_password(lazaret, guarded):
    """GHSA-6gxw-85q2-q646, GHSA-jp7v-3587-2956: no report holds what we signed in with."""
    target = f'localhost:{guarded}/team/app:1'
    assert '--password-stdin' in fails(lazaret, target)
    for password in ('wrong secret', ''):
        message = fails(lazaret, '--username', USER, '--password-stdin', target, input=password)
        assert 'refuses' in message or 'password' in message
        assert 'wrong secret' not in message
    report = lazaret.scan('--username', USER, '--password-stdin', target, input=PASSWORD + '\n')
    assert names(report) == EXPECTED and PASSWORD not in json.dumps(report)


@pytest.mark.parametrize('where', ['home/.docker/config.json', 'run/containers/auth.json', 'home/.config/containers/auth.json'])
def test_password_from_file(lazaret, guarded, tmp_path, where):
    target = f'localhost:{guarded}/team/app:1'
    write(tmp_path / where, config(guarded, path='/team' if 'run' in where else ''))
    assert names(lazaret.scan(target)) == EXPECTED
    write(tmp_path / where, config(guarded, password='wrong secret'))
    message = fails(lazaret, target)
    assert where in message and 'wrong secret' not in message


def test_password_from_environment(lazaret, guarded, tmp_path):
    target = f'localhost:{guarded}/team/app:1'
    assert names(lazaret.scan(target, env={'DOCKER_AUTH_CONFIG': config(guarded)})) == EXPECTED
    write(tmp_path / 'there/config.json', config(guarded))
    assert names(lazaret.scan('--no-cache', target, env={'DOCKER_CONFIG': str(tmp_path / 'there')})) == EXPECTED
    assert names(lazaret.scan('--no-cache', target, env={'REGISTRY_AUTH_FILE': str(tmp_path / 'there/config.json')})) == EXPECTED


def test_credential_helper(lazaret, guarded, tmp_path):
    target = f'localhost:{guarded}/team/app:1'
    write(tmp_path / 'bin/docker-credential-e2e', '#!/bin/sh\nread -r server\n[ "$1" = get ] || exit 1\n'
          f'[ "$server" = localhost:{guarded} ] || {{ echo credentials not found; exit 1; }}\n'
          f'echo \'{{"ServerURL":"x","Username":"{USER}","Secret":"{PASSWORD}"}}\'\n', 0o700)
    path = {'PATH': f'{tmp_path}/bin:{os.environ["PATH"]}'}
    for text in ({'credsStore': 'e2e'}, {'credHelpers': {f'localhost:{guarded}': 'e2e'}}):
        write(tmp_path / 'home/.docker/config.json', json.dumps(text))
        assert names(lazaret.scan('--no-cache', target, env=path)) == EXPECTED
        assert 'docker-credential-e2e' in fails(lazaret, target)        # not in PATH


# TLS

@pytest.fixture(scope='module')
def ca(tmp_path_factory):
    """An authority, a server's and a client's certificate."""
    d = tmp_path_factory.mktemp('ca')
    run('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30', '-subj', '/CN=Test CA',
        '-keyout', d / 'ca.key', '-out', d / 'ca.crt')
    for name, extra in (('server', 'subjectAltName=DNS:localhost,IP:127.0.0.1'), ('client', 'extendedKeyUsage=clientAuth')):
        (d / f'{name}.ext').write_text(extra)
        run('openssl', 'req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', f'/CN={name}',
            '-keyout', d / f'{name}.key', '-out', d / f'{name}.csr')
        run('openssl', 'x509', '-req', '-in', d / f'{name}.csr', '-CA', d / 'ca.crt', '-CAkey', d / 'ca.key', '-CAcreateserial', '-days', '30',
            '-extfile', d / f'{name}.ext', '-out', d / f'{name}.crt')
    return d


def trust(tmp_path, ca, port, client=False):
    d = tmp_path / f'home/.config/containers/certs.d/localhost:{port}'
    d.mkdir(parents=True, exist_ok=True)
    shutil.copy(ca / 'ca.crt', d)
    if client:
        shutil.copy(ca / 'client.crt', d / 'client.cert')
        shutil.copy(ca / 'client.key', d / 'client.key')
    return d


def test_tls(lazaret, layout, ca, tmp_path):
    tls = {'certificate': str(ca / 'server.crt'), 'key': str(ca / 'server.key')}
    with registry(tmp_path / 'registry', tls=tls) as port:
        push(layout, port, '--dest-cert-dir', trust(tmp_path / 'for-skopeo', ca, port))
        target = f'localhost:{port}/team/app:1'
        assert 'certificate' in fails(lazaret, target)
        assert names(lazaret.scan('--insecure-registry', target)) == EXPECTED
        assert names(lazaret.scan('--no-cache', target, env={'SSL_CERT_FILE': str(ca / 'ca.crt')})) == EXPECTED
        trust(tmp_path, ca, port)
        assert names(lazaret.scan('--no-cache', target)) == EXPECTED
        # The folder is for this host and port only.
        assert 'certificate' in fails(lazaret, f'127.0.0.1:{port}/team/app:1')


def test_client_certificate(lazaret, layout, ca, tmp_path):
    tls = {'certificate': str(ca / 'server.crt'), 'key': str(ca / 'server.key'), 'clientcas': [str(ca / 'ca.crt')]}
    with registry(tmp_path / 'registry', tls=tls) as port:
        target = f'localhost:{port}/team/app:1'
        d = trust(tmp_path, ca, port)
        fails(lazaret, '--retries', '0', target)
        trust(tmp_path, ca, port, client=True)
        push(layout, port, '--dest-cert-dir', d)
        assert names(lazaret.scan(target)) == EXPECTED
        (d / 'client.key').unlink()
        assert 'client.key' in fails(lazaret, target)


# A token service

def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


class Tokens(Quiet):
    """Docker's token service: RS256, the certificate in x5c. The test sets the class attributes."""
    folder = port = None
    anonymous = False
    asked = []

    def token(self, access):
        certificate = run('openssl', 'x509', '-in', self.folder / 'token.crt', '-outform', 'DER')
        head = {'typ': 'JWT', 'alg': 'RS256', 'x5c': [base64.b64encode(certificate).decode()]}
        now = int(time.time())
        claims = {'iss': 'issuer', 'sub': USER, 'aud': 'service', 'exp': now + 300, 'nbf': now - 10, 'iat': now, 'jti': '1', 'access': access}
        text = b64(json.dumps(head).encode()) + '.' + b64(json.dumps(claims).encode())
        return text + '.' + b64(run('openssl', 'dgst', '-sha256', '-sign', self.folder / 'token.key', input=text.encode()))

    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        given = self.headers.get('Authorization')
        self.asked.append((query, given))
        wanted = 'Basic ' + base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()
        if (given and given != wanted) or (not given and not self.anonymous):
            return self.answer(401, b'{}')
        access = []
        for scope in query.get('scope', []):
            kind, name, actions = scope.split(':')
            access.append({'type': kind, 'name': name, 'actions': [a for a in actions.split(',') if a == 'pull' or given]})
        self.answer(200, json.dumps({'token': self.token(access), 'expires_in': 300}).encode())


@pytest.fixture
def tokens(layout, tmp_path):
    run('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', '-subj', '/CN=Tokens', '-keyout', tmp_path / 'token.key',
        '-out', tmp_path / 'token.crt')

    class Here(Tokens):
        folder, asked = tmp_path, []
    with server(Here) as port:
        auth = {'token': {'realm': f'http://localhost:{port}/token', 'service': 'service', 'issuer': 'issuer',
                          'rootcertbundle': str(tmp_path / 'token.crt')}}
        with registry(tmp_path / 'registry', auth=auth) as Here.port:
            push(layout, Here.port, '--dest-tls-verify=false', '--dest-creds', f'{USER}:{PASSWORD}')
            Here.asked.clear()
            yield Here


def test_token(lazaret, tokens):
    target = f'localhost:{tokens.port}/team/app:1'
    assert 'docker login' in fails(lazaret, target)
    message = fails(lazaret, '--username', USER, '--password-stdin', target, input='wrong secret')
    assert 'refuses the credentials' in message and 'wrong secret' not in message
    tokens.asked.clear()
    assert names(lazaret.scan('--username', USER, '--password-stdin', target, input=PASSWORD)) == EXPECTED
    assert [q['scope'] for q, _ in tokens.asked] == [['repository:team/app:pull']]     # one token for all of it
    tokens.anonymous = True
    tokens.asked.clear()
    assert names(lazaret.scan('--no-cache', target)) == EXPECTED
    assert [given for _, given in tokens.asked] == [None]


def test_token_service_elsewhere(lazaret, tokens):
    """The registry is asked as 127.0.0.1, its token service is localhost: credentials stay here. GHSA-jxpm-75mh-9fp7, GHSA-3p65-76g6-3w7r, GHSA-44f7-5fj5-h4px, GHSA-xcq4-m2r3-cmrj."""
    tokens.anonymous = True
    tokens.asked.clear()
    target = f'127.0.0.1:{tokens.port}/team/app:1'
    message = fails(lazaret, '--username', USER, '--password-stdin', target, input=PASSWORD)
    assert 'not of its domain' in message
    assert tokens.asked == []
    assert names(lazaret.scan(target)) == EXPECTED


# Mirrors

def test_mirrors(lazaret, layout, plain, guarded, tmp_path):
    there, gone = f'http://localhost:{plain}', f'http://localhost:{free_port()}'
    # Only the mirror has it; the registry itself does not exist.
    target = f'registry.invalid:{plain}/team/app:1'
    mirror = ('--registry-mirror', f'registry.invalid:{plain}={there}', '--retries', '0')
    assert names(lazaret.scan(*mirror, target)) == EXPECTED
    fails(lazaret, '--retries', '0', target)
    # A mirror that is gone, then the registry.
    assert names(lazaret.scan('--no-cache', '--retries', '0', '--registry-mirror', f'localhost:{plain}={gone}', f'localhost:{plain}/team/app:1')) == EXPECTED
    # A path before the repository.
    push(layout, plain, '--dest-tls-verify=false', name='hub/team/app:1')
    assert names(lazaret.scan('--no-cache', '--registry-mirror', f'docker.io={there}/hub', 'docker.io/team/app:1')) == EXPECTED
    # A mirror with a password of its own, from the file; what was given for the registry is not for it.
    target, mirror = 'registry.invalid/team/app:1', ('--registry-mirror', f'registry.invalid=http://localhost:{guarded}', '--retries', '0')
    fails(lazaret, *mirror, '--username', USER, '--password-stdin', target, input=PASSWORD)
    write(tmp_path / 'home/.docker/config.json', config(guarded))
    assert names(lazaret.scan('--no-cache', *mirror, target)) == EXPECTED


# A network that breaks

class Between(Quiet):
    """Passes requests on to a registry; `trouble(self, number)` may spoil one: it answers by itself and returns True, or
    returns a function that changes the body, or a number of bytes after which the connection is cut."""
    upstream = None
    trouble = staticmethod(lambda handler, number: None)
    lock = threading.Lock()
    seen = []

    def do_GET(self):
        with self.lock:
            self.seen.append((self.path, self.headers.get('Range')))
            number = len(self.seen)
        action = type(self).trouble(self, number)
        if action is True:
            return
        c = http.client.HTTPConnection('127.0.0.1', self.upstream, timeout=30)
        c.request('GET', self.path, headers={k: v for k, v in self.headers.items() if k.lower() != 'connection'})
        r = c.getresponse()
        body = r.read()
        self.send_response(r.status)
        for k, v in r.getheaders():
            if k.lower() not in ('connection', 'date', 'server'):
                self.send_header(k, v)
        self.end_headers()
        if callable(action):
            body = action(body)
        if isinstance(action, int) and action < len(body):
            body, self.close_connection = body[:action], True
        self.wfile.write(body)


@pytest.fixture
def between(plain):
    class Here(Between):
        upstream, seen = plain, []
    with server(Here) as Here.port:
        yield Here


def test_broken_download(lazaret, between):
    """Each answer to a request for a blob ends after 1.5 million bytes."""
    between.trouble = staticmethod(lambda h, n: 1_500_000 if '/blobs/' in h.path else None)
    assert names(lazaret.scan(f'localhost:{between.port}/team/app:1')) == EXPECTED
    ranges = [r for _, r in between.seen if r]
    assert 'bytes=1500000-' in ranges and 'bytes=3000000-' in ranges
    between.trouble = staticmethod(lambda h, n: 100 if '/blobs/' in h.path else None)
    assert 'broke off' in fails(lazaret, '--no-cache', '--retries', '1', f'localhost:{between.port}/team/app:1')


def test_overload(lazaret, between):
    def busy(h, n):
        if n in (2, 4, 6):
            h.answer(503 if n == 2 else 429, b'{}', Retry_After='1')
            return True
    between.trouble = staticmethod(busy)
    start = time.monotonic()
    assert names(lazaret.scan(f'localhost:{between.port}/team/app:1')) == EXPECTED
    assert time.monotonic() - start >= 2
    between.trouble = staticmethod(lambda h, n: h.answer(429, b'{}') or True if '/manifests/' in h.path else None)
    assert 'rate limit' in fails(lazaret, '--retries', '1', f'localhost:{between.port}/team/app:1')


def test_wrong_bytes(lazaret, between):
    def flip(body):
        return body[:-1] + bytes([body[-1] ^ 1])
    target = f'localhost:{between.port}/team/app:1'
    between.trouble = staticmethod(lambda h, n: flip if '/blobs/' in h.path else None)
    assert 'digest differs' in fails(lazaret, target)
    between.trouble = staticmethod(lambda h, n: flip if '/manifests/' in h.path else None)
    assert 'the registry calls the manifest' in fails(lazaret, target)


def test_redirect(lazaret, layout, guarded):
    """Blobs are elsewhere, as with most hosted registries: that host gets no password. GHSA-8xwf-rjm4-xvhv."""
    seen = []

    class Storage(Quiet):
        def do_GET(self):
            seen.append(dict(self.headers))
            self.answer(200, (layout / 'blobs/sha256' / self.path[1:]).read_bytes())

    class Front(Between):
        upstream = guarded

    with server(Storage) as storage, server(Front) as front:
        def away(h, n):
            if '/blobs/' in h.path and h.headers.get('Authorization'):
                h.answer(307, Location=f'http://127.0.0.1:{storage}/{h.path.rsplit(":")[-1]}')
                return True
        Front.trouble = staticmethod(away)
        target = f'localhost:{front}/team/app:1'
        assert names(lazaret.scan('--username', USER, '--password-stdin', target, input=PASSWORD)) == EXPECTED
    assert len(seen) == 3
    assert not any('authorization' in k.lower() for headers in seen for k in headers)


@pytest.mark.parametrize('variable', ['http_proxy', 'HTTP_PROXY'])
def test_proxy(lazaret, plain, variable):
    """A registry that only the proxy can reach; NO_PROXY keeps it out, and loopback never goes there."""
    class Proxy(Between):
        upstream, seen = plain, []

    with server(Proxy) as port:
        env, target = {variable: f'http://127.0.0.1:{port}'}, 'registry.invalid:5000/team/app:1'
        options = ('--no-cache', '--retries', '0', '--insecure-registry')
        assert names(lazaret.scan(*options, target, env=env)) == EXPECTED
        assert Proxy.seen and all(path.startswith('http://registry.invalid:5000/v2/') for path, _ in Proxy.seen)
        Proxy.seen.clear()
        fails(lazaret, *options, target, env={**env, 'NO_PROXY': 'registry.invalid'})
        assert names(lazaret.scan(*options, f'localhost:{plain}/team/app:1', env=env)) == EXPECTED
        assert Proxy.seen == []
