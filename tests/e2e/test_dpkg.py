"""What a scan finds in this machine's own dpkg database is what dpkg-query lists."""
import pathlib
import shutil
import subprocess

import pytest

pytestmark = pytest.mark.skipif(not shutil.which('dpkg-query') or not pathlib.Path('/var/lib/dpkg/status').exists(),
                                reason='no dpkg')
FIELDS = ('Package', 'Version', 'Architecture', 'source:Package', 'source:Version', 'db:Status-Status')
THERE = {'installed', 'half-installed', 'unpacked', 'half-configured', 'triggers-awaited', 'triggers-pending'}


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp('root')
    shutil.copytree('/var/lib/dpkg', root / 'var/lib/dpkg', ignore=shutil.ignore_patterns('lock*', 'triggers', 'alternatives'))
    (root / 'usr/lib').mkdir(parents=True)
    (root / 'etc').mkdir()
    shutil.copy('/usr/lib/os-release', root / 'usr/lib/os-release')
    return root


def listed(root):
    out = subprocess.run(['dpkg-query', '--admindir', str(root / 'var/lib/dpkg'), '-W', '-f',
                          '\\t'.join('${%s}' % f for f in FIELDS) + '\\n'], capture_output=True, text=True, check=True).stdout
    return sorted(tuple(row[:5]) for row in (line.split('\t') for line in out.splitlines()) if row[5] in THERE)


def test_packages(lazaret, root):
    report = lazaret.scan(f'dir:{root}', '--allow-unknown')
    found = [(p['name'], p['version'], p['arch'], p['source']['name'], p['source']['version'])
             for p in report['packages'] if p['type'] == 'deb']
    assert sorted(found) == listed(root)
    assert len(found) > 50


def test_files(lazaret, root):
    """Every path of a list that holds no other is owned; directories mostly are not."""
    report = lazaret.scan(f'dir:{root}', '--allow-unknown')
    info = root / 'var/lib/dpkg/info'
    for p in report['packages']:
        path = info / f"{p['name']}.list"
        if not path.exists():
            path = info / f"{p['name']}:{p['arch']}.list"
        paths = {line for line in path.read_text(errors='surrogateescape').splitlines() if line not in ('/.', '')}
        leaves = paths - {q.rsplit('/', 1)[0] for q in paths}
        assert len(leaves) <= p.get('files', 0) <= len(paths), p['name']
