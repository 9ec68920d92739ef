"""lazaret scan on small images: findings, filters, exit statuses, outputs, what is not examined."""
import gzip
import json
import os
import pathlib
import time

import jsonschema
import pytest

import images

SCHEMA = json.loads((pathlib.Path(__file__).parents[2] / 'doc/report.schema.json').read_text())
STATUS = 'var/lib/dpkg/status'


@pytest.fixture
def world(lazaret, tmp_path):
    """A database with three vulnerabilities, and an image with them in two layers."""
    feed = tmp_path / 'feed'
    feed.mkdir()
    (feed / 'debian.json').write_text(images.tracker(foo={'CVE-2026-0001': '1.2-1', 'CVE-2026-0002': None}, bar={'CVE-2026-0003': '2.0'}))
    (feed / 'known_exploited_vulnerabilities.json').write_text(json.dumps({
        'title': 'CISA Catalog of Known Exploited Vulnerabilities', 'catalogVersion': '2026', 'dateReleased': '2026-01-01T00:00:00Z',
        'count': 1, 'vulnerabilities': [{'cveID': 'CVE-2026-0001', 'vendorProject': 'x', 'product': 'foo', 'vulnerabilityName': 'x',
                                         'dateAdded': '2026-01-02', 'dueDate': '2026-02-02', 'knownRansomwareCampaignUse': 'Unknown'}]}))
    r = lazaret('db', 'import', feed)
    assert r.returncode == 0, r.stderr
    layout = images.Layout(tmp_path / 'image')
    layout.image([{'etc/os-release': images.OS_RELEASE, STATUS: images.dpkg(libfoo=('1.1-1', 'foo'))},
                  {STATUS: images.dpkg(libfoo=('1.1-1', 'foo'), bar='1.9')}], texts=['base', 'RUN install bar'])
    return lazaret


def test_findings(world):
    r = world.scan('oci:image')
    jsonschema.validate(r, SCHEMA)
    assert [(f['id'], f['package']['name'], f['fixed'], f['status']) for f in r['findings']] == [
        ('CVE-2026-0003', 'bar', '2.0', 'fixed'), ('CVE-2026-0001', 'libfoo', '1.2-1', 'fixed'), ('CVE-2026-0002', 'libfoo', None, 'affected')]
    assert r['findings'][1]['kev']['added'] == '2026-01-02'
    assert [f['layer']['index'] for f in r['findings']] == [1, 0, 0]
    assert r['findings'][0]['layer']['created_by'] == 'RUN install bar'
    assert r['packages'][1]['source'] == {'name': 'foo', 'version': '1.1-1'}
    assert r['packages'][1]['purl'].startswith('pkg:deb/debian/libfoo@1.1-1?')
    assert r['distribution']['id'] == 'debian' and r['distribution']['version'] == '12'


@pytest.mark.parametrize('args,ids', [
    (['--severity', 'LOW'], {'CVE-2026-0002'}),
    (['--severity', 'low,MEDIUM'], {'CVE-2026-0001', 'CVE-2026-0002', 'CVE-2026-0003'}),
    (['--ignore-unfixed'], {'CVE-2026-0001', 'CVE-2026-0003'}),
    (['--ignore-status', 'fixed'], {'CVE-2026-0002'}),
    (['-s', 'CRITICAL'], set()),
])
def test_filters(world, args, ids):
    assert {f['id'] for f in world.scan('oci:image', *args)['findings']} == ids


@pytest.mark.parametrize('args,status', [
    ([], 0),
    (['--fail-on', 'HIGH'], 0),
    (['--fail-on', 'MEDIUM'], 1),
    (['--fail-on', 'LOW', '--exit-code', '9'], 9),
    (['--exit-code', '5'], 5),
    (['--exit-code', '5', '--severity', 'CRITICAL'], 0),
    (['--exit-code', '5', '--fail-on', 'CRITICAL'], 0),
    (['--fail-on', 'NONSENSE'], 2),
    (['--exit-code', '256'], 2),
    (['--no-such-option'], 2),
    (['--format', 'nonsense'], 2),
    (['--timeout', '0'], 2),
    (['--limit', 'nonsense=3'], 2),
    (['--platform', 'nonsense'], 2),
])
def test_exit_status(world, args, status):
    # Debian 12 has ended or not, depending on the day: that is not what is asked here.
    assert world('scan', '--allow-unknown', *args, 'oci:image').returncode == status


def test_unknown_is_not_clean(world, tmp_path):
    layout = images.Layout(tmp_path / 'strange')
    layout.image([{'etc/os-release': b'ID=plan9\nVERSION_ID=4\n', STATUS: images.dpkg(foo='1')}])
    r = world.scan('oci:strange', status=1)
    assert r['verdict'] == 'unknown' and 'plan9' in r['reasons'][0]
    assert world.scan('oci:strange', '--allow-unknown', status=0)['verdict'] == 'clean'
    r = world.scan('oci:strange', '--distro', 'debian:12', '--allow-unknown', status=0)
    assert {f['id'] for f in r['findings']} == {'CVE-2026-0001', 'CVE-2026-0002'}


def test_end_of_life(world, tmp_path):
    layout = images.Layout(tmp_path / 'old')
    layout.image([{'etc/os-release': b'ID=debian\nVERSION_ID="8"\n', STATUS: images.dpkg(foo='1')}])
    r = world.scan('oci:old', status=1)
    assert r['verdict'] == 'unknown' and any('support' in x for x in r['reasons'])
    assert world('scan', 'oci:old', '--exit-on-eol', '7').returncode == 7


def test_no_database(lazaret, tmp_path):
    images.Layout(tmp_path / 'image').image([{'etc/os-release': images.OS_RELEASE, STATUS: images.dpkg(foo='1')}])
    r = lazaret.scan('oci:image', status=1)
    assert r['verdict'] == 'unknown' and 'db update' in r['reasons'][0] and len(r['packages']) == 1


def test_outputs(world, tmp_path):
    r = world('scan', 'oci:image', '--allow-unknown', '-f', 'json=a.json', '-f', 'table', '-o', 'b.txt')
    assert r.returncode == 0 and r.stdout == '' and r.stderr == ''
    assert json.loads((tmp_path / 'a.json').read_text())['verdict'] == 'findings'
    assert 'CVE-2026-0001' in (tmp_path / 'b.txt').read_text()
    assert world('scan', 'oci:image', '-f', 'json', '-f', 'table').returncode == 2
    r = world('scan', 'oci:image', '-o', 'no/such/folder/x')
    assert r.returncode == 3 and 'no/such/folder' in r.stderr
    assert not list(tmp_path.glob('*.part'))


def test_settings(world, tmp_path):
    (tmp_path / 'lazaret.yaml').write_text('allow-unknown: true\nscan:\n  severity: [LOW]\n  format: json\n')

    def ids(*args, env=None):
        r = world('scan', 'oci:image', *args, env=env)
        assert r.returncode == 0, r.stderr
        return {f['id'][-1] for f in json.loads(r.stdout)['findings']}
    assert ids() == {'2'}
    assert ids(env={'LAZARET_SEVERITY': 'MEDIUM'}) == {'1', '3'}
    assert ids('--severity', 'LOW,MEDIUM', env={'LAZARET_SEVERITY': 'CRITICAL'}) == {'1', '2', '3'}
    (tmp_path / 'lazaret.yaml').write_text('allow-unknown: true\nseverty: LOW\n')
    r = world('scan', 'oci:image')
    assert r.returncode == 2 and 'lazaret.yaml:2' in r.stderr and 'severty' in r.stderr


def test_cache(world, tmp_path):
    first = world.scan('oci:image')
    assert list((tmp_path / 'cache').rglob('layers/*/*'))
    for blob in (tmp_path / 'image/blobs/sha256').iterdir():
        if blob.read_bytes()[:2] == b'\x1f\x8b':
            blob.unlink()
    again = world.scan('oci:image')
    first.pop('created'), again.pop('created')
    assert first == again
    assert world('cache', 'clear').returncode == 0
    assert not [p for p in (tmp_path / 'cache').rglob('layers/*/*') if p.is_file()]
    assert world('scan', 'oci:image').returncode == 3


def test_broken_blob(world, tmp_path):
    for blob in (tmp_path / 'image/blobs/sha256').iterdir():
        data = blob.read_bytes()
        if data[:2] == b'\x1f\x8b':
            blob.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    r = world('scan', '--no-cache', 'oci:image')
    assert r.returncode == 3 and 'digest' in r.stderr


def test_trouble_inside_a_layer(world, tmp_path):
    layout = images.Layout(tmp_path / 'cut')
    whole = images.tar({'etc/os-release': images.OS_RELEASE, 'big': b'x' * 100000})
    layout.image([whole[:5000]])
    r = world.scan('oci:cut', status=1)
    assert r['verdict'] == 'unknown' and r['not_examined']


def test_platforms(world, tmp_path):
    layout = images.Layout(tmp_path / 'multi')
    for arch in ('amd64', 'arm64'):
        layout.image([{'etc/os-release': images.OS_RELEASE, STATUS: images.dpkg(**{'on-' + arch: '1'})}], arch=arch)
    index = layout.blob(json.dumps({'schemaVersion': 2, 'mediaType': 'application/vnd.oci.image.index.v1+json',
                                    'manifests': layout.manifests}).encode(), 'application/vnd.oci.image.index.v1+json')
    layout.manifests = [index]
    layout.write()
    r = world.scan('oci:multi', '--platform', 'linux/arm64')
    assert [p['name'] for p in r['packages']] == ['on-arm64']
    r = world.scan('oci:multi', '--platform', 'all')
    assert sorted(p['name'] for x in r['reports'] for p in x['packages']) == ['on-amd64', 'on-arm64']
    r = world('scan', 'oci:multi', '--platform', 'linux/s390x')
    assert r.returncode == 3 and 'linux/arm64' in r.stderr


def test_directory(world, tmp_path):
    root = tmp_path / 'root'
    for path, body in {'etc/os-release': images.OS_RELEASE, STATUS: images.dpkg(foo='1.0')}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(body)
    r = world.scan('dir:root')
    assert r['image'] is None and {f['id'] for f in r['findings']} == {'CVE-2026-0001', 'CVE-2026-0002'}
    assert world.scan('root', '--skip-dirs', 'var/lib/dpkg', '--allow-unknown')['packages'] == []


def test_several_targets(world):
    r = world.scan('oci:image', 'oci:image:latest')
    assert len(r['reports']) == 2


def test_timeout(world, tmp_path):
    import subprocess
    fifo = tmp_path / 'slow.tar'
    os.mkfifo(fifo)
    holder = subprocess.Popen(['sleep', '60'], stdin=subprocess.DEVNULL, stdout=os.open(fifo, os.O_RDWR))
    start = time.time()
    r = world('scan', '--timeout', '1s', 'docker-archive:slow.tar')
    holder.kill()
    assert r.returncode == 3 and time.time() - start < 20


def test_table_is_safe_and_quiet(world, tmp_path):
    layout = images.Layout(tmp_path / 'evil')
    layout.image([{'etc/os-release': b'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="\x1b[31mred\x07"\n', STATUS: images.dpkg(foo='1')}])
    r = world('scan', '--allow-unknown', 'oci:evil')
    assert r.returncode == 0 and '\x1b' not in r.stdout and '\x07' not in r.stdout and r.stderr == ''


def test_gzip_members_and_trailing_bytes(world, tmp_path):
    whole = images.tar({'etc/os-release': images.OS_RELEASE, STATUS: images.dpkg(foo='1')})
    layout = images.Layout(tmp_path / 'members')
    layout.image([whole], packed=lambda b: gzip.compress(b[:700], mtime=0) + gzip.compress(b[700:], mtime=0) + b'trailing')
    r = world.scan('oci:members')
    assert len(r['packages']) == 1 and any('behind' in n['reason'] for n in r['not_examined'])


def test_what_an_option_cannot_do_is_said(world, tmp_path):
    """A platform that the only image does not have, files to skip in an image, image checks of a folder."""
    arch = 'arm64' if os.uname().machine == 'x86_64' else 'amd64'
    images.Layout(tmp_path / 'foreign').image([{STATUS: images.dpkg(foo='1')}], arch=arch)
    assert world('scan', '--allow-unknown', 'oci:foreign').returncode == 0
    assert world('scan', '--allow-unknown', '--platform', f'linux/{arch}', 'oci:foreign').returncode == 0
    r = world('scan', '--platform', 'linux/s390x', 'oci:foreign')
    assert r.returncode == 3 and f'the image is for linux/{arch}, not for linux/s390x' in r.stderr and r.stdout == ''
    assert '--skip-files' in world('scan', '--skip-files', '*.jar', 'oci:image').stderr
    (tmp_path / 'folder').mkdir()
    (tmp_path / 'folder/Dockerfile').write_text('FROM scratch\n')
    note, = world.scan('--scanners', 'config', 'folder')['not_examined']
    assert 'configuration files' in note['reason']
    assert world.scan('--scanners', 'vuln', 'folder', '--allow-unknown')['not_examined'] == []


def test_errors_name_the_target_once(world):
    for target in ('oci:image:none', 'oci:nowhere', 'docker-archive:/nowhere'):
        assert world('scan', target).stderr.count(f'{target}: ') == 1, target


def test_reasons_of_a_denial(world):
    asked = ['--exit-code', '1'], ['--fail-on', 'LOW'], ['--fail-on', 'MEDIUM']
    reasons = [world.scan('oci:image', '--allow-unknown', *args, status=1)['reasons'] for args in asked]
    assert reasons == [['3 findings'], ['3 findings of severity LOW or above'], ['2 findings of severity MEDIUM or above']]


def test_what_was_not_counted_is_not_told_as_none(world):
    text = world('scan', '--scanners', 'secret', 'oci:image').stdout
    assert '2 layers' in text and 'packages' not in text
    assert '2 packages in 2 layers' in world('scan', 'oci:image').stdout


def test_one_package_in_two_places_is_one_row(lazaret, tmp_path):
    feed = tmp_path / 'feed'
    feed.mkdir()
    (feed / 'a.json').write_text(json.dumps({'schema_version': '1.7.0', 'id': 'GHSA-aaaa-bbbb-cccc', 'modified': '2026-01-03T00:00:00Z', 'affected': [
        {'package': {'ecosystem': 'npm', 'name': 'twice'}, 'ranges': [{'type': 'SEMVER', 'events': [{'introduced': '0'}, {'fixed': '1.1.0'}]}]}]}))
    assert lazaret('db', 'import', feed).returncode == 0
    package = b'{"name": "twice", "version": "1.0.0"}'
    images.Layout(tmp_path / 'image').image([{f'app/{x}node_modules/twice/package.json': package for x in ('', 'node_modules/a/')}])
    assert len(lazaret.scan('oci:image')['findings']) == 2
    text = lazaret('scan', 'oci:image').stdout.splitlines()
    row, = [i for i, x in enumerate(text) if 'GHSA-aaaa-bbbb-cccc' in x]
    assert text[row].startswith('twice (x2) ') and [x.strip() for x in text[row + 1:row + 3]] == [
        'app/node_modules/a/node_modules/twice/package.json', 'app/node_modules/twice/package.json']


def test_packages_without_a_version_are_named(world, tmp_path):
    (tmp_path / 'project').mkdir()
    (tmp_path / 'project/go.mod').write_text('module example.org/app\n\nrequire example.org/b v1.0.0\n')
    assert '1 package of type golang without a version, of which nothing can be said: example.org/app' in world.scan('project')['warnings']


def test_a_project_without_a_lockfile_is_told(world, tmp_path):
    (tmp_path / 'project/locked').mkdir(parents=True)
    for folder in ('project', 'project/locked'):
        (tmp_path / folder / 'Cargo.toml').write_text('[dependencies]\nidna = "0.1"\n')
    (tmp_path / 'project/locked/Cargo.lock').write_text('[[package]]\nname = "idna"\nversion = "0.1.5"\n')
    note, = world.scan('--strict', 'project', status=1)['not_examined']
    assert note['path'] == 'Cargo.toml' and 'no lockfile' in note['reason']
    assert world.scan('project/locked')['not_examined'] == []
    # In an image what is installed counts, not what somebody asked for.
    images.Layout(tmp_path / 'with').image([{'app/Cargo.toml': b'[dependencies]\nidna = "0.1"\n'}])
    assert world.scan('oci:with')['not_examined'] == []


def test_a_lockfile_that_cannot_be_read_is_not_clean(world, tmp_path):
    """It is the list of what a project has: the verdict is unknown, as with a package database."""
    project = tmp_path / 'project'
    project.mkdir()
    (project / 'package-lock.json').write_text('{"lockfileVersion": 3, "packages": {')
    r = world('scan', '-f', 'json', 'project')
    report = json.loads(r.stdout)
    assert r.returncode == 1 and report['verdict'] == 'unknown'
    assert [n['path'] for n in report['not_examined']] == ['package-lock.json']
    assert any('package-lock.json could not be read' in x for x in report['reasons'])
