#!/usr/bin/env python3
"""Runs the tests: gcc build with all of them, then the compiled ones again under ASan and UBSan; --full adds clang, TSan, clang-tidy
and the tests marked `full`. The last line counts: N passed, N failed, N skipped."""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ET

ROOT = pathlib.Path(__file__).resolve().parent.parent
PYTHON = '/usr/bin/python3' if os.path.exists('/usr/bin/python3') else sys.executable
TIMEOUT = 600
HOSTILE = ['tests/e2e/test_hostile.py', 'tests/e2e/test_hostile_languages.py']


class Count:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, passed, failed, skipped):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped


def sh(args, **kw):
    return subprocess.run(args, cwd=ROOT, text=True, errors='replace', stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **kw)


def build(folder, options, env=None):
    there = (ROOT / folder / 'build.ninja').exists()
    r = sh(['meson', *(['configure', folder] if there else ['setup', folder, *options]), '-Dtests=true'],
           env={**os.environ, **(env or {})})
    if r.returncode:
        print(r.stdout)
        return False
    r = sh(['ninja', '-C', folder])
    if r.returncode:
        print(r.stdout[-6000:])
    return r.returncode == 0


def run_one(t):
    env = {**os.environ, **t['env']}
    env.setdefault('ASAN_OPTIONS', 'detect_stack_use_after_return=1')
    env.setdefault('UBSAN_OPTIONS', 'halt_on_error=1:print_stacktrace=1')
    try:
        r = sh(t['cmd'], env=env, timeout=TIMEOUT)
        return t, r.returncode, r.stdout
    except subprocess.TimeoutExpired as e:
        return t, -1, f'{e.stdout}\ntimed out after {TIMEOUT} s'


def numbers(out):
    def n(word):
        return sum(int(x) for x in re.findall(r'\[  ' + word + r'\s*\] (\d+) test', out))
    return n('PASSED'), n('FAILED'), n('SKIPPED')


def compiled(folder, count):
    """Runs what meson lists: cmocka programs count their tests, fuzz replays count one each."""
    tests = json.loads(sh(['meson', 'introspect', '--tests', folder]).stdout)
    failed = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for t, code, out in pool.map(run_one, tests):
            p, f, s = numbers(out)
            if code == 0:
                count.add(p or (0 if s else 1), 0, s)
            else:
                count.add(p, f or 1, s)
                failed.append((t['name'], out))
    for name, out in failed:
        print(f'--- {folder}: {name} failed\n{out[-4000:]}')


def pytests(args, count, **env):
    report = ROOT / 'build' / 'pytest.xml'
    r = subprocess.run([PYTHON, '-m', 'pytest', '-q', '-rs', '--tb=short', '-p', 'no:cacheprovider', f'--junitxml={report}', *args], cwd=ROOT,
                       env={**os.environ, 'LAZARET': str(ROOT / 'build' / 'lazaret'), 'PYTHONDONTWRITEBYTECODE': '1', **env})
    if r.returncode not in (0, 1):
        count.add(0, 1, 0)
        return
    suite = ET.parse(report).getroot().find('testsuite').attrib
    bad = int(suite['failures']) + int(suite['errors'])
    skipped = int(suite['skipped'])
    count.add(int(suite['tests']) - bad - skipped, bad, skipped)


def step(name, ok, count):
    if ok:
        count.add(1, 0, 0)
    else:
        print(f'--- {name} failed')
        count.add(0, 1, 0)
    return ok


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--full', action='store_true')
    a = p.parse_args()
    count, start = Count(), time.time()
    if not os.environ.get('LAZARET_TEST_DATA'):
        os.environ.pop('LAZARET_TEST_DATA', None)
    which = [] if a.full else ['-m', 'not full']

    def say(text):
        print(f'[{time.time() - start:5.0f} s] {text}', flush=True)

    say('building with gcc')
    if step('gcc build', build('build', []), count):
        say('unit tests, data, reject, golden, fuzz replay, backends')
        compiled('build', count)
        say('lint and end-to-end tests')
        pytests(['tests/lint', 'tests/golden', 'tests/e2e', *(f'--ignore={h}' for h in HOSTILE), *which], count)
    say('building with AddressSanitizer and UndefinedBehaviorSanitizer')
    if step('sanitizer build', build('build-asan', ['-Db_sanitize=address,undefined', '--buildtype=debug', '-Doptimization=1']), count):
        say('the compiled tests under the sanitizers')
        compiled('build-asan', count)
        say('hostile images, by the program as it is and under the sanitizers')
        pytests([*HOSTILE, *which], count, LAZARET_ASAN=str(ROOT / 'build-asan' / 'lazaret'))
    if a.full:
        say('building with clang')
        if step('clang build', build('build-clang', [], {'CC': 'clang'}), count):
            compiled('build-clang', count)
        say('building with ThreadSanitizer')
        if step('TSan build', build('build-tsan', ['-Db_sanitize=thread', '-Db_lundef=false'], {'CC': 'clang'}), count):
            compiled('build-tsan', count)
        say('clang-tidy')
        r = sh(['run-clang-tidy', '-quiet', '-p', 'build-clang', 'src/'])
        if not step('clang-tidy', r.returncode == 0, count):
            print(r.stdout[-6000:])
    say('done')
    print(f'{count.passed} passed, {count.failed} failed, {count.skipped} skipped')
    return 1 if count.failed else 0


sys.exit(main())
