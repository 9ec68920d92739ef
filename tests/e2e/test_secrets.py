"""Secrets in images: where they hide, that they are never shown, rules and exceptions by file, verdicts."""
import json
import pathlib
import random
import string

import jsonschema
import pytest

import images

SCHEMA = json.loads((pathlib.Path(__file__).parents[2] / 'doc/report.schema.json').read_text())
RANDOM = random.Random(1)


def draw(n, letters=string.ascii_letters + string.digits):
    return ''.join(RANDOM.choice(letters) for _ in range(n))


# Made here, so that the repository holds nothing that looks like one.
PAT = 'ghp_' + draw(36)
AWS = 'AKIA' + draw(16, string.ascii_uppercase + '234567')
STRIPE = 'sk_live_' + draw(30)
NPM = 'npm_' + draw(36)
HOOK = 'SG.' + draw(22) + '.' + draw(43)
PASSWORD = 'Zk4' + draw(12)
KEY = '-----BEGIN RSA PRIVATE KEY-----\n' + '\n'.join(draw(64) for _ in range(20)) + '\n-----END RSA PRIVATE KEY-----\n'
VALUES = [PAT, AWS, STRIPE, NPM, HOOK, PASSWORD, KEY.split('\n')[1]]
SCAN = ['--allow-unknown', '--scanners', 'secret']


@pytest.fixture
def image(tmp_path):
    layout = images.Layout(tmp_path / 'image')
    layout.image([
        {'root/.npmrc': f'//npm.example.org/:_authToken={NPM}\n'.encode(), 'app/old.key': KEY.encode(),
         'app/kept': f'x\ny\ntoken: {PAT}\n'.encode()},
        {'root/.wh..npmrc': b'', 'app/old.key': b'no key any more\n',
         'app/huge.js': b'var a=1;' * 400000 + f'"{AWS}"'.encode() + b';b=2' * 400000,
         'usr/bin/tool': bytes(range(256)) * 2000 + STRIPE.encode() + bytes(range(256)) * 2000},
        {'usr/share/doc/x/README': PAT.encode(), 'app/again': (b'\0' * 70000 + PAT.encode() + b'\0') * 2},
    ], config={'Env': ['PATH=/bin', f'DB_PASSWORD={PASSWORD}', f'AWS_KEY={AWS}'], 'Labels': {'org.example.hook': HOOK},
               'Cmd': ['run', '--token', PAT]},
        texts=['base', f'RUN curl -H "Authorization: Bearer {PAT}" https://api.example.org', 'COPY . .'])
    return 'oci:image'


def found(report):
    return {(s['rule'], s['where'], s['path'], s.get('line'), s['deleted'], s['layer'] and s['layer']['index']) for s in report['secrets']}


def test_places(lazaret, image):
    r = lazaret.scan(*SCAN, image, status=0)
    jsonschema.validate(r, SCHEMA)
    assert found(r) == {
        ('npm-token', 'file', 'root/.npmrc', 1, True, 0), ('private-key', 'file', 'app/old.key', 1, True, 0),
        ('github-pat', 'file', 'app/kept', 3, False, 0), ('aws-access-key-id', 'file', 'app/huge.js', 1, False, 1),
        ('stripe-live-key', 'file', 'usr/bin/tool', 2001, False, 1), ('github-pat', 'file', 'app/again', 1, False, 2),
        ('generic-password', 'env', 'DB_PASSWORD', None, False, None), ('aws-access-key-id', 'env', 'AWS_KEY', None, False, None),
        ('sendgrid-api-key', 'label', 'org.example.hook', None, False, None), ('github-pat', 'argument', 'Cmd', None, False, None),
        ('github-pat', 'history', '2', None, False, None)}
    key = [s for s in r['secrets'] if s['rule'] == 'private-key'][0]
    assert (key['line'], key['end_line']) == (1, 21)
    assert r['verdict'] == 'findings'


def test_never_shown(lazaret, image):
    for f in ('table', 'json'):
        out = lazaret('scan', '--format', f, *SCAN, image)
        assert out.returncode == 0 and 'github-pat' in out.stdout
        for v in VALUES:
            for n in range(0, len(v) - 11, 4):
                lines = [x for x in (out.stdout + out.stderr).split('\n') if v[n:n + 12] in x]
                assert not lines, lines
    for p in (lazaret.cwd / 'cache').rglob('*'):
        if p.is_file():
            body = p.read_bytes()
            assert not [v for v in VALUES if v.encode() in body], p


def test_cached_is_the_same(lazaret, image):
    first = lazaret.scan(*SCAN, image)
    again = lazaret.scan(*SCAN, image)
    assert first['secrets'] == again['secrets'] and first['secrets']
    assert lazaret.scan('--no-cache', *SCAN, image)['secrets'] == first['secrets']
    assert 'secrets' not in lazaret.scan('--allow-unknown', '--scanners', 'vuln', image)


def test_by_default(lazaret, image):
    assert lazaret.scan('--allow-unknown', image)['secrets']


@pytest.mark.parametrize('args,status', [([], 0), (['--fail-on', 'CRITICAL'], 1), (['--exit-code', '7'], 7), (['--exit-code', '7', '-s', 'LOW'], 0),
                                         (['--secret-config', 'nowhere'], 3), (['--secret-config', 'bad.yaml'], 2)])
def test_verdict(lazaret, image, args, status):
    (lazaret.cwd / 'bad.yaml').write_text('rules:\n- id: x\n  regex: "("\n')
    assert lazaret('scan', *SCAN, *args, image).returncode == status


def test_config(lazaret, image):
    (lazaret.cwd / 'own.yaml').write_text('''
enable-builtin-rules: [github-pat, stripe-live-key]
disable-allow-rules: [documentation]
allow-rules:
- id: tool
  path: ^usr/bin/
rules:
- id: variable
  category: own
  title: A variable
  severity: LOW
  regex: var (?P<name>[a-z])=1;
  secret-group-name: name
  keywords: [VAR]
''')
    r = lazaret.scan(*SCAN, '--secret-config', 'own.yaml', image)
    jsonschema.validate(r, SCHEMA)
    rules = {(s['rule'], s['path']) for s in r['secrets']}
    assert rules == {('github-pat', 'app/kept'), ('github-pat', 'app/again'), ('github-pat', 'usr/share/doc/x/README'), ('github-pat', 'Cmd'), ('github-pat', '2'),
                     ('variable', 'app/huge.js')}
    assert [s for s in r['secrets'] if s['rule'] == 'variable'][0]['title'] == 'A variable'


def test_limit(lazaret, tmp_path):
    images.Layout(tmp_path / 'many').image([{f'app/{i:03}': f'token: ghp_{draw(36)}\n'.encode() for i in range(50)}])
    r = lazaret.scan(*SCAN, '--limit', 'secrets=20', 'oci:many')
    assert len(r['secrets']) == 20
    assert [n for n in r['not_examined'] if 'limit secrets' in n['reason']]


def test_directory(lazaret, tmp_path):
    (tmp_path / 'tree/app').mkdir(parents=True)
    (tmp_path / 'tree/app/x').write_text(f'a\n{PAT}\n')
    r = lazaret.scan(*SCAN, 'dir:tree')
    assert [(s['rule'], s['path'], s['line'], s['layer']) for s in r['secrets']] == [('github-pat', 'app/x', 2, None)]
