"""Input that wants to hurt the readers of language packages, archives and programs. Each case stands beside good packages, which are
found all the same; what could not be read is said in a line or two. Bounds of time and memory as in test_hostile.py."""
import gzip
import io
import json
import os
import struct
import zipfile
import zlib

import pytest

import images
from test_hostile import BASE, GZIP, PLAIN, PSS, home, layout, names_of, scan  # noqa: F401 (fixtures)

NODE, PY = 'srv/app/node_modules', 'usr/lib/python3/dist-packages'
GOOD = {**BASE, f'{NODE}/good-node/package.json': b'{"name":"good-node","version":"1.0.0"}',
        f'{PY}/good_py-1.0.dist-info/METADATA': b'Metadata-Version: 2.1\nName: good_py\nVersion: 1.0\n'}
GOOD_NAMES = {'bar', 'foo', 'good-node', 'good_py'}


def archive(members, stored=False):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as z:
        for name, body in members.items():
            z.writestr(name, body)
    return out.getvalue()


def properties(name='inner', version='1.0'):
    return {f'META-INF/maven/org.acme/{name}/pom.properties': f'groupId=org.acme\nartifactId={name}\nversion={version}\n'}


def nested(n, breadth=1):
    body = archive({**properties('deepest'), 'zeros': bytes(1 << 20)})
    for i in range(n):
        body = archive({**properties(f'level{i}'), **{f'{k}.jar': body for k in range(breadth)}})
    return body


def raw_zip(entries, directory=None):
    """entries: (name, stored bytes, claims), claims being what both headers say in place of the truth."""
    out, central = b'', b''
    for name, body, claims in entries:
        c = dict(method=0, crc=zlib.crc32(body), packed=len(body), size=len(body), at=len(out), flags=0, local={})
        c.update(claims)
        l = {**c, **c['local']}
        name = name if isinstance(name, bytes) else name.encode()
        central += struct.pack('<4s4B4HL2L5H2L', b'PK\1\2', 20, 3, 20, 0, c['flags'], c['method'], 0, 0, c['crc'], c['packed'], c['size'],
                               len(name), 0, 0, 0, 0, 0, c['at']) + name
        out += struct.pack('<4s2B4HL2L2H', b'PK\3\4', 20, 0, l['flags'], l['method'], 0, 0, l['crc'], l['packed'], l['size'], len(name), 0) + name + body
    d = dict(n=min(len(entries), 65535), size=len(central), at=len(out), comment=b'')
    d.update(directory or {})
    return out + central + struct.pack('<4s4H2LH', b'PK\5\6', 0, 0, d['n'], d['n'], d['size'] & 0xffffffff, d['at'] & 0xffffffff,
                                       len(d['comment'])) + d['comment']


PROPERTIES = next(iter(properties().items()))
NAME, TEXT = PROPERTIES[0], PROPERTIES[1].encode()


def overlapped(n):
    """n names for one body, each inflating to a mebibyte (Fifield's bomb, in its simple form)."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    text = TEXT.ljust(60 << 10)
    body = deflate.compress(text) + deflate.flush()
    claim = dict(method=8, crc=zlib.crc32(text), packed=len(body), size=len(text))
    one = ('META-INF/maven/a/aaaaaa/pom.properties', body, claim)
    return raw_zip([one] + [(f'META-INF/maven/a/{i:06}/pom.properties', b'', {**claim, 'at': 0}) for i in range(n)])


def inside_itself():
    """A stored member whose bytes are the rest of the file, the directory included."""
    n = len(raw_zip([('a.jar', b'', {})])) - 30 - 5
    return raw_zip([('a.jar', b'', dict(packed=n, size=n, crc=0))])


JARS = {
    # The depth has a limit; what lies above it is found.
    '100 levels': (nested(100), True),
    '42': (nested(6, 16), None),
    'wide and deep': (nested(7, 6), None),
    'overlapped': (overlapped(50000), None),
    'inside itself': (inside_itself(), True),
    'a size too small': (raw_zip([(NAME, TEXT, dict(size=10))]), True),
    'a size too large': (raw_zip([(NAME, TEXT, dict(size=1 << 31))]), True),
    'packed too large': (raw_zip([(NAME, TEXT, dict(packed=0xfffffff0, size=0xfffffff0))]), True),
    'sizes that differ': (raw_zip([(NAME, TEXT, dict(local=dict(size=5, packed=5)))]), True),
    'a wrong checksum': (raw_zip([(NAME, TEXT, dict(crc=1))]), True),
    'encrypted': (raw_zip([(NAME, TEXT, dict(flags=1))]), True),
    'a method of the future': (raw_zip([(NAME, TEXT, dict(method=98))]), True),
    'a header elsewhere': (raw_zip([(NAME, TEXT, dict(at=0xfffffff0))]), True),
    'a directory elsewhere': (raw_zip([(NAME, TEXT, {})], dict(at=0xfffffff0)), True),
    'a directory too long': (raw_zip([(NAME, TEXT, {})], dict(size=0xfffffff0)), True),
    'more members than there are': (raw_zip([(NAME, TEXT, {})], dict(n=60000)), True),
    'cut': (archive(properties())[:-30], True),
    'nothing': (b'', None),
    'a million names': (raw_zip([(b'x', b'', {})]) and archive({}), None),
    'names that lead out': (archive({'../../../etc/passwd.jar': nested(1), '/abs.jar': nested(1), 'a\nb\x1b[2J.jar': nested(1), 'n' * 4096 + '.jar': nested(1)}), None),
    'properties of zeros': (archive({NAME: bytes(300 << 20)}), True),
    'a jar of zeros': (archive({'x.jar': bytes(300 << 20)}), True),
    'a manifest without end': (archive({'META-INF/MANIFEST.MF': b'Manifest-Version: 1.0\n' + b' x' * (20 << 20)}), None),
    'a million lines of manifest': (archive({'META-INF/MANIFEST.MF': b'A: b\n \n' * 1000000}), None),
}


def many_members(n):
    entry = struct.pack('<4s4B4HL2L5H2L', b'PK\1\2', 20, 3, 20, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0) + b'x.jar'
    local = struct.pack('<4s2B4HL2L2H', b'PK\3\4', 20, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0) + b'x.jar'
    central = entry * n
    end64 = struct.pack('<4sQ2H2L4Q', b'PK\6\6', 44, 45, 45, 0, 0, n, n, len(central), len(local))
    locator = struct.pack('<4sLQL', b'PK\6\7', 0, len(local) + len(central), 1)
    return local + central + end64 + locator + struct.pack('<4s4H2LH', b'PK\5\6', 0, 0, 65535, 65535, 0xffffffff, 0xffffffff, 0)


JARS['a million names'] = (many_members(1000000), True)


def survives(r, path, said):
    """The good packages are there; of the bad file there is a line, or a few."""
    assert r.report, r.err
    assert GOOD_NAMES <= set(names_of(r)), (names_of(r), r.reasons)
    lines = [n for n in r.report['not_examined'] if n['path'].split('!')[0] == path or n['path'].startswith(path)]
    assert len(r.report['not_examined']) <= 1000
    if said is not None:
        assert bool(lines) == said, r.report['not_examined']
    return lines


@pytest.mark.parametrize('name', JARS)
def test_jars(scan, tmp_path, name):
    body, said = JARS[name]
    r = scan(layout(tmp_path / 'i', {**GOOD, 'srv/bad.jar': body}), '--allow-unknown')
    survives(r, 'srv/bad.jar', said)
    if name == '100 levels':
        assert 'org.acme:level99' in names_of(r)


def deep(open_, close, n=100000):
    return open_ * n + close * n


MANY_KEYS = b'{"name":"x","version":"1",' + b','.join(b'"k%d":0' % i for i in range(1000000)) + b'}'
LAUGHS = b'<!DOCTYPE p [<!ENTITY a "ha">' + b''.join(b'<!ENTITY %c "%s">' % (c, b'&%c;' % (c - 1) * 10) for c in range(98, 110)) + b']>'
YAML_LAUGHS = b'a: &a [x,x,x,x,x,x,x,x,x,x]\n' + b''.join(b'%c: &%c [%s]\n' % (c, c, b','.join([b'*%c' % (c - 1)] * 10)) for c in range(98, 110))
POM = b'<project>%s<groupId>org.acme</groupId><artifactId>x</artifactId><version>%s</version></project>'

# Path -> body, and whether it cannot be read: by what is installed (in an image), and by what a project asks for (in a folder).
INSTALLED = {
    'deep JSON': (f'{NODE}/x/package.json', deep(b'[', b']'), True),
    'deep JSON objects': (f'{NODE}/x/package.json', deep(b'{"a":', b'}').replace(b':}', b':1}'), True),
    'a million keys': (f'{NODE}/x/package.json', MANY_KEYS, True),
    'types that are wrong': (f'{NODE}/x/package.json', b'{"name":[],"version":{},"license":[[[1]]],"dependencies":7}', None),
    'no JSON': (f'{NODE}/x/package.json', b'\0\xff\xfe{', True),
    'deep installed.json': ('srv/vendor/composer/installed.json', deep(b'[', b']'), True),
    'deep deps.json': ('srv/x.deps.json', deep(b'{"a":', b'1' + b'}'), True),
    'deep conda': ('opt/conda/conda-meta/x.json', deep(b'[', b']'), True),
    'laughs in a jar': ('srv/x.jar', archive({'META-INF/maven/a/b/pom.xml': LAUGHS + POM % (b'', b'&m;')}), None),
    'deep XML in a jar': ('srv/x.jar', archive({'META-INF/maven/a/b/pom.xml': deep(b'<a>', b'</a>')}), True),
    'parents in a circle': ('srv/x.jar', archive({f'META-INF/maven/org.acme/{a}/pom.xml': (
        f'<project><parent><groupId>org.acme</groupId><artifactId>{b}</artifactId><version>${{p}}</version></parent>'
        f'<artifactId>{a}</artifactId><properties><p>${{q}}</p><q>${{p}}</q></properties></project>') for a, b in ('xy', 'yx', 'zz')}), None),
    'properties that grow': ('srv/x.jar', archive({'META-INF/maven/a/b/pom.xml': b'<project><groupId>a</groupId><artifactId>b</artifactId>'
                             b'<version>${z}</version><properties><a>aaaaaaaaaa</a>' + b''.join(
                                 b'<%c>%s</%c>' % (c, b'${%c}' % (c - 1) * 20, c) for c in range(98, 123)) + b'</properties></project>'}), None),
    'a gemspec of one word': ('var/lib/gems/3.1.0/specifications/x-1.gemspec', b's.name' + b'=' * (40 << 20), True),
    'a million literals': ('var/lib/gems/3.1.0/specifications/x-1.gemspec',
                           b'# stub: x 1 ruby lib\n  s.licenses = [' + b'"MIT".freeze, ' * 1000000 + b']\n', None),
    'a million lines of METADATA': (f'{PY}/x-1.dist-info/METADATA', b'Metadata-Version: 2.1\nName: x\nVersion: 1\n' + b'Requires-Dist: y\n' * 1000000, None),
    'a RECORD that lies': (f'{PY}/good_py-1.0.dist-info/RECORD', b'../../../../../../etc/passwd,sha256=x,1\n"a\n' * 100000, None),
    'an egg that is none': (f'{PY}/x.egg', b'PK\3\4' + bytes(1000), None),
}
LOCKS = {
    'deep package-lock': ('package-lock.json', b'{"lockfileVersion":3,"packages":' + deep(b'{"a":', b'}') + b'}', True),
    'wide package-lock': ('package-lock.json', b'{"lockfileVersion":3,"packages":{' + b','.join(
        b'"node_modules/p%d":{"version":"1.0.0"}' % i for i in range(100000)) + b'}}', None),
    'package-lock in circles': ('package-lock.json', json.dumps({'lockfileVersion': 3, 'packages': {
        'node_modules/a': {'version': '1.0.0', 'dependencies': {'b': '*'}}, 'node_modules/b': {'version': '1.0.0', 'dependencies': {'a': '*', 'b': '*'}}}}).encode(), False),
    'package-lock 1, deep': ('package-lock.json', b'{"lockfileVersion":1,"dependencies":' + b'{"a":{"version":"1","dependencies":' * 5000
                             + b'{}' + b'}}' * 5000 + b'}', True),
    'yarn in circles': ('yarn.lock', b'# yarn lockfile v1\n\na@*:\n  version "1.0.0"\n  dependencies:\n    b "*"\n\nb@*:\n  version "1.0.0"\n  dependencies:\n    a "*"\n', False),
    'laughs in pnpm-lock': ('pnpm-lock.yaml', b"lockfileVersion: '6.0'\n" + YAML_LAUGHS, True),
    'deep YAML': ('pnpm-lock.yaml', deep(b'[', b']'), True),
    'deep YAML in blocks': ('pubspec.lock', b''.join(b' ' * i + b'a:\n' for i in range(1500)), True),
    'an anchor in itself': ('pubspec.lock', b'packages: &a\n  x: *a\n', None),
    'deep TOML': ('Cargo.lock', b'a = ' + deep(b'[', b']') + b'\n', True),
    'deep TOML keys': ('poetry.lock', b'a' + b'.a' * 100000 + b' = 1\n', True),
    'deep TOML tables': ('uv.lock', b'[a' + b'.a' * 100000 + b']\n', True),
    'a million TOML tables': ('Cargo.lock', b'[[package]]\nname = "x"\n' * 1000000, True),
    'Cargo in circles': ('Cargo.lock', b'version = 3\n' + b''.join(
        b'[[package]]\nname = "%c"\nversion = "1.0.0"\ndependencies = ["%c"]\n\n' % (a, b) for a, b in (b'ab', b'ba', b'cc')), False),
    'gems in circles': ('Gemfile.lock', b'GEM\n  remote: x\n  specs:\n    a (1.0)\n      b\n    b (1.0)\n      a\n\nDEPENDENCIES\n  a\n', False),
    'deep composer.lock': ('composer.lock', b'{"packages":' + deep(b'[', b']') + b'}', True),
    'composer in circles': ('composer.lock', json.dumps({'packages': [
        {'name': 'v/a', 'version': '1.0', 'require': {'v/b': '*'}}, {'name': 'v/b', 'version': '1.0', 'require': {'v/a': '*'}}]}).encode(), False),
    'requirements that ask for themselves': ('requirements.txt', b'-r requirements.txt\na==1.0\n', None),
    'a requirement without end': ('requirements.txt', b'a==1.0 \\\n' * 500000, None),
    'laughs in a pom': ('pom.xml', LAUGHS + POM % (b'', b'&m;'), None),
    'a pom that asks the outside': ('pom.xml', b'<!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + POM % (b'', b'&x;'), None),
    'deep pom': ('pom.xml', deep(b'<a>', b'</a>'), True),
    'a pom whose parent is itself': ('pom.xml', POM % (b'<parent><groupId>org.acme</groupId><artifactId>x</artifactId><version>1</version>'
                                                       b'<relativePath>pom.xml</relativePath></parent>', b'1'), None),
    'deep NuGet': ('packages.lock.json', deep(b'{"a":', b'1' + b'}'), True),
    'deep packages.config': ('packages.config', deep(b'<a>', b'</a>'), True),
    'a pom of one tag': ('pom.xml', b'<project ' + b'a="b" ' * 2000000 + b'/>', True),
    'mix.lock': ('mix.lock', b'%{' + deep(b'{', b'}'), None),
    'Package.resolved': ('Package.resolved', deep(b'[', b']'), True),
    'Podfile.lock': ('Podfile.lock', YAML_LAUGHS, True),
    'go.mod': ('go.mod', b'module x\nrequire (\n' + b'a.b/c v1.0.0\n' * 500000, None),
    'deep bun.lock': ('bun.lock', deep(b'[', b']'), True),
    'deep deno.lock': ('deno.lock', deep(b'{"a":', b'1' + b'}'), True),
    'conan.lock': ('conan.lock', deep(b'[', b']'), True),
    'deep Pipfile.lock': ('Pipfile.lock', deep(b'[', b']'), True),
    'gradle.lockfile': ('gradle.lockfile', b'a:b:1=x\n' * 500000, None),
}


@pytest.mark.parametrize('name', INSTALLED)
def test_installed(scan, tmp_path, name):
    path, body, said = INSTALLED[name]
    r = scan(layout(tmp_path / 'i', {**GOOD, path: body}), '--allow-unknown')
    survives(r, path, said)


def folder(root, files):
    for path, body in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(body)
    return f'dir:{root}'


@pytest.mark.parametrize('name', LOCKS)
def test_lockfiles(scan, tmp_path, name):
    path, body, said = LOCKS[name]
    r = scan(folder(tmp_path / 'root', {**GOOD, f'srv/lock/{path}': body}), '--allow-unknown')
    survives(r, f'srv/lock/{path}', said)
    if 'circle' in name:
        assert len(names_of(r)) > len(GOOD_NAMES)


def test_poms_in_a_circle(scan, tmp_path):
    files = {f'srv/{a}/pom.xml': f'<project><parent><groupId>g</groupId><artifactId>{b}</artifactId><version>1</version>'
             f'<relativePath>../{b}/pom.xml</relativePath></parent><artifactId>{a}</artifactId></project>'.encode() for a, b in ('ab', 'bc', 'ca')}
    survives(scan(folder(tmp_path / 'root', {**GOOD, **files}), '--allow-unknown'), 'srv/', None)


# Programs
def elf(sections=1, at=64, offset=1 << 63, size=1 << 63, name_index=0, entry=64):
    head = b'\x7fELF\2\1\1' + bytes(9) + struct.pack('<2HL3QL6H', 2, 62, 1, 0, 64, at, 0, 64, 56, 1, entry, sections, name_index)
    return head + struct.pack('<2L6Q', 1, 7, 0, offset, size, size, 1 << 63, 4096) * 3 + struct.pack('<2L4Q2L2Q', 1, 1, 3, offset, offset, size, 0, 0, 1, 0) * 4


def go(pointer_size=8, flags=2, rest=b''):
    return elf(1, 1 << 63) + b'\xff Go buildinf:' + bytes([pointer_size, flags]) + bytes(16) + rest


def with_info(data):
    """A program whose one writable segment is the build information at 4096."""
    head = b'\x7fELF\2\1\1' + bytes(9) + struct.pack('<2HL3QL6H', 2, 62, 1, 0, 64, 0, 0, 64, 56, 1, 64, 0, 0)
    return (head + struct.pack('<2L6Q', 1, 6, 4096, 4096, 4096, len(data), len(data), 4096)).ljust(4096, b'\0') + data


MAGIC = b'\xff Go buildinf:'
PROGRAMS = {
    'ELF at 2^63': elf(), 'ELF header at 2^63': elf(at=1 << 63), 'ELF 65535 sections': elf(65535), 'ELF entries of nothing': elf(9, entry=0),
    'ELF just below': elf(offset=(1 << 64) - 64, size=128), 'ELF names elsewhere': elf(4, name_index=65534), 'ELF of 20 bytes': elf()[:20],
    'ELF big and 32': b'\x7fELF\1\2\1' + b'\xff' * 100,
    'Go of no version': with_info(MAGIC + b'\x08\x02' + bytes(16)),
    'Go of 2^63 bytes': with_info(MAGIC + b'\x08\x02' + bytes(16) + b'\xff' * 8 + b'\x7f'),
    'Go of a length without end': with_info(MAGIC + b'\x08\x02' + bytes(16) + b'\x80' * 100),
    'Go with pointers of 7': with_info(MAGIC + b'\x07\x00' + b'\xff' * 200),
    'Go with pointers at themselves': with_info(MAGIC + b'\x08\x00' + struct.pack('<4Q', 4112, 4112, 4112, 1 << 62)),
    'Go cut': with_info(MAGIC),
    'Go of a million modules': with_info(MAGIC + b'\x08\x02' + bytes(16) + b'\x08go1.19.8' + b'\x80\x80\xc0\x07'
                                         + (b'x' * 16 + b'path\tx\n' + b'dep\ta.b/c\tv1.0.0\th1:x=\n' * 600000)[:15 << 20]),
    'PE elsewhere': b'MZ' + bytes(58) + b'\xff' * 4 + bytes(64),
    'PE sections at 2^32': b'MZ' + bytes(58) + struct.pack('<L', 64) + b'PE\0\0' + struct.pack('<2H3L2H', 0x8664, 65535, 0, 0, 0, 240, 2)
    + bytes(240) + (b'.data\0\0\0' + b'\xff' * 32) * 100,
    'Mach-O of 2^32 commands': struct.pack('<8L', 0xfeedfacf, 0x1000007, 3, 2, 0xffffffff, 0xffffffff, 0, 0) + b'\x19\0\0\0\0\0\0\0' * 10,
    'Mach-O at 2^63': struct.pack('<8L', 0xfeedfacf, 0x1000007, 3, 2, 1, 152, 0, 0) + struct.pack('<2L16s4Q4L', 0x19, 152, b'__DATA', 1 << 63, 1 << 63, 1 << 63,
                                                                                                1 << 63, 7, 7, 1, 0)
    + struct.pack('<16s16s2Q8L', b'__go_buildinfo', b'__DATA', 1 << 63, 1 << 63, 0xffffffff, 0, 0, 0, 0, 0, 0, 0),
    'fat in fat': struct.pack('>2L5L', 0xcafebabe, 1, 0x1000007, 3, 0, 28, 0) * 50,
    'fat without end': struct.pack('>2L', 0xcafebabe, 0xffffffff) + b'\xff' * 4000,
}


@pytest.mark.parametrize('name', PROGRAMS)
def test_programs(scan, tmp_path, name):
    r = scan(layout(tmp_path / 'i', {**GOOD, 'usr/bin/bad': ('mode', 0o755, PROGRAMS[name])}), '--allow-unknown')
    survives(r, 'usr/bin/bad', True if name in ('Go of 2^63 bytes', 'Go of a length without end', 'Go with pointers of 7') else None)


def test_a_list_of_crates_that_swells(scan, tmp_path):
    """A section .dep-v0 of which zlib makes a gibibyte."""
    body = zlib.compress(bytes(1 << 28), 9)
    names = b'\0.dep-v0\0.shstrtab\0'
    sections = bytes(64) + struct.pack('<2L4Q2L2Q', 1, 1, 2, 0x7000000, 64, len(body), 0, 0, 1, 0) \
        + struct.pack('<2L4Q2L2Q', 9, 3, 0, 0, 64 + len(body), len(names), 0, 0, 1, 0)
    head = b'\x7fELF\2\1\1' + bytes(9) + struct.pack('<2HL3QL6H', 2, 62, 1, 0, 0, 64 + len(body) + len(names), 0, 64, 56, 0, 64, 3, 2)
    r = scan(layout(tmp_path / 'i', {**GOOD, 'usr/bin/bad': ('mode', 0o755, head + body + names + sections)}), '--allow-unknown')
    survives(r, 'usr/bin/bad', True)


# Sizes and numbers
@pytest.mark.parametrize('path,first', [(f'{NODE}/x/package.json', b'{"name":"'), (f'{PY}/x-1.dist-info/METADATA', b'Name: '),
                                        ('var/lib/gems/3.1.0/specifications/x-1.gemspec', b's.name = "'), ('srv/x.jar', b'PK\3\4'),
                                        ('usr/bin/x', b'\x7fELF\2\1\1')])
def test_200_mb_on_one_line(scan, tmp_path, path, first):
    head = images.open_tar(GOOD) + images.header(path, 192 << 20) + first.ljust(512, b'x')
    tail = b'x' * (64 << 20)
    packed = gzip.compress(head, mtime=0) + gzip.compress(tail, 1, mtime=0) * 3
    r = scan(layout(tmp_path / 'i', b'', packed=lambda x: packed), '--allow-unknown', '--limit', 'layer_ratio=100000')
    survives(r, path, None if path.startswith('usr/bin') else True)


@pytest.mark.parametrize('path', [f'{NODE}/x/package.json', 'srv/x.jar', 'usr/bin/x', f'{PY}/x-1.dist-info/METADATA', 'srv/package-lock.json'])
def test_10_gb_of_nothing(scan, tmp_path, path):
    """A sparse file in a folder, as large as it likes."""
    target = folder(tmp_path / 'root', {**GOOD, path: b'\x7fELF\2\1\1' if path.startswith('usr') else b''})
    os.truncate(tmp_path / 'root' / path, 10 << 30)
    survives(scan(target, '--allow-unknown'), path, True)


def many(n, entry):
    """n entries written without tarfile, which is too slow for this: entry(i) is path, kind, link, body."""
    out = [images.open_tar(GOOD)]
    for i in range(n):
        path, kind, link, body = entry(i)
        h = bytearray(512)
        h[:len(path)] = path
        h[100:108], h[108:116], h[116:124] = b'0000644\0', b'0000000\0', b'0000000\0'
        h[124:136], h[136:148], h[148:156] = b'%011o\0' % len(body), b'00000000000\0', b' ' * 8
        h[156:157] = kind
        h[157:157 + len(link)] = link
        h[257:265] = b'ustar\x0000'
        h[148:156] = b'%06o\0 ' % sum(h)
        out.append(bytes(h) + body + bytes(-len(body) % 512))
    return b''.join(out) + bytes(1024)


@pytest.mark.parametrize('n', [50000, pytest.param(1000000, marks=pytest.mark.full)])
def test_package_json_by_the_million(scan, tmp_path, n):
    body = b'{"name":"p","version":"1.0.0"}'
    tar = many(n, lambda i: (b'srv/%d/node_modules/p/package.json' % i, b'0', b'', body))
    r = scan(layout(tmp_path / 'i', tar, packed=lambda x: x, layer_type=PLAIN), '--allow-unknown', pss=PSS if n < 100000 else 600 << 20)
    assert GOOD_NAMES <= set(names_of(r))
    # What a quarter of the child's memory does not hold is left out and said, once.
    full = [x for x in r.reasons if 'layer_memory' in x]
    assert (len(r.report['packages']), len(full)) == (n + 4, 0) or (n > 100000 and len(full) == 1 and r.loud)


def test_hard_links_by_the_hundred_thousand(scan, tmp_path):
    """As pnpm's store is, once it is in one layer."""
    first = b'srv/node_modules/.pnpm/p@1.0.0/node_modules/p/package.json'
    tar = many(100001, lambda i: (b'srv/%d/node_modules/p/package.json' % i, b'1', first, b'') if i else (first, b'0', b'', b'{"name":"p","version":"1.0.0"}'))
    # A package each, in the report too: 4 KB for every one.
    r = scan(layout(tmp_path / 'i', tar, packed=lambda x: x, layer_type=PLAIN), '--allow-unknown', pss=500 << 20)
    assert GOOD_NAMES | {'p'} <= set(names_of(r))


@pytest.mark.parametrize('links', [
    {f'{NODE}/a': ('link', '.'), f'{NODE}/b': ('link', 'a/b')}, {f'{NODE}/a': ('link', '..')}, {f'{NODE}/a': ('link', 'b'), f'{NODE}/b': ('link', 'a')},
    {f'{NODE}/.pnpm/x/node_modules/y': ('link', '../../x/node_modules'), f'{NODE}/x': ('link', '.pnpm/x/node_modules/y')},
    {f'{NODE}/x/package.json': ('link', 'package.json')}, {f'{NODE}/x/package.json': ('hard', f'{NODE}/x/package.json')},
    {f'{PY}/x-1.dist-info': ('link', '.'), f'{PY}/site': ('link', '..')}, {f'{PY}/x-1.dist-info/METADATA': ('link', '../x-1.dist-info/METADATA')},
    {'srv/x.jar': ('link', 'x.jar')}, {'srv/x.jar': ('link', '/dev/zero')}, {f'{NODE}/x/package.json': ('link', '../../../../../../../../etc/shadow')},
], ids=str)
def test_links_in_circles(scan, tmp_path, links):
    survives(scan(layout(tmp_path / 'i', {**GOOD, **links}), '--allow-unknown'), 'x', None)


@pytest.mark.parametrize('name', [b'a\nb', b'\x1b[2J', b'\xff\xfe', b'..', b'%2e%2e', b'a b', b'"', b'<script>', b'n' * 200, b'a\x7f', b'\xe2\x80\xae'])
def test_names_that_are_odd(scan, home, tmp_path, name):
    path = b'srv/node_modules/%s/package.json' % name
    long = path if len(path) < 100 else b'srv/node_modules/' + b'n' * 60 + b'/package.json'
    tar = many(1, lambda i: (long, b'0', b'', json.dumps({'name': name.decode('latin-1'), 'version': '1\n2'}).encode()))
    target = layout(tmp_path / 'i', tar)
    survives(scan(target, '--allow-unknown'), 'srv/node_modules', None)
    table = home('scan', '--allow-unknown', target)
    assert table.returncode == 0 and not any(ord(c) < 32 and c != '\n' or 127 <= ord(c) < 160 for c in table.stdout)


def test_a_name_of_4_kib(scan, tmp_path):
    path = 'srv/' + 'd/' * 2000 + 'node_modules/x/package.json'
    survives(scan(layout(tmp_path / 'i', {**GOOD, path: b'{"name":"x","version":"1"}', '/abs/node_modules/y/package.json': b'{"name":"y","version":"1"}',
                                          '../up/node_modules/z/package.json': b'{"name":"z","version":"1"}'}), '--allow-unknown'), 'srv', None)


# What is not examined is a no where that was asked for
def test_strict(scan, tmp_path):
    good, bad = layout(tmp_path / 'good', GOOD), layout(tmp_path / 'bad', {**GOOD, 'srv/x.jar': b'no archive'})
    assert scan(good, '--allow-unknown', '--strict').status == 0
    assert scan(bad, '--allow-unknown').status == 0
    r = scan(bad, '--allow-unknown', '--strict')
    assert r.status == 1 and len(r.report['not_examined']) == 1


BROKEN = {'nothing': b'', 'no JSON': b'\xff\0{', 'deep': deep(b'[', b']'), 'wide': b'{' + b','.join(b'"k%d":0' % i for i in range(400000)) + b'}',
          'another document': b'{"a":1}', 'laughs': YAML_LAUGHS, 'open': b'{"@context":"https://openvex.dev/ns/v0.2.0","statements":[',
          'wrong types': b'{"@context":"https://openvex.dev/ns/v0.2.0","statements":{"vulnerability":[[]]}}'}


@pytest.mark.parametrize('name', BROKEN)
@pytest.mark.parametrize('option,file', [('--vex', 'x.json'), ('--ignorefile', 'x.yaml'), ('--ignorefile', 'x'), ('sbom', 'x')])
def test_broken_files_of_ours(home, tmp_path, name, option, file):  # noqa: F811
    """They end the scan with one line; what was to be excepted is never guessed."""
    file = tmp_path / file
    file.write_bytes(BROKEN[name])
    target = f'sbom:{file}' if option == 'sbom' else layout(tmp_path / 'i', GOOD)
    r = home('scan', '--format', 'json', '--allow-unknown', *(() if option == 'sbom' else (option, file)), target, timeout=20)
    if r.returncode:
        assert r.returncode in (2, 3) and not r.stdout and r.stderr.count('\n') == (2 if r.returncode == 2 else 1), r.stderr
    else:
        # A line of a plain list is an id, whatever it says: nothing has it.
        assert option == '--ignorefile' and (name == 'nothing' or not file.suffix)
