"""The rules of the house that a program can check."""
import json
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# From right to left nothing may be included; folders in one group do not include each other.
LAYERS = [['base'], ['oci'], ['store'], ['source'], ['analyze'], ['trust'], ['vuln', 'iac'], ['report'], ['policy'], ['patch'],
          ['serve'], ['cmd']]
RANK = {name: i for i, group in enumerate(LAYERS) for name in group}
OWNERS = {
    'isa-l': ['base/stream_gzip.c', 'base/stream_deflate.c'], 'zstd': ['base/stream_zstd.c'], 'lzma': ['base/stream_xz.c'], 'cjson': ['base/json.c'],
    'curl': ['base/fetch_curl.h'], 'yaml': ['base/yaml.c'], 'lmdb': ['vuln/advisory_db.c', 'vuln/advisory_build.c'],
    'hs': ['analyze/secret_engine.c'], 'pcre2': ['base/regexp.c'], 'yara': ['analyze/yara.c'],
    'seccomp': ['base/child_sandbox.c'], 'expat': ['base/xml.c'], 'openssl': ['base/digest.c', 'trust/openssl.h'],
    'sodium': ['trust/key_ed25519ph.c', 'trust/key_secretbox.c'], 'p11-kit': ['trust/key_token.c'],
}
BANNED = r'\b(strcpy|strcat|strncpy|strncat|sprintf|vsprintf|gets|strtok|atoi|atol|atof|alloca|system|popen|scanf|sscanf|tmpnam|mktemp)\s*\('
PRINTS = r'\b(printf|puts|putchar|fprintf|fputs|perror|vprintf|vfprintf)\s*\('
LONGEST_FUNCTION, LONGEST_FILE, WIDEST = 100, 800, 130


def tracked(*patterns):
    out = subprocess.run(['git', 'ls-files', *patterns], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / line for line in out.splitlines()]


def rel(path):
    return str(path.relative_to(ROOT))


def code(path):
    """The text without comments and string contents, line numbers kept."""
    text = path.read_text()
    text = re.sub(r'/\*.*?\*/', lambda m: '\n' * m.group().count('\n'), text, flags=re.S)
    return re.sub(r'"(\\.|[^"\\\n])*"', '""', text)


SOURCES = tracked('src/*.c', 'src/*.h')


def test_there_is_something_to_check():
    assert len(SOURCES) > 40


def test_includes_point_to_the_right():
    bad = []
    for path in SOURCES:
        own = path.relative_to(ROOT / 'src').parts[0]
        for folder in re.findall(r'#include "([a-z]+)/', path.read_text()):
            if folder != own and not RANK[folder] < RANK[own]:
                bad.append(f'{rel(path)} includes {folder}/')
    assert not bad, bad


def test_foreign_libraries_have_one_owner():
    bad = []
    for path in SOURCES:
        for header in re.findall(r'#include <([\w./-]+)>', path.read_text()):
            for lib, owners in OWNERS.items():
                if re.match(lib + r'(/|\.h|_)', header) and str(path.relative_to(ROOT / 'src')) not in owners:
                    bad.append(f'{rel(path)}: {header}')
    assert not bad, bad


def test_openssl_types_stay_with_their_owners():
    bad = [rel(p) for p in SOURCES if '#include "trust/openssl.h"' in p.read_text()
           and not re.fullmatch(r'src/trust/(key|x509|sct|timestamp|revocation)\w*\.c', rel(p))]
    assert not bad, bad


def test_no_banned_functions():
    bad = [f'{rel(p)}: {m}' for p in SOURCES for m in re.findall(BANNED, code(p))]
    assert not bad, bad


def test_the_library_never_prints():
    bad = [f'{rel(p)}: {m}' for p in SOURCES if p.parent.name != 'cmd' for m in re.findall(PRINTS, code(p))]
    assert not bad, bad


def test_sizes():
    bad = []
    for path in SOURCES:
        lines = code(path).split('\n')
        if len(lines) > LONGEST_FILE:
            bad.append(f'{rel(path)}: {len(lines)} lines')
        start = None
        for n, line in enumerate(lines, 1):
            if line == '{':
                start = n
            elif line == '}' and start:
                if n - start > LONGEST_FUNCTION:
                    bad.append(f'{rel(path)}:{start}: {n - start} lines')
                start = None
    assert not bad, bad


def test_every_file_says_what_it_is():
    bad = [rel(p) for p in SOURCES if not p.read_text().startswith('/*')]
    assert not bad, bad


def test_every_source_is_built():
    build = (ROOT / 'meson.build').read_text()
    missing = [rel(p) for p in tracked('src/*.c') if f"'{rel(p)}'" not in build]
    assert not missing, missing


def test_every_test_is_run():
    build = (ROOT / 'meson.build').read_text()
    bad = []
    for p in tracked('tests/unit/*/*.c', 'tests/backend/*.c'):
        name = re.sub(r'^tests/(unit/)?', '', rel(p)).removesuffix('.c')
        if f"'{name}'" not in build and f"'{rel(p)}'" not in build:
            bad.append(rel(p))
    for p in tracked('tests/fuzz/fuzz_*.c'):
        name = p.stem.removeprefix('fuzz_')
        if f"'{name}'" not in build:
            bad.append(rel(p))
        if not any((ROOT / 'tests/fuzz/corpus' / name).glob('*')):
            bad.append(f'no corpus for {name}')
    assert not bad, bad


DEFS = {'analyze/analyzers.def': 'ANALYZER', 'vuln/versions.def': 'VERSION', 'vuln/feeds.def': 'FEED'}
TOGETHER = {'dpkg_files': 'dpkg'}  # driven by the other one's fuzzer
FUZZER_OF = {'VERSION': 'version_{}', 'FEED': 'feed_{}', 'ANALYZER': '{}'}


@pytest.mark.parametrize('listing', DEFS)
def test_every_entry_has_a_fuzzer_and_tests(listing):
    macro = DEFS[listing]
    names = re.findall(rf'^{macro}\((\w+)\)', (ROOT / 'src' / listing).read_text(), flags=re.M)
    assert names
    fuzzers = ' '.join(rel(p) for p in tracked('tests/fuzz/*.c'))
    units = ' '.join(rel(p) + p.read_text() for p in tracked('tests/unit/*.c'))
    bad = []
    for name in names:
        fuzzer = FUZZER_OF[macro].format(TOGETHER.get(name, name))
        if not re.search(rf'fuzz_{fuzzer}\w*\.c', fuzzers):
            bad.append(f'{name}: no fuzzer')
        if not re.search(rf'\b{name}\b|_{name}\b', units):
            bad.append(f'{name}: no test')
    assert not bad, bad


def options_of(text):
    """Names of the options in a table of struct option."""
    return re.findall(r'^\t\{ "([a-z0-9-]+)", (?:\'.\'|0),', text, flags=re.M)


def shared_options_of(text):
    """Names in the lists of rows that a table includes, by list."""
    found = {}
    for name in re.findall(r'#include "(cmd/\w+\.def)"', text):
        rows = (ROOT / 'src' / name).read_text()
        found |= {name: options_of(rows), **shared_options_of(rows)}
    return found


# Lists of rows that several commands have, by the beginning of their names: the command whose page describes them.
SHARED = {'cmd/scan_': 'scan', 'cmd/registry_options': 'scan', 'cmd/trust_': 'verify-blob', 'cmd/signing_': 'sign-blob',
          'cmd/verify_image': 'verify'}


def test_help_equals_man_page():
    """Options that several commands share are described in the page of one; other pages refer to it."""
    bad = []
    main_page = (ROOT / 'doc/lazaret.1').read_text().replace('\\-', '-')
    for name in options_of((ROOT / 'src/cmd/main.c').read_text()):
        if f'--{name}' not in main_page:
            bad.append(f'lazaret.1: --{name}')
    for symbol in re.findall(r'^COMMAND\((\w+)\)', (ROOT / 'src/cmd/commands.def').read_text(), flags=re.M):
        name = symbol.replace('_', '-')
        page = ROOT / f'doc/lazaret-{name}.1'
        text = page.read_text().replace('\\-', '-')
        source = (ROOT / f'src/cmd/{symbol}.c').read_text()
        table, shared = options_of(source), []
        for listing, rows in shared_options_of(source).items():
            describes = [c for prefix, c in SHARED.items() if listing.startswith(prefix)]
            shared += rows
            if not describes or describes[0] == name:
                table += rows
            elif f'lazaret-{describes[0]}' not in text:
                bad.append(f'{page.name} does not refer to lazaret-{describes[0]}')
        bad += [f'{page.name}: --{o} is missing' for o in table if not re.search(rf'--{o}\b', text)]
        section = text.split('.SH OPTIONS')[-1].split('.SH ')[0] if '.SH OPTIONS' in text else ''
        said = set(re.findall(r'--([a-z0-9-]+)', ' '.join(re.findall(r'^\.B (-.*)$', section, flags=re.M))))
        bad += [f'{page.name}: --{o} does not exist' for o in said - set(table + shared)]
        if f'lazaret-{name}' not in main_page:
            bad.append(f'lazaret.1 does not name {name}')
    assert not bad, bad


def test_limits_are_in_the_manual():
    page = (ROOT / 'doc/lazaret-scan.1').read_text().split('.SH LIMITS')[1].split('.SH')[0]
    names = re.findall(r'^LIMIT\((\w+),', (ROOT / 'src/base/limits.def').read_text(), flags=re.M)
    assert names and [n for n in names if not re.search(rf'\b{n}\b', page)] == []


def test_every_limit_has_a_test():
    tests = '\n'.join(p.read_text(errors='replace') for p in tracked('tests/unit/*.c', 'tests/e2e/*.py', 'tests/backend/*.c'))
    names = re.findall(r'^LIMIT\((\w+),', (ROOT / 'src/base/limits.def').read_text(), flags=re.M)
    assert [n for n in names if not re.search(rf'\b{n}\b', tests)] == []


def test_json_schema_names_what_is_written():
    """Every key that report/json.c writes is in the schema."""
    schema = (ROOT / 'doc/report.schema.json').read_text()
    keys = set(re.findall(r'(?:member(?:_opt)?|put_key|put_digest|put_date|put_strs)\(o, "(\w+)"', (ROOT / 'src/report/json.c').read_text()))
    assert keys and [k for k in keys if f'"{k}"' not in schema] == []
    json.loads(schema)


def test_white_space():
    bad = []
    for path in tracked('*.c', '*.h', '*.py', '*.md', '*.def', 'Makefile', 'meson.build', 'doc/*'):
        for n, line in enumerate(path.read_text(errors='replace').split('\n'), 1):
            if line.rstrip() != line:
                bad.append(f'{rel(path)}:{n}')
            if path.suffix in ('.c', '.h') and len(line.expandtabs(8)) > WIDEST:
                bad.append(f'{rel(path)}:{n}: wide')
    assert not bad, bad[:20]


def test_install(tmp_path):
    """make install puts program, man pages and completions below PREFIX; from a copy, so that the build stays as it is."""
    copy = tmp_path / 'copy'
    subprocess.run(['git', 'clone', '-q', str(ROOT), str(copy)], check=True)
    r = subprocess.run(['make', 'install', f'DESTDIR={tmp_path}/root', 'PREFIX=/usr'], cwd=copy, capture_output=True, text=True)
    assert r.returncode == 0, r.stderr
    root = tmp_path / 'root/usr'
    assert subprocess.run([str(root / 'bin/lazaret'), 'version'], capture_output=True, text=True).stdout.startswith('lazaret ')
    for name in ('share/man/man1/lazaret-scan.1', 'share/zsh/site-functions/_lazaret', 'share/fish/vendor_completions.d/lazaret.fish',
                 'share/bash-completion/completions/lazaret'):
        assert (root / name).stat().st_size > 100, name
    assert not (tmp_path / 'root/usr/local').exists()
