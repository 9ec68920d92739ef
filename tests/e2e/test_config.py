"""--scanners config: an image's configuration, history, accounts, modes and leftovers; the base image; verdicts of them."""
import hashlib
import json
import pathlib

import jsonschema
import pytest

import images

SCHEMA = json.loads((pathlib.Path(__file__).parents[2] / 'doc/report.schema.json').read_text())
EMPTY = {'empty_layer': True}
HASH = '$6$saltsalt$neverleaves'


def base_tar():
    return images.tar({
        'etc/os-release': images.OS_RELEASE,
        'etc/passwd': b'root:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\n',
        'etc/shadow': f'root::1::::::\nother:{HASH}:1::::::\n'.encode(),
        'bin/su': ('mode', 0o4755, b'x'),
        'var/lib/apt/lists/x_Packages.lz4': b'123',
    })


@pytest.fixture
def image(lazaret, tmp_path):
    layout = images.Layout(tmp_path / 'image')
    layout.image([base_tar(), {'root/.ssh/id_rsa': b'key', 'open': ('mode', 0o666, b''), 'bin/tool': ('mode', 0o2755, b'x')},
                  {'bin/tool': b'harmless now'}],
                 config={'Env': ['DB_PASSWORD=hunter2'], 'ExposedPorts': {'22/tcp': {}}, 'User': 'root'},
                 history=[{'created_by': '/bin/sh -c #(nop) ADD file:1 in / '}, {'created_by': '/bin/sh -c #(nop)  CMD ["sh"]', **EMPTY},
                          {'created_by': 'RUN /bin/sh -c apt-get update # buildkit'}, {'created_by': 'COPY x /bin/tool # buildkit'},
                          {'created_by': 'CMD ["x"]', **EMPTY}])
    return lazaret


def test_findings(image):
    r = image.scan('--scanners', 'config', 'oci:image', status=0)
    jsonschema.validate(r, SCHEMA)
    found = {(c['id'], c['path'], c['layer'] and c['layer']['index']) for c in r['configuration']}
    assert {
        ('LZ-IMG-001', '', None), ('LZ-IMG-004', '', None), ('LZ-IMG-010', '', None), ('LZ-IMG-011', '', None),
        ('LZ-IMG-002', 'bin/su', 0), ('LZ-IMG-003', 'open', 1), ('LZ-IMG-006', 'root/.ssh/id_rsa', 1),
        ('LZ-IMG-013', 'var/lib/apt/lists', 0), ('LZ-IMG-014', '', 1), ('LZ-IMG-017', '', 1),
        ('LZ-IMG-025', 'etc/shadow', 0), ('LZ-IMG-026', 'etc/passwd', 0),
    } == found - {x for x in found if x[0] == 'LZ-IMG-029'}
    assert r['packages'] == [] and r['findings'] == [] and r['distribution']['id'] == 'debian'
    text = json.dumps(r)
    assert 'hunter2' not in text and HASH[:8] not in text
    # Nor in what is kept.
    assert not any(HASH.encode() in p.read_bytes() for p in (image.cwd / 'cache').rglob('*') if p.is_file())


def test_not_asked(image):
    r = image.scan('oci:image')
    assert 'configuration' not in r


@pytest.mark.parametrize('args,status', [
    ([], 0), (['--fail-on', 'CRITICAL'], 1), (['--exit-code', '9'], 9), (['--exit-code', '9', '--severity', 'NEGLIGIBLE'], 0),
    (['--fail-on', 'CRITICAL', '--severity', 'LOW'], 0),
])
def test_verdict(image, args, status):
    assert image('scan', '--scanners', 'config', *args, 'oci:image').returncode == status


def test_base(image):
    r = image.scan('--scanners', 'config', 'oci:image')
    assert r['image']['base'] == {'layers': 1, 'evidence': 'history'}
    assert all(c['layer'].get('base', False) == (c['layer']['index'] == 0) for c in r['configuration'] if c['layer'])
    table = image('scan', '--scanners', 'config', 'oci:image').stdout
    base = sum(1 for c in r['configuration'] if c['layer'] and c['layer']['index'] == 0)
    assert f"{base} in the base image (1 layer, by history), {len(r['configuration']) - base} in own layers" in table


def test_base_layers(image):
    known = image.cwd / 'known'
    known.write_text(f'# known\nsha256:{hashlib.sha256(base_tar()).hexdigest()} debian:12\n')
    r = image.scan('--scanners', 'config', '--base-layers', 'known', 'oci:image')
    assert r['image']['base'] == {'name': 'debian:12', 'layers': 1, 'evidence': 'known layers'}
    known.write_text('nonsense\n')
    r = image('scan', '--base-layers', 'known', 'oci:image')
    assert r.returncode == 2 and 'line 1' in r.stderr
    r = image('scan', '--base-layers', 'none', 'oci:image')
    assert r.returncode in (2, 3) and 'none' in r.stderr


def test_directory(lazaret, tmp_path):
    root = tmp_path / 'root'
    (root / 'etc').mkdir(parents=True)
    (root / 'etc/shadow').write_text('root::1:::::\n')
    (root / 'su').write_text('x')
    (root / 'su').chmod(0o4755)
    r = lazaret.scan('--scanners', 'config', 'dir:root')
    assert {(c['id'], c['path']) for c in r['configuration']} == {('LZ-IMG-025', 'etc/shadow'), ('LZ-IMG-002', 'su')}


def test_licences(lazaret, tmp_path):
    copyright = b'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nLicense: GPL-2+ and Expat\n'
    images.Layout(tmp_path / 'image').image([
        {'etc/os-release': images.OS_RELEASE, 'var/lib/dpkg/status': images.dpkg(foo='1', bar='1', other='1'),
         'usr/share/doc/foo/copyright': copyright, 'usr/share/doc/other': ('link', 'foo')},
        {'app/COPYING': b'GNU AFFERO GENERAL PUBLIC LICENSE\nVersion 3, 19 November 2007'}])
    r = lazaret.scan('--scanners', 'license', 'oci:image', status=0)
    jsonschema.validate(r, SCHEMA)
    assert {p['name']: p.get('license') for p in r['packages']} == {
        'foo': 'GPL-2.0-or-later AND MIT', 'bar': None, 'other': 'GPL-2.0-or-later AND MIT'}
    assert [(f['license'], f['category'], f['severity'], f.get('package', {}).get('name'), f['path'], f['layer']['index'])
            for f in r['licences']] == [
        ('AGPL-3.0-only', 'forbidden', 'CRITICAL', None, 'app/COPYING', 1),
        ('GPL-2.0-or-later AND MIT', 'restricted', 'HIGH', 'foo', 'var/lib/dpkg/status', 0),
        ('GPL-2.0-or-later AND MIT', 'restricted', 'HIGH', 'other', 'var/lib/dpkg/status', 0)]
    assert lazaret('scan', '--scanners', 'license', '--fail-on', 'CRITICAL', 'oci:image').returncode == 1
    assert lazaret('scan', '--scanners', 'license', '--fail-on', 'CRITICAL', '--severity', 'HIGH', 'oci:image').returncode == 0
    assert 'forbidden AGPL-3.0-only: app/COPYING' in lazaret('scan', '--scanners', 'license', 'oci:image').stdout
