"""Tiny images and feeds of our own -> every report format, byte for byte. tools/bless rewrites what is expected here.

The layers are not compressed, so that no digest depends on a library's version; the releases are ones whose end is past or not set, so
that no answer depends on the day."""
import gzip
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / 'e2e'))
import images  # noqa: E402
from conftest import Lazaret  # noqa: E402

PLAIN = 'application/vnd.oci.image.layer.v1.tar'
STATUS = 'var/lib/dpkg/status'


def tracker():
    def vulnerability(text, **release):
        return {'description': text, 'scope': 'remote', 'releases': {'forky': {'repositories': {}, **release}}}
    return {
        'openssl': {
            'CVE-2099-0001': vulnerability('A buffer in the record layer overflows when a certificate has a name that is longer than the peer said it would be.',
                                           status='resolved', fixed_version='3.6.0-2', urgency='high'),
            'CVE-2099-0002': vulnerability('Timing.', status='open', urgency='low', nodsa='Minor issue', nodsa_reason='ignored'),
            'CVE-2099-0003': vulnerability('Not here.', status='resolved', fixed_version='0', urgency='unimportant'),
        },
        'zlib': {'CVE-2099-0004': vulnerability('Éclair of ☃ in a name.', status='open', urgency='unimportant'),
                 'TEMP-0000000-ABCDEF': vulnerability('', status='resolved', fixed_version='1:1.4', urgency='not yet assigned')},
        'nobody-has-this': {'CVE-2099-0009': vulnerability('x', status='open', urgency='high')},
    }


SECDB = {'distroversion': 'v3.10', 'reponame': 'main', 'packages': [
    {'pkg': {'name': 'busybox', 'secfixes': {'1.31.0-r0': ['CVE-2099-0001'], '1.30.1-r3': ['CVE-2099-0005'], '0': ['CVE-2099-0006']}}},
    {'pkg': {'name': 'xen', 'secfixes': {'4.12.1-r0': ['CVE-2099-0007 XSA-999']}}}]}
OSV = [{'schema_version': '1.7.0', 'id': f'AZL-{n}', 'modified': '2099-01-03T00:00:00Z', 'published': '2099-01-02T00:00:00Z', 'upstream': [cve],
        'summary': text, 'severity': [{'type': 'CVSS_V3', 'score': vector}], 'references': [{'type': 'WEB', 'url': f'https://example.org/{cve}'}],
        'affected': [{'package': {'ecosystem': 'Azure Linux:3', 'name': 'beta'},
                      'ranges': [{'type': 'ECOSYSTEM', 'events': [{'introduced': '0'}, {'fixed': fixed}]}]}]}
       for n, cve, text, vector, fixed in [
           (1, 'CVE-2099-0001', 'beta reads behind its end', 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', '0:3.1-1.fc40'),
           (2, 'CVE-2099-0008', 'beta is fixed', 'CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N', '0:3.0-1.fc40')]]
KEV = {'title': 'CISA Catalog of Known Exploited Vulnerabilities', 'catalogVersion': '2099.01.01', 'dateReleased': '2099-01-01T00:00:00Z', 'count': 1,
       'vulnerabilities': [{'cveID': 'CVE-2099-0001', 'vendorProject': 'x', 'product': 'y', 'vulnerabilityName': 'z', 'dateAdded': '2099-01-02',
                            'dueDate': '2099-01-23', 'knownRansomwareCampaignUse': 'Known'}]}
EPSS = '#model_version:v2099.01.01,score_date:2099-01-01T00:00:00+0000\ncve,epss,percentile\nCVE-2099-0001,0.97301,0.99987\nCVE-2099-0002,0.00042,0.05\n'


def debian(folder):
    first = images.dpkg(**{'libssl3': ('3.6.0-1', 'openssl'), 'zlib1g': ('1:1.3-1', 'zlib')})
    return images.Layout(folder).image([
        {'etc/os-release': b'ID=debian\nVERSION_ID="14"\nVERSION_CODENAME=forky\nPRETTY_NAME="Debian GNU/Linux 14 (forky)"\n', STATUS: first},
        {STATUS: first + images.dpkg(**{'openssl-with-a-name-that-needs-more-room-than-there-is': ('3.6.0-1+really3.5.9~bpo14+1', 'openssl'), 'odd': ('1_2', 'zlib')}),
         '../out': b''},
    ], texts=['/bin/sh -c #(nop) ADD file:0 in /', 'RUN apt-get install'], packed=lambda x: x, layer_type=PLAIN)


def alpine(folder):
    installed = ''.join(f'C:Q1AAAAAAAAAAAAAAAAAAAAAAAAAAA=\nP:{p}\nV:{v}\nA:x86_64\nL:{licence}\no:{o}\nF:bin\nR:{p}\n\n' for p, v, o, licence in [
        ('busybox', '1.30.1-r2', 'busybox', 'GPL-2.0'), ('ssl_client', '1.30.1-r3', 'busybox', 'GPL-2.0'), ('xen-libs', '4.12.0-r9', 'xen', 'GPL-2.0 LGPL'),
        ('musl', '1.1.22-r3', 'musl', 'MIT')])
    return images.Layout(folder).image([{'etc/os-release': b'ID=alpine\nVERSION_ID=3.10.4\nPRETTY_NAME="Alpine Linux v3.10"\n',
                                         'lib/apk/db/installed': installed.encode()}], packed=lambda x: x, layer_type=PLAIN)


def rpm(folder):
    db = (HERE.parent / 'data/rpm/ndb/Packages.db').read_bytes()
    return images.Layout(folder).image([{'etc/os-release': b'ID=azurelinux\nVERSION_ID="3.0"\nPRETTY_NAME="Microsoft Azure Linux 3.0"\n',
                                         'var/lib/rpm/Packages.db': db}], packed=lambda x: x, layer_type=PLAIN)


SBOMS = {'cyclonedx': 'sbom.cdx.json', 'spdx-json': 'sbom.spdx.json', 'spdx': 'sbom.spdx', 'spdx-3-json': 'sbom.spdx3.json'}
CASES = {'debian': debian, 'alpine': alpine, 'rpm': rpm}
CRAFTED = ['full', 'hostile', 'two']


def prepare(folder):
    """The program with a database of all feeds."""
    lazaret = Lazaret(folder)
    lazaret.env['SOURCE_DATE_EPOCH'] = '1800000000'
    del lazaret.env['NO_COLOR']
    feeds = folder / 'feeds'
    for name, body in {'debian.json': tracker(), 'v3.10/main.json': SECDB, 'known_exploited_vulnerabilities.json': KEV,
                       **{f'Azure Linux/{r["id"]}.json': r for r in OSV}}.items():
        (feeds / name).parent.mkdir(parents=True, exist_ok=True)
        (feeds / name).write_text(json.dumps(body))
    (feeds / 'epss_scores-current.csv.gz').write_bytes(gzip.compress(EPSS.encode()))
    r = lazaret('db', 'import', feeds)
    assert r.returncode == 0 and 'could not be read' not in r.stderr, r.stderr
    return lazaret


# Formats beside table and json, and what their files are called. A template names one field of every kind.
OTHERS = {'sarif': 'sarif', 'cyclonedx-vex': 'cdx.json', 'openvex': 'openvex.json', 'junit': 'xml', 'gitlab': 'gitlab.json',
          'gitlab-codequality': 'codequality.json', 'html': 'html', 'markdown': 'md', 'csv': 'csv', 'github': 'github.json', 'template': 'template.txt'}
TEMPLATE = """{{tool_version}}{{#each reports}}
{{- target | json}} {{verdict | upper}} {{critical}}+{{high}}+{{medium}} of {{total}}{{#if base_name}} on {{base_name | short}}{{/if}}
{{#each findings}}{{@index}}{{#if @last}} last{{/if}}: {{kind}} {{id}} {{title | html}}{{#if kind = "secret"}} in {{path | uri}}{{else}}{{#if not fixed}} open{{/if}}{{/if}}
{{else}}nothing
{{/each}}{{/each}}"""


def crafted(report):
    """The reports made by hand, in every format."""
    driver = pathlib.Path(os.environ.get('LAZARET', HERE.parent.parent / 'build/lazaret')).parent / 'formats-driver'
    out = {}
    for name, suffix in {'table': 'txt', 'json': 'json', **OTHERS}.items():
        for env in ({}, {'SUPPRESSED': '1'}) if report == 'full' else ({},):
            r = subprocess.run([driver, name, report, TEMPLATE], env=env, capture_output=True)
            assert r.returncode == 0, r.stderr
            out[f'{report}{"-all" if env else ""}.{suffix}'] = r.stdout.decode()
    return out


def produce(lazaret, case):
    """file name -> what it should hold."""
    if case in CRAFTED:
        return crafted(case)
    CASES[case](lazaret.cwd / case)
    target = f'oci:{case}'
    out = {}
    r = lazaret('scan', target, '--format', 'json')
    assert r.returncode in (0, 1) and r.stderr == '', r.stderr
    # When feeds were read is part of a generation, so its digest changes.
    out['report.json'] = re.sub(r'("database": "sha256:)[0-9a-f]{64}"', r'\1..."', r.stdout)
    (lazaret.cwd / 'template').write_text(TEMPLATE)
    for name, suffix in OTHERS.items():
        r = lazaret('scan', target, '--format', name, *(['--template', 'template'] if name == 'template' else []),
                    env={'GITHUB_SHA': '0' * 40, 'GITHUB_REF': 'refs/heads/main'})
        assert r.returncode in (0, 1) and r.stderr == '', r.stderr
        out[f'report.{suffix}'] = re.sub('sha256:[0-9a-f]{64}(?=</dd>\n</dl>)', 'sha256:...', r.stdout)
    for form, name in SBOMS.items():
        r = lazaret('sbom', target, '-f', form)
        assert r.returncode == 0 and r.stderr == '', r.stderr
        out[name] = r.stdout
    r = lazaret('scan', target)
    assert r.stderr == ''
    out['pipe.txt'] = r.stdout
    for width in (80, 120):
        for name, env in {f'table-{width}.txt': {'NO_COLOR': '1'}, f'colour-{width}.txt': {}}.items():
            status, shown = lazaret.terminal(['scan', '--quiet', target], env, width)
            assert status in (0, 1)
            out[name] = shown.replace('\r\n', '\n')
    return out


@pytest.fixture(scope='module')
def lazaret(tmp_path_factory):
    return prepare(tmp_path_factory.mktemp('golden'))


@pytest.mark.parametrize('case', [*CASES, *CRAFTED])
def test_reports(lazaret, case):
    made = produce(lazaret, case)
    kept = {p.name: p.read_bytes().decode() for p in (HERE / case).iterdir()}
    assert made.keys() == kept.keys()
    for name, text in made.items():
        assert text == kept[name], f'{case}/{name} (if the change is meant: tools/bless)'
        if name.startswith('table-'):
            assert max(len(line) for line in text.split('\n') if not line.startswith('Unknown: ')) <= int(name[6:-4]), name
            assert text == re.sub(r'\x1b\[[\d;]*m', '', made[name.replace('table', 'colour')])
            assert '\x1b' not in text
    if case in CASES:
        assert made['pipe.txt'] == made['table-120.txt']
