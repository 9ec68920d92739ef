"""Report formats: valid by their published schemas, within the limits of those who read them, the same bytes each time, and nothing
that a hostile image says gets out of its place. Reports made by hand (tests/unit/report/crafted.h) hold every kind of find."""
import base64
import csv
import gzip
import hashlib
import html.parser
import io
import json
import os
import pathlib
import re
import subprocess
import unicodedata
import xml.etree.ElementTree

import jsonschema
import pytest

from conftest import ROOT

SOURCES = '\n'.join(p.read_text() for p in sorted((ROOT / 'src/report').glob('*.c')))
LISTED = re.findall(r'^FORMAT\((\w+)\)', (ROOT / 'src/report/formats.def').read_text(), flags=re.M)
FORMATS = [m[1] for n in LISTED if (m := re.search(rf'format_{n} = {{\s*"([^"]+)",\s*(?!NULL)\w+', SOURCES))]
SBOMS = {n for n in FORMATS if n.startswith(('spdx', 'cyclonedx'))} - {'cyclonedx-vex'}      # of one target
REPORTS = ['full', 'hostile', 'turned', 'long', 'empty', 'none', 'two', 'targets']
TEMPLATE = '{{#each reports}}{{target}}: {{#each findings}}{{id | json}} {{title | html}} {{path}}\n{{/each}}{{/each}}'


def driver():
    program = pathlib.Path(os.environ.get('LAZARET', ROOT / 'build/lazaret')).parent / 'formats-driver'
    return program if program.exists() else pytest.skip('the driver is not built')


def write(name, report, *more, **env):
    r = subprocess.run([driver(), name, report, *more], env={**os.environ, **env}, capture_output=True, timeout=120)
    assert r.returncode == 0, r.stderr
    return r.stdout


def once(pairs):
    assert len({k for k, _ in pairs}) == len(pairs), [k for k, _ in pairs]
    return dict(pairs)


def document(name, report, **env):
    return json.loads(write(name, report, **env), object_pairs_hook=once)


def schema(data, path, **more):
    body = json.loads((data / 'schemas' / path).read_text())
    store = {}
    for other in more.get('beside', ()):
        text = json.loads((data / 'schemas' / other).read_text())
        store[pathlib.Path(other).name] = text
        store[text.get('$id', other)] = text
    for key in list(store):
        if '/' not in key:
            store[body.get('$id', '').rsplit('/', 1)[0] + '/' + key] = store[key]
    kind = jsonschema.validators.validator_for(body)
    resolver = jsonschema.RefResolver(body.get('$id', body.get('id', '')), body, store=store)
    return kind(body, resolver=resolver, format_checker=jsonschema.FormatChecker())


SCHEMAS = {
    'sarif': ('sarif/sarif-schema-2.1.0.json', ()),
    'cyclonedx-vex': ('cyclonedx/bom-1.6.schema.json', ('cyclonedx/spdx.schema.json', 'cyclonedx/jsf-0.82.schema.json')),
    'openvex': ('openvex/openvex_json_schema.json', ()),
    'gitlab': ('gitlab/container-scanning-report-format.json', ()),
}


@pytest.mark.parametrize('name', SCHEMAS)
@pytest.mark.parametrize('report', REPORTS)
def test_valid_by_its_schema(data, name, report):
    path, beside = SCHEMAS[name]
    body = document(name, report)
    if name == 'openvex' and not body['statements']:
        return      # the specification has no document that says nothing
    errors = [f'{list(e.path)}: {e.message[:200]}' for e in schema(data, path, beside=beside).iter_errors(body)]
    assert errors == []


def test_a_schema_can_say_no(data):
    for name, (path, beside) in SCHEMAS.items():
        body = document(name, 'full')
        body['statements' if name == 'openvex' else 'version'] = {'no': 1}
        assert list(schema(data, path, beside=beside).iter_errors(body)), name


@pytest.mark.parametrize('report', REPORTS)
@pytest.mark.parametrize('name', ['json'])
def test_json_is_what_its_schema_says(name, report):
    body = json.loads((ROOT / 'doc/report.schema.json').read_text())
    kind = jsonschema.validators.validator_for(body)
    kind.check_schema(body)
    for env in ({}, {'SUPPRESSED': '1'}):
        errors = [f'{list(e.path)}: {e.message[:300]}' for e in kind(body).iter_errors(document(name, report, **env))]
        if report == 'none':
            continue
        assert errors == []


@pytest.mark.parametrize('name', FORMATS)
@pytest.mark.parametrize('report', ['hostile', 'turned', 'long'])
def test_nothing_hostile_gets_through(name, report):
    """No control characters, no text that turns the direction of writing, valid UTF-8; in any format, shown on a terminal or not."""
    text = write(name, report, *([TEMPLATE] if name == 'template' else []), SUPPRESSED='1').decode()
    allowed = '\n\t\r' if name in ('csv', 'html', 'junit') else '\n'
    bad = {c for c in text if (unicodedata.category(c) in ('Cc', 'Zl', 'Zp') and c not in allowed) or unicodedata.bidirectional(c) in
           ('LRE', 'RLE', 'LRO', 'RLO', 'PDF', 'LRI', 'RLI', 'FSI', 'PDI')}
    assert not bad, bad


@pytest.mark.parametrize('name', FORMATS)
def test_same_bytes_each_time(name):
    made = {write(name, 'full' if name in (*SBOMS, 'cosign-vuln') else 'two', *([TEMPLATE] if name == 'template' else [])) for _ in range(2)}
    assert len(made) == 1


# What GitHub documents for code scanning (SARIF support for code scanning; "Validating your code scanning ... limits").
def sarif_limits(raw):
    assert len(gzip.compress(raw, 6)) <= 10 * 1000 * 1000
    body = json.loads(raw)
    assert len(body['runs']) <= 20
    for run in body['runs']:
        rules = run['tool']['driver']['rules']
        assert len(run['results']) <= 25000 and len(rules) <= 25000
        assert len(run['tool'].get('extensions', [])) <= 100
        ids = [r['id'] for r in rules]
        assert len(ids) == len(set(ids))
        for rule in rules:
            assert len(rule['properties']['tags']) <= 10 and 'security' in rule['properties']['tags']
            assert 0 <= float(rule['properties']['security-severity']) <= 10
            assert len(rule['name']) <= 255
            assert 0 < len(rule['shortDescription']['text']) <= 1024 and 0 < len(rule['fullDescription']['text']) <= 1024
            assert rule['help']['text'] and rule['help']['markdown']
            assert rule['properties']['precision'] in ('very-high', 'high', 'medium', 'low')
        prints = [r['partialFingerprints']['lazaret/v1'] for r in run['results']]
        assert len(prints) == len(set(prints))
        for result in run['results']:
            assert ids[result['ruleIndex']] == result['ruleId']
            assert 1 <= len(result['locations']) <= 1000
            assert result['message']['text']
            place = result['locations'][0]['physicalLocation']
            assert re.fullmatch(r"[A-Za-z0-9._~!$&'()*+,;=@/%-]+", place['artifactLocation']['uri'])
            assert place['region']['startLine'] >= 1
    assert len({run['automationDetails']['id'] for run in body['runs']}) >= min(len(body['runs']), 1)


@pytest.mark.parametrize('report', REPORTS + ['many'])
def test_sarif_is_within_the_limits_of_github(report):
    sarif_limits(write('sarif', report))


def test_sarif_says_what_it_leaves_out():
    run, = document('sarif', 'many')['runs']
    assert len(run['results']) == 25000
    notes = [n['message']['text'] for n in run['invocations'][0]['toolExecutionNotifications']]
    assert any(re.match(r'\d+ more results are left out', n) for n in notes)
    assert {r['level'] for r in run['results'][:1000]} == {'error'}       # the most severe are kept


def test_sarif_has_every_target():
    """More targets than runs: the last run holds the rest."""
    runs = document('sarif', 'targets')['runs']
    assert len(runs) == 20 and len(runs[19]['results']) == 11 * len(runs[0]['results'])


def test_sarif_severity_is_in_its_band():
    rules = {r['id']: r for r in document('sarif', 'full')['runs'][0]['tool']['driver']['rules']}
    assert rules['CVE-2099-0001']['properties']['security-severity'] == '9.8'
    assert rules['CVE-2099-0001']['defaultConfiguration']['level'] == 'error'
    assert 0.1 <= float(rules['CVE-2099-0002']['properties']['security-severity']) < 4
    assert {'vulnerability', 'secret', 'misconfiguration', 'license', 'malware'} <= {t for r in rules.values() for t in r['properties']['tags']}


def test_suppressed_ones_are_shown_when_asked_for():
    def ids(**env):
        return {r['ruleId']: r.get('suppressions') for r in document('sarif', 'full', **env)['runs'][0]['results']}
    assert 'CVE-2099-0005' not in ids()
    assert ids(SUPPRESSED='1')['CVE-2099-0005'] == [{'kind': 'external', 'justification': 'accepted until spring'}]
    assert 'CVE-2099-0005' not in write('table', 'full').decode()
    assert 'accepted until spring' in write('table', 'full', SUPPRESSED='1').decode()
    assert 'suppressed' not in document('json', 'full')
    assert {s['id'] for s in document('json', 'full', SUPPRESSED='1')['suppressed']} == {'CVE-2099-0004', 'CVE-2099-0005', 'LZ-IMG-001'}


@pytest.mark.parametrize('name', ['openvex', 'cyclonedx-vex'])
def test_vex_repeats_what_others_said(name):
    body = document(name, 'full')
    if name == 'openvex':
        said = {s['vulnerability']['name']: s for s in body['statements']}
        assert said['CVE-2099-0004']['status'] == 'not_affected'
        assert said['CVE-2099-0004']['justification'] == 'vulnerable_code_not_in_execute_path'
        assert said['CVE-2099-0001']['status'] == 'affected' and '3.0.1-2' in said['CVE-2099-0001']['action_statement']
        assert said['CVE-2099-0003']['status'] == 'under_investigation'
        product, = said['CVE-2099-0001']['products']
        assert product['@id'].startswith('pkg:oci/app@sha256%3A') or product['@id'].startswith('pkg:oci/app@sha256:')
        assert product['subcomponents'][0]['@id'].startswith('pkg:deb/debian/libssl3@')
    else:
        said = {v['id']: v for v in body['vulnerabilities']}
        assert said['CVE-2099-0004']['analysis'] == {'state': 'not_affected', 'justification': 'code_not_reachable',
                                                     'detail': 'vulnerable_code_not_in_execute_path'}
        assert said['CVE-2099-0001']['analysis']['state'] == 'exploitable'
        refs = {c['bom-ref'] for c in body['components']} | {body['metadata']['component']['bom-ref']}
        assert {a['ref'] for v in said.values() for a in v['affects']} <= refs
    assert 'CVE-2099-0005' not in said       # an ignore file is no statement


@pytest.mark.parametrize('report', REPORTS)
def test_junit_is_valid(data, tmp_path, report):
    (tmp_path / 'r.xml').write_bytes(write('junit', report, SUPPRESSED='1'))
    r = subprocess.run(['xmllint', '--nonet', '--noout', '--schema', data / 'schemas/junit/junit-10.xsd', tmp_path / 'r.xml'], capture_output=True, text=True)
    assert r.returncode == 0, r.stderr
    for suite in xml.etree.ElementTree.parse(tmp_path / 'r.xml').getroot():
        for tag, number in (('failure', 'failures'), ('error', 'errors'), ('skipped', 'skipped')):
            assert len(suite.findall(f'testcase/{tag}')) == int(suite.get(number))
        assert len(suite.findall('testcase')) == int(suite.get('tests')) > 0


@pytest.mark.parametrize('report', REPORTS)
def test_codequality_is_what_gitlab_reads(report):
    issues = document('gitlab-codequality', report)
    assert len({i['fingerprint'] for i in issues}) == len(issues)
    for i in issues:
        assert i['description'] and i['check_name'] and i['location']['path'] and i['location']['lines']['begin'] >= 1
        assert i['severity'] in ('info', 'minor', 'major', 'critical', 'blocker')


class Page(html.parser.HTMLParser):
    """Counts tags; says what would load something or run."""
    VOID = {'meta', 'input', 'br', 'rect'}

    def __init__(self):
        super().__init__()
        self.open, self.bad, self.scripts, self.ids = [], [], 0, set()

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.scripts += tag == 'script'
        if tag in ('img', 'iframe', 'link', 'object', 'embed', 'base') or 'src' in attrs or any(a.startswith('on') for a in attrs):
            self.bad.append((tag, attrs))
        if not re.match(r'https?://|#target-[1-9][0-9]*$', attrs.get('href', 'https://')):
            self.bad.append((tag, attrs))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.bad.append(('end', tag))


@pytest.mark.parametrize('report', REPORTS)
def test_html_is_one_file_that_loads_nothing(report):
    text = write('html', report, SUPPRESSED='1').decode()
    page = Page()
    page.feed(text)
    page.close()
    assert page.bad == [] and page.open == [] and page.scripts == 1
    assert "default-src 'none'" in text and 'alert(1)</script>' not in text
    script = re.search(r"script-src 'sha256-([^']+)'", text)[1]
    body = re.search(r'<script>(.*?)</script>', text, flags=re.S)[1]
    assert base64.b64encode(hashlib.sha256(body.encode()).digest()).decode() == script
    for svg in re.findall(r'<svg.*?</svg>', text, flags=re.S):
        xml.etree.ElementTree.fromstring(svg)


@pytest.mark.parametrize('report', REPORTS + ['many'])
def test_markdown_fits_a_comment(report):
    text = write('markdown', report).decode()
    assert len(text) <= 65536 and len(text.encode()) <= 65536
    if report == 'many':
        more = int(re.search(r'^(\d+) more$', text, flags=re.M)[1])
        assert more + len(re.findall(r'^\| \S+ [A-Z]+ \|', text, flags=re.M)) == int(re.search(r'(\d+) found', text)[1])
    for line in text.split('\n'):
        if line.startswith('|'):
            assert line.count('|') == 7, line
        if report == 'hostile':
            assert '<' not in line and '@all' not in line and '](http://b)' not in line


@pytest.mark.parametrize('report', REPORTS)
def test_csv_is_a_table_without_formulas(report):
    raw = write('csv', report, SUPPRESSED='1').decode()
    assert raw.replace('\r\n', '').count('\n') == raw.replace('\r\n', '').count('\r') == 0
    rows = list(csv.reader(io.StringIO(raw, newline='')))
    assert {len(r) for r in rows} == {20}
    assert not [c for r in rows for c in r if re.match(r'\s*[=+\-@|%]', c)]
    if report == 'full':
        assert {r[1] for r in rows[1:]} == {'vulnerability', 'secret', 'check', 'license', 'malware', 'not-examined'}


@pytest.mark.parametrize('report', ['full', 'hostile', 'long', 'empty'])
def test_cosign_vuln_holds_the_report(report):
    predicate = json.loads(write('cosign-vuln', report))
    assert set(predicate) == {'invocation', 'scanner', 'metadata'}
    assert set(predicate['scanner']) == {'uri', 'version', 'db', 'result'} and set(predicate['scanner']['db']) == {'uri', 'version'}
    assert predicate['scanner']['result'] == json.loads(write('json', report))
    assert set(predicate['metadata']) == {'scanStartedOn', 'scanFinishedOn'}


def test_cosign_vuln_is_about_one_image():
    r = subprocess.run([driver(), 'cosign-vuln', 'two'], capture_output=True, timeout=120)
    assert r.returncode and b'one image' in r.stderr


@pytest.mark.parametrize('report', REPORTS)
def test_github_snapshot_has_what_the_api_wants(report):
    body = document('github', report)
    assert body['version'] == 0 and body['job'].keys() == {'id', 'correlator'} and re.fullmatch('[0-9a-f]{40}', body['sha'])
    assert body['ref'].startswith('refs/') and body['detector'].keys() == {'name', 'version', 'url'}
    for manifest in body['manifests'].values():
        for p in manifest['resolved'].values():
            assert p['package_url'].startswith('pkg:') and p['relationship'] in ('direct', 'indirect') and p['scope'] in ('runtime', 'development')
            assert all(d.startswith('pkg:') for d in p.get('dependencies', []))
        assert all(isinstance(v, (str, int, float, bool)) for v in manifest['metadata'].values())
    if report == 'full':
        express = body['manifests']['srv/package-lock.json']['resolved']['pkg:npm/express@4.17.0']
        assert express['dependencies'] == ['pkg:npm/qs@6.7.0', 'pkg:npm/qs@6.9.0']


def test_fingerprints_outlive_a_version():
    """An update of the package that leaves the vulnerability keeps its fingerprint."""
    body = write('sarif', 'full').decode()
    prints = {r['ruleId']: r['partialFingerprints']['lazaret/v1'] for r in json.loads(body)['runs'][0]['results']}
    parts = ('vulnerability', 'CVE-2099-0001', 'deb', 'libssl3', 'var/lib/dpkg/status')
    assert prints['CVE-2099-0001'] == hashlib.sha256(''.join(p + '\0' for p in parts).encode()).hexdigest()


# The command.
def image(folder):
    (folder / 'rootfs/etc').mkdir(parents=True)
    (folder / 'rootfs/etc/os-release').write_text('ID=debian\nVERSION_ID="14"\nVERSION_CODENAME=forky\n')
    (folder / 'rootfs/var/lib/dpkg').mkdir(parents=True)
    (folder / 'rootfs/var/lib/dpkg/status').write_text('Package: a\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n\n')
    return 'dir:rootfs'


def test_several_formats_to_files(lazaret):
    target = image(lazaret.cwd)
    env = {'GITHUB_SHA': '0' * 40, 'GITHUB_REF': 'refs/heads/main'}
    names = [n for n in FORMATS if n != 'template']
    r = lazaret('scan', target, *[f'--format={n}=out.{n}' for n in names], env=env)
    assert r.returncode in (0, 1), r.stderr
    for n in names:
        assert (lazaret.cwd / f'out.{n}').stat().st_size > 0, n


def test_every_format_is_in_the_manual():
    page = (ROOT / 'doc/lazaret-scan.1').read_text().replace('\\-', '-')
    said = ', '.join(re.findall(r'^\.B (.*)$', page.split('.SH FORMATS')[1].split('.SH ')[0], flags=re.M)).split(', ')
    assert len(FORMATS) > 15 and set(FORMATS) == set(said)


def test_every_field_and_filter_of_templates_is_in_the_manual():
    page = (ROOT / 'doc/lazaret-template.5').read_text().replace('\\-', '-')
    source = (ROOT / 'src/report/template_fields.c').read_text()
    names = re.findall(r'(?:TEXT|NUMBER|FLAG|LIST)_ROW\((\w+)', source) + re.findall(r'\{ "(\w+)", TEMPLATE_', source)
    names += re.findall(r'\{ "(\w+)", (?:text_put|filter)_', (ROOT / 'src/report/template.c').read_text())
    assert len(names) > 60 and [n for n in names if not re.search(rf'\b{n}\b', page)] == []


def test_github_wants_its_environment(lazaret):
    r = lazaret('scan', image(lazaret.cwd), '--format', 'github', env={'GITHUB_SHA': '', 'GITHUB_REF': ''})
    assert r.returncode == 2 and 'GITHUB_SHA' in r.stderr


def test_template(lazaret):
    target = image(lazaret.cwd)
    (lazaret.cwd / 't.tpl').write_text('{{#each reports}}{{target}} {{#each packages}}{{name}}={{version | json}}{{/each}}{{/each}}\n')
    for name in ('t.tpl', '@t.tpl'):
        r = lazaret('scan', target, '--format', 'template', '--template', name)
        assert r.stdout == 'dir:rootfs a="1"\n' and r.returncode in (0, 1), r.stderr
    (lazaret.cwd / 't.tpl').write_text('one\n{{#each reports}}\n{{ range .Results }}{{/each}}')
    r = lazaret('scan', target, '--format', 'template', '--template', '@t.tpl')
    assert r.returncode == 2 and 'line 3' in r.stderr and r.stdout == ''
    r = lazaret('scan', target, '--format', 'template', '--template', '@missing')
    assert r.returncode == 2 and 'missing' in r.stderr
    r = lazaret('scan', target, '--format', 'template')
    assert r.returncode == 2 and '--template' in r.stderr
    # Another tool's template of that name: our format of the same name.
    r = lazaret('scan', target, '--format', 'template', '--template', '@contrib/junit.tpl')
    assert '<testsuites' in r.stdout
