"""The command line itself: usage errors, help, completions, environment, settings, outputs that fail, progress."""
import json
import os
import pathlib
import re
import subprocess

import pytest

import images

ROOT = pathlib.Path(__file__).parents[2]
COMMANDS = [n.replace('_', '-') for n in re.findall(r'^COMMAND\((\w+)\)', (ROOT / 'src/cmd/commands.def').read_text(), flags=re.M)]
BASE = {'etc/os-release': images.OS_RELEASE, 'var/lib/dpkg/status': images.dpkg(foo='1.0')}


def options_of(name):
    """(name, letter, argument) of the rows of an option table; those that commands share are scan's."""
    text = (ROOT / f'src/cmd/{name.replace("-", "_")}.c').read_text()
    if name == 'scan':
        text += ''.join((ROOT / 'src' / f).read_text() for f in re.findall(r'#include "(cmd/scan_\w+\.def)"', text))
    return re.findall(r'^\t\{ "([a-z0-9-]+)", (\'.\'|0), (NULL|"[^"]*"),', text, flags=re.M)


@pytest.fixture
def image(tmp_path):
    images.Layout(tmp_path / 'image').image([BASE])
    return 'oci:image'


@pytest.mark.parametrize('args', [
    [], ['frobnicate'], ['scan'], ['scan', '--frobnicate', 'x'], ['scan', '-Z', 'x'], ['scan', '--severity'], ['scan', '-s'],
    ['scan', '--quiet=perhaps', 'x'], ['scan', '--quiet=', 'x'], ['scan', '--severity', 'DIRE', 'x'], ['scan', '--ignore-status', 'x', 'x'], ['scan', '--jobs', 'many', 'x'],
    ['scan', '--jobs', '257', 'x'], ['scan', '--exit-on-eol', '-1', 'x'], ['scan', '--cache-max', '1x', 'x'], ['scan', '--retries', '101', 'x'],
    ['scan', '--timeout', '5 minutes', 'x'], ['scan', '--timeout', '10w', 'x'], ['scan', '--platform', 'linux', 'x'],
    ['scan', '--limit', 'layers', 'x'], ['scan', '--format', '', 'x'], ['scan', '--username', 'me', 'x'], ['scan', '-f', 'json=a', '-f', 'table=a', 'x'],
    ['db'], ['db', 'frobnicate'], ['db', 'import'], ['db', 'info', 'x'], ['db', 'update', 'x'], ['db', 'info', '--format', 'xml'],
    ['cache'], ['cache', 'fill'], ['cache', 'clear', 'x'], ['version', 'compare'], ['version', 'compare', 'deb', '1'],
    ['version', 'compare', 'gentoo', '1', '2'], ['version', 'x'], ['completion'], ['completion', 'tcsh'], ['help', 'frobnicate'], ['help', 'a', 'b'],
], ids=' '.join)
def test_usage_errors(lazaret, args):
    r = lazaret(*args)
    assert r.returncode == 2 and r.stdout == ''
    if args:
        assert re.search(r"Try 'lazaret help( \w+)?'\.\n$", r.stderr), r.stderr
        assert r.stderr.startswith('lazaret')
        assert r.stderr.count('\n') == 2
    else:
        assert 'COMMANDS' in r.stderr


def man(page):
    """The words of a page as man shows them, without head and foot."""
    out = subprocess.run(['man', '--nh', '--nj', '-E', 'ascii', '-P', 'cat', '-l', str(page)], capture_output=True, text=True, check=True,
                         env={**os.environ, 'MANWIDTH': '80', 'MAN_KEEP_FORMATTING': '0', 'LC_ALL': 'C.UTF-8'}).stdout
    out = re.sub(r'.\x08|\x1b\[[\d;]*m', '', out)
    return ' '.join(out.split('\n', 1)[1].rstrip().rsplit('\n', 1)[0].split())


@pytest.mark.parametrize('command', ['', *COMMANDS])
def test_help_is_the_man_page(lazaret, command):
    page = ROOT / ('doc/lazaret.1' if not command else f'doc/lazaret-{command}.1')
    r = lazaret('help', *([command] if command else []))
    assert r.returncode == 0 and r.stderr == ''
    assert max(map(len, r.stdout.split('\n'))) <= 100
    titles = re.findall(r'^\.SH (.*)$', page.read_text(), flags=re.M)
    assert [x for x in r.stdout.split('\n') if re.fullmatch(r'[A-Z][A-Z ]*', x)] == titles
    assert ' '.join(r.stdout.split()) == man(page)
    if command:
        assert lazaret(command, '--help').stdout == r.stdout
        assert lazaret(command, '-h').stdout == r.stdout
        for name, letter, argument in options_of(command):
            assert f'--{name}' in r.stdout
            assert letter == '0' or f'-{letter[1]}, --{name}' in r.stdout
    else:
        assert lazaret('--help').stdout == r.stdout and lazaret('-h').stdout == r.stdout
        assert all(f'lazaret-{c}' in r.stdout for c in COMMANDS)


def test_version(lazaret):
    r = lazaret('version')
    assert re.fullmatch(r'lazaret \d+\.\d+\.\d+\n', r.stdout) and r.returncode == 0
    assert lazaret('--version').stdout == lazaret('-v').stdout == r.stdout


@pytest.mark.parametrize('shell', ['bash', 'zsh', 'fish'])
def test_completions_parse(lazaret, tmp_path, shell):
    r = lazaret('completion', shell)
    assert r.returncode == 0
    (tmp_path / 'c').write_text(r.stdout)
    p = subprocess.run([shell, '-n', tmp_path / 'c'], capture_output=True, text=True)
    assert p.returncode == 0 and p.stderr == '', p.stderr
    for command in COMMANDS:
        assert command in r.stdout
        for name, _, _ in options_of(command):
            assert re.search(rf'(--|-l ){name}\b', r.stdout), name


@pytest.fixture
def complete(lazaret, tmp_path):
    """What bash would offer for a line, as readline splits it."""
    (tmp_path / 'c').write_text(lazaret('completion', 'bash').stdout)

    def run(line):
        words = [w for w in re.split(r' +|(=)', line) if w is not None and w != ''] + ([''] if line[-1] in ' =' else [])
        quoted = ' '.join(f"'{w}'" for w in words)
        p = subprocess.run(['bash', '--norc', '-c', f'compopt() {{ :; }}; source ./c; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; '
                            '_lazaret; printf "%s\\n" "${COMPREPLY[@]}"'], cwd=tmp_path, capture_output=True, text=True)
        assert p.stderr == ''
        return set(p.stdout.split())
    return run


@pytest.mark.parametrize('line,wanted', [
    ('lazaret sc', {'scan'}),
    ('lazaret ', set(COMMANDS)),
    ('lazaret scan --sev', {'--severity='}),
    ('lazaret scan --severity=H', {'HIGH'}),
    ('lazaret scan --severity H', {'HIGH'}),
    ('lazaret scan --fail-on=', {'NEGLIGIBLE', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL'}),
    ('lazaret scan --format j', {'json', 'junit'}),
    ('lazaret scan -f js', {'json'}),
    ('lazaret scan --no-c', {'--no-cache'}),
    ('lazaret db imp', {'import'}),
    ('lazaret db --fee', {'--feed='}),
    ('lazaret db --feed=al', {'alpine'}),
    ('lazaret version com', {'compare'}),
    ('lazaret completion z', {'zsh'}),
    ('lazaret help sc', {'scan'}),
    ('lazaret cache --qui', {'--quiet'}),
])
def test_bash_completes(complete, line, wanted):
    assert complete(line) == wanted


@pytest.mark.parametrize('line,wanted', [('lazaret sc', 'scan'), ('lazaret scan --sev', '--severity'), ('lazaret scan --severity=HI', '--severity=HIGH'),
                                         ('lazaret db im', 'import'), ('lazaret help sc', 'scan')])
def test_fish_completes(lazaret, tmp_path, line, wanted):
    (tmp_path / 'c').write_text(lazaret('completion', 'fish').stdout)
    p = subprocess.run(['fish', '--no-config', '-c', f'source ./c; complete -C "{line}"'], cwd=tmp_path, capture_output=True, text=True,
                       env={**os.environ, 'HOME': str(tmp_path)})
    assert p.stderr == '' and wanted in [x.split('\t')[0] for x in p.stdout.split('\n')], p.stdout


def test_version_compare(lazaret):
    assert lazaret('version', 'compare', 'deb', '1.0~rc1', '1.0').stdout == '<\n'
    r = lazaret('version', 'compare', 'apk', '-', input='1.0-r1 1.0-r0\n1.2.3_rc1 1.2.3\n2 2\n')
    assert r.returncode == 0 and r.stdout == '>\n<\n=\n' and r.stderr == ''
    r = lazaret('version', 'compare', 'rpm', '-', input='')
    assert r.returncode == 0 and r.stdout == ''
    r = lazaret('version', 'compare', 'deb', '-', input='1 2\nä:ö 3\n')
    assert r.returncode == 1 and r.stdout.startswith('<\n') and 'ä:ö' in r.stderr
    assert lazaret('version', 'compare', 'deb', '-', input='1 2 3\n').returncode == 2
    assert lazaret('version', 'compare', 'deb', '-', input='1\n').returncode == 2
    assert lazaret('version', 'compare', 'deb', '-', input='1' * 100000 + ' 2\n').returncode == 2


VALUES = {
    'config': 'settings.yaml', 'cache-dir': 'other-cache', 'db-dir': 'other-db', 'quiet': 'true', 'help': 'false', 'format': 'json', 'output': 'report',
    'severity': 'LOW', 'ignore-unfixed': '1', 'ignore-status': 'fixed', 'fail-on': 'LOW', 'exit-code': '0', 'exit-on-eol': '0', 'allow-unknown': 'true',
    'platform': 'linux/amd64', 'distro': 'debian:12', 'username': '', 'password-stdin': 'true', 'insecure-registry': 'true',
    'registry-mirror': 'a.example=http://127.0.0.1:1', 'retries': '0', 'skip-files': '*.x', 'skip-dirs': 'x,y', 'cross-file-systems': 'false', 'jobs': '2',
    'no-cache': 'true', 'cache-max': '100000', 'limit': 'layers=10', 'timeout': '1m', 'feed': 'kev', 'mirror': 'kev=http://127.0.0.1:1/', 'for': '',
    'template': 't.tpl', 'show-suppressed': 'true',
    'repository': 'http://127.0.0.1:1/', 'keyring': 'none', 'full-log': '0', 'file': 'targets', 'all-tags': 'false',
    'scanners': 'vuln,config', 'pkg-types': 'os', 'include-owned': '1', 'base-layers': 'bases', 'strict': 'false', 'secret-config': 'secrets.yaml', 'yara': 'rules.yar', 'vex': 'vex.json', 'ignorefile': 'exceptions',
    'attest': 'false', 'key': '', 'password-file': 'none', 'identity-token': '', 'oidc-issuer': 'https://a.example', 'fulcio-url': 'https://a.example',
    'rekor-url': 'https://a.example', 'rekor-version': '1', 'timestamp-server-url': 'https://a.example', 'signing-config': 'none', 'trusted-root': 'none',
    'tlog-upload': 'false',
}
# Options whose value is looked at; the others are names and paths.
CHECKED = {'severity', 'ignore-status', 'fail-on', 'exit-code', 'exit-on-eol', 'platform', 'retries', 'jobs', 'cache-max', 'limit', 'timeout',
           'format', 'scanners', 'pkg-types'}


# Commands that run with the words that test_environment gives them; those of signatures have tests of their own.
TARGETS = ('scan', 'diff', 'explain', 'sbom', 'db', 'cache', 'version', 'completion', 'help')


def variable(name):
    return 'LAZARET_' + name.upper().replace('-', '_')


@pytest.mark.parametrize('command,option', [(c, o) for c in COMMANDS for o in [*options_of(c), *options_of('main')] if c in TARGETS],
                         ids=lambda x: x if isinstance(x, str) else x[0])
def test_environment(lazaret, tmp_path, image, command, option):
    """Each option is taken from the environment: a good value runs, a bad one is a usage error that names the variable."""
    name, _, argument = option
    (tmp_path / 'settings.yaml').write_text('quiet: true\n')
    (tmp_path / 'kev.json').write_text('{"catalogVersion":"1","dateReleased":"2026-01-01T00:00:00Z","count":0,"vulnerabilities":[]}')
    (tmp_path / 'targets').write_text('# none\n')
    (tmp_path / 'bases').write_text('')
    (tmp_path / 'secrets.yaml').write_text('disable-rules: []\n')
    (tmp_path / 'rules.yar').write_text('rule r { condition: false }\n')
    (tmp_path / 'exceptions').write_text('CVE-2026-1\n')
    (tmp_path / 'vex.json').write_text('{"@context":"https://openvex.dev/ns/v0.2.0","statements":[]}')
    words = {'scan': ['scan', image], 'diff': ['diff', image, image], 'explain': ['explain', image, 'CVE-2026-1'], 'sbom': ['sbom', image], 'db': ['db', 'import', 'kev.json'], 'cache': ['cache', 'clear'], 'version': ['version'],
             'completion': ['completion', 'bash'], 'help': ['help', 'scan']}[command]
    r = lazaret(*words, env={variable(name): VALUES[name]})
    assert r.returncode in (0, 1), r.stderr
    if argument == 'NULL':
        r = lazaret(*words, env={variable(name): 'perhaps'})
        assert r.returncode == 2 and variable(name) in r.stderr
    elif name in CHECKED and (command, name) not in {('db', 'platform'), ('db', 'format')}:
        r = lazaret(*words, env={variable(name): 'no-such-value'})
        assert r.returncode == 2 and variable(name) in r.stderr, r.stderr


def test_environment_has_its_effect(lazaret, tmp_path, image):
    r = lazaret('scan', image, env={'LAZARET_FORMAT': 'json', 'LAZARET_OUTPUT': 'report', 'LAZARET_ALLOW_UNKNOWN': '1', 'LAZARET_CACHE_DIR': 'elsewhere'})
    assert r.returncode == 0 and r.stdout == ''
    assert json.loads((tmp_path / 'report').read_text())['packages'] and (tmp_path / 'elsewhere').is_dir()


@pytest.mark.parametrize('text,line,word', [
    ('severty: LOW\n', 1, 'severty'),
    ('quiet: true\n\n# a comment\nscan:\n  frob: 1\n', 5, 'frob'),
    ('scan:\n  timeout:\n    - 1\n    - 2\n', None, 'timeout'),
    ('quiet: true\nseverity: [LOW, {a: b}]\n', 2, 'severity'),
    ('quiet: perhaps\n', 1, 'perhaps'),
    ('quiet: true\nseverity: DIRE\n', 2, 'DIRE'),
    ('quiet: true\nquiet: [\n', None, 'lazaret.yaml'),
    ('just text\n', None, 'lazaret.yaml'),
    ('- a\n- b\n', None, 'lazaret.yaml'),
    ('quiet: true\nlimit:\n  layrs: 1\n', 3, 'layrs'),
    ('a: &a [*a]\n', None, 'lazaret.yaml'),
    ('quiet: "\x01"\n', None, 'lazaret.yaml'),
])
def test_settings_errors(lazaret, tmp_path, image, text, line, word):
    (tmp_path / 'lazaret.yaml').write_text(text)
    r = lazaret('scan', image)
    assert r.returncode == 2 and word in r.stderr and r.stderr.count('\n') == 2, r.stderr
    if line:
        assert f'lazaret.yaml:{line}' in r.stderr, r.stderr


def test_settings_files(lazaret, tmp_path, image):
    """The named one, else here, else the user's; options of other commands are no error."""
    user = tmp_path / 'home/.config/lazaret'
    user.mkdir(parents=True)
    (user / 'lazaret.yaml').write_text('format: json\nfeed: kev\ndb:\n  timeout: 1h\n')
    json.loads(lazaret('scan', image).stdout)
    (tmp_path / 'lazaret.yaml').write_text('format: table\n')
    assert 'Verdict' in lazaret('scan', image).stdout
    (tmp_path / 'x.yaml').write_text('scan: {format: json}\n')
    json.loads(lazaret('scan', image, '--config', 'x.yaml').stdout)
    json.loads(lazaret('scan', image, env={'LAZARET_CONFIG': 'x.yaml'}).stdout)
    r = lazaret('scan', image, '-c', 'gone.yaml')
    assert r.returncode == 2 and 'gone.yaml' in r.stderr


def test_cache_clear(lazaret, tmp_path, image):
    lazaret.scan(image)
    r = lazaret('cache', 'clear')
    assert r.returncode == 0 and re.search(r'removed [1-9]\d* KiB', r.stderr) and r.stdout == ''
    assert not [p for p in (tmp_path / 'cache').rglob('layers/*/*') if p.is_file()]
    r = lazaret('cache', 'clear', '--quiet')
    assert r.returncode == 0 and r.stderr == ''


def test_db_info_without_database(lazaret):
    r = lazaret('db', 'info')
    assert r.returncode == 3 and r.stdout == '' and 'database' in r.stderr and r.stderr.count('\n') == 1


OUTPUTS = [['scan', 'oci:image'], ['scan', 'oci:image', '-f', 'json'], ['help', 'scan'], ['version'], ['completion', 'zsh'], ['scan', '--help'],
           ['version', 'compare', 'deb', '1', '2'], ['db', 'info'], ['db', 'info', '-f', 'json']]


@pytest.fixture
def with_database(lazaret, tmp_path, image):
    (tmp_path / 'kev.json').write_text('{"catalogVersion":"1","dateReleased":"2026-01-01T00:00:00Z","count":0,"vulnerabilities":[]}')
    r = lazaret('db', 'import', 'kev.json')
    assert r.returncode == 0, r.stderr
    return lazaret


@pytest.mark.parametrize('args', OUTPUTS, ids=' '.join)
def test_full_output(with_database, tmp_path, args):
    with open('/dev/full', 'w') as full:
        r = subprocess.run([with_database.program, *args], env=with_database.env, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True)
    assert r.returncode == 3 and 'output' in r.stderr, r.stderr


@pytest.mark.parametrize('args', OUTPUTS, ids=' '.join)
def test_closed_output(with_database, tmp_path, args):
    r = subprocess.run(['bash', '-c', 'exec "$@" >&-', '-', with_database.program, *args], env=with_database.env, cwd=tmp_path,
                       stderr=subprocess.PIPE, text=True)
    assert r.returncode == 3, r.stderr
    for p in tmp_path.rglob('*'):
        assert not p.is_file() or b'Verdict' not in p.read_bytes(), p


@pytest.mark.parametrize('args', OUTPUTS, ids=' '.join)
def test_reader_that_went_away(with_database, tmp_path, args):
    r, w = os.pipe()
    os.close(r)
    p = subprocess.run([with_database.program, *args], env=with_database.env, cwd=tmp_path, stdout=w, stderr=subprocess.PIPE, text=True)
    os.close(w)
    assert p.returncode == 3


def test_full_report_file(lazaret, image):
    r = lazaret('scan', image, '-o', '/dev/full', '--allow-unknown')
    assert r.returncode == 3 and '/dev/full' in r.stderr


def test_progress(lazaret, tmp_path):
    layers = [{f'f{i}': os.urandom(3 << 20)} for i in range(4)]
    images.Layout(tmp_path / 'image').image([BASE, *layers])
    status, shown = lazaret.terminal(['scan', '--allow-unknown', 'oci:image'], stderr_only=True)
    assert status == 0 and re.search(r'layer \d of 5', shown)
    assert shown.endswith('\r\x1b[K')
    status, shown = lazaret.terminal(['scan', '--allow-unknown', '--no-cache', '--quiet', 'oci:image'], stderr_only=True)
    assert status == 0 and shown == ''
    r = lazaret('scan', '--allow-unknown', '--no-cache', 'oci:image')
    assert r.returncode == 0 and r.stderr == ''


def test_progress_ends_before_an_error(lazaret, tmp_path):
    """The line of progress is gone before the error is printed."""
    layout = images.Layout(tmp_path / 'image')
    layout.image([BASE, {'noise': os.urandom(8 << 20)}])
    for blob in (tmp_path / 'image/blobs/sha256').iterdir():
        if blob.stat().st_size > 1 << 20:
            blob.write_bytes(blob.read_bytes()[:-1] + b'x')
    status, shown = lazaret.terminal(['scan', 'oci:image'], stderr_only=True)
    assert status == 3 and re.search(r'(^|\r\x1b\[K)lazaret scan: [^\r]*digest[^\r]*\r\n$', shown), shown


def test_colour(lazaret, image):
    env = {k: v for k, v in lazaret.env.items() if k != 'NO_COLOR'}
    lazaret.env = env
    assert '\x1b[1m' not in lazaret.terminal(['scan', image], {'NO_COLOR': '1'})[1]
    assert '\x1b[' not in lazaret('scan', image).stdout
