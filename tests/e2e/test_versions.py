"""Versions are ordered as dpkg and rpm order them: 5,000 random and mutated pairs each, and a sample of them against the
real `dpkg --compare-versions`."""
import random
import re
import shutil
import subprocess

import pytest

PAIRS = 5000
SEED = 20261124
STARTS = ('2.36-9+deb12u10', '1:2.39.2-1.1', '5.36.0-7+deb12u2', '0~20220101+git1.abc-2', '2.9.14+dfsg-1.3~deb12u1', '10.42-1',
          '1.1.1w-0+deb11u1', '4.18.0-553.el8_10', '2:8.2.2637-20.el9_1', '1.module+el8.9.0+1-3', '3.0.7-16.el9_2.0.1', '1^git2~pre-1')


def mutate(rng, version, letters):
    v = list(version)
    for _ in range(rng.choice((0, 1, 1, 2, 3))):
        i, what = rng.randrange(len(v) + 1), rng.random()
        if what < 0.4:
            v.insert(i, rng.choice(letters))
        elif what < 0.7 and i < len(v):
            v[i] = rng.choice(letters)
        elif i < len(v) and len(v) > 1:
            del v[i]
    return ''.join(v)


def make_pairs(letters, pattern):
    rng, ok, pairs = random.Random(SEED), re.compile(pattern), []
    while len(pairs) < PAIRS:
        if rng.random() < 0.5:
            base = rng.choice(STARTS)
            pair = tuple(mutate(rng, base, letters) for _ in range(2))
        else:
            pair = tuple(rng.choice('0123456789') + ''.join(rng.choices(letters, k=rng.randrange(8))) for _ in range(2))
        if all(ok.fullmatch(v) for v in pair):
            pairs.append(pair)
    return pairs


def ours(lazaret, scheme, pairs):
    r = lazaret('version', 'compare', scheme, '-', input=''.join(f'{a} {b}\n' for a, b in pairs))
    assert r.returncode == 0, r.stderr
    return r.stdout.split()


def differences(pairs, got, want):
    assert len(got) == len(want) == len(pairs)
    return [(a, g, b, w) for (a, b), g, w in zip(pairs, got, want) if g != w]


@pytest.mark.skipif(not shutil.which('dpkg'), reason='no dpkg')
def test_deb(lazaret):
    pairs = make_pairs('0123019abz.~+-:', r'(\d{1,9}:)?\d[0-9A-Za-z.+~-]*(?<!-)')
    got = ours(lazaret, 'deb', pairs)
    perl = 'while(<>){chomp;my($a,$b)=split;print version_compare($a,$b),"\\n"}'
    want = subprocess.run(['perl', '-MDpkg::Version', '-e', perl], input=''.join(f'{a} {b}\n' for a, b in pairs),
                          capture_output=True, text=True)
    if want.returncode == 0:
        sign = {'-1': '<', '0': '=', '1': '>'}
        assert not differences(pairs, got, [sign[x] for x in want.stdout.split()])
    for (a, b), g in list(zip(pairs, got))[:200]:
        op = {'<': 'lt', '=': 'eq', '>': 'gt'}[g]
        assert subprocess.run(['dpkg', '--compare-versions', a, op, b]).returncode == 0, (a, g, b)


@pytest.mark.skipif(not shutil.which('rpm'), reason='no rpm')
def test_rpm(lazaret):
    pairs = make_pairs('0123019abz.~^_+-:', r'(\d{1,9}:)?[0-9A-Za-z._+~^]+(-[0-9A-Za-z._+~^]+)?')
    want = []
    for i in range(0, PAIRS, 500):
        lua = ''.join(f"print(rpm.vercmp('{a}','{b}'),' ');" for a, b in pairs[i:i + 500])
        out = subprocess.run(['rpm', '--eval', '%{lua: ' + lua + '}'], capture_output=True, text=True, check=True).stdout
        want += [{'-1': '<', '0': '=', '1': '>'}[x] for x in re.findall(r'-1|0|1', out)]
    assert not differences(pairs, ours(lazaret, 'rpm', pairs), want)


def test_one_pair(lazaret):
    for scheme, a, b, sign in (('deb', '1.0~rc1', '1.0', '<'), ('rpm', '1.0^a', '1.0', '>'), ('apk', '1.0-r0', '1.0-r0', '=')):
        r = lazaret('version', 'compare', scheme, a, b)
        assert (r.returncode, r.stdout) == (0, sign + '\n')
    assert lazaret('version', 'compare', 'nothing', '1', '2').returncode == 2
    assert lazaret('version', 'compare', 'apk', '1.0', 'v1').returncode != 0
