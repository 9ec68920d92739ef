"""A registry in memory with what Debian's lacks: the referrers API, conditional writes, tags that can be deleted. Tests bend it."""
import contextlib
import hashlib
import http.server
import json
import re
import threading
import urllib.parse
import uuid

INDEX = 'application/vnd.oci.image.index.v1+json'


class Store:
    """What it holds, and what was asked of it. `referrers`: the API is there; `conditional`: If-Match is obeyed."""

    def __init__(self, referrers=True, conditional=True):
        self.referrers, self.conditional = referrers, conditional
        self.blobs = {}         # (repository, digest) -> bytes
        self.manifests = {}     # (repository, digest) -> (bytes, media type)
        self.tags = {}          # (repository, tag) -> digest
        self.log = []           # (method, path, headers)
        self.refuse = {}        # method -> status
        self.authorization = None       # what everybody must send
        self.location = lambda url: url
        self.lock = threading.Lock()

    def list(self, repo, subject):
        out = []
        for (r, digest), (body, kind) in self.manifests.items():
            m = json.loads(body)
            if r == repo and m.get('subject', {}).get('digest') == subject:
                entry = {'mediaType': kind, 'digest': digest, 'size': len(body),
                         'artifactType': m.get('artifactType') or m.get('config', {}).get('mediaType')}
                out.append({**entry, **({'annotations': m['annotations']} if m.get('annotations') else {})})
        return out


def handler(store):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = 'HTTP/1.1'

        def log_message(self, *args):
            pass

        def answer(self, status, body=b'', kind='application/json', **headers):
            self.send_response(status)
            self.send_header('Content-Type', kind)
            self.send_header('Content-Length', str(len(body)))
            for k, v in headers.items():
                self.send_header(k.replace('_', '-'), v)
            self.end_headers()
            if self.command != 'HEAD':
                self.wfile.write(body)

        def run(self):
            body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
            path, _, query = self.path.partition('?')
            query = dict(urllib.parse.parse_qsl(query))
            store.log.append((self.command, self.path, dict(self.headers)))
            if store.authorization not in (None, self.headers.get('Authorization')):
                return self.answer(401, WWW_Authenticate='Basic realm="x"')
            if self.command in store.refuse:
                return self.answer(store.refuse[self.command], b'{"errors":[{"code":"UNSUPPORTED","message":"not here"}]}')
            with store.lock:
                for pattern, do in ((r'/v2/', self.ping), (r'/v2/(.+)/blobs/uploads/([^/]*)', self.upload), (r'/v2/(.+)/blobs/([^/]+)', self.blob),
                                    (r'/v2/(.+)/manifests/([^/]+)', self.manifest), (r'/v2/(.+)/referrers/([^/]+)', self.list)):
                    m = re.fullmatch(pattern, path)
                    if m:
                        return do(body, query, *m.groups())
            self.answer(404)

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = run

        def ping(self, body, query):
            self.answer(200)

        def upload(self, body, query, repo, session):
            if self.command == 'POST':
                have = store.blobs.get((query.get('from'), query.get('mount')))
                if have is not None:
                    store.blobs[repo, query['mount']] = have
                    return self.answer(201, Docker_Content_Digest=query['mount'])
                return self.answer(202, Location=store.location(f'/v2/{repo}/blobs/uploads/{uuid.uuid4()}?state=x'))
            digest = query['digest']
            if 'sha256:' + hashlib.sha256(body).hexdigest() != digest:
                return self.answer(400, b'{"errors":[{"code":"DIGEST_INVALID","message":"other bytes"}]}')
            store.blobs[repo, digest] = body
            self.answer(201, Docker_Content_Digest=digest)

        def blob(self, body, query, repo, digest):
            have = store.blobs.get((repo, digest))
            self.answer(404) if have is None else self.answer(200, have, 'application/octet-stream', Docker_Content_Digest=digest)

        def manifest(self, body, query, repo, name):
            digest = name if ':' in name else store.tags.get((repo, name))
            have = store.manifests.get((repo, digest))
            if self.command in ('GET', 'HEAD'):
                return self.answer(404) if have is None else self.answer(200, have[0], have[1], Docker_Content_Digest=digest, ETag=f'"{digest}"')
            if self.command == 'DELETE':
                if have is None:
                    return self.answer(404)
                for k in [k for k, v in store.tags.items() if k == (repo, name) or (k[0] == repo and v == name)]:
                    del store.tags[k]
                if ':' in name:
                    del store.manifests[repo, digest]
                return self.answer(202)
            match, none = self.headers.get('If-Match'), self.headers.get('If-None-Match')
            if store.conditional and ((match and match != f'"{digest}"') or (none == '*' and have is not None)):
                return self.answer(412)
            digest = 'sha256:' + hashlib.sha256(body).hexdigest()
            store.manifests[repo, digest] = (body, self.headers['Content-Type'])
            if ':' not in name:
                store.tags[repo, name] = digest
            subject = json.loads(body).get('subject')
            self.answer(201, Docker_Content_Digest=digest, **({'OCI_Subject': subject['digest']} if subject and store.referrers else {}))

        def list(self, body, query, repo, subject):
            if not store.referrers:
                return self.answer(404)
            self.answer(200, json.dumps({'schemaVersion': 2, 'mediaType': INDEX, 'manifests': store.list(repo, subject)}).encode(), INDEX)

    return Handler


@contextlib.contextmanager
def own_registry(store=None):
    """Gives (port, store)."""
    store = store or Store()
    s = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler(store))
    threading.Thread(target=s.serve_forever, daemon=True).start()
    try:
        yield s.server_address[1], store
    finally:
        s.shutdown()
        s.server_close()
