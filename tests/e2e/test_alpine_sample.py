"""The Alpine 3.10 sample: its packages are those that are expected, its findings those that its secdb implies. What is implied is worked
out here from the documents alone, with an order of versions of its own."""
import json
import re

import pytest

import images

SUFFIXES = {'alpha': -4, 'beta': -3, 'pre': -2, 'rc': -1, 'cvs': 1, 'svn': 2, 'git': 3, 'hg': 4, 'p': 5}
VERSION = re.compile(r'(?P<numbers>\d+(?:\.\d+)*)(?P<letter>[a-z]?)(?P<suffixes>(?:_(?:%s)\d*)*)(?:~[0-9a-f]+)?(?:-r(?P<revision>\d+))?'
                     % '|'.join(SUFFIXES))


def key(version):
    """A tuple that sorts as apk sorts. Numbers behind a dot that start with 0 would be fractions: none is in the sample."""
    m = VERSION.fullmatch(version)
    assert m, version
    numbers = m['numbers'].split('.')
    assert not any(n.startswith('0') and len(n) > 1 for n in numbers[1:]), version
    suffixes = [(SUFFIXES[name], int(n or 0)) for name, n in re.findall(r'_([a-z]+)(\d*)', m['suffixes'])]
    # No suffix stands between those before a release and those behind it.
    return [int(n) for n in numbers], m['letter'], suffixes + [(0, 0)], int(m['revision'] or 0)


def secfixes(folder, release):
    """source -> {fixed version: [ids]}"""
    out = {}
    for repository in ('main', 'community'):
        for p in json.loads((folder / f'v{release}/{repository}.json').read_text())['packages']:
            for version, ids in p['pkg']['secfixes'].items():
                for text in ids or []:
                    words = text.split()
                    named = [w for w in words if w.startswith('CVE-')] or words[:1]
                    out.setdefault(p['pkg']['name'], {}).setdefault(version, set()).update(named)
    return out


def implied(packages, fixes):
    """(package, id, fixed): `fixed` is the version that closes it for good, the highest that names the id."""
    found = {}
    for p in packages:
        for version, ids in fixes.get(p['source'], {}).items():
            if version == '0' or not key(p['version']) < key(version):
                continue
            for i in ids:
                was = found.get((p['name'], i))
                found[p['name'], i] = max(was, version, key=key) if was else version
    return {(name, i, version) for (name, i), version in found.items()}


@pytest.fixture(scope='module')
def sample(request):
    import os
    import pathlib
    if not os.environ.get('LAZARET_TEST_DATA'):
        pytest.skip('LAZARET_TEST_DATA is not set')
    return pathlib.Path(os.environ['LAZARET_TEST_DATA'])


@pytest.fixture
def scanner(lazaret, sample):
    r = lazaret('db', 'import', sample / 'advisories/alpine-secdb')
    assert r.returncode == 0, r.stderr
    return lazaret


def found(report):
    return {(f['package']['name'], f['id'], f['fixed']) for f in report['findings']}


def expected_packages(sample):
    return json.loads((sample / 'images/alpine-310.expected.json').read_text())['packages']


def test_packages(scanner, sample):
    r = scanner.scan(f'docker-archive:{sample}/images/alpine-310.tar.gz')
    want = expected_packages(sample)
    assert len(want) == 14 and r['not_examined'] == []
    assert [(p['name'], p['version'], p['arch'], p['source']['name'], p['source']['version'], ' '.join(p['licenses']), p['files']) for p in r['packages']] == \
        [(p['name'], p['version'], p['arch'], p['source'], p['version'], p['license'], p['files']) for p in want]
    assert all(p['type'] == 'apk' and p['layer']['index'] == 0 and p['path'] == 'lib/apk/db/installed' for p in r['packages'])
    assert (r['distribution']['id'], r['distribution']['version'], r['distribution']['version_id']) == ('alpine', '3.10', '3.10.4')
    assert r['distribution']['pretty_name'] == 'Alpine Linux v3.10'


@pytest.mark.parametrize('release', ['3.3', '3.4', '3.5', '3.6', '3.7', '3.8', '3.9', '3.10', '3.11'])
def test_findings(scanner, sample, release):
    """As the release that it is, and as any other that there is a document of."""
    r = scanner.scan(f'docker-archive:{sample}/images/alpine-310.tar.gz', *([] if release == '3.10' else ['--distro', f'alpine:{release}']))
    assert found(r) == implied(expected_packages(sample), secfixes(sample / 'advisories/alpine-secdb', release))
    assert len(r['findings']) == len(found(r))


def middle(versions, installed):
    """A version in the middle of those that fixed something, so that about half is open."""
    known = sorted((v for v in versions if v != '0'), key=key)
    return known[len(known) // 2] if known else installed


@pytest.mark.parametrize('release', ['3.7', '3.10', '3.11'])
@pytest.mark.parametrize('behind', ['a little', 'half', 'all'])
def test_findings_of_older_packages(scanner, sample, tmp_path, release, behind):
    """The sample is as new as its document. With its packages set back, much is open: exactly what the document says."""
    fixes = secfixes(sample / 'advisories/alpine-secdb', release)
    packages = expected_packages(sample)
    for p in packages:
        versions = fixes.get(p['source'], {})
        known = sorted((v for v in versions if v != '0'), key=key)
        if behind == 'a little' and known:
            # One revision before the newest fix, or a candidate of it.
            base, revision = known[-1].rsplit('-r', 1)
            p['version'] = f'{base}-r{int(revision) - 1}' if revision != '0' else f'{base}_rc1-r5'
        elif behind == 'half':
            p['version'] = middle(versions, p['version'])
        elif behind == 'all':
            p['version'] = '0.0.1_alpha1-r0'
    database = ''.join(f'P:{p["name"]}\nV:{p["version"]}\nA:x86_64\no:{p["source"]}\nL:{p["license"]}\n\n' for p in packages).encode()
    images.Layout(tmp_path / 'image').image([{'etc/os-release': f'ID=alpine\nVERSION_ID={release}.1\n'.encode(), 'lib/apk/db/installed': database}])
    r = scanner.scan('oci:image')
    want = implied(packages, fixes)
    assert want and found(r) == want
    assert len(r['findings']) == len(want)
    assert all(f['status'] == 'fixed' and f['feed'] == 'alpine' for f in r['findings'])
