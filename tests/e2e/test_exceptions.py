"""What takes findings out of account (VEX, ignore files), and what speaks about findings (diff, explain, many targets)."""
import base64
import hashlib
import http.server
import io
import json
import re
import urllib.request
import zipfile

import pytest

import images
from test_registry import registry, run, server

STATUS = 'var/lib/dpkg/status'
PURL = 'pkg:deb/debian/libfoo'


@pytest.fixture
def world(lazaret, tmp_path):
    """A database, and two images: the second is newer."""
    feed = tmp_path / 'feed'
    feed.mkdir()
    (feed / 'debian.json').write_text(images.tracker(foo={'CVE-2026-0001': '1.2-1', 'CVE-2026-0002': None}, bar={'CVE-2026-0003': '2.0'},
                                                     new={'CVE-2026-0004': '9'}))
    assert lazaret('db', 'import', feed).returncode == 0
    lazaret.layout = images.Layout(tmp_path / 'image')
    lazaret.first = lazaret.layout.image([{'etc/os-release': images.OS_RELEASE, STATUS: images.dpkg(libfoo=('1.1-1', 'foo'), bar='1.9')}], tag='one')
    lazaret.layout.image([{'etc/os-release': images.OS_RELEASE, STATUS: images.dpkg(libfoo=('1.2-1', 'foo'), new='8')}], tag='two')
    return lazaret


def openvex(id='CVE-2026-0001', product=PURL, status='not_affected'):
    return {'@context': 'https://openvex.dev/ns/v0.2.0', '@id': 'x', 'author': 'a', 'timestamp': '2026-01-01T00:00:00Z', 'version': 1,
            'statements': [{'vulnerability': {'name': id}, 'products': [{'@id': product}], 'status': status,
                            'justification': 'vulnerable_code_not_present'}]}


def ids(report):
    return {f['id'] for f in report['findings']}


def test_vex_files(world, tmp_path):
    folder = tmp_path / 'vex'
    folder.mkdir()
    (folder / 'a.json').write_text(json.dumps(openvex()))
    (folder / 'b.json').write_text(json.dumps(openvex('CVE-2026-0003', 'pkg:deb/debian/other')))
    r = world.scan('--vex', folder, 'oci:image:one')
    assert ids(r) == {'CVE-2026-0002', 'CVE-2026-0003'}
    assert [w for w in r['warnings'] if 'b.json' in w and 'pkg:deb/debian/other' in w and '1 of 1' in w]
    assert not [w for w in r['warnings'] if 'a.json' in w]
    # What is suppressed does not deny.
    assert world('scan', '--allow-unknown', '--exit-code', '7', '--vex', folder / 'a.json', '-s', 'MEDIUM', 'oci:image:one').returncode == 7
    (folder / 'b.json').write_text(json.dumps(openvex('CVE-2026-0003', 'pkg:deb/debian/bar', 'fixed')))
    assert world('scan', '--allow-unknown', '--exit-code', '7', '--vex', folder, '-s', 'MEDIUM', 'oci:image:one').returncode == 0
    (folder / 'b.json').write_text('{}')
    r = world('scan', '--vex', folder, 'oci:image:one')
    assert r.returncode == 2 and 'b.json' in r.stderr and 'neither OpenVEX, CSAF nor CycloneDX' in r.stderr


def refer(layout, subject, body, kind, layer_type=None):
    """A manifest that refers to the subject, with one layer; its descriptor."""
    empty = layout.blob(b'{}', 'application/vnd.oci.empty.v1+json')
    layer = layout.blob(json.dumps(body).encode(), layer_type or kind)
    d = layout.blob(json.dumps({'schemaVersion': 2, 'mediaType': 'application/vnd.oci.image.manifest.v1+json', 'artifactType': kind, 'config': empty,
                                'layers': [layer], 'subject': subject}).encode(), 'application/vnd.oci.image.manifest.v1+json')
    return {**d, 'artifactType': kind}


def statement(subject, predicate):
    return {'_type': 'https://in-toto.io/Statement/v1', 'subject': [{'name': 'x', 'digest': {'sha256': subject['digest'].split(':')[1]}}],
            'predicateType': 'https://openvex.dev/ns', 'predicate': predicate}


def dsse(x):
    return {'payloadType': 'application/vnd.in-toto+json', 'payload': base64.b64encode(json.dumps(x).encode()).decode(), 'signatures': [{'sig': 'AA=='}]}


@pytest.mark.parametrize('kind,wrap', [
    ('application/vnd.openvex+json', lambda s, v: v),
    ('application/vnd.in-toto+json', statement),
    ('application/vnd.dsse.envelope.v1+json', lambda s, v: dsse(statement(s, v))),
    ('application/vnd.dev.sigstore.bundle.v0.3+json', lambda s, v: {'mediaType': 'application/vnd.dev.sigstore.bundle.v0.3+json',
                                                                   'dsseEnvelope': dsse(statement(s, v))}),
])
def test_vex_at_the_image(world, kind, wrap):
    world.layout.manifests.append(refer(world.layout, world.first, wrap(world.first, openvex()), kind))
    world.layout.write()
    assert ids(world.scan('oci:image:one')) == {'CVE-2026-0001', 'CVE-2026-0002', 'CVE-2026-0003'}
    assert ids(world.scan('--vex', 'oci', 'oci:image:one')) == {'CVE-2026-0002', 'CVE-2026-0003'}


def test_vex_about_another_image(world):
    other = {'digest': 'sha256:' + '0' * 64}
    world.layout.manifests.append(refer(world.layout, world.first, statement(other, openvex()), 'application/vnd.in-toto+json'))
    world.layout.manifests.append(refer(world.layout, world.first, {'SPDXID': 'no VEX'}, 'application/vnd.in-toto+json'))
    world.layout.write()
    r = world.scan('--vex', 'oci', 'oci:image:one')
    assert len(ids(r)) == 3 and [w for w in r['warnings'] if 'referrer sha256:' in w]
    world.layout.manifests.append(refer(world.layout, world.first, {'broken': 1}, 'application/vnd.openvex+json'))
    world.layout.write()
    r = world('scan', '--vex', 'oci', 'oci:image:one')
    assert r.returncode == 3 and 'referrer sha256:' in r.stderr


def put(port, path, body, kind):
    urllib.request.urlopen(urllib.request.Request(f'http://127.0.0.1:{port}{path}', body, {'Content-Type': kind}, method='PUT')).read()


def test_vex_in_a_registry(world, tmp_path):
    """A registry without the referrers API: the tag in its place. One with it: a page in front of the same registry."""
    artifact = refer(world.layout, world.first, openvex(), 'application/vnd.openvex+json')
    blobs = tmp_path / 'image/blobs/sha256'
    manifest = (blobs / artifact['digest'].split(':')[1]).read_bytes()
    with registry(tmp_path / 'registry') as port:
        run('skopeo', 'copy', '--dest-tls-verify=false', f'oci:{tmp_path}/image:one', f'docker://127.0.0.1:{port}/a/b:one')
        for d in (json.loads(manifest)['config'], json.loads(manifest)['layers'][0]):
            body = (blobs / d['digest'].split(':')[1]).read_bytes()
            r = urllib.request.urlopen(urllib.request.Request(f'http://127.0.0.1:{port}/v2/a/b/blobs/uploads/', b'', method='POST'))
            where = r.headers['Location'].split(f':{port}')[-1]
            put(port, f'{where}&digest={d["digest"]}', body, 'application/octet-stream')
        put(port, f'/v2/a/b/manifests/{artifact["digest"]}', manifest, 'application/vnd.oci.image.manifest.v1+json')
        target = f'127.0.0.1:{port}/a/b:one'
        assert len(ids(world.scan('--vex', 'oci', '--insecure-registry', target))) == 3
        index = json.dumps({'schemaVersion': 2, 'mediaType': 'application/vnd.oci.image.index.v1+json', 'manifests': [artifact]}).encode()
        put(port, f'/v2/a/b/manifests/{world.first["digest"].replace(":", "-")}', index, 'application/vnd.oci.image.index.v1+json')
        assert ids(world.scan('--vex', 'oci', '--insecure-registry', target)) == {'CVE-2026-0002', 'CVE-2026-0003'}

        class Front(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if '/referrers/' in self.path:
                    first = 'page=2' not in self.path
                    body, kind = (json.dumps({'schemaVersion': 2, 'manifests': []}).encode() if first else index), 'application/vnd.oci.image.index.v1+json'
                    self.send_response(200)
                    self.send_header('Content-Type', kind)
                    if first:
                        self.send_header('Link', f'<{self.path}?page=2>; rel="next"')
                elif world.first['digest'].replace(':', '-') in self.path:
                    body = b''
                    self.send_response(404)
                else:
                    r = urllib.request.urlopen(urllib.request.Request(f'http://127.0.0.1:{port}{self.path}', headers={'Accept': self.headers.get('Accept', '*/*')}))
                    body = r.read()
                    self.send_response(200)
                    self.send_header('Content-Type', r.headers['Content-Type'])
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *a):
                pass
        with server(Front) as front:
            assert ids(world.scan('--vex', 'oci', '--insecure-registry', f'127.0.0.1:{front}/a/b:one')) == {'CVE-2026-0002', 'CVE-2026-0003'}


def test_ignore_files(world, tmp_path):
    (tmp_path / '.trivyignore').write_text('CVE-2026-0001\n')
    assert ids(world.scan('oci:image:one')) == {'CVE-2026-0002', 'CVE-2026-0003'}
    (tmp_path / '.lazaretignore.yaml').write_text('- id: CVE-2026-0002\n  purl: pkg:deb/debian/libfoo\n  until: 2099-01-01\n  reason: later\n'
                                                  '- id: CVE-2026-0003\n  until: 2020-01-01\n')
    r = world.scan('oci:image:one')
    assert ids(r) == {'CVE-2026-0003'}
    assert [w for w in r['warnings'] if 'CVE-2026-0003' in w and '.lazaretignore.yaml:5' in w and 'expired' in w]
    (tmp_path / 'own').write_text('CVE-2026-0003\n')
    assert ids(world.scan('--ignorefile', 'own', 'oci:image:one')) == {'CVE-2026-0001', 'CVE-2026-0002'}
    (tmp_path / 'own.yaml').write_text('- nothing: x\n')
    r = world('scan', '--ignorefile', 'own.yaml', 'oci:image:one')
    assert r.returncode == 2 and 'own.yaml:1' in r.stderr
    r = world('scan', '--ignorefile', 'missing', 'oci:image:one')
    assert r.returncode != 0 and 'missing' in r.stderr


def test_diff(world):
    r = world('diff', '--allow-unknown', '-f', 'json', 'oci:image:one', 'oci:image:two')
    assert r.returncode == 0, r.stderr
    d = json.loads(r.stdout)
    assert {(f['change'], f['id'], f['package']) for f in d['findings']} == {
        ('added', 'CVE-2026-0004', 'new'), ('fixed', 'CVE-2026-0001', 'libfoo'), ('removed', 'CVE-2026-0003', 'bar')}
    assert [f['now'] for f in d['findings'] if f['change'] == 'fixed'] == ['1.2-1']
    assert {(p['name'], p.get('old'), p.get('new')) for p in d['packages']} == {
        ('libfoo', '1.1-1', '1.2-1'), ('bar', '1.9', None), ('new', None, '8')}
    text = world('diff', '--allow-unknown', 'oci:image:one', 'oci:image:two').stdout
    assert re.search(r'New vulnerabilities \(1\)\n  MEDIUM +CVE-2026-0004  new 8 \(fixed in 9\)', text)
    assert '~ deb libfoo 1.1-1 -> 1.2-1' in text
    assert 'no difference' in world('diff', '--allow-unknown', 'oci:image:one', 'oci:image:one').stdout
    for args, status in (([], 0), (['--fail-on', 'MEDIUM'], 1), (['--fail-on', 'HIGH'], 0), (['--exit-code', '9'], 9)):
        assert world('diff', '--allow-unknown', *args, 'oci:image:one', 'oci:image:two').returncode == status
    assert world('diff', '--allow-unknown', '--exit-code', '9', 'oci:image:two', 'oci:image:two').returncode == 0
    assert world('diff', 'oci:image:one').returncode == 2
    assert world('diff', 'oci:image:one', 'oci:image:none').returncode == 3


def test_diff_tells_its_gaps(world):
    """What cannot be known of a side is told, and of the new one it is a no; a package without a version is still added or removed."""
    go = b'module example.org/app\n\nrequire example.org/b v1.0.0\n'
    for name, files in (('plain', {'a': b'a'}), ('go', {'go.mod': go, 'x/package-lock.json': b'{"lockfileVersion": '})):
        for path, body in files.items():
            (world.cwd / name / path).parent.mkdir(parents=True, exist_ok=True)
            (world.cwd / name / path).write_bytes(body)
    d = json.loads(world('diff', '-f', 'json', 'plain', 'go').stdout)
    assert {(p['name'], p.get('old'), p.get('new')) for p in d['packages']} == {('example.org/app', None, ''), ('example.org/b', None, 'v1.0.0')}
    assert d['new']['not_examined'] == 1 and d['new']['unknown'] and d['old']['not_examined'] == 0
    r = world('diff', 'plain', 'go')
    assert '+ golang example.org/app (no version)' in r.stdout and '1 thing was not examined' in r.stdout and r.returncode == 1
    assert '- golang example.org/app (no version)' in world('diff', 'go', 'plain').stdout
    assert world('diff', '--allow-unknown', 'plain', 'go').returncode == 0
    assert world('diff', '--allow-unknown', '--strict', 'plain', 'go').returncode == 1


def test_explain(world, tmp_path):
    r = world('explain', 'oci:image:one', 'cve-2026-0001')
    assert r.returncode == 0, r.stderr
    for what in ('CVE-2026-0001 in libfoo 1.1-1', 'before 1.2-1', 'compared as deb', 'debian:12', STATUS, 'foo 1.2-1 or later',
                 'apt-get install --only-upgrade libfoo', 'sha256:', 'RUN step 0'):
        assert what in r.stdout, what
    d = json.loads(world('explain', '-f', 'json', 'oci:image:one', 'CVE-2026-0002').stdout)
    assert len(d['explanations']) == 1 and 'no version is known to fix it' in d['explanations'][0]['mend'][0]
    r = world('explain', 'oci:image:one', 'CVE-2000-1')
    assert r.returncode == 1 and r.stdout == '' and 'CVE-2000-1' in r.stderr and 'vuln,secret' in r.stderr
    (tmp_path / '.trivyignore').write_text('CVE-2026-0001\n')
    assert 'by ignore, .trivyignore:1' in world('explain', 'oci:image:one', 'CVE-2026-0001').stdout
    assert world('explain', 'oci:image:none', 'CVE-2026-0001').returncode == 3


def test_many_targets(world, tmp_path):
    (tmp_path / 'list').write_text('# two of them\noci:image:one\n\n  oci:image:two\n')
    r = json.loads(world('scan', '-f', 'json', '--allow-unknown', '--file', 'list').stdout)
    assert [x['target'] for x in r['reports']] == ['oci:image:one', 'oci:image:two']
    r = json.loads(world('scan', '-f', 'json', '--allow-unknown', '--file', '-', 'oci:image:two', input='oci:image:one\n').stdout)
    assert [x['target'] for x in r['reports']] == ['oci:image:two', 'oci:image:one']
    r = json.loads(world('scan', '-f', 'json', '--allow-unknown', '--all-tags', 'oci:image').stdout)
    assert [x['target'] for x in r['reports']] == ['oci:image:one', 'oci:image:two']
    # One that fails does not keep the others from being reported.
    r = world('scan', '-f', 'json', '--allow-unknown', 'oci:image:one', 'oci:image:none', 'oci:image:two')
    assert r.returncode == 3 and 'oci:image:none' in r.stderr and len(json.loads(r.stdout)['reports']) == 2


def test_summary_of_many(world):
    """Every target is in it, also one that failed; one that stands alone needs none."""
    assert 'Summary' not in world('scan', 'oci:image:one').stdout
    r = world('scan', '-f', 'table', '-f', 'json=many.json', '-f', 'html=many.html', '-f', 'markdown=many.md', '--allow-unknown',
              'oci:image:one', 'oci:image:none')
    assert r.returncode == 3
    head, one, none = r.stdout[r.stdout.index('TARGET'):].splitlines()
    assert head.split() == ['TARGET', 'VERDICT', 'CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'UNKNOWN', 'PACKAGES', 'NOT', 'EXAMINED']
    d = json.loads((world.cwd / 'many.json').read_text())
    alone, = d['reports']
    counts = [str(sum(f['severity'] == s for f in alone['findings'])) for s in head.split()[2:7]]
    assert one.split() == ['oci:image:one', 'findings', *counts, str(len(alone['packages'])), '0']
    assert none.split()[:2] == ['oci:image:none', 'failed'] and "no image is named 'none'" in none
    assert [x['target'] for x in d['failed']] == ['oci:image:none'] and d['failed'][0]['error'].startswith('no image is named')
    for name in ('many.html', 'many.md'):
        assert 'oci:image:none' in (world.cwd / name).read_text(), name
    lines = world('scan', '--allow-unknown', 'oci:image:one', 'oci:image:two').stdout.splitlines()
    assert [x.split()[0] for x in lines[-3:]] == ['oci:image:one', 'oci:image:two', 'all']


def test_all_tags_of_a_repository(world, tmp_path):
    with registry(tmp_path / 'registry') as port:
        for tag in ('one', 'two'):
            run('skopeo', 'copy', '--dest-tls-verify=false', f'oci:{tmp_path}/image:{tag}', f'docker://127.0.0.1:{port}/a/b:{tag}')
        r = json.loads(world('scan', '-f', 'json', '--allow-unknown', '--insecure-registry', '--all-tags', f'127.0.0.1:{port}/a/b').stdout)
        assert [x['target'].rsplit(':', 1)[1] for x in r['reports']] == ['one', 'two']
        assert all(x['findings'] for x in r['reports'])


def test_archives_named_by_the_database(lazaret, tmp_path):
    """A jar that only its file name names, and one that nothing does: the database knows both by SHA-1, for SBOMs too."""
    def jar(text):
        out = io.BytesIO()
        with zipfile.ZipFile(out, 'w') as z:
            z.writestr(zipfile.ZipInfo('x.txt'), text)
        return out.getvalue()
    named, nameless = jar('one'), jar('two')
    feed = tmp_path / 'feed'
    feed.mkdir()
    (feed / 'list.csv').write_text('sha1,group,artifact,version\n' + ''.join(
        f'{hashlib.sha1(body).hexdigest()},org.example,{name},{version}\n' for body, name, version in ((named, 'tool', '1.0'), (nameless, 'other', '2.0'))))
    (feed / 'GHSA-1.json').write_text(json.dumps({'id': 'GHSA-1', 'modified': '2026-01-01T00:00:00Z', 'affected': [
        {'package': {'ecosystem': 'Maven', 'name': f'org.example:{n}'}, 'ranges': [{'type': 'ECOSYSTEM', 'events': [{'introduced': '0'}, {'fixed': '3'}]}]}
        for n in ('tool', 'other')]}))
    assert lazaret('db', 'import', feed).returncode == 0
    images.Layout(tmp_path / 'jars').image([{'app/tool-1.0.jar': named, 'app/x.jar': nameless}])
    want = [('GHSA-1', 'org.example:other', '2.0'), ('GHSA-1', 'org.example:tool', '1.0')]

    def found(target):
        return sorted((f['id'], f['package']['name'], f['installed']) for f in lazaret.scan('--allow-unknown', target)['findings'])
    assert found('oci:jars') == want
    (tmp_path / 'bom.json').write_text(lazaret('sbom', 'oci:jars').stdout)
    assert found('sbom:bom.json') == want
