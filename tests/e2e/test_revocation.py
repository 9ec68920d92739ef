"""Revocation and timestamps against what openssl and python3-cryptography say, served on loopback."""
import datetime
import http.server
import os
import pathlib
import shutil
import socketserver
import subprocess
import sys
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID as AIA, ExtendedKeyUsageOID as EKU

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DRIVER = pathlib.Path(os.environ.get('LAZARET', ROOT / 'build/lazaret')).parent / 'trust-driver'
sys.path.insert(0, str(ROOT / 'tests/data/trust/certs'))
from make import Party, cn, usage  # noqa: E402

pytestmark = pytest.mark.skipif(not DRIVER.exists() or not shutil.which('openssl'), reason='needs trust-driver and openssl')
PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER
NOW = int(time.time())


def at(seconds):
    return datetime.datetime.utcfromtimestamp(NOW + seconds)


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


@pytest.fixture
def web():
    """routes: path to bytes, or to a function of the request's body."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self):
            body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
            what = web.routes.get(self.path)
            web.seen.append(self.path)
            if callable(what):
                what = what(body)
            self.send_response(404 if what is None else 200)
            self.end_headers()
            try:
                self.wfile.write(what or b'')
            except BrokenPipeError:  # a client that waits no longer
                pass

        do_GET = do_POST = answer

        def log_message(self, *args):
            pass

    web = Server(('127.0.0.1', 0), Handler)
    web.routes, web.seen = {}, []
    web.url = f'http://127.0.0.1:{web.server_port}'
    threading.Thread(target=web.serve_forever, args=(0.02,), daemon=True).start()
    yield web
    web.shutdown()
    web.server_close()


def aia(url):
    return (x509.AuthorityInformationAccess([x509.AccessDescription(AIA.OCSP, x509.UniformResourceIdentifier(url))]), False)


def points(*urls, kind=x509.CRLDistributionPoints, **more):
    return (kind([x509.DistributionPoint(full_name=[x509.UniformResourceIdentifier(u)], relative_name=None, reasons=more.get('reasons'),
                                         crl_issuer=more.get('crl_issuer')) for u in urls]), False)


class Chain:
    def __init__(self, folder, *more, ca_usage=None):
        self.folder = folder
        self.ca = Party(cn('CA'), ca=True, key_usage=ca_usage)
        self.leaf = Party(cn('leaf'), self.ca, more=more)
        self.file = folder / 'chain.pem'
        self.file.write_bytes(self.leaf.pem() + self.ca.pem())

    def ask(self, crl_dir='-', cache='-', network='online', signing_time=0, now=NOW):
        out = subprocess.run([DRIVER, 'revocation', self.file, str(now), str(crl_dir), str(cache), network, str(signing_time)],
                             capture_output=True, text=True, timeout=60, check=True).stdout
        code, _, text = out.strip().partition(' ')
        return int(code), text

    def response(self, status='good', signer=None, key=None, this=-60, until=3600, cert=None, certs=None, alg=hashes.SHA1()):
        """An OCSP response."""
        revoked = status == 'revoked'
        b = ocsp.OCSPResponseBuilder().add_response(
            cert=cert or self.leaf.cert, issuer=self.ca.cert, algorithm=alg,
            cert_status={'good': ocsp.OCSPCertStatus.GOOD, 'revoked': ocsp.OCSPCertStatus.REVOKED, 'unknown': ocsp.OCSPCertStatus.UNKNOWN}[status],
            this_update=at(this), next_update=until and at(until), revocation_time=at(-100) if revoked else None, revocation_reason=None)
        signer = signer or self.ca
        b = b.responder_id(ocsp.OCSPResponderEncoding.HASH, signer.cert)
        if certs:
            b = b.certificates([c.cert for c in certs])
        return b.sign(key or signer.key, hashes.SHA256()).public_bytes(DER)

    def crl(self, revoked=False, signer=None, this=-60, until=3600, number=1, delta=None, more=(), reason=None, invalid=None, name=None):
        b = x509.CertificateRevocationListBuilder().issuer_name(name or self.ca.subject).last_update(at(this)).next_update(at(until))
        b = b.add_extension(x509.CRLNumber(number), False)
        if delta is not None:
            b = b.add_extension(x509.DeltaCRLIndicator(delta), True)
        for extension, critical in more:
            b = b.add_extension(extension, critical)
        for serial in [12345] + ([self.leaf.cert.serial_number] if revoked else []):
            r = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at(-1000))
            if reason and serial != 12345:
                r = r.add_extension(x509.CRLReason(reason), False)
            if invalid and serial != 12345:
                r = r.add_extension(x509.InvalidityDate(at(invalid)), False)
            b = b.add_revoked_certificate(r.build())
        return b.sign((signer or self.ca).key, hashes.SHA256()).public_bytes(DER)


def test_nobody_to_ask(tmp_path):
    assert Chain(tmp_path).ask()[0] == 1


def test_openssl_responder(tmp_path, web):
    """openssl reads our question and answers it."""
    chain = Chain(tmp_path, aia(web.url + '/ocsp'))
    for name, party in ('ca', chain.ca), ('leaf', chain.leaf):
        (tmp_path / f'{name}.pem').write_bytes(party.pem())
        (tmp_path / f'{name}.key').write_bytes(party.key_pem())
    serial = f'{chain.leaf.cert.serial_number:X}'
    serial = serial if len(serial) % 2 == 0 else '0' + serial

    def answer(body):
        (tmp_path / 'request').write_bytes(body)
        subprocess.run(['openssl', 'ocsp', '-index', 'index', '-CA', 'ca.pem', '-rsigner', 'ca.pem', '-rkey', 'ca.key', '-reqin', 'request',
                        '-respout', 'response', '-nmin', '5'], cwd=tmp_path, capture_output=True, check=True)
        return (tmp_path / 'response').read_bytes()

    web.routes['/ocsp'] = answer
    for line, want in (('V\t491231235959Z\t\t', 1), ('R\t491231235959Z\t250101000000Z\t', 0)):
        (tmp_path / 'index').write_text(f'{line}{serial}\tunknown\t/C=CH/O=Lazaret tests/CN=leaf\n')
        code, text = chain.ask(now=int(time.time()))
        assert code == want, text
    assert "'CN=leaf,O=Lazaret tests,C=CH' was revoked at 2025-01-01T00:00:00Z" in text
    (tmp_path / 'index').write_text('')
    code, text = chain.ask(now=int(time.time()))
    assert code < 0 and 'does not know' in text


@pytest.mark.parametrize('kwargs, want, why', [
    ({}, 1, ''),
    ({'alg': hashes.SHA256()}, 1, ''),
    ({'until': None}, 1, ''),
    ({'status': 'revoked'}, 0, 'was revoked'),
    ({'status': 'unknown'}, -1, 'does not know'),
    ({'this': -7200, 'until': -3600}, -1, 'too old'),
    ({'this': -100000, 'until': None}, -1, 'too old'),
    ({'this': 3600, 'until': 7200}, -1, 'later time'),
    ({'signer': 'delegate'}, 1, ''),
    ({'signer': 'delegate', 'status': 'revoked'}, 0, 'was revoked'),
    ({'signer': 'no-eku'}, -1, 'nobody whom the issuer trusts'),
    ({'signer': 'foreign'}, -1, 'nobody whom the issuer trusts'),
    ({'signer': 'expired'}, -1, 'nobody whom the issuer trusts'),
    ({'signer': 'leaf'}, -1, 'nobody whom the issuer trusts'),
    ({'cert': 'other'}, -1, 'another certificate'),
])
def test_ocsp(tmp_path, web, kwargs, want, why):
    chain = Chain(tmp_path, aia(web.url + '/ocsp'))
    foreign = Party(cn('CA'), ca=True)
    nocheck = [(x509.OCSPNoCheck(), False)]
    parties = {'delegate': lambda: Party(cn('responder'), chain.ca, eku=[EKU.OCSP_SIGNING], more=nocheck),
               'no-eku': lambda: Party(cn('responder'), chain.ca, more=nocheck),
               'foreign': lambda: Party(cn('responder'), foreign, eku=[EKU.OCSP_SIGNING], more=nocheck),
               'expired': lambda: Party(cn('responder'), chain.ca, eku=[EKU.OCSP_SIGNING], validity=(at(-9000000), at(-1000000))),
               'leaf': lambda: chain.leaf}
    kwargs = dict(kwargs)
    if 'signer' in kwargs:
        kwargs['signer'] = parties[kwargs['signer']]()
        kwargs['certs'] = [kwargs['signer']]
    if 'cert' in kwargs:
        kwargs['cert'] = Party(cn('other'), chain.ca).cert
    web.routes['/ocsp'] = chain.response(**kwargs)
    code, text = chain.ask()
    assert (code if code >= 0 else -1) == want and why in text, (code, text)


def test_ocsp_responder_revoked(tmp_path, web):
    chain = Chain(tmp_path, aia(web.url + '/ocsp'))
    delegate = Party(cn('responder'), chain.ca, eku=[EKU.OCSP_SIGNING], more=[points(web.url + '/crl')])
    web.routes['/ocsp'] = chain.response(signer=delegate, certs=[delegate])
    code, text = chain.ask()
    assert code < 0 and "responder's own certificate" in text
    web.routes['/crl'] = chain.crl()
    assert chain.ask()[0] == 1
    chain_of_delegate = Chain.__new__(Chain)
    chain_of_delegate.ca, chain_of_delegate.leaf = chain.ca, delegate
    web.routes['/crl'] = chain_of_delegate.crl(revoked=True)
    code, text = chain.ask()
    assert code < 0 and 'is revoked' in text


@pytest.mark.parametrize('kwargs, want, why', [
    ({}, 1, ''),
    ({'revoked': True}, 0, 'was revoked'),
    ({'revoked': True, 'reason': x509.ReasonFlags.certificate_hold}, 0, 'was revoked'),
    ({'this': -7200, 'until': -3600}, -1, 'too old'),
    ({'this': 3600, 'until': 7200}, -1, 'later time'),
    ({'signer': 'foreign'}, -1, 'signature does not hold'),
    ({'name': cn('other')}, -1, 'another issuer'),
    ({'delta': 1}, -1, 'delta CRL'),
    ({'more': 'indirect'}, -1, 'indirect'),
    ({'more': 'reasons'}, -1, 'reasons'),
    ({'more': 'ca'}, -1, 'other certificates'),
    ({'more': 'user'}, 1, ''),
    ({'more': 'point'}, 1, ''),
    ({'more': 'other-point'}, -1, 'other certificates'),
    ({'more': 'critical'}, -1, 'critical extension'),
])
def test_crl(tmp_path, web, kwargs, want, why):
    chain = Chain(tmp_path, points('ldap://127.0.0.1/x', web.url + '/crl'))

    def idp(url=None, user=False, ca=False, reasons=None, indirect=False):
        return (x509.IssuingDistributionPoint(
            full_name=[x509.UniformResourceIdentifier(url)] if url else None, relative_name=None, only_contains_user_certs=user,
            only_contains_ca_certs=ca, only_some_reasons=reasons, indirect_crl=indirect, only_contains_attribute_certs=False), True)
    more = {'indirect': idp(web.url + '/crl', indirect=True), 'reasons': idp(web.url + '/crl', reasons=frozenset([x509.ReasonFlags.key_compromise])),
            'ca': idp(web.url + '/crl', ca=True), 'user': idp(web.url + '/crl', user=True), 'point': idp(web.url + '/crl'),
            'other-point': idp(web.url + '/other'),
            'critical': (x509.UnrecognizedExtension(x509.ObjectIdentifier('1.2.3.4'), b'\5\0'), True)}
    kwargs = dict(kwargs)
    if 'more' in kwargs:
        kwargs['more'] = [more[kwargs['more']]]
    if 'signer' in kwargs:
        kwargs['signer'] = Party(cn('CA'), ca=True)
    web.routes['/crl'] = chain.crl(**kwargs)
    code, text = chain.ask()
    assert (code if code >= 0 else -1) == want and why in text, (code, text)


def test_crl_issuer_must_be_allowed(tmp_path, web):
    chain = Chain(tmp_path, points(web.url + '/crl'), ca_usage=usage(key_cert_sign=True))
    web.routes['/crl'] = chain.crl()
    code, text = chain.ask()
    assert code < 0 and 'may not sign CRLs' in text


def test_partial_points(tmp_path, web):
    chain = Chain(tmp_path, points(web.url + '/crl', reasons=frozenset([x509.ReasonFlags.key_compromise])))
    web.routes['/crl'] = chain.crl()
    code, text = chain.ask()
    assert code < 0 and 'indirect or of some reasons' in text


def test_ocsp_then_crl(tmp_path, web):
    """A responder that fails is no answer: the list is asked. Revoked wins over unknown."""
    chain = Chain(tmp_path, aia(web.url + '/ocsp'), points(web.url + '/crl'))
    code, text = chain.ask()
    assert code < 0 and 'CRL ' in text and '404' in text
    web.routes['/crl'] = chain.crl()
    assert chain.ask()[0] == 1
    web.routes['/crl'] = chain.crl(revoked=True)
    assert chain.ask()[0] == 0
    web.seen.clear()
    web.routes['/ocsp'] = chain.response()
    assert chain.ask()[0] == 1 and web.seen == ['/ocsp']


def test_revoked_wins_over_unknown(tmp_path, web):
    root = Party(cn('root'), ca=True)
    mid = Party(cn('CA'), root, ca=True, more=[points(web.url + '/mid')])
    chain = Chain(tmp_path)
    chain.ca, chain.leaf = mid, Party(cn('leaf'), mid, more=[points(web.url + '/leaf')])
    chain.file.write_bytes(chain.leaf.pem() + mid.pem() + root.pem())
    above = Chain.__new__(Chain)
    above.ca, above.leaf = root, mid
    web.routes['/mid'] = above.crl(revoked=True)
    assert chain.ask()[0] == 0
    web.routes['/mid'] = above.crl()
    assert chain.ask()[0] < 0
    web.routes['/leaf'] = chain.crl()
    assert chain.ask()[0] == 1


def test_delta(tmp_path, web):
    freshest = points(web.url + '/delta', kind=x509.FreshestCRL)
    chain = Chain(tmp_path, points(web.url + '/crl'))

    def case(base, delta):
        web.routes['/crl'] = chain.crl(more=[freshest], number=5, **base)
        web.routes['/delta'] = delta
        return chain.ask()
    assert case({}, None)[0] < 0
    assert case({'revoked': True}, None)[0] == 0
    assert case({}, chain.crl(number=6, delta=5))[0] == 1
    assert case({}, chain.crl(number=6, delta=5, revoked=True))[0] == 0
    assert case({'revoked': True}, chain.crl(number=6, delta=5, revoked=True, reason=x509.ReasonFlags.remove_from_crl))[0] == 1
    code, text = case({}, chain.crl(number=7, delta=6))
    assert code < 0 and 'does not belong' in text
    assert case({}, chain.crl(number=6, delta=5, this=-7200, until=-3600))[0] < 0


def test_invalidity_date(tmp_path, web):
    """Of a signing authority: what it signed before the key was lost stands; nobody else may say when it signed."""
    chain = Chain(tmp_path, points(web.url + '/crl'))
    web.routes['/crl'] = chain.crl(revoked=True, invalid=-2000)
    assert chain.ask(signing_time=NOW - 3000)[0] == 1
    assert chain.ask(signing_time=NOW - 1500)[0] == 0
    assert chain.ask()[0] == 0
    web.routes['/crl'] = chain.crl(revoked=True)
    assert chain.ask(signing_time=NOW - 3000)[0] == 0


def test_files(tmp_path, web):
    """An air gap: the folder answers, and the network is not touched."""
    chain = Chain(tmp_path, aia(web.url + '/ocsp'), points(web.url + '/crl'))
    folder = tmp_path / 'crls'
    assert chain.ask(crl_dir=folder)[0] < 0  # not there
    folder.mkdir()
    code, text = chain.ask(crl_dir=folder, network='offline')
    assert code < 0 and 'offline' in text
    (folder / 'a.crl').write_bytes(chain.crl())
    assert chain.ask(crl_dir=folder, network='offline')[0] == 1
    pem = x509.load_der_x509_crl(chain.crl(revoked=True, this=-30)).public_bytes(PEM)
    (folder / 'b.crl').write_bytes(pem)  # newer
    assert chain.ask(crl_dir=folder, network='offline')[0] == 0
    (folder / 'a.crl').unlink()
    assert chain.ask(crl_dir=folder, network='offline', now=NOW + 7200)[0] < 0  # of yesterday
    (folder / 'c.crl').write_text('nonsense')
    code, text = chain.ask(crl_dir=folder, network='offline')
    assert code < 0 and 'c.crl' in text
    assert web.seen == []


def test_cache(tmp_path, web):
    chain = Chain(tmp_path, points(web.url + '/crl'))
    cache = tmp_path / 'cache'
    web.routes['/crl'] = chain.crl()
    assert chain.ask(cache=cache)[0] == 1 and len(list(cache.glob('*.crl'))) == 1
    assert chain.ask(cache=cache, network='offline')[0] == 1
    assert chain.ask(cache=cache)[0] == 1 and web.seen == ['/crl']
    next(cache.glob('*.crl')).write_bytes(b'nonsense')
    assert chain.ask(cache=cache, network='offline')[0] < 0
    web.routes['/crl'] = chain.crl(revoked=True)
    assert chain.ask(cache=cache)[0] == 0
    assert chain.ask(cache=cache, network='offline')[0] == 0


def test_cache_that_cannot_be_written(tmp_path, web):
    """GHSA-45v3-38pc-874v: neither does the verification fail, nor is it passed over."""
    chain = Chain(tmp_path, points(web.url + '/crl'))
    (tmp_path / 'file').write_text('')
    for revoked, want in (False, 1), (True, 0):
        web.routes['/crl'] = chain.crl(revoked=revoked)
        for cache in '/proc/nowhere', tmp_path / 'file', tmp_path / 'file/below':
            assert chain.ask(cache=cache)[0] == want


def test_slow_responder(tmp_path, web):
    chain = Chain(tmp_path, aia(web.url + '/ocsp'))
    web.routes['/ocsp'] = lambda body: time.sleep(3) or chain.response()
    start = time.monotonic()
    assert chain.ask()[0] < 0 and time.monotonic() - start < 2.9


def test_openssl_crl(tmp_path):
    """openssl ca makes the list."""
    chain = Chain(tmp_path)
    (tmp_path / 'ca.pem').write_bytes(chain.ca.pem())
    (tmp_path / 'ca.key').write_bytes(chain.ca.key_pem())
    (tmp_path / 'leaf.pem').write_bytes(chain.leaf.pem())
    (tmp_path / 'index').write_text('')
    (tmp_path / 'number').write_text('01')
    (tmp_path / 'conf').write_text('[ca]\ndefault_ca=d\n[d]\ndatabase=index\ncrlnumber=number\ndefault_md=sha256\ndefault_crl_days=1\n'
                                   'certificate=ca.pem\nprivate_key=ca.key\n')
    (tmp_path / 'crls').mkdir()

    def openssl(*args):
        subprocess.run(['openssl', 'ca', '-config', 'conf', *args], cwd=tmp_path, capture_output=True, check=True)
    openssl('-gencrl', '-out', 'crls/ca.crl')
    later = int(time.time()) + 1
    assert chain.ask(crl_dir=tmp_path / 'crls', network='offline', now=later)[0] == 1
    openssl('-revoke', 'leaf.pem', '-crl_reason', 'keyCompromise')
    openssl('-gencrl', '-out', 'crls/ca.crl')
    assert chain.ask(crl_dir=tmp_path / 'crls', network='offline', now=later)[0] == 0


def test_timestamp_authority(tmp_path):
    """openssl answers our question, and verifies the token that we cut out of its answer."""
    root = Party(cn('TSA root'), ca=True)
    tsa = Party(cn('TSA'), root, eku=[EKU.TIME_STAMPING])
    for name, data in {'root.pem': root.pem(), 'tsa.pem': tsa.pem(), 'tsa.key': tsa.key_pem(), 'message': b'a message', 'serial': b'01',
                       'conf': b'[tsa]\ndefault_tsa=t\n[t]\nserial=serial\nsigner_cert=tsa.pem\nsigner_key=tsa.key\ncerts=root.pem\n'
                               b'signer_digest=sha256\ndefault_policy=1.2.3.4\ndigests=sha384\naccuracy=secs:1\ness_cert_id_alg=sha256\n'}.items():
        (tmp_path / name).write_bytes(data)

    def run(*args):
        return subprocess.run([str(a) for a in args], cwd=tmp_path, capture_output=True, timeout=60)
    r = run(DRIVER, 'ts-request', 'message', 'nonce')
    assert r.returncode == 0, r.stderr
    (tmp_path / 'request').write_bytes(r.stdout)
    r = run('openssl', 'ts', '-reply', '-config', 'conf', '-section', 't', '-queryfile', 'request', '-out', 'response')
    assert r.returncode == 0, r.stderr
    r = run(DRIVER, 'ts-token', 'message', 'nonce', 'response')
    assert r.returncode == 0, r.stderr
    (tmp_path / 'token').write_bytes(r.stdout)
    r = run('openssl', 'ts', '-verify', '-in', 'token', '-token_in', '-queryfile', 'request', '-CAfile', 'root.pem')
    assert r.returncode == 0, r.stderr
    code, stamped = run(DRIVER, 'ts-verify', 'message', 'response', 'root.pem').stdout.decode().split(maxsplit=1)
    assert code == '1' and abs(int(stamped) - time.time()) < 60
    (tmp_path / 'nonce').write_bytes(b'12345678')
    r = run(DRIVER, 'ts-token', 'message', 'nonce', 'response')
    assert r.returncode == 1 and b'another request' in r.stderr
