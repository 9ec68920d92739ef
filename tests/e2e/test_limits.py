"""Each limit of src/base/limits.def through the command line: what passes it is named, the default has no complaint, and a
record that a limit cut does not serve a scan with a larger one."""
import base64
import gzip
import io
import json
import pathlib
import random
import re
import zipfile

import pytest

import images

ROOT = pathlib.Path(__file__).parents[2]
STATUS = 'var/lib/dpkg/status'
RPM = 'usr/lib/sysimage/rpm/Packages.db'
BASE = {'etc/os-release': images.OS_RELEASE, STATUS: images.dpkg(**{f'p{i}': '1.0' for i in range(50)})}
NOISE = random.Random(1).randbytes(3 << 20)
LINKS = {f'l{i}': ('link', 'etc/hostname') for i in range(20)}
CHAIN = {'etc/os-release': images.OS_RELEASE, STATUS: ('link', 'a1'), **{f'var/lib/dpkg/a{i}': ('link', f'a{i + 1}') for i in range(1, 9)},
         'var/lib/dpkg/a9': BASE[STATUS]}
OWNED = {**BASE, 'var/lib/dpkg/info/p1.list': ''.join(f'/usr/bin/x{i}\n' for i in range(100)).encode()}


def of(*layers, **kw):
    def make(folder):
        images.Layout(folder).image(list(layers), **kw)
        return f'oci:{folder}'
    return make


def zstd_window(folder):
    return of(images.tar({**BASE, 'noise': NOISE}), packed=lambda x: images.zstd(x, '-1', '--long=22'),
              layer_type='application/vnd.oci.image.layer.v1.tar+zstd')(folder)


def slow(folder):
    """16 GiB of zeros: more than a second of inflating, however fast."""
    units = 256
    head = images.open_tar(BASE) + images.header('zeros', units * (64 << 20))
    return of(head, packed=lambda x: images.gzip_zeros(x, units))(folder)


def archive(**kw):
    def make(folder):
        path = folder.with_suffix('.tar')
        path.write_bytes(images.docker_archive([BASE], **kw))
        return f'docker-archive:{path}'
    return make


def nested(folder):
    layout = images.Layout(folder)
    layout.image([BASE])
    for _ in range(3):
        layout.manifests = [layout.blob(json.dumps({'schemaVersion': 2, 'mediaType': 'application/vnd.oci.image.index.v1+json',
                                                    'manifests': layout.manifests}).encode(), 'application/vnd.oci.image.index.v1+json')]
    layout.write()
    return f'oci:{folder}'


def wide(folder):
    layout = images.Layout(folder)
    for arch in ('amd64', 'arm64', 's390x'):
        layout.image([BASE], arch=arch)
    layout.manifests = [layout.blob(json.dumps({'schemaVersion': 2, 'manifests': layout.manifests}).encode(),
                                    'application/vnd.oci.image.index.v1+json')]
    layout.write()
    return f'oci:{folder}'


# Those of a layer: a line in the report. limit: (image, value, other settings)
IN_LAYER = {
    'layer_entries': (of({**BASE, **{f'f{i}': b'' for i in range(50)}}), 10, []),
    'layer_bytes': (of({**BASE, 'noise': NOISE}), '1M', []),
    'layer_ratio': (of({'zeros': bytes(4 << 20), **BASE}), 2, []),
    'layer_notes': (of({**BASE, **{f'../{i}': b'' for i in range(30)}}), 3, []),
    'layer_seconds': (slow, 1, ['layer_ratio=100000']),
    'layer_memory': (of({**BASE, RPM: bytes(180 << 20)}), '150M', ['memory_file=1G']),
    'zstd_window': (zstd_window, '1M', []),
    'path_bytes': (of({**BASE, 'd/' * 40 + 'f': b''}), 64, []),
    'link_depth': (of(CHAIN), 3, []),
    'links': (of({**BASE, **LINKS}), 5, []),
    'file_bytes': (of(BASE), '1K', []),
    'spool_bytes': (of({**BASE, RPM: NOISE}), '1M', ['memory_file=1M']),
    'packages': (of(BASE), 5, []),
    'owned_files': (of(OWNED), 5, []),
    'record_bytes': (of(BASE), 300, []),
}
# Images that say something at the defaults too, though not of this limit.
NOISY = {'layer_notes', 'layer_seconds', 'layer_memory', 'spool_bytes'}
# Those of the image as a whole: exit 3.
WHOLE = {
    'layers': (of(BASE, {'x': b''}, {'y': b''}), 2, []),
    'blob_bytes': (of({**BASE, 'noise': NOISE}), '1M', []),
    'manifest_bytes': (of(BASE), 100, []),
    'index_depth': (nested, 1, []),
    'index_manifests': (wide, 2, []),
    'archive_entries': (archive(), 2, []),
    'archive_bytes': (archive(packed=gzip.compress), '1K', []),
}


def reasons(report, name):
    return [n['reason'] for n in report['not_examined'] if re.search(rf'\b{name}\b', n['reason'])]


def test_all_are_here():
    names = re.findall(r'^LIMIT\((\w+),', (ROOT / 'src/base/limits.def').read_text(), flags=re.M)
    assert set(names) == {*IN_LAYER, *WHOLE, *OF_FILES, 'memory_file', 'sbom_bytes'}


def jar(*members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED) as z:
        for name, body in members:
            z.writestr(zipfile.ZipInfo(name), body)
    return out.getvalue()


INNER = jar(('META-INF/MANIFEST.MF', 'Implementation-Title: inner\nImplementation-Version: 1.0\n' + 'X: y\n' * 500))
OUTER = jar(('META-INF/MANIFEST.MF', 'Implementation-Title: outer\nImplementation-Version: 1.0\n'), ('lib/a.txt', b'x'), ('lib/inner.jar', INNER))
KEYS = {f'root/key{i}': f'-----BEGIN RSA PRIVATE KEY-----\n{base64.b64encode(random.Random(i).randbytes(900)).decode()}\n-----END RSA PRIVATE KEY-----\n'.encode()
        for i in range(4)}
# Those that cut something else than the packages of the distribution: files of the layer, and what to look for.
OF_FILES = {
    'modes': ({f'bin/x{i}': ('mode', 0o4755, b'') for i in range(5)}, '1', 'vuln,config'),
    'secrets': (KEYS, '1', 'vuln,secret'),
    'zip_depth': ({'app/outer.ear': jar(('outer.jar', OUTER))}, '1', 'vuln'),
    'zip_members': ({'app/outer.jar': OUTER}, '1', 'vuln'),
    'zip_bytes': ({'app/outer.jar': OUTER}, '100', 'vuln'),
}


@pytest.mark.parametrize('name', OF_FILES)
def test_limit_of_files(lazaret, tmp_path, name):
    files, value, scanners = OF_FILES[name]
    target = of({**BASE, **files})(tmp_path / 'image')
    cut = lazaret.scan(target, '--scanners', scanners, '--limit', f'{name}={value}')
    assert reasons(cut, name), cut['not_examined']
    whole = lazaret.scan(target, '--scanners', scanners)
    assert whole['not_examined'] == [] and len([p for p in whole['packages'] if p['type'] == 'deb']) == 50
    for r in (cut, whole):
        r.pop('created'), r.pop('not_examined')
    assert cut != whole


def test_limit_of_an_sbom(lazaret, tmp_path):
    target = of(BASE)(tmp_path / 'image')
    (tmp_path / 'sbom.json').write_text(lazaret('sbom', target).stdout)
    assert len(lazaret.scan('sbom:sbom.json')['packages']) == 50
    r = lazaret('scan', 'sbom:sbom.json', '--limit', 'sbom_bytes=1000')
    assert r.returncode == 3 and 'sbom_bytes' in r.stderr, r.stderr


@pytest.mark.parametrize('name', IN_LAYER)
def test_limit_in_a_layer(lazaret, tmp_path, name):
    make, value, others = IN_LAYER[name]
    target = make(tmp_path / 'image')
    more = [x for o in others for x in ('--limit', o)]
    cut = lazaret.scan(target, *more, '--limit', f'{name}={value}')
    assert reasons(cut, name), cut['not_examined']
    assert cut['verdict'] != 'clean'
    # The default, after and before: the cut record is not taken for it, nor the other way round.
    if name == 'layer_seconds':
        return
    whole = lazaret.scan(target, *more)
    assert not reasons(whole, name)
    assert name in NOISY or whole['not_examined'] == []
    assert len(whole['packages']) == 50 and whole['distribution']['id'] == 'debian'
    fresh = lazaret.scan(target, *more, '--no-cache')
    again = lazaret.scan(target, *more, '--limit', f'{name}={value}')
    for r in (whole, fresh, cut, again):
        r.pop('created')
    assert whole == fresh and cut == again and whole != cut


@pytest.mark.parametrize('name', WHOLE)
def test_limit_of_the_image(lazaret, tmp_path, name):
    make, value, others = WHOLE[name]
    target = make(tmp_path / 'image')
    r = lazaret('scan', target, '--limit', f'{name}={value}')
    assert r.returncode == 3 and re.search(rf'\b{name}\b', r.stderr), r.stderr
    assert r.stdout == ''
    whole = lazaret.scan(target)
    assert whole['not_examined'] == [] and len(whole['packages']) == 50
    # What is cached does not open the door.
    assert lazaret('scan', target, '--limit', f'{name}={value}').returncode == 3


def test_memory_file_only_chooses_the_place(lazaret, tmp_path):
    """A file larger than memory_file goes to the spool; the answer is the same."""
    db = (ROOT / 'tests/data/rpm/ndb/Packages.db').read_bytes()
    target = of({'etc/os-release': b'ID=opensuse-leap\nVERSION_ID="15.6"\n', RPM: db})(tmp_path / 'image')
    whole = lazaret.scan(target)
    assert whole['packages'] and whole['not_examined'] == []
    spooled = lazaret.scan(target, '--limit', 'memory_file=1')
    whole.pop('created'), spooled.pop('created')
    assert spooled == whole


@pytest.mark.parametrize('name,value,packed', [
    ('layer_ratio', '2', gzip.compress),
    ('zstd_window', '1M', lambda x: images.zstd(x, '-1', '--long=22')),
])
def test_limits_of_a_compressed_archive(lazaret, tmp_path, name, value, packed):
    path = tmp_path / 'image.tar'
    body = {**BASE, 'zeros' if name == 'layer_ratio' else 'noise': bytes(4 << 20) if name == 'layer_ratio' else NOISE}
    path.write_bytes(images.docker_archive([body], packed=packed))
    r = lazaret('scan', f'docker-archive:{path}', '--limit', f'{name}={value}')
    assert r.returncode == 3 and name in r.stderr, r.stderr
    assert lazaret.scan(f'docker-archive:{path}')['not_examined'] == []


def test_limits_of_a_folder(lazaret, tmp_path):
    root = tmp_path / 'root'
    for path, body in {**BASE, 'd/' * 20 + 'status.d/x': b''}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(body)
    assert lazaret.scan('dir:root')['not_examined'] == []
    for name, value in {'file_bytes': 100, 'path_bytes': 30, 'layer_entries': 5}.items():
        r = lazaret.scan('dir:root', '--limit', f'{name}={value}')
        assert reasons(r, name) and r['verdict'] != 'clean', (name, r['not_examined'])


@pytest.mark.parametrize('value', ['', '0', '-1', '1T', '1e3', '18446744073709551616', '99999999999G', 'K'])
def test_values_that_are_none(lazaret, value):
    r = lazaret('scan', '--limit', f'links={value}', 'nothing')
    assert r.returncode == 2 and 'links' in r.stderr


def test_from_settings(lazaret, tmp_path):
    target = of(BASE)(tmp_path / 'image')
    (tmp_path / 'lazaret.yaml').write_text('limit:\n  packages: 5\n')
    assert reasons(lazaret.scan(target), 'packages')
    (tmp_path / 'lazaret.yaml').unlink()
    assert reasons(lazaret.scan(target, env={'LAZARET_LIMIT': 'packages=5'}), 'packages')
