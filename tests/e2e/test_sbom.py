"""SBOMs: what is written is valid and the same each time; what is read back is what was there; an image and its SBOM have the same findings."""
import base64
import copy
import json
import os
import pathlib
import re

import pytest

import images

FORMATS = ['cyclonedx', 'cyclonedx-1.5', 'spdx-json', 'spdx', 'spdx-3-json']
SCHEMAS = {'cyclonedx': 'cyclonedx/bom-1.6.schema.json', 'cyclonedx-1.5': 'cyclonedx/bom-1.5.schema.json', 'spdx-json': 'spdx/2.3/spdx-schema.json',
           'spdx-3-json': 'spdx/3.0.1/schema.json'}
NPM = {'name': '@scope/left', 'version': '1.0.0', 'license': 'MIT', 'dependencies': {'right': '^1.0.0'}}


def own_image(folder):
    """Two layers, packages of three kinds, a file that cannot be read, names that no text holds."""
    status = images.dpkg(openssl=('3.0.11-1', None), libssl3=('3.0.11-1', 'openssl'), zlib1g=('1:1.2.13', 'zlib (1:1.2.13.dfsg-1)'))
    return images.Layout(folder).image([
        {'etc/os-release': images.OS_RELEASE, 'var/lib/dpkg/status': status},
        {'var/lib/dpkg/status': status + images.dpkg(curl=('7.88.1-10', None)).replace(b'Maintainer:', b'Depends: libssl3 (>= 3), zlib1g | nothing\nMaintainer:'),
         'usr/lib/node_modules/@scope/left/package.json': json.dumps(NPM).encode(),
         'usr/lib/node_modules/@scope/left/node_modules/right/package.json': json.dumps({'name': 'right', 'version': '1.2.3'}).encode(),
         'usr/lib/node_modules/bad\n\xff</text>%/package.json': json.dumps({'name': 'odd', 'version': '1.0.0'}).encode(),
         'var/lib/dpkg/info/curl.list': b'/.\n/usr\n/usr/lib\n/usr/lib/node_modules/@scope/left/package.json\n',
         'var/lib/rpm/Packages.db': b'no database'},
    ])


def write_feed(folder):
    folder.mkdir()
    (folder / 'debian.json').write_text(images.tracker(openssl={'CVE_2099_0001': '3.0.12-1'}, zlib={'CVE_2099_0002': None}, curl={'CVE_2099_0003': '7.88.1-11'}))


@pytest.fixture
def ready(lazaret, tmp_path):
    lazaret.env['SOURCE_DATE_EPOCH'] = '1800000000'
    write_feed(tmp_path / 'feeds')
    assert lazaret('db', 'import', tmp_path / 'feeds').returncode == 0
    own_image(tmp_path / 'image')
    return lazaret


def sbom(lazaret, target, form, **kw):
    r = lazaret('sbom', target, '-f', form, **kw)
    assert r.returncode == 0, r.stderr
    return r.stdout


def validate(data, form, document):
    jsonschema = pytest.importorskip('jsonschema')
    schemas = data / 'schemas'
    schema = json.loads((schemas / SCHEMAS[form]).read_text())
    store = {}
    for p in (schemas / 'cyclonedx').glob('*.json'):
        other = json.loads(p.read_text())
        store[other.get('$id', p.name)] = store['http://cyclonedx.org/schema/' + p.name] = store[p.name] = other
    cls = jsonschema.validators.validator_for(schema)
    if form == 'spdx-3-json':
        # The graph's elements may be of any class, and trying each takes a minute: each is checked as what it says it is.
        assert set(document) == {'@context', '@graph'} and document['@context'] == schema['properties']['@context']['const']
        by_class = {x['type']: [] for x in document['@graph']}
        for x in document['@graph']:
            by_class[x['type']].append(x)
        # A reference is tried before the 200 kinds of objects that could stand there.
        for d in schema['$defs'].values():
            d.get('anyOf', []).sort(key=lambda choice: choice.get('type') == 'object')
        for name, elements in by_class.items():
            assert f'#/$defs/{name}' in {c['$ref'] for c in schema['$defs']['AnyClass']['anyOf']}
            checker = cls({'$schema': schema['$schema'], '$defs': schema['$defs'], '$ref': f'#/$defs/{name}', 'unevaluatedProperties': False})
            for x in elements:
                checker.validate(x)
        return
    cls(schema, resolver=jsonschema.RefResolver.from_schema(schema, store=store)).validate(document)


@pytest.mark.parametrize('form', SCHEMAS)
@pytest.mark.parametrize('target', ['own', 'alpine'])
def test_valid_by_schema(ready, data, form, target):
    where = 'oci:image' if target == 'own' else f'docker-archive:{data}/images/alpine-310.tar.gz'
    validate(data, form, json.loads(sbom(ready, where, form)))
    if form.startswith('cyclonedx'):
        r = ready('scan', where, '-f', form)
        document = json.loads(r.stdout)
        assert r.returncode in (0, 1) and (target != 'own' or len(document['vulnerabilities']) == 4)
        validate(data, form, document)


def findings(report):
    return report['findings']


def comparable(report):
    """All but what an SBOM does not hold: secrets, of which there are none."""
    report = copy.deepcopy(report)
    for name in ('target', 'database', 'secrets'):
        report.pop(name, None)
    return report


@pytest.mark.parametrize('form', FORMATS)
def test_an_image_and_its_sbom_are_one(ready, form):
    direct = ready.scan('oci:image')
    assert len(direct['findings']) == 4 and direct['not_examined'] and any(p['files'] for p in direct['packages'])
    assert [p['name'] for p in direct['packages'] if 'owner' in p] == ['@scope/left']
    sbom(ready, 'oci:image', f'{form}=out')
    again = ready.scan('sbom:out')
    assert findings(again) == findings(direct)
    assert comparable(again) == comparable(direct)
    assert ready.scan('out') == again    # a file that looks like one


@pytest.mark.parametrize('form', FORMATS)
def test_findings_of_alpine(ready, data, form):
    assert ready('db', 'import', data / 'advisories/alpine-secdb').returncode == 0
    image = f'docker-archive:{data}/images/alpine-310.tar.gz'
    sbom(ready, image, f'{form}=out')
    for extra in ([], ['--distro', 'alpine:3.11']):
        direct, again = ready.scan(image, *extra), ready.scan('sbom:out', *extra)
        assert findings(direct) == findings(again) and comparable(direct) == comparable(again)
        assert bool(direct['findings']) == bool(extra)


def test_every_format_into_every_other(ready):
    first = {f: sbom(ready, 'oci:image', f) for f in FORMATS}
    assert first == {f: sbom(ready, 'oci:image', f) for f in FORMATS}
    for name, text in first.items():
        (ready.cwd / 'in').write_text(text)
        for f in FORMATS:
            assert sbom(ready, 'sbom:in', f) == first[f], (name, f)
    other = sbom(ready, 'oci:image', 'cyclonedx', env={'SOURCE_DATE_EPOCH': '1800000001'})
    assert len({json.loads(t)['serialNumber'] for t in (other, first['cyclonedx'])}) == 2


def test_what_is_in_it(ready):
    d = json.loads(sbom(ready, 'oci:image', 'cyclonedx'))
    by_name = {c['name']: c for c in d['components']}
    assert by_name['debian']['type'] == 'operating-system' and by_name['debian']['version'] == '12'
    assert by_name['zlib1g']['purl'] == 'pkg:deb/debian/zlib1g@1:1.2.13?arch=amd64&distro=debian-12&upstream=zlib%401:1.2.13.dfsg-1'
    properties = {p['name']: p['value'] for p in by_name['curl']['properties']}
    assert properties['lazaret:layer'] == '1' and properties['lazaret:path'] == 'var/lib/dpkg/status' and properties['lazaret:analyzer'] == 'dpkg'
    assert d['compositions'][0]['aggregate'] == 'incomplete'
    assert any(p['name'] == 'lazaret:not-examined:0:path' and p['value'] == 'var/lib/rpm/Packages.db' for p in d['metadata']['component']['properties'])
    needs = {x['ref']: x['dependsOn'] for x in d['dependencies']}
    ref = {c['name']: c['bom-ref'] for c in d['components']}
    assert needs[ref['curl']] == [ref['libssl3'], ref['zlib1g']]
    if 'left' in by_name:
        assert by_name['left']['group'] == '@scope' and by_name['left']['purl'] == 'pkg:npm/%40scope/left@1.0.0'
        assert needs[ref['left']] == [ref['right']]


def statement(document):
    return {'_type': 'https://in-toto.io/Statement/v1', 'subject': [], 'predicateType': 'x', 'predicate': document}


def test_statements_and_envelopes(ready):
    text = sbom(ready, 'oci:image', 'spdx-json')
    want = ready.scan('oci:image')
    document = json.loads(text)
    behind = {**statement(document), 'behind': {'packages': [1]}}
    envelope = {'payloadType': 'application/vnd.in-toto+json', 'payload': base64.b64encode(json.dumps(statement(document)).encode()).decode(), 'signatures': []}
    for wrapped in (statement(document), behind, statement({'Data': document, 'Timestamp': ''}), envelope,
                    {**envelope, 'payload': base64.b64encode(text.encode()).decode()}):
        (ready.cwd / 'in').write_text(json.dumps(wrapped))
        assert findings(ready.scan('sbom:in')) == findings(want)
    (ready.cwd / 'in').write_text(json.dumps({**envelope, 'payload': '***'}))
    r = ready('scan', 'sbom:in')
    assert r.returncode == 3 and 'no base64' in r.stderr


SAMPLES = json.loads((pathlib.Path(os.environ.get('LAZARET_TEST_DATA', '/nowhere')) / 'sbom/expected.json').read_text()) \
    if os.environ.get('LAZARET_TEST_DATA') else {}


@pytest.mark.parametrize('name', SAMPLES or ['none'])
def test_samples(ready, data, name):
    want = SAMPLES[name]
    r = ready('sbom', f'sbom:{data}/sbom/{name}', '-f', 'json')
    if not want['valid']:
        assert r.returncode == 3 and name in r.stderr, r.stderr
        return
    assert r.returncode == 0, r.stderr
    got = sorted((p['name'], p['version'], p['purl']) for p in json.loads(r.stdout)['packages'])

    def whole(c):
        join = ':' if c['purl'].startswith('pkg:maven/') else '/'
        return join.join(filter(None, [c.get('group'), c['name']]))
    expected = []
    for c in want['components_with_purl']:
        epoch = re.search(r'[?&]epoch=([1-9]\d*)', c['purl'])
        expected.append((whole(c), (epoch[1] + ':' if epoch else '') + (c['version'] or ''), c['purl']))
    assert got == sorted(expected)
    # What others wrote is ours after one reading, and stays.
    (ready.cwd / 'once').write_text(sbom(ready, f'sbom:{data}/sbom/{name}', 'cyclonedx'))
    for f in FORMATS:
        (ready.cwd / 'twice').write_text(sbom(ready, 'sbom:once', f))
        assert sbom(ready, 'sbom:twice', 'cyclonedx') == (ready.cwd / 'once').read_text(), f


def test_distribution_and_sources_of_others(ready, data):
    r = ready.scan(f'sbom:{data}/sbom/cyclonedx-happy-infinite-loop-bom.json')
    assert (r['distribution']['id'], r['distribution']['version']) == ('ubuntu', '22.04')
    assert {p['name']: (p['source']['name'], p['source']['version']) for p in r['packages']} == \
        {'libc6': ('glibc', '2.35-0ubuntu3.1'), 'libcrypt1': ('libxcrypt', '1:4.4.27-1')}
    r = ready.scan(f'sbom:{data}/sbom/spdx-happy-bom.json')
    assert (r['distribution']['id'], r['distribution']['version_id']) == ('alpine', '3.16.0')
    assert {p['name']: p['path'] for p in r['packages']}['pear/log'] == 'app/composer/composer.lock'


SYFT = {
    'artifacts': [
        {'id': 'a1', 'name': 'libssl3', 'version': '3.0.11-1', 'type': 'deb', 'locations': [{'path': '/var/lib/dpkg/status', 'layerID': 'sha256:' + 'a' * 64}],
         'licenses': [{'value': 'Apache-2.0'}], 'cpes': [{'cpe': 'cpe:2.3:a:x:y:1:*:*:*:*:*:*:*'}],
         'purl': 'pkg:deb/debian/libssl3@3.0.11-1?arch=amd64&distro=debian-12&upstream=openssl', 'metadata': {'source': 'openssl', 'sourceVersion': ''}},
        {'id': 'a2', 'name': 'curl', 'version': '7.88.1-10', 'type': 'deb', 'locations': [], 'purl': 'pkg:deb/debian/curl@7.88.1-10?arch=amd64&distro=debian-12'},
        {'id': 'a3', 'name': 'nothing', 'version': '1', 'type': 'binary', 'locations': [], 'purl': ''}],
    'artifactRelationships': [{'parent': 'a1', 'child': 'a2', 'type': 'dependency-of'}],
    'source': {'type': 'image', 'metadata': {'layers': [{'digest': 'sha256:' + 'b' * 64}, {'digest': 'sha256:' + 'a' * 64}]}},
    'distro': {'id': 'debian', 'versionID': '12', 'prettyName': 'Debian GNU/Linux 12 (bookworm)'},
    'schema': {'version': '16.0.0'},
}


def test_syft(ready):
    (ready.cwd / 'syft.json').write_text(json.dumps(SYFT))
    r = ready.scan('syft.json')
    assert [(f['package']['name'], f['id']) for f in r['findings']] == [('curl', 'CVE-2099-0003'), ('libssl3', 'CVE-2099-0001')]
    ssl = next(p for p in r['packages'] if p['name'] == 'libssl3')
    assert ssl['source'] == {'name': 'openssl', 'version': '3.0.11-1'} and ssl['path'] == 'var/lib/dpkg/status' and ssl['licenses'] == ['Apache-2.0']
    assert any('nothing: has no package URL' in n['reason'] for n in r['not_examined'])
    d = json.loads(sbom(ready, 'sbom:syft.json', 'cyclonedx'))
    assert {c['name']: c.get('cpe') for c in d['components']}['libssl3'] == 'cpe:2.3:a:x:y:1:*:*:*:*:*:*:*'
    refs = {c['name']: c['bom-ref'] for c in d['components']}
    assert next(x for x in d['dependencies'] if x['ref'] == refs['curl'])['dependsOn'] == [refs['libssl3']]


@pytest.mark.parametrize('text,said', [
    ('', 'no valid JSON'), ('{', 'the text ends'), ('{}', 'no SBOM'), ('{"bomFormat": "CycloneDX", "specVersion": "2.0"}', 'CycloneDX 2.0'),
    ('{"spdxVersion": "SPDX-2.1"}', 'SPDX-2.1'), ('SPDXVersion: SPDX-2.3\nPackageName: <text>a\n', '</text>'),
    ('{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [1]}', 'no object'), ('\0\0\0', 'no valid JSON'),
    ('{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"type": "library", "name": "x", "purl": "pkg:npm"}]}', 'package x'),
])
def test_refused(ready, text, said):
    (ready.cwd / 'in').write_text(text)
    r = ready('scan', 'sbom:in')
    assert r.returncode == 3 and said in r.stderr, r.stderr


def test_limits(ready):
    sbom(ready, 'oci:image', 'cyclonedx=out')
    size = (ready.cwd / 'out').stat().st_size
    assert ready('sbom', 'sbom:out', '--limit', f'sbom_bytes={size}').returncode == 0
    for limit in (f'sbom_bytes={size - 1}', 'packages=3', 'record_bytes=1K'):
        r = ready('sbom', 'sbom:out', '--limit', limit)
        assert r.returncode == 3 and limit.split('=')[0] in r.stderr, r.stderr
    r = ready('scan', 'sbom:nowhere')
    assert r.returncode == 3 and 'nowhere' in r.stderr
    r = ready('sbom')
    assert r.returncode == 2


def test_what_an_sbom_cannot_say(ready):
    sbom(ready, 'oci:image', 'spdx=out')
    r = ready.scan('sbom:out', '--scanners', 'vuln,secret')
    assert any('nothing of secrets' in n['reason'] for n in r['not_examined'])
    r = ready.scan('sbom:out', '--scanners', 'secret', status=1)
    assert r['verdict'] == 'unknown' and any('from an SBOM' in x for x in r['reasons'])
    assert json.loads(ready('sbom', '-f', 'json', 'oci:image').stdout)['verdict'] == 'unknown'


def test_several_images(ready, tmp_path):
    layout = images.Layout(tmp_path / 'many')
    for arch in ('amd64', 'arm64'):
        layout.image([{'etc/os-release': images.OS_RELEASE, 'arch': arch.encode()}], arch=arch)
    index = {'schemaVersion': 2, 'mediaType': 'application/vnd.oci.image.index.v1+json', 'manifests': layout.manifests}
    layout.manifests = [layout.blob(json.dumps(index).encode(), index['mediaType'])]
    layout.write()
    r = ready('sbom', 'oci:many', '--platform', 'all')
    assert r.returncode == 3 and 'describes one image' in r.stderr and '--platform OS/ARCH' in r.stderr
    assert ready('sbom', 'oci:many', '--platform', 'linux/arm64').returncode == 0
    r = ready('scan', 'oci:many', 'oci:image', '-f', 'spdx')
    assert r.returncode == 3 and 'sbom TARGET -o FILE' in r.stderr
    r = ready('sbom', 'oci:many', 'oci:image')
    assert r.returncode == 2 and '-o FILE of its own' in r.stderr


def test_standard_input(ready):
    text = sbom(ready, 'oci:image', 'cyclonedx')
    (ready.cwd / 'out').write_text(text)
    r = ready('scan', 'sbom:-', '-f', 'json', input=text)
    assert r.returncode in (0, 1), r.stderr
    assert json.loads(r.stdout)['findings'] == ready.scan('sbom:out')['findings']
    assert sbom(ready, 'sbom:-', 'cyclonedx', input=text) == text
    r = ready('scan', 'sbom:-', input='{')
    assert r.returncode == 3 and 'standard input' in r.stderr


def test_vulnerabilities_of_the_sbom(ready):
    """What a document says about vulnerabilities itself is not what is known today; that it says so is not kept back."""
    assert ready('scan', 'oci:image', '-f', 'cyclonedx=out').returncode in (0, 1)
    r = ready.scan('sbom:out')
    assert findings(r) == findings(ready.scan('oci:image'))
    assert [n for n in r['not_examined'] if 'states 4 vulnerabilities of its own' in n['reason'] and '--vex' in n['reason']]
    document = json.loads((ready.cwd / 'out').read_text())
    document['vulnerabilities'] = []
    (ready.cwd / 'out').write_text(json.dumps(document))
    assert not [n for n in ready.scan('sbom:out')['not_examined'] if 'vulnerabilities of its own' in n['reason']]


def test_many_properties(ready):
    """A package that says a lot: all of it is kept, up to a limit that is told."""
    def document(n):
        c = {'type': 'library', 'bom-ref': 'x', 'name': 'x', 'version': '1', 'purl': 'pkg:rpm/fedora/x@1', 'properties':
             [{'name': 'lazaret:provides', 'value': f'kmod({i})'} for i in range(n)]}
        return json.dumps({'bomFormat': 'CycloneDX', 'specVersion': '1.6', 'components': [c]})
    for n in (20000, 70000):
        (ready.cwd / 'in').write_text(document(n))
        kept = sum(p['name'] == 'lazaret:provides' for c in json.loads(sbom(ready, 'sbom:in', 'cyclonedx'))['components'] for p in c['properties'])
        said = [x for x in ready.scan('sbom:in')['not_examined'] if 'properties of one package' in x['reason']]
        assert (kept == n) == (n == 20000) and bool(said) == (n == 70000)


def test_deep_and_circular(ready):
    def deep(n):
        c = {'type': 'library', 'name': 'x', 'version': '1', 'purl': 'pkg:npm/x@1'}
        for _ in range(n):
            c = {'type': 'library', 'name': 'x', 'version': '1', 'components': [c]}
        return {'bomFormat': 'CycloneDX', 'specVersion': '1.6', 'components': [c], 'dependencies': [{'ref': 'a', 'dependsOn': ['a', 'b']}, {'ref': 'b', 'dependsOn': ['a']}]}
    (ready.cwd / 'in').write_text(json.dumps(deep(10)))
    assert ready.scan('sbom:in')['packages'][0]['purl'] == 'pkg:npm/x@1'
    (ready.cwd / 'in').write_text(json.dumps(deep(20)))
    r = ready('scan', 'sbom:in')
    assert r.returncode == 3 and 'nested' in r.stderr
