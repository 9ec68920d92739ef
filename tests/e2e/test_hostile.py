"""Input that wants to hurt: each ends with exit 3, a line about what was not examined, or the verdict unknown; never with a crash, and
never clean in silence. Time and memory are bounded. With LAZARET_ASAN naming a sanitizer build, that one reads it all too."""
import base64
import gzip
import hashlib
import io
import json
import os
import pathlib
import re
import subprocess
import tarfile
import threading
import time

import pytest

import images
from conftest import Lazaret

ROOT = pathlib.Path(__file__).parents[2]
STATUS = 'var/lib/dpkg/status'
BASE = {'etc/os-release': images.OS_RELEASE, STATUS: images.dpkg(foo='1.0', bar='2.0')}
SECONDS, PSS = 20, 300 << 20
GZIP, ZSTD, PLAIN = ('application/vnd.oci.image.layer.v1.tar' + x for x in ('+gzip', '+zstd', ''))
INDEX, MANIFEST = ('application/vnd.oci.image.' + x + '.v1+json' for x in ('index', 'manifest'))


@pytest.fixture(scope='module')
def home(tmp_path_factory):
    """A database that knows Debian 12: a good image of it is clean, so that clean in silence would be seen."""
    folder = tmp_path_factory.mktemp('home')
    (folder / 'debian.json').write_text(images.tracker(foo={'CVE-2026-0001': '0.9'}))
    lazaret = Lazaret(folder)
    r = lazaret('db', 'import', folder / 'debian.json')
    assert r.returncode == 0, r.stderr
    return lazaret


def tree_pss(pid):
    """Bytes of a process and of all below it, with shared pages split among those who share them."""
    total, family = 0, [pid]
    for p in family:
        try:
            family += [int(c) for f in pathlib.Path(f'/proc/{p}/task').glob('*/children') for c in f.read_text().split()]
            rollup = pathlib.Path(f'/proc/{p}/smaps_rollup').read_text()
            total += int(re.search(r'^Pss:\s+(\d+)', rollup, re.M)[1]) << 10
        except (OSError, TypeError):
            pass
    return total


class Result:
    def __init__(self, status, out, err):
        self.status, self.err = status, err
        self.report = json.loads(out) if out else None

    @property
    def reasons(self):
        return [n['reason'] for n in self.report['not_examined']] if self.report else []

    @property
    def loud(self):
        if self.status == 3:
            return self.report is None and self.err.count('\n') == 1
        reports = self.report.get('reports', [self.report])
        return all(r['not_examined'] or r['verdict'] == 'unknown' for r in reports)

    @property
    def closed(self):
        """Louder: something of the image was left out, so that a verdict of clean would be a guess."""
        return self.loud and (self.status == 3 or (self.status == 1 and self.report['verdict'] == 'unknown'))


def watched(program, env, cwd, args, seconds, pss):
    start, peak, over = time.time(), 0, threading.Event()
    with subprocess.Popen([program, 'scan', '--format', 'json', '--no-cache', *args], env=env, cwd=cwd, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, stdin=subprocess.DEVNULL) as p:
        def watch():
            nonlocal peak
            while not over.wait(0.02):
                peak = max(peak, tree_pss(p.pid))
        t = threading.Thread(target=watch)
        t.start()
        try:
            out, err = p.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            p.kill()
            pytest.fail(f'took longer than {seconds} s')
        finally:
            over.set()
            t.join()
    err = err.decode(errors='surrogateescape')
    assert p.returncode in (0, 1, 3), (p.returncode, err)
    assert 'Sanitizer' not in err and 'runtime error' not in err, err
    assert (p.returncode == 3) == bool(err), err
    assert not re.search(r'[\x00-\x09\x0b-\x1f\x7f]', err), err
    assert not pss or peak < pss, f'{peak >> 20} MiB'
    assert time.time() - start < seconds
    return Result(p.returncode, out, err)


@pytest.fixture
def scan(home, tmp_path):
    def run(target, *args, pss=PSS):
        r = watched(home.program, home.env, tmp_path, [str(target), *args], SECONDS, pss)
        if os.environ.get('LAZARET_ASAN'):
            env = {**home.env, 'ASAN_OPTIONS': 'detect_leaks=1', 'UBSAN_OPTIONS': 'halt_on_error=1:print_stacktrace=1'}
            s = watched(os.environ['LAZARET_ASAN'], env, tmp_path, [str(target), *args], 10 * SECONDS, 0)
            assert s.status == r.status
        return r
    return run


def layout(folder, *layers, **kw):
    images.Layout(folder).image(list(layers), **kw)
    return f'oci:{folder}'


def names_of(r):
    return sorted(p['name'] for p in r.report['packages'])


def test_a_good_image_is_clean(scan, tmp_path):
    r = scan(layout(tmp_path / 'i', BASE))
    assert r.status == 0 and r.report['verdict'] == 'clean' and not r.loud and names_of(r) == ['bar', 'foo']


# Bombs
def test_gzip_bomb(scan, tmp_path):
    """A gibibyte of zeros in a file that nobody asked for: passed over, and what stands beside it is found. GHSA-47q9-m4ww-924m, GHSA-q3fv-x8vg-qqm4."""
    n = 16
    head = images.open_tar(BASE) + images.header('zeros', n * (64 << 20))
    r = scan(layout(tmp_path / 'i', head, packed=lambda x: images.gzip_zeros(x, n)))
    assert names_of(r) == ['bar', 'foo']
    # The zeros end with the file: the two zero blocks are missing, which no runtime minds.
    assert r.reasons == []


@pytest.mark.parametrize('path', [STATUS, 'etc/os-release', 'lib/apk/db/installed', 'var/lib/rpm/Packages', 'var/lib/dpkg/status.d/x',
                                  'var/lib/dpkg/info/foo.list', 'var/lib/rpm/rpmdb.sqlite'])
def test_gzip_bomb_in_a_database(scan, tmp_path, path):
    n = 16
    head = images.open_tar({**BASE, path: b''}) + images.header(path, n * (64 << 20))
    r = scan(layout(tmp_path / 'i', head, packed=lambda x: images.gzip_zeros(x, n)))
    assert r.closed and any('file_bytes' in x for x in r.reasons)


def test_database_of_zeros_below_the_limit(scan, tmp_path):
    for path in (STATUS, 'lib/apk/db/installed', 'var/lib/rpm/Packages'):
        head = images.open_tar(BASE) + images.header(path, 192 << 20)
        r = scan(layout(tmp_path / path.replace('/', '-'), head, packed=lambda x: images.gzip_zeros(x, 3)))
        assert r.closed, path


def test_zstd_bomb(scan, tmp_path):
    n = 1 << 30
    frame = subprocess.run(f'head -c {n} /dev/zero | zstd -q -c -3', shell=True, capture_output=True, check=True).stdout
    head = images.open_tar(BASE) + images.header('zeros', n)
    r = scan(layout(tmp_path / 'i', head, packed=lambda x: images.zstd(x) + frame, layer_type=ZSTD))
    assert r.closed and any('layer_ratio' in x for x in r.reasons)


def test_zstd_window_of_2_gib(scan, tmp_path):
    frame = bytes.fromhex('28b52ffd') + bytes([0, 21 << 3]) + bytes([0x01 | (5 << 3) & 0xff, 0, 0]) + b'hello'
    r = scan(layout(tmp_path / 'i', BASE, {'x': b''}, packed=lambda x: frame, layer_type=ZSTD))
    assert r.closed and all('zstd_window' in x for x in r.reasons) and len(r.reasons) == 2


def test_gzip_in_gzip(scan, tmp_path):
    packed = images.tar(BASE)
    for _ in range(10):
        packed = gzip.compress(packed, mtime=0)
    assert scan(layout(tmp_path / 'i', b'', packed=lambda x: packed)).closed


def test_sparse_file_of_10_gb(scan, tmp_path):
    body = images.dpkg(foo='1.0')
    real = 10 << 30
    h = bytearray(images.header(STATUS, len(body), b'S'))
    h[386:410] = b'%011o\0%011o\0' % (0, len(body))
    h[483:495] = b'\x80' + real.to_bytes(11, 'big')
    h[148:156] = b' ' * 8
    h[148:156] = b'%06o\0 ' % sum(h)
    old = images.open_tar({'etc/os-release': images.OS_RELEASE}) + bytes(h) + body + bytes(-len(body) % 512 + 1024)
    r = scan(layout(tmp_path / 'old', old))
    assert r.closed and any('sparse' in x for x in r.reasons)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w', format=tarfile.PAX_FORMAT) as t:
        info = tarfile.TarInfo('var/lib/dpkg/GNUSparseFile.0/status')
        sparse = b'1\n0\n%d\n' % len(body)
        sparse += bytes(-len(sparse) % 512) + body
        info.size = len(sparse)
        info.pax_headers = {'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.name': STATUS, 'GNU.sparse.realsize': str(real)}
        t.addfile(info, io.BytesIO(sparse))
    r = scan(layout(tmp_path / 'new', {'etc/os-release': images.OS_RELEASE}, out.getvalue()))
    assert r.closed and any('sparse' in x for x in r.reasons)


def chain(n):
    """etc/os-release -> l0 -> l1 ... -> l(n-1): one block each, written without tarfile, which is too slow for this."""
    template = bytearray(images.header('l0000000', 0, b'2', 'l0000000'))
    template[148:156] = b' ' * 8
    base = sum(template) - 2 * sum(b'l0000000')
    a, b, c = bytes(template[8:148]), bytes(template[156:157]), bytes(template[165:])
    out = [images.open_tar({**BASE, 'etc/os-release': ('link', '../l0000000')})]
    for i in range(n):
        name, link = b'l%07d' % i, b'l%07d' % (i + 1)
        out.append(b''.join((name, a, b'%06o\0 ' % (base + sum(name) + sum(link)), b, link, c)))
    return b''.join(out) + bytes(1024)


@pytest.mark.parametrize('n', [200000, pytest.param(1000000, marks=pytest.mark.full)])
def test_chain_of_links(scan, tmp_path, n):
    r = scan(layout(tmp_path / 'i', chain(n), packed=lambda x: gzip.compress(x, 1, mtime=0) if n < 300000 else x,
                    layer_type=GZIP if n < 300000 else PLAIN), pss=PSS if n < 300000 else 500 << 20)
    assert r.loud and any('link_depth' in x for x in r.reasons)


@pytest.mark.parametrize('limit', ['layer_entries=10', 'layer_bytes=1M', 'links=3', 'path_bytes=60', 'layer_notes=1'])
def test_what_a_limit_leaves_out_is_not_clean(scan, tmp_path, limit):
    """Every package is found, nothing is known of it; but more could be behind the limit."""
    files = {**BASE, **{f'l{i}': ('link', 'x') for i in range(10)}, 'd/' * 40 + 'f': b'', '../a': b'', '../b': b'', 'big': bytes(range(256)) * 8192}
    target = layout(tmp_path / 'i', files)
    assert scan(target).report['verdict'] == 'clean'
    r = scan(target, '--limit', limit)
    assert names_of(r) == ['bar', 'foo'] and r.loud
    assert r.closed or limit == 'layer_notes=1'


# Names and entries
@pytest.mark.parametrize('name', ['../etc/os-release', '../../../../var/lib/dpkg/status', 'etc/../../x', 'a/' * 3000 + 'status',
                                  'x' * 5000])
def test_names_that_are_refused(scan, tmp_path, name):
    """GHSA-hpxr-w9w7-g4gv, GHSA-xf85-363p-868w, GHSA-fxhp-mv3v-67qp: names that climb out of a tree are refused."""
    r = scan(layout(tmp_path / 'i', {**BASE, name: b'x'}))
    assert r.loud and names_of(r) == ['bar', 'foo']


@pytest.mark.parametrize('name', [b'var/lib/dpkg/status.d/\xff\xfe', b'var/lib/dpkg/status.d/a\x1b[31mb', b'var/lib/dpkg/status.d/a\nb',
                                  b'var/lib/dpkg/status.d/\xc2\x9b31m', b'/./var//lib/./dpkg/status.d/x', b'var/lib/dpkg/status.d/' + b'n' * 200])
def test_names_that_are_odd(scan, home, tmp_path, name):
    """They are read like others; what they are called harms no reader."""
    body = images.dpkg(odd='3.0')
    h = bytearray(512)
    raw = images.open_tar(BASE)
    if len(name) < 100:
        h[:] = images.header('n' * len(name), len(body))
        h[0:len(name)] = name
        h[148:156] = b' ' * 8
        h[148:156] = b'%06o\0 ' % sum(h)
        raw += bytes(h)
    else:
        raw += images.header('././@LongLink', len(name) + 1, b'L') + name + bytes(512 - len(name)) + images.header('x', len(body))
    raw += body + bytes(-len(body) % 512 + 1024)
    target = layout(tmp_path / 'i', raw)
    r = scan(target)
    assert names_of(r) == ['bar', 'foo', 'odd'], r.reasons
    table = home('scan', '--allow-unknown', target)
    assert table.returncode == 0 and not re.search(r'[\x00-\x09\x0b-\x1f\x7f-\x9f\udc80-\udcff]', table.stdout)


def test_texts_from_packages_are_safe(scan, home, tmp_path):
    status = b'Package: foo\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\x1b]0;x\x07\nMaintainer: \xff\n\n'
    target = layout(tmp_path / 'i', {**BASE, STATUS: status, 'etc/os-release': images.OS_RELEASE.replace(b'Debian', b'\x1b[2JD\xc2\x9bebian')})
    scan(target)
    table = home('scan', '--allow-unknown', target)
    assert table.returncode in (0, 1) and not re.search(r'[\x00-\x09\x0b-\x1f\x7f-\x9f\udc80-\udcff]', table.stdout)


@pytest.mark.parametrize('files', [
    {'etc/os-release': ('link', 'os-release')},
    {'etc/os-release': ('link', '../usr/lib/os-release'), 'usr/lib/os-release': ('link', '../../etc/os-release')},
    {'etc': ('link', 'etc')},
    {'etc': ('link', 'b'), 'b': ('link', 'etc')},
    {'etc/os-release': ('link', '../../../../../../etc/hostname')},
    {'etc/os-release': ('link', '/proc/self/root/etc/os-release')},
    {'etc/os-release': ('hard', 'etc/os-release')},
    {'etc/os-release': ('hard', '../../etc/os-release')},
    {'etc/os-release': ('hard', '')},
    {STATUS: ('link', 'status')},
    {STATUS: ('link', '../../../../../../../../var/lib/dpkg/status')},
    {STATUS: ('hard', STATUS)},
    {STATUS: ('hard', 'gone')},
    {'var/lib/dpkg': ('link', 'dpkg')},
    {'var/lib/dpkg': ('link', '../../var/lib/dpkg/x')},
    {'var': ('link', 'a'), 'a': ('link', 'b'), 'b': ('link', 'var')},
    {'var/lib': ('link', '../var/lib/dpkg'), 'var/lib/dpkg': ('link', '..')},
], ids=str)
@pytest.mark.parametrize('below', [False, True])
def test_links_in_circles(scan, tmp_path, files, below):
    """In one layer, and over a layer that has the real files. A link that leads nowhere must not make the image a clean one."""
    rest = {k: v for k, v in BASE.items() if not any(k == f or k.startswith(f + '/') for f in files)}
    layers = [BASE, files] if below else [{**rest, **files}]
    r = scan(layout(tmp_path / 'i', *layers))
    if below and any(v[0] == 'link' and v[1].startswith('../../../../../') and k == STATUS for k, v in files.items()):
        return
    if below and files in ({STATUS: ('hard', STATUS)}, {'etc/os-release': ('hard', 'etc/os-release')}) and names_of(r) == ['bar', 'foo']:
        return
    assert r.loud, r.report


@pytest.mark.parametrize('files', [{'var/lib/dpkg/status.d/x': ('link', 'x')}, {'var/lib/dpkg/status.d/x': ('hard', 'gone')},
                                   {'lib/apk/db/installed': ('link', '../../apk/db/installed'), 'lib/apk/db': ('link', '../apk/db')}], ids=str)
def test_a_second_database_that_leads_nowhere(scan, tmp_path, files):
    """The packages of the first are found; those of the second are not known."""
    r = scan(layout(tmp_path / 'i', BASE, files))
    assert names_of(r) == ['bar', 'foo'] and r.closed, r.report


@pytest.mark.parametrize('kind', [b'3', b'4', b'6', b'5', b'7', b'Z', b'D', b'V', b'M'])
@pytest.mark.parametrize('path', [STATUS, 'etc/os-release'])
def test_a_database_that_is_no_file(scan, tmp_path, kind, path):
    """Devices, pipes, folders, contiguous files and types nobody knows at the place of a database, over a good layer."""
    other = images.open_tar({k: v for k, v in BASE.items() if k != path})
    entry = images.header(path, 0, kind)
    for name, layers in {'one': [other + entry + bytes(1024)], 'two': [BASE, entry + bytes(1024)]}.items():
        r = scan(layout(tmp_path / name, *layers))
        assert r.loud or (name == 'two' and names_of(r) == ['bar', 'foo'] and kind in b'ZDVM'), (name, r.report)


def twice(*items):
    return b''.join(images.open_tar({p: b}) for p, b in items) + bytes(1024)


def test_the_same_name_again(scan, tmp_path):
    one, two = images.dpkg(one='1'), images.dpkg(two='2')
    os_release = ('etc/os-release', images.OS_RELEASE)
    r = scan(layout(tmp_path / 'a', twice(os_release, (STATUS, one), (STATUS, two))))
    assert names_of(r) == ['two']
    r = scan(layout(tmp_path / 'b', twice(os_release, (STATUS, one), ('./var//lib/dpkg/status', two))))
    assert names_of(r) == ['two']
    r = scan(layout(tmp_path / 'c', twice(os_release, (STATUS, one), ('var/lib/dpkg', b'a file'))))
    assert r.loud
    r = scan(layout(tmp_path / 'd', twice(os_release, (STATUS, one), ('real', two), (STATUS, ('link', '/real')))))
    assert names_of(r) == ['two']
    r = scan(layout(tmp_path / 'e', twice(os_release, (STATUS, ('link', '/real')), ('real', two), (STATUS, one))))
    assert names_of(r) == ['one']


@pytest.mark.parametrize('layers,names', [
    # A whiteout hides lower layers only, wherever it stands in its tar.
    ([BASE, {'var/lib/dpkg/.wh.status': b'', STATUS: images.dpkg(new='1')}], ['new']),
    ([BASE, {STATUS: images.dpkg(new='1'), 'var/lib/dpkg/.wh.status': b''}], ['new']),
    ([BASE, {'var/lib/dpkg/.wh..wh..opq': b'', STATUS: images.dpkg(new='1')}], ['new']),
    ([BASE, {STATUS: images.dpkg(new='1'), 'var/lib/dpkg/.wh..wh..opq': b''}], ['new']),
    ([BASE, {'var/.wh.lib': b'', STATUS: images.dpkg(new='1')}], ['new']),
    # They hide nothing: a folder, an empty name, dots, a name with a slash.
    ([BASE, {'var/lib/dpkg/.wh.': b''}], ['bar', 'foo']),
    ([BASE, {'var/lib/dpkg/.wh..': b''}], ['bar', 'foo']),
    ([BASE, {'var/lib/dpkg/.wh...': b''}], ['bar', 'foo']),
    ([BASE, {'var/lib/dpkg/.wh..wh.plnk': b''}], ['bar', 'foo']),
    ([BASE, {'../.wh.var': b''}], ['bar', 'foo']),
    ([BASE, {'other/.wh.var': b''}], ['bar', 'foo']),
    ([{**BASE, '.wh.var': b''}], ['bar', 'foo']),
])
def test_whiteouts(scan, tmp_path, layers, names):
    r = scan(layout(tmp_path / 'i', *layers))
    assert names_of(r) == names and r.report['distribution']['id'] == 'debian'


@pytest.mark.parametrize('white', ['.wh..wh..opq', '.wh.var', 'var/lib/dpkg/.wh.status'])
def test_a_database_taken_away(scan, tmp_path, white):
    """No package is left; that is said, for nothing was found because nothing is there."""
    r = scan(layout(tmp_path / 'i', BASE, {white: b''}))
    assert names_of(r) == []


# Cut short, and changed
@pytest.mark.parametrize('packed,media', [(lambda x: x, PLAIN), (lambda x: gzip.compress(x, mtime=0), GZIP), (images.zstd, ZSTD)],
                         ids=['plain', 'gzip', 'zstd'])
def test_layers_cut_short(scan, tmp_path, packed, media):
    files = {**BASE, 'last': b'x' * 700}
    whole, end = images.tar(files), len(images.open_tar(files))
    for n in (0, 1, 2, 10, 100, 257, 300, 511, 513, 600, 1025, 1535, 1537, 1600, end - 1200, end - 600, end - 512):
        r = scan(layout(tmp_path / f'tar-{n}', whole[:n], packed=packed, layer_type=media))
        assert r.closed, f'tar cut at {n}'
    if media == PLAIN:
        return
    bytes_ = packed(whole)
    for n in {0, 1, 3, 5, 9, 10, 11, len(bytes_) // 2, len(bytes_) - 9, len(bytes_) - 8, len(bytes_) - 4, len(bytes_) - 1}:
        r = scan(layout(tmp_path / f'packed-{n}', b'', packed=lambda x: bytes_[:n], layer_type=media))
        assert r.closed, f'{media} cut at {n}'


def test_compressed_bytes_changed(scan, tmp_path):
    """The digest fits, the gzip or zstd data does not: each byte of the frame in turn, coarsely."""
    for name, bytes_, media in (('gzip', gzip.compress(images.tar(BASE), mtime=0), GZIP), ('zstd', images.zstd(images.tar(BASE), '--check'), ZSTD)):
        for at in sorted({0, 1, 2, 3, 4, 5, 12, 30, len(bytes_) // 3, len(bytes_) // 2, len(bytes_) - 6, len(bytes_) - 2}):
            changed = bytes_[:at] + bytes([bytes_[at] ^ 0x55]) + bytes_[at + 1:]
            r = scan(layout(tmp_path / f'{name}-{at}', b'', packed=lambda x: changed, layer_type=media))
            # Time and operating system in a gzip header mean nothing.
            assert r.closed or (media == GZIP and 4 <= at < 10), f'{name} byte {at}'


def test_archives_cut_short(scan, tmp_path):
    whole = images.docker_archive([BASE])
    last = len(whole.rstrip(b'\0'))
    for n in sorted({0, 1, 100, 511, 512, 600, 1024, len(whole) // 3, len(whole) // 2, last - 1, last - 600}):
        (tmp_path / 'cut.tar').write_bytes(whole[:n])
        assert scan('docker-archive:cut.tar').status == 3, n
        assert scan('oci-archive:cut.tar').status == 3, n
    packed = gzip.compress(whole)
    for n in (1, 9, 10, len(packed) // 2, len(packed) - 8, len(packed) - 1):
        (tmp_path / 'cut.tar').write_bytes(packed[:n])
        assert scan('docker-archive:cut.tar').status == 3, n


def change(folder, what, **fields):
    """Rewrites one descriptor of a layout's manifest ('config', 'layer' or 'manifest'); digests up the chain are made to fit."""
    index = json.loads((folder / 'index.json').read_text())
    own = index['manifests'][0]
    if what == 'manifest':
        own.update(fields)
    else:
        path = folder / 'blobs' / own['digest'].replace(':', '/')
        m = json.loads(path.read_text())
        (m['config'] if what == 'config' else m['layers'][0]).update(fields)
        data = json.dumps(m).encode()
        own['digest'], own['size'] = 'sha256:' + hashlib.sha256(data).hexdigest(), len(data)
        (folder / 'blobs' / own['digest'].replace(':', '/')).write_bytes(data)
    (folder / 'index.json').write_text(json.dumps(index))


@pytest.mark.parametrize('what', ['manifest', 'config', 'layer'])
@pytest.mark.parametrize('fields', [
    {'size': 1}, {'size': 0}, {'size': -1}, {'size': 1 << 64}, {'size': 1 << 62}, {'size': 1.5}, {'size': '10'}, {'size': None},
    {'digest': 'sha256:' + '0' * 64}, {'digest': 'sha256:' + '0' * 63}, {'digest': 'sha256:' + 'A' * 64}, {'digest': 'md5:' + '0' * 32},
    {'digest': 'sha256:../../../../../../etc/passwd'}, {'digest': ''}, {'digest': 'sha512:' + '0' * 64}, {'digest': 7}, {'digest': None},
], ids=str)
def test_descriptors_that_lie(scan, tmp_path, what, fields):
    layout(tmp_path / 'i', BASE)
    change(tmp_path / 'i', what, **fields)
    assert scan('oci:i').status == 3


@pytest.mark.parametrize('what,media,status', [
    ('layer', 'application/vnd.oci.image.layer.v1.tar+encrypted', 1), ('layer', 'application/octet-stream', 1), ('layer', '', None),
    ('layer', MANIFEST, 1), ('layer', 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', 1), ('layer', PLAIN, None),
    ('config', 'application/vnd.cncf.helm.config.v1+json', 3), ('config', MANIFEST, 3),
    ('manifest', INDEX, 3), ('manifest', 'application/vnd.docker.distribution.manifest.v1+prettyjws', 3),
    ('manifest', 'application/vnd.docker.distribution.manifest.list.v2+json', 3),
])
def test_media_types_that_confuse(scan, tmp_path, what, media, status):
    layout(tmp_path / 'i', BASE)
    change(tmp_path / 'i', what, mediaType=media)
    r = scan('oci:i')
    assert r.loud or (status is None and names_of(r) == ['bar', 'foo'])
    assert status is None or r.status in (3, status)


def test_two_kinds_in_one_document(scan, tmp_path):
    """'manifests' and 'layers' in one: readers differ in what they see (CVE-2021-41190)."""
    l = images.Layout(tmp_path / 'i')
    d = l.image([BASE])
    m = json.loads((l.folder / 'blobs' / d['digest'].replace(':', '/')).read_text())
    for media in (MANIFEST, INDEX, None):
        both = {**m, 'manifests': [d], 'mediaType': media}
        if media is None:
            del both['mediaType']
        l.manifests = [l.blob(json.dumps(both).encode(), media or MANIFEST)]
        l.write()
        assert scan('oci:i').status == 3, media


def test_an_index_that_lists_itself(scan, tmp_path):
    l = images.Layout(tmp_path / 'i')
    name = 'sha256:' + '1' * 64
    entry = {'mediaType': INDEX, 'digest': name, 'size': 200}
    body = json.dumps({'schemaVersion': 2, 'mediaType': INDEX, 'manifests': [entry]}).encode().ljust(200)
    entry['size'] = len(body)
    (l.folder / 'blobs/sha256' / ('1' * 64)).write_bytes(body)
    l.manifests = [entry]
    l.write()
    assert scan('oci:i').status == 3
    # index.json itself as one of its own.
    index = (l.folder / 'index.json').read_bytes()
    l.manifests = [l.blob(index, INDEX)]
    l.write()
    assert scan('oci:i').status == 3
    # The same index a thousand times: each is looked at once.
    good = l.image([BASE])
    inner = l.blob(json.dumps({'schemaVersion': 2, 'manifests': [good] * 30}).encode(), INDEX)
    outer = l.blob(json.dumps({'schemaVersion': 2, 'manifests': [inner] * 900}).encode(), INDEX)
    l.manifests = [outer]
    l.write()
    r = scan('oci:i')
    assert r.status == 3 or names_of(r) == ['bar', 'foo']


JSON_BOMBS = {
    'deep': b'[' * 200000 + b']' * 200000,
    'deep objects': b'{"a":' * 200000 + b'1' + b'}' * 200000,
    'wide': b'{' + b','.join(b'"k%d":0' % i for i in range(250000)) + b'}',
    'wide list': b'[' + b'0,' * 1500000 + b'0]',
    'long text': b'"' + b'a' * (3 << 20) + b'"',
    'long number': b'1' * 1000000,
    'open': b'{"schemaVersion":2,"manifests":[',
    'nothing': b'',
    'null': b'null',
    'nul': b'{"schemaVersion":2}\0',
    'latin': b'{"schemaVersion":2,"mediaType":"\xff"}',
    'twice': b'{"schemaVersion":2,"schemaVersion":2,"manifests":[]}',
}


@pytest.mark.parametrize('bomb', JSON_BOMBS)
def test_json_bombs(scan, tmp_path, bomb):
    data = JSON_BOMBS[bomb]
    layout(tmp_path / 'index', BASE)
    (tmp_path / 'index/index.json').write_bytes(data)
    assert scan('oci:index').status == 3
    for what in ('manifest', 'config'):
        folder = tmp_path / what
        layout(folder, BASE)
        digest = hashlib.sha256(data).hexdigest()
        (folder / 'blobs/sha256' / digest).write_bytes(data)
        change(folder, what, digest='sha256:' + digest, size=len(data))
        assert scan(f'oci:{folder}').status == 3, what
    archive = images.docker_archive([BASE])
    (tmp_path / 'a.tar').write_bytes(images.tar({'manifest.json': data}) + archive)
    assert scan('docker-archive:a.tar').status == 3


@pytest.mark.parametrize('path,good,bad,os_release', [
    (STATUS, images.dpkg(foo='1.0'), b'Package: hidden\nStatus: install ok installed\nVersion\n\n', images.OS_RELEASE),
    ('lib/apk/db/installed', b'P:foo\nV:1.0-r0\n\n', b'P:hidden\nnonsense\n\n', b'ID=alpine\nVERSION_ID=3.23.0\n'),
])
def test_one_bad_paragraph(scan, tmp_path, path, good, bad, os_release):
    """The others are found; a package that cannot be read may be anything."""
    r = scan(layout(tmp_path / 'i', {'etc/os-release': os_release, path: good + bad + good.replace(b'foo', b'bar')}))
    assert names_of(r) == ['bar', 'foo'] and r.closed
    assert 'layer 0 was not examined wholly' in r.report['reasons']


# Other people's samples
SAMPLES = os.environ.get('LAZARET_TEST_DATA')
SAMPLES = pathlib.Path(SAMPLES) if SAMPLES else None


@pytest.mark.parametrize('path', sorted((SAMPLES / 'images').rglob('*.tar')) if SAMPLES else [], ids=lambda p: getattr(p, 'name', None))
def test_images_of_others(scan, data, path):
    r = scan(f'docker-archive:{path}')
    assert r.loud
    if path.name == 'escape.tar':
        assert r.status == 3
    else:
        # No distribution is in them, which is what they lack.
        assert r.status == 1 and r.report['packages'] == []


@pytest.mark.parametrize('case', json.loads((SAMPLES / 'images/trivy-oci-layout/expected.json').read_text()) if SAMPLES else [],
                         ids=lambda c: f'{c["layout"]}:{c["tag"]}' if isinstance(c, dict) else None)
def test_layouts_of_others(scan, data, case):
    """No distribution is in the valid ones."""
    folder = data / 'images/trivy-oci-layout' / case['layout']
    r = scan(f'oci:{folder}' + (f':{case["tag"]}' if case['tag'] else ''))
    assert r.loud and r.status == (1 if case['valid'] else 3), r.err


OS_OF = {'dpkg': images.OS_RELEASE, 'apk': b'ID=alpine\nVERSION_ID=3.10\n', 'rpm': b'ID=rocky\nVERSION_ID="9"\n'}
FOLDER_OF = {'status': 'var/lib/dpkg/', 'installed': 'lib/apk/db/', 'Packages': 'var/lib/rpm/', 'rpmdb.sqlite': 'usr/lib/sysimage/rpm/',
             'rpmdb.sqlite-wal': 'usr/lib/sysimage/rpm/', 'Packages.db': 'usr/lib/sysimage/rpm/', 'container-manifest-2': 'var/lib/rpmmanifest/'}
DATABASES = [('dpkg', 'status'), ('apk', 'installed'), ('rpm', 'Packages'), ('rpm', 'rpmdb.sqlite'), ('rpm', 'Packages.db')]


def databases():
    """(kind, what, name -> bytes): samples that are broken, good ones cut short, and noise; from here and from others."""
    if SAMPLES:
        yield 'dpkg', 'corrupt', {'status': (SAMPLES / 'packages/dpkg/syft-status/corrupt').read_bytes()}
        for path in ('cbl-mariner-2.0-sqlite/rpmdb.sqlite', 'sle15-bci-ndb/Packages.db', 'libuuid-bdb/Packages'):
            whole = (SAMPLES / 'packages/rpm' / path).read_bytes()
            for n in (len(whole) // 2, len(whole) - 4096, 5000, 100):
                yield 'rpm', f'{path.split("/")[0]} cut at {n}', {path.split('/')[1]: whole[:n]}
    for folder in sorted((ROOT / 'tests/reject/rpm').iterdir()):
        yield 'rpm', folder.name, {f.name: f.read_bytes() for f in folder.iterdir()}
    for kind, name in DATABASES:
        yield kind, f'noise in {name}', {name: bytes(range(256)) * 64}
        yield kind, f'zeros in {name}', {name: bytes(100000)}
        yield kind, f'text in {name}', {name: b'it was here\n'}


@pytest.mark.parametrize('kind,what,files', databases(), ids=lambda x: x if isinstance(x, str) else '')
def test_broken_databases(scan, tmp_path, kind, what, files):
    paths = {FOLDER_OF[name] + name: body for name, body in files.items()}
    for path, body in {'etc/os-release': OS_OF[kind], **paths}.items():
        (tmp_path / 'root' / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / 'root' / path).write_bytes(body)
    r = scan('dir:root')
    assert r.status == 1 and r.report['verdict'] == 'unknown'
    assert any(n['path'] in paths for n in r.report['not_examined']), r.report['not_examined']


def test_a_folder_that_leads_out(scan, tmp_path):
    """dir: stays inside: links out of it are read within it, and pipes and devices do not block."""
    secret = tmp_path / 'secret'
    secret.write_bytes(images.dpkg(secret='1'))
    root = tmp_path / 'root'
    (root / 'var/lib/dpkg/status.d').mkdir(parents=True)
    (root / 'etc').mkdir()
    (root / 'etc/os-release').write_bytes(images.OS_RELEASE)
    (root / STATUS).symlink_to(secret)
    (root / 'var/lib/dpkg/status.d/a').symlink_to('../../../../../secret')
    os.mkfifo(root / 'var/lib/dpkg/status.d/pipe')
    (root / 'self').symlink_to('.')
    (root / 'etc/circle').symlink_to('circle')
    r = scan('dir:root')
    assert r.report['packages'] == [] and r.loud, r.report


def test_records_changed_in_the_cache(home, tmp_path):
    """A record that is cut, damaged or no file at all is made anew; the answer stays."""
    for name, body in (('one', BASE), ('two', {**BASE, STATUS: images.dpkg(other='1')})):
        layout(tmp_path / name, body)

    def scan(name):
        r = home.scan('--cache-dir', tmp_path / 'cache', '--db-dir', home.cwd / 'cache/db', '--scanners', 'vuln', f'oci:{tmp_path}/{name}')
        r.pop('created')
        return r
    want = {name: scan(name) for name in ('one', 'two')}
    records = [p for p in (tmp_path / 'cache').rglob('layers/*/*') if p.is_file()]
    assert len(records) == 2
    good = [p.read_bytes() for p in records]
    changes = [b'', good[0][:-1], good[0][:40], bytes(len(good[0])), good[0] + b'x']
    changes += [good[0][:at] + bytes([good[0][at] ^ bit]) + good[0][at + 1:] for at in range(0, len(good[0]), 37) for bit in (1, 0x80)]
    for data in changes:
        records[0].write_bytes(data)
        assert {name: scan(name) for name in want} == want
    records[0].unlink()
    records[0].symlink_to('/etc/passwd')
    assert {name: scan(name) for name in want} == want
    records[0].unlink()
    records[0].mkdir()
    assert {name: scan(name) for name in want} == want


def test_compiled_rules_changed_in_the_cache(home, tmp_path):
    """The compiled rules for secrets lie there too: damaged ones are made anew, and never find less."""
    key = b'-----BEGIN RSA PRIVATE KEY-----\n' + base64.b64encode(bytes(range(256)) * 3) + b'\n-----END RSA PRIVATE KEY-----\n'
    layout(tmp_path / 'one', {**BASE, 'root/key': key})

    def scan():
        r = home.scan('--cache-dir', tmp_path / 'cache', '--db-dir', home.cwd / 'cache/db', '--scanners', 'secret', f'oci:{tmp_path}/one')
        return len(r['secrets']), [n['reason'] for n in r['not_examined']]
    want = scan()
    assert want == (1, [])
    files = sorted((p for p in (tmp_path / 'cache').rglob('layers/*/*') if p.is_file()), key=lambda p: p.stat().st_size)
    record, rules = files
    good = rules.read_bytes()
    middle = len(good) // 2
    for data in (b'', good[:-1], good[:100], bytes(len(good)), good + b'x', good[:8] + bytes(16) + good[24:], good[:middle] + b'\xff' * 64 + good[middle + 64:]):
        record.unlink(missing_ok=True)
        rules.write_bytes(data)
        assert scan() == want, data[:40]


def test_an_image_without_layers(scan, tmp_path):
    assert scan(layout(tmp_path / 'i')).closed
