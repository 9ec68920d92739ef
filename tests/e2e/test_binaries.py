"""Programs, Java archives, Go and Rust binaries as Debian's packages bring them, in a folder without the package database: what is
found in them is what dpkg, Maven's repository paths and the list put in by objcopy say."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import zipfile
import zlib

import pytest


def scan(lazaret, folder):
    report = lazaret.scan(f'dir:{folder}')
    assert report['not_examined'] == []
    return report['packages']


def upstream(package):
    """The version as the program's authors have it."""
    r = subprocess.run(['dpkg-query', '-W', '-f', '${Version}', package], capture_output=True, text=True)
    return re.sub(r'^\d+:|[-+~].*$', '', r.stdout) if r.returncode == 0 else None


PROGRAMS = [('bash', '/usr/bin/bash', 'bash'), ('perl', '/usr/bin/perl', 'perl-base'), ('curl', '/usr/bin/curl', 'curl'),
            ('openssl', '/usr/bin/openssl', 'openssl'), ('openssl', '/usr/lib/x86_64-linux-gnu/libcrypto.so.3', 'libssl3'),
            ('sqlite', '/usr/lib/x86_64-linux-gnu/libsqlite3.so.0', 'libsqlite3-0'), ('php', '/usr/bin/php8.2', 'php8.2-cli'),
            ('ruby', '/usr/lib/x86_64-linux-gnu/libruby-3.1.so.3.1', 'libruby3.1'), ('git', '/usr/bin/git', 'git'),
            ('libcurl', '/usr/lib/x86_64-linux-gnu/libcurl.so.4', 'libcurl4'), ('httpd', '/usr/sbin/apache2', 'apache2-bin'),
            ('postgresql', '/usr/lib/postgresql/15/bin/postgres', 'postgresql-15')]


def test_programs(lazaret, tmp_path):
    want, files = {}, tmp_path / 'files'
    files.mkdir()
    for name, path, package in PROGRAMS:
        if os.path.exists(path) and upstream(package):
            shutil.copy(os.path.realpath(path), files / pathlib.Path(path).name)
            want[pathlib.Path(path).name] = (name, upstream(package))
    assert len(want) >= 3
    have = {p['path'].strip('/'): (p['name'], re.sub(r'p\d+$', '', p['version'])) for p in scan(lazaret, files)
            if p['type'] == 'generic'}
    assert have == want


def test_rust_audit_list(lazaret, tmp_path):
    crates = {'packages': [{'name': 'app', 'version': '1.0.0', 'source': 'local', 'root': True, 'dependencies': [1]},
                           {'name': 'libc', 'version': '0.2.150', 'source': 'crates'}]}
    (tmp_path / 'list').write_bytes(zlib.compress(json.dumps(crates).encode()))
    (tmp_path / 'files').mkdir()
    subprocess.run(['objcopy', '--add-section', f'.dep-v0={tmp_path}/list', '/usr/bin/true', str(tmp_path / 'files/app')], check=True)
    found = {(p['type'], p['name'], p['version']) for p in scan(lazaret, tmp_path / 'files')}
    assert found == {('cargo', 'app', '1.0.0'), ('cargo', 'libc', '0.2.150')}


def test_go_programs(lazaret, tmp_path):
    (tmp_path / 'files').mkdir()
    programs = [p for p in ('/usr/bin/skopeo', '/usr/bin/docker-registry') if os.path.exists(p)]
    if not programs:
        pytest.skip('no program in Go')
    for p in programs:
        shutil.copy(p, tmp_path / 'files')
    packages = scan(lazaret, tmp_path / 'files')
    for p in programs:
        built = re.search(rb'\xff Go buildinf:.{18}.(go1[0-9.]+)', pathlib.Path(p).read_bytes(), re.S).group(1).decode()
        found = [q['version'] for q in packages if q['name'] == 'stdlib' and q['path'].endswith(os.path.basename(p))]
        assert found == ['v' + built[2:]]


def test_java_archives(lazaret, tmp_path):
    """Below /usr/share/maven-repo the path of a jar is its group, artifact and version (or "3.x")."""
    root, files = pathlib.Path('/usr/share/maven-repo'), tmp_path / 'files'
    files.mkdir()
    want = {}
    for jar in sorted(root.glob('**/*.jar'))[:200]:
        version, artifact = jar.parent.name, jar.parent.parent.name
        group = '.'.join(jar.parent.parent.parent.relative_to(root).parts)
        if version != 'debian' and jar.name == f'{artifact}-{version}.jar':
            if f'META-INF/maven/{group}/{artifact}/pom.properties' in zipfile.ZipFile(jar).namelist():
                shutil.copy(jar.resolve(), files / jar.name)
                want[jar.name] = (f'{group}:{artifact}', version)
    if len(want) < 5:
        pytest.skip('no jars of Maven')
    found = {(p['path'].strip('/'), p['name']): p['version'] for p in scan(lazaret, files)}
    for jar, (name, version) in want.items():
        assert version in (found[jar, name], '2.x', '3.x'), jar
