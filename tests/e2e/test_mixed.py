"""One image of all that people mix: Debian's packages, and what pip, gem, npm, Composer, Maven, Go and Cargo put beside and over them.
Everything comes from Debian packages of this machine and from the test itself. What each package manager lists is what a scan
lists; what the distribution provably owns is left to the distribution's advisories; what was written over it is not."""
import base64
import collections
import hashlib
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import tarfile
import zipfile
import zlib

import pytest

import images
from conftest import Lazaret

PYTHON = '/usr/bin/python3'
GO, RUSTC = '/usr/bin/go', '/usr/bin/rustc'
DEBS = ['python3-six', 'python3-packaging', 'ruby-webrick', 'ruby-rubygems', 'node-semver', 'node-lru-cache', 'node-yallist',
        'libguava-java', 'libcommons-io-java', 'libcommons-cli-java', 'libmaven3-core-java', 'php-composer-semver', 'umoci']
DIST, LOCAL = 'usr/lib/python3/dist-packages', 'usr/local/lib/python3.11/dist-packages'
GEMS, DEBIAN_GEMS = 'var/lib/gems/3.1.0', 'usr/share/rubygems-integration/all'
NODE = 'usr/share/nodejs'
needs = {'dpkg-query': DEBS, 'pip': ['python3-pip'], 'composer': ['composer'], 'gem': ['ruby']}
missing = [p for p in sum(needs.values(), []) if not pathlib.Path(f'/var/lib/dpkg/info/{p}.list').exists()]
pytestmark = pytest.mark.skipif(bool(missing), reason=f'not installed: {missing}')


def run(*args, cwd=None, **env):
    r = subprocess.run([str(a) for a in args], cwd=cwd, capture_output=True, text=True,
                       env={'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'HOME': str(cwd or '/nonexistent'), 'LC_ALL': 'C.UTF-8', **env})
    assert r.returncode == 0, (args, r.stdout, r.stderr)
    return r.stdout


class Root:
    """A root file system that grows step by step; each step is a layer, as an engine would make it."""

    def __init__(self, folder):
        self.folder, self.before, self.layers = folder, {}, []
        folder.mkdir()

    def __truediv__(self, path):
        return self.folder / path

    def write(self, path, body):
        (self / path).parent.mkdir(parents=True, exist_ok=True)
        (self / path).write_bytes(body if isinstance(body, bytes) else body.encode())

    def snapshot(self):
        now = {}
        for path in sorted(self.folder.rglob('*')):
            name = str(path.relative_to(self.folder))
            if path.is_symlink():
                now[name] = ('link', os.readlink(path))
            elif path.is_file():
                now[name] = path.read_bytes()
        return now

    def commit(self):
        now = self.snapshot()
        changed = {p: b for p, b in now.items() if self.before.get(p) != b}
        gone = {f'{os.path.dirname(p)}/.wh.{os.path.basename(p)}': b'' for p in self.before if p not in now}
        self.layers.append({**changed, **gone})
        self.before = now


def install_debs(root):
    """What dpkg would unpack and note of these packages, taken from this machine."""
    status = ''
    for name in DEBS:
        status += run('dpkg-query', '-s', name) + '\n'
        for line in run('dpkg-query', '-L', name).splitlines():
            source = pathlib.Path(line)
            if source.is_symlink() or source.is_file():
                (root / line[1:]).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, root / line[1:], follow_symlinks=False)
        for suffix in ('list', 'md5sums'):
            root.write(f'var/lib/dpkg/info/{name}.{suffix}', pathlib.Path(f'/var/lib/dpkg/info/{name}.{suffix}').read_bytes())
    root.write('var/lib/dpkg/status', status)
    root.write('etc/os-release', images.OS_RELEASE)


def wheel(folder, name, version, requires=()):
    """A wheel as the specification has it; nothing but zipfile is needed."""
    info = f'{name}-{version}.dist-info'
    files = {f'{name}.py' if name == 'six' else f'{name}/__init__.py': f'__version__ = "{version}"\n',
             f'{info}/METADATA': f'Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nLicense: MIT\n'
             + ''.join(f'Requires-Dist: {r}\n' for r in requires) + f'\nMade for a test, {name}.\n',
             f'{info}/WHEEL': 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n'}
    record = ''.join(f'{p},sha256={base64.urlsafe_b64encode(hashlib.sha256(b.encode()).digest()).rstrip(b"=").decode()},{len(b)}\n'
                     for p, b in files.items()) + f'{info}/RECORD,,\n'
    with zipfile.ZipFile(folder / f'{name}-{version}-py3-none-any.whl', 'w') as z:
        for path, body in {**files, f'{info}/RECORD': record}.items():
            z.writestr(path, body)


def pip(root, target, *names):
    run(PYTHON, '-m', 'pip', '--disable-pip-version-check', 'install', '--quiet', '--no-index', '--find-links', root.folder.parent / 'wheels',
        '--no-compile', '--upgrade', '--target', root / target, *names, cwd=root.folder.parent)


def gem(root, name, version, needs=None):
    made = root.folder.parent / 'gems' / name
    (made / 'lib').mkdir(parents=True)
    (made / f'lib/{name}.rb').write_text('# nothing\n')
    (made / f'{name}.gemspec').write_text(
        f"Gem::Specification.new do |s|\n s.name = '{name}'\n s.version = '{version}'\n s.summary = 'x'\n s.authors = ['a']\n"
        f" s.files = ['lib/{name}.rb']\n s.license = 'MIT'\n" + (f" s.add_dependency '{needs}'\n" if needs else '') + 'end\n')
    run('gem', 'build', '--quiet', f'{name}.gemspec', cwd=made)
    run('gem', 'install', '--local', '--force', '--no-document', '--install-dir', root / GEMS, f'{name}-{version}.gem', cwd=made)


def npm_package(name, version, **more):
    return json.dumps({'name': name, 'version': version, 'license': 'MIT', **more})


def composer_project(root):
    """A project with a path repository, as composer itself installs it."""
    source = root.folder.parent / 'composer'
    for name, version, needs_ in (('acme/log', '1.4.2', {}), ('acme/mail', '2.0.1', {'acme/log': '^1.0'})):
        (source / name).mkdir(parents=True)
        (source / name / 'composer.json').write_text(json.dumps({'name': name, 'version': version, 'license': 'MIT', 'require': needs_ or {'php': '*'}}))
    root.write('srv/php/composer.json', json.dumps({
        'name': 'acme/site', 'require': {'acme/mail': '^2.0'},
        'repositories': [{'type': 'path', 'url': f'{source}/acme/*', 'options': {'symlink': False}}, {'packagist.org': False}]}))
    run('composer', 'install', '--quiet', '--no-interaction', '--no-plugins', cwd=root / 'srv/php', COMPOSER_ALLOW_SUPERUSER='1')


def jar(group, artifact, version):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w') as z:
        z.writestr('META-INF/MANIFEST.MF', 'Manifest-Version: 1.0\n')
        z.writestr(f'META-INF/maven/{group}/{artifact}/pom.properties', f'groupId={group}\nartifactId={artifact}\nversion={version}\n')
    return out.getvalue()


GO_INFO = 'path\texample.org/app\nmod\texample.org/app\t(devel)\t\ndep\texample.org/dep\tv1.2.3\th1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nbuild\tCGO_ENABLED=0\n'
AUDIT = {'packages': [{'name': 'app', 'version': '0.3.0', 'source': 'local', 'dependencies': [1], 'root': True},
                      {'name': 'libdep', 'version': '0.4.1', 'source': 'crates.io'}]}


def with_section(folder, elf, name, body):
    """An ELF program with one more section."""
    (folder / 'section').write_bytes(body)
    run('objcopy', '--add-section', f'{name}={folder / "section"}', '--set-section-flags', f'{name}=alloc,readonly,data',
        '--change-section-address', f'{name}=0x7000000', elf, folder / 'elf')
    return (folder / 'elf').read_bytes()


def go_section(version, text):
    """Build information as Go 1.18 and later put it: no pointers, both strings behind the header."""
    def string(b):
        n, out = len(b), b''
        while n > 127:
            out, n = out + bytes([n & 127 | 128]), n >> 7
        return out + bytes([n]) + b
    mark = bytes(range(16))
    return b'\xff Go buildinf:\x08\x02'.ljust(32, b'\0') + string(version.encode()) + string(mark + text.encode() + mark)


@pytest.fixture(scope='module')
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp('mixed')
    root = Root(folder / 'root')
    install_debs(root)
    root.commit()

    wheels = folder / 'wheels'
    wheels.mkdir()
    for name, version, requires in (('acme_one', '1.0.1', ['acme_two>=2']), ('acme_two', '2.5', []), ('six', '1.99.0', []), ('packaging', '23.0', [])):
        wheel(wheels, name, version, requires)
    pip(root, LOCAL, 'acme_one')
    gem(root, 'acme-base', '0.9.1')
    gem(root, 'acme-web', '3.1.4', needs='acme-base')
    for path, name, version in (('left-pad', 'left-pad', '1.3.0'), ('@acme/tool', '@acme/tool', '0.1.0'),
                                ('left-pad/node_modules/semver', 'semver', '5.0.1')):
        root.write(f'srv/node/node_modules/{path}/package.json', npm_package(name, version))
    root.write('srv/node/package.json', npm_package('site', '1.0.0', dependencies={'left-pad': '*', '@acme/tool': '*'}))
    composer_project(root)
    root.write('srv/java/app.jar', jar('org.acme', 'app', '7.1'))
    shutil.copyfile('/usr/share/java/commons-io.jar', root / 'srv/java/commons-io-copy.jar')
    root.write('srv/go/app', with_section(folder, '/bin/true', '.go.buildinfo', go_section('go1.19.8', GO_INFO)))
    root.write('srv/rust/app', with_section(folder, '/bin/true', '.dep-v0', zlib.compress(json.dumps(AUDIT).encode())))
    root.commit()

    lazaret = Lazaret(folder)
    layout = images.Layout(folder / 'below')
    layout.image(root.layers)
    # Over what dpkg unpacked: a newer version, and the same version again.
    pip(root, DIST, 'six', 'packaging')
    root.write(f'{NODE}/lru-cache/package.json', npm_package('lru-cache', '9.0.0'))
    root.commit()
    layout = images.Layout(folder / 'image')
    layout.image(root.layers)

    feed = folder / 'feed'
    feed.mkdir()
    for ecosystem, name in (('PyPI', 'six'), ('PyPI', 'packaging'), ('PyPI', 'acme-one'), ('RubyGems', 'webrick'), ('RubyGems', 'acme-base'),
                            ('npm', 'semver'), ('npm', 'lru-cache'), ('npm', 'yallist'), ('npm', 'left-pad'), ('Maven', 'com.google.guava:guava'),
                            ('Maven', 'commons-io:commons-io'), ('Maven', 'org.acme:app'), ('Maven', 'org.apache.maven:maven-core'),
                            ('Packagist', 'composer/semver'), ('Packagist', 'acme/log'), ('Go', 'example.org/dep'), ('Go', 'stdlib'), ('crates.io', 'libdep')):
        id_ = f'TEST-{ecosystem}-{re.sub("[^a-z-]", "-", name)}'
        (feed / f'{id_}.json').write_text(json.dumps({
            'schema_version': '1.6.0', 'id': id_, 'modified': '2026-01-01T00:00:00Z', 'summary': 'x',
            'affected': [{'package': {'ecosystem': ecosystem, 'name': name},
                          'ranges': [{'type': 'SEMVER' if ecosystem in ('npm', 'Go', 'crates.io') else 'ECOSYSTEM', 'events': [{'introduced': '0'}]}]}]}))
    (feed / 'debian.json').write_text(images.tracker(six={'CVE-2020-0001': '1.0'}))
    r = lazaret('db', 'import', feed)
    assert r.returncode == 0, r.stderr
    below = lazaret.scan(f'oci:{folder}/below')
    return collections.namedtuple('World', 'folder root lazaret below report')(folder, root, lazaret, below, lazaret.scan(f'oci:{folder}/image'))


def listed(report, type_, under=''):
    return sorted((p['name'], p['version']) for p in report['packages'] if p['type'] == type_ and p['path'].startswith(under))


def test_nothing_is_left_out(world):
    assert world.report['not_examined'] == []


def test_apt(world):
    out = run('dpkg-query', '--admindir', world.root / 'var/lib/dpkg', '-W', '-f', '${Package}\\t${Version}\\n')
    assert listed(world.report, 'deb') == sorted(tuple(line.split('\t')) for line in out.splitlines())


def test_pip(world):
    for folder in (LOCAL, DIST):
        out = run(PYTHON, '-m', 'pip', 'list', '--disable-pip-version-check', '--format', 'json', '--path', world.root / folder)
        theirs = {(p['name'], p['version']) for p in json.loads(out)}
        ours = set(listed(world.report, 'pypi', folder + '/'))
        assert len(theirs) > 1 and theirs <= ours
        # pip lists one version of a name; the egg-info of the older one is still there.
        assert ours - theirs <= {('six', run('dpkg-query', '-W', '-f', '${source:Upstream-Version}', 'python3-six'))}


def test_gem(world):
    script = 'Gem::Specification.each { |s| puts [s.name, s.version, s.loaded_from].join("\\t") }'
    out = run('ruby', '-e', script, GEM_HOME=str(world.root / GEMS), GEM_PATH=str(world.root / DEBIAN_GEMS))
    theirs = sorted(tuple(line.split('\t')[:2]) for line in out.splitlines() if line.split('\t')[2].startswith(str(world.root / '')))
    assert theirs == listed(world.report, 'gem') and len(theirs) > 2
    assert ('acme-web', '3.1.4') in theirs and 'webrick' in dict(theirs)


def test_npm_tree(world):
    """Node's own resolution, folder by folder, from the project and from Debian's folder."""
    found = set()
    for path in (world.root / '').rglob('package.json'):
        j = json.loads(path.read_text())
        if 'version' in j and path.parent.parent.name in ('node_modules', 'nodejs') or path.parent.parent.name.startswith('@'):
            found.add((j['name'], j['version']))
    assert ('@acme/tool', '0.1.0') in found and ('semver', '5.0.1') in found and ('lru-cache', '9.0.0') in found
    assert found == set(listed(world.report, 'npm')) - {('site', '1.0.0')}


def test_composer(world):
    out = json.loads(run('composer', 'show', '-f', 'json', '--no-plugins', cwd=world.root / 'srv/php', COMPOSER_ALLOW_SUPERUSER='1'))
    assert sorted((p['name'], p['version']) for p in out['installed']) == listed(world.report, 'composer', 'srv/php/')
    assert len(out['installed']) == 2


def test_jars(world):
    """What Debian's Maven repository calls its jars, by the links and poms that it keeps."""
    repo = world.root / 'usr/share/maven-repo'
    theirs = set()
    for path in repo.rglob('*.jar'):
        version = path.parent.name
        if not re.fullmatch(r'debian|\d+\.x', version):    # names for what other packages ask for
            theirs.add((':'.join(['.'.join(path.parent.parent.parent.relative_to(repo).parts), path.parent.parent.name]), version))
    ours = set(listed(world.report, 'maven'))
    assert 'com.google.guava:guava' in dict(theirs) and theirs <= ours, theirs - ours
    assert ('org.acme:app', '7.1') in ours


def test_go(world):
    assert set(listed(world.report, 'golang', 'srv/go/')) == {('example.org/app', ''), ('example.org/dep', 'v1.2.3'), ('stdlib', 'v1.19.8')}


def test_rust(world):
    assert listed(world.report, 'cargo', 'srv/rust/') == [(p['name'], p['version']) for p in AUDIT['packages']]


def found(report):
    return sorted((f['package']['name'], f['installed'], f['path']) for f in report['findings'])


OWN = ['acme-base', 'acme-one', 'acme/log', 'commons-io:commons-io', 'example.org/dep', 'left-pad', 'libdep', 'org.acme:app', 'semver', 'stdlib']
OWNED = {'six', 'packaging', 'webrick', 'lru-cache', 'yallist', 'semver', 'com.google.guava:guava', 'commons-io:commons-io',
         'org.apache.maven:maven-core', 'stdlib'}


def test_what_debian_owns_is_not_reported(world):
    """Before anything was written over it: of the languages, only what came from elsewhere."""
    assert sorted({f['package']['name'].replace('_', '-') for f in world.below['findings']}) == OWN
    for f in world.below['findings']:
        assert f['path'].startswith(('srv/', LOCAL, GEMS)), f


def test_include_owned(world):
    r = world.lazaret.scan('--include-owned', f'oci:{world.folder}/below')
    more = {f['package']['name'] for f in r['findings'] if f['path'].startswith('usr/') and not f['path'].startswith(LOCAL)}
    assert more == OWNED


def test_a_distribution_without_advisories_owns_nothing_silently(world):
    """No feed of the distribution's own speaks for it: the language's advisories do."""
    r = world.lazaret.scan('--distro', 'debian:11', f'oci:{world.folder}/below', '--allow-unknown')
    assert {f['package']['name'] for f in r['findings']} >= OWNED


def test_what_was_written_over_a_package_is_found(world):
    more = set(found(world.report)) - set(found(world.below))
    six = f'{DIST}/six-1.99.0.dist-info/METADATA'
    assert {(n, v) for n, v, p in more} == {('six', '1.99.0'), ('packaging', '23.0'), ('lru-cache', '9.0.0')}
    assert ('six', '1.99.0', six) in more
    assert set(found(world.below)) <= set(found(world.report))


@pytest.mark.parametrize('format_', ['cyclonedx', 'spdx-json'])
def test_its_sbom_gives_the_same_findings(world, format_):
    r = world.lazaret('sbom', '-f', format_, f'oci:{world.folder}/image')
    assert r.returncode == 0, r.stderr
    path = world.folder / f'{format_}.json'
    path.write_text(r.stdout)
    again = world.lazaret.scan(f'sbom:{path}')
    for type_ in ('deb', 'pypi', 'gem', 'npm', 'composer', 'maven', 'golang', 'cargo'):
        assert listed(again, type_) == listed(world.report, type_)
    assert found(again) == found(world.report)


@pytest.mark.full
def test_npm(world, tmp_path):
    """npm itself packs, installs and lists."""
    if not shutil.which('npm'):
        pytest.skip('no npm')
    for name, version, dependencies in (('acme-low', '1.2.3', {}), ('acme-high', '4.5.6', {'acme-low': f'file:{tmp_path}/acme-low-1.2.3.tgz'})):
        (tmp_path / name).mkdir()
        (tmp_path / name / 'package.json').write_text(npm_package(name, version, dependencies=dependencies))
        run('npm', 'pack', '--offline', '--pack-destination', tmp_path, cwd=tmp_path / name, HOME=str(tmp_path / 'home'))
    app = tmp_path / 'root/srv/app'
    app.mkdir(parents=True)
    (app / 'package.json').write_text(npm_package('app', '1.0.0', dependencies={'acme-high': f'file:{tmp_path}/acme-high-4.5.6.tgz'}))
    run('npm', 'install', '--offline', '--no-audit', '--no-fund', cwd=app, HOME=str(tmp_path / 'home'))

    def walk(node):
        for name, child in node.get('dependencies', {}).items():
            yield name, child['version']
            yield from walk(child)
    theirs = set(walk(json.loads(run('npm', 'ls', '--json', '--all', cwd=app, HOME=str(tmp_path / 'home')))))
    assert theirs == {('acme-low', '1.2.3'), ('acme-high', '4.5.6')}
    images.Layout(tmp_path / 'i').image([{str(p.relative_to(tmp_path / 'root')): p.read_bytes()
                                          for p in (tmp_path / 'root').rglob('*') if p.is_file()}])
    r = world.lazaret.scan(f'oci:{tmp_path}/i', '--allow-unknown')
    assert set(listed(r, 'npm')) == theirs | {('app', '1.0.0')}
    assert set(listed(world.lazaret.scan(f'dir:{tmp_path}/root', '--allow-unknown'), 'npm')) == theirs | {('app', '1.0.0')}


@pytest.mark.full
@pytest.mark.parametrize('flags', [[], ['-trimpath'], ['-ldflags', '-s -w']], ids=str)
def test_go_itself(world, tmp_path, flags):
    if not pathlib.Path(GO).exists():
        pytest.skip('no Go of Debian')
    for name, body in {'app/go.mod': 'module example.org/app\n\ngo 1.19\n\nrequire example.org/dep v1.2.3\n\nreplace example.org/dep => ../dep\n',
                       'app/main.go': 'package main\n\nimport "example.org/dep"\n\nfunc main() { println(dep.Name()) }\n',
                       'dep/go.mod': 'module example.org/dep\n\ngo 1.19\n', 'dep/dep.go': 'package dep\n\nfunc Name() string { return "dep" }\n'}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(body)
    (tmp_path / 'root/usr/bin').mkdir(parents=True)
    run(GO, 'build', *flags, '-o', tmp_path / 'root/usr/bin/app', '.', cwd=tmp_path / 'app', GOFLAGS='-mod=mod', GOPROXY='off', GONOSUMDB='*',
        GOTOOLCHAIN='local', GOCACHE=str(tmp_path / 'cache'), GOPATH=str(tmp_path / 'go'))
    lines = [line.split() for line in run(GO, 'version', '-m', tmp_path / 'root/usr/bin/app', HOME=str(tmp_path)).splitlines()]
    # What stands in a folder (the main module, what a folder replaces) has no version.
    theirs = {'stdlib': lines[0][1].replace('go', 'v', 1)}
    for words in lines[1:]:
        if words and words[0] in ('mod', 'dep', '=>'):
            name, version = words[1:3] if words[0] != '=>' else (name, words[2])
            theirs[name] = '' if version == '(devel)' else version
    assert len(theirs) == 3
    assert dict(listed(world.lazaret.scan(f'dir:{tmp_path}/root', '--allow-unknown'), 'golang')) == theirs


@pytest.mark.full
def test_rust_itself(world, tmp_path):
    if not pathlib.Path(RUSTC).exists():
        pytest.skip('no rustc of Debian')
    (tmp_path / 'main.rs').write_text('fn main() { println!("hello"); }\n')
    run(RUSTC, '-o', tmp_path / 'plain', tmp_path / 'main.rs', cwd=tmp_path)
    (tmp_path / 'root/usr/bin').mkdir(parents=True)
    (tmp_path / 'root/usr/bin/app').write_bytes(with_section(tmp_path, tmp_path / 'plain', '.dep-v0', zlib.compress(json.dumps(AUDIT).encode())))
    r = world.lazaret.scan(f'dir:{tmp_path}/root', '--allow-unknown')
    assert listed(r, 'cargo') == [(p['name'], p['version']) for p in AUDIT['packages']]
