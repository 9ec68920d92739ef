"""Versions are ordered as the reference implementations order them: 5,000 random and mutated pairs for each (100,000 in the full
mode), by one process of each. What a reference takes must be valid here too. LAZARET_SEED repeats a run."""
import ctypes
import ctypes.util
import os
import pathlib
import random
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SEED = int(os.environ.get('LAZARET_SEED', 20261124))
SIGN = {-1: '<', 0: '=', 1: '>'}


def filtered(program, pairs):
    """A program that reads pairs, one a line, and prints -1, 0 or 1, or ! where one of them is no version to it."""
    r = subprocess.run(program, input=''.join(f'{a} {b}\n' for a, b in pairs), capture_output=True, text=True,
                       env={**os.environ, 'NODE_PATH': '/usr/share/nodejs'})
    assert r.returncode == 0, r.stderr[-2000:]
    return [None if x == '!' else SIGN[int(x)] for x in r.stdout.split()]


def only(pattern, pairs, signs):
    """For references that compare whatever they are given."""
    return [s if re.fullmatch(pattern, a) and re.fullmatch(pattern, b) else None for (a, b), s in zip(pairs, signs)]


def deb(pairs):
    return only(r'(\d{1,9}:)?\d[0-9A-Za-z.+~-]*(?<!-)', pairs, filtered(['perl', '-MDpkg::Version', '-e', '''while (<>) {
        my ($x, $y) = map { Dpkg::Version->new($_) } split;
        print $x->is_valid && $y->is_valid ? $x <=> $y : "!", "\\n" }'''], pairs))


def rpm(pairs):
    lua = 'for l in io.lines("/dev/stdin") do local a, b = l:match("(%S+) (%S+)"); print(rpm.vercmp(a, b) .. "\\n") end'
    return only(r'(\d{1,9}:)?[0-9A-Za-z._+~^]+(-[0-9A-Za-z._+~^]+)?', pairs, filtered(['rpm', '--eval', '%{lua: ' + lua + '}'], pairs))


def semver(pairs):
    """Four numbers are none to it, but where it can split one it does: 1.2.34.5 is 1.2.3-4.5. That is an accident of its pattern;
    here, where other schemes have four numbers too, they are four. Its numbers above 2^53 in a prerelease are rounded, ours are not."""
    return only(r'[v=]*\d+\.\d+\.\d+([^.\d]((?!\d{16}).)*)?', pairs, filtered(['node', '-e', '''const s = require("/usr/share/nodejs/semver");
        for (const l of require("fs").readFileSync(0, "utf8").trim().split("\\n")) {
            const [a, b] = l.split(" ");
            console.log(s.valid(a, true) && s.valid(b, true) ? s.compare(a, b, true) : "!") }'''], pairs))


def pep440(pairs):
    version = pytest.importorskip('packaging.version')

    def one(a, b):
        try:
            x, y = version.Version(a), version.Version(b)
        except version.InvalidVersion:
            return None
        return SIGN[(x > y) - (x < y)]
    return [one(a, b) for a, b in pairs]


def gem(pairs):
    return filtered(['ruby', '-e', '''STDIN.each_line { |l| a, b = l.split
        puts [a, b].all? { |v| Gem::Version.correct?(v) } ? Gem::Version.new(a) <=> Gem::Version.new(b) : "!" }'''], pairs)


def dashed(version):
    """What Maven 3.8 has to be asked. To it a word behind a dot is below all that stands behind a dash, which is no order (1.foo <
    1-alpha < 1 < 1.foo); since Maven 3.9, and in the POM reference, dot and dash before a word are the same."""
    return re.sub(r'\.(?=[^0-9.-])', '-', version.lower())


def hollow(version):
    """Whether, between two dashes, there is nothing but 0, ga, final and release. The POM reference drops that; Maven 3.8 keeps an
    empty list, and has no order for it (1-0-rc < 1 < 1-sp < 1-0-rc)."""
    dashes = re.sub(r'(?<=\d)(?=[^\d.-])|(?<=[^\d.-])(?=\d)', '-', dashed(version))
    nulls = [all(item.strip('0') in ('', 'ga', 'final', 'release') for item in level.split('.')) for level in dashes.split('-')]
    while nulls and nulls[-1]:
        nulls.pop()
    return any(nulls)


def maven(pairs):
    """Its main compares each argument with the next; the arguments of one process are limited."""
    signs = []
    for i in range(0, len(pairs), 20000):
        r = subprocess.run(['java', '-XX:TieredStopAtLevel=1', '-cp', '/usr/share/java/maven-artifact-3.x.jar:/usr/share/java/commons-lang3.jar',
                            'org.apache.maven.artifact.versioning.ComparableVersion', *(dashed(v) for pair in pairs[i:i + 20000] for v in pair)],
                           capture_output=True, text=True)
        assert r.returncode == 0, r.stderr[-2000:]
        signs += [line.split()[1].replace('==', '=') for line in r.stdout.split('\n') if line.startswith('   ')][::2]
    return [None if hollow(a) or hollow(b) else s for (a, b), s in zip(pairs, signs)]


def composer(pairs):
    return filtered(['php', '-r', '''require "/usr/share/php/Composer/Semver/autoload.php";
        $parser = new Composer\\Semver\\VersionParser;
        while ($line = fgets(STDIN)) {
            try {
                [$a, $b] = array_map(fn($v) => $parser->normalize($v), explode(" ", trim($line)));
                echo str_starts_with($a, "dev-") || str_starts_with($b, "dev-") ? "!" : version_compare($a, $b), "\\n";
            } catch (UnexpectedValueException $e) { echo "!\\n"; } }'''], pairs)


def pacman(pairs):
    """Separators at the end and a missing release have no order there; the scheme says which it has here."""
    compare = ctypes.CDLL('libalpm.so.13').alpm_pkg_vercmp
    signs = [SIGN[compare(a.encode(), b.encode())] for a, b in pairs]
    same = [s if ('-' in a) == ('-' in b) else None for (a, b), s in zip(pairs, signs)]
    return only(r'(\d{1,9}:)?[0-9A-Za-z._+]*[0-9A-Za-z](-\d+(\.\d+)?)?', pairs, same)


# The reference, what must be there for it, versions to mutate, pieces to make others of.
SCHEMES = {
    'deb': (deb, 'perl', '2.36-9+deb12u10 1:2.39.2-1.1 5.36.0-7+deb12u2 0~20220101+git1.abc-2 2.9.14+dfsg-1.3~deb12u1 1.1.1w-0+deb11u1',
            '0 1 2 10 007 . - ~ + a b rc z 1: 0: ~~ -1 .1 +b1 ~rc1'),
    'rpm': (rpm, 'rpm', '4.18.0-553.el8_10 2:8.2.2637-20.el9_1 1.module+el8.9.0+1-3 3.0.7-16.el9_2.0.1 1^git2~pre-1',
            '0 1 2 10 007 . _ ~ ^ + a b rc z 1: 0: ~~ -1 .1 .el8 ~rc1'),
    'semver': (semver, 'node', '1.2.3 v1.2.3-rc.1+b5 =1.0.0-alpha.1 4.17.21 1.0.0-beta.11.x-y 10.0.1beta1',
               '0 1 2 10 .0 .1 .10 .2.3 - -1 -a .b rc .x + +1 +b.1 -- v A 01 .01 9007199254740991'),
    'pep440': (pep440, None, '1.2.3 1.0a1 2!1.0.post1.dev2 1.0rc1+ubuntu.1 v1.0-beta_2 1.0-1 2024.1.dev3',
               '0 1 2 10 .0 .1 . - _ a b1 rc c2 .dev dev3 post -1 r rev2 + +ab.1 +1 ! 1! v alpha .pre preview1 RC'),
    'gem': (gem, 'ruby', '1.2.3 7.0.4.3 1.0.0.pre1 2.0.0-rc.1 1.0.a10 0.0.1.beta 4.2.11.1',
            '0 1 2 10 .0 .1 .a .b10 a rc .pre - -1 -a .00 .0.0 z .A'),
    'maven': (maven, 'java', '1.2.3 31.1-jre 5.3.20.RELEASE 1.0-alpha-1 2.0.0.Final 1.0-rc1-SNAPSHOT 1.0.0.Beta2 9.4.48.v20220622 1.0-sp1',
              '0 1 2 .0 .1 -1 .RC1 -alpha -beta-2 -SNAPSHOT .Final -sp -jre a1 m2 .10 -foo .0.1 - . ga -ga- -0 rc x .x b'),
    'composer': (composer, 'php', 'v1.2.3 1.0.0-beta2.1 1.0.0-RC1 5.4.x-dev 20200101 2020-01-02 1.0-p1 2.0.0-alpha.1-dev 1.0.0+b5 1.0@dev',
                 '0 1 2 10 01 .0 .1 .2 - -1 -a -b -beta2 RC .rc.1 alpha pl p1 -patch stable -dev dev .x * V + @dev 20 -STABLE : _'),
    'pacman': (pacman, 'alpm', '1:1.2.3-1 5.4.0.arch1-1 2.36+r8+g1-2 1.0rc1-1.1 20220101-3 1.1.1.q-1', '0 1 2 10 007 . _ + a b rc z 1: -1 -2.1 .1 .a ..'),
}


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


def make_pair(rng, starts, pieces, letters):
    def some(most):
        return ''.join(rng.choice(pieces) for _ in range(rng.randrange(most)))
    kind = rng.random()
    if kind < 0.4:
        start = rng.choice(starts)
        return mutate(rng, start, letters), mutate(rng, start, letters)
    if kind < 0.7:
        start = rng.choice(('1', '1.0', '1.2.3', rng.choice(starts)))
        return start + some(4), start + some(4)
    return rng.choice('0123') + some(6), rng.choice('0123') + some(6)


def check(lazaret, scheme, count):
    reference, needs, starts, pieces = SCHEMES[scheme]
    if needs and not shutil.which(needs) and not ctypes.util.find_library(needs):
        pytest.skip(f'no {needs}')
    rng, starts, pieces = random.Random(f'{SEED} {scheme}'), starts.split(), pieces.split()
    letters = ''.join(starts + pieces)
    checked, bad = 0, []
    while checked < count:
        pairs = [make_pair(rng, starts, pieces, letters) for _ in range(count)]
        want = reference(pairs)
        r = lazaret('version', 'compare', scheme, '-', input=''.join(f'{a} {b}\n' for a, b in pairs))
        got = r.stdout.split()
        assert len(got) == len(want) == len(pairs), r.stderr[-2000:]
        refused = {line.split("'")[1] for line in r.stderr.splitlines()}
        both = [(a, g, b, w) for (a, b), g, w in zip(pairs, got, want) if w]
        assert len(both) > count / 10, 'most of what is made is no version'
        bad += [x for x in both if x[1] != x[3]]
        bad += [(x, 'is refused') for a, _, b, _ in both for x in (a, b) if x in refused]
        checked += len(both)
    assert not bad, f'seed {SEED}: {len(bad)} of {checked}: (a, ours, b, theirs): {sorted(bad, key=lambda x: len(str(x)))[:20]}'


@pytest.mark.parametrize('scheme', SCHEMES)
def test_order(lazaret, scheme):
    check(lazaret, scheme, 5000)


@pytest.mark.full
@pytest.mark.parametrize('scheme', SCHEMES)
def test_order_long(lazaret, scheme):
    check(lazaret, scheme, 100000)


def make_range(rng):
    def number():
        return rng.choice(('0', '1', '2', '3', '10'))

    def partial():
        parts = [rng.choice((number(), number(), number(), 'x', '*', 'X')) for _ in range(rng.choice((1, 2, 3, 3, 3)))]
        while 'x' in parts[:-1] and parts[-1].isdigit():
            parts.pop()
        pre = rng.choice(('', '', '', '-0', '-a', '-a.1', '-rc.10')) if len(parts) == 3 else ''
        return rng.choice(('', '', '', 'v')) + '.'.join(parts) + pre

    def comparator():
        return rng.choice(('', '', '=', '>', '>=', '<', '<=', '^', '^', '~', '~>', '> ', '>= ', '^ ', '~ ')) + partial()

    def one():
        if rng.random() < 0.2:
            return f'{partial()} - {partial()}'
        return ' '.join(comparator() for _ in range(rng.choice((1, 1, 1, 2, 2, 3))))
    text = rng.choice((' || ', '||')).join(one() for _ in range(rng.choice((1, 1, 1, 2, 3))))
    if rng.random() < 0.1:
        text = mutate(rng, text, '0123456789.-^~<>=|xv ab')
    version = '.'.join(number() for _ in range(3)) + rng.choice(('', '', '-0', '-a', '-a.1', '-b', '-rc.9'))
    return rng.choice((0, 1)), text, version


def accident(loose, text):
    """What node-semver 7.3 does by accident of its patterns (src/vuln/npm_range.c): reads a number behind an x, a star at a whole version,
    three numbers and a prerelease out of four; does not know 00 or v0 for 0. Loosely, where words that are none are dropped, it joins
    an operator at the end of one with the next, and loses an x in the midst of them."""
    if re.search(r'(x|X|\*)\.\d|[0-9a-z][<>=~^]*\*|\*[0-9a-z]|\d\.\d+\.\d\d+\.|\b0\d|v0', text):
        return True
    words = [w for piece in text.split('||') for w in re.findall(r'\S+(?=\s)', piece.strip())]
    return loose and (any(re.search(r'[<>=~^]$', w) and not re.fullmatch(r'[<>]?=?|\^=?|~>?=?', w) for w in words)
                      or re.search(r'[<>=~^]\s+[<>=~^]|[<>=~^]$|[<>=~^]\s*\|\||\S\s+[<>=~^v\s]*[xX*][.xX*]*(-\S*)?\s+\S', text))


def check_ranges(count):
    if not shutil.which('node') or not os.path.isdir('/usr/share/nodejs/semver'):
        pytest.skip('no node-semver')
    rng = random.Random(f'{SEED} ranges')
    cases = [make_range(rng) for _ in range(count)]
    lines = ''.join(f'{loose}\t{text}\t{version}\n' for loose, text, version in cases)
    driver = pathlib.Path(os.environ.get('LAZARET', ROOT / 'build' / 'lazaret')).parent / 'npm-range-driver'
    got = subprocess.run([driver], input=lines, capture_output=True, text=True, check=True).stdout.split()
    want = subprocess.run(['node', '-e', '''const s = require("/usr/share/nodejs/semver");
        for (const l of require("fs").readFileSync(0, "utf8").trimEnd().split("\\n")) {
            const [f, r, v] = l.split("\\t"), loose = f == "1";
            console.log(s.validRange(r, loose) === null ? "!" : [s.satisfies(v, r, loose), s.gtr(v, r, loose), s.ltr(v, r, loose)].map(Number).join("")) }'''],
                          input=lines, capture_output=True, text=True, check=True, env={**os.environ, 'NODE_PATH': '/usr/share/nodejs'}).stdout.split()
    assert len(got) == len(want) == count
    bad = [(c, g, w) for c, g, w in zip(cases, got, want) if g != w and not accident(*c[:2])]
    assert sum(w != '!' for w in want) > count / 2
    assert not bad, f'seed {SEED}: {len(bad)} of {count}: (range, ours, theirs): {sorted(bad, key=lambda x: len(x[0][1]))[:20]}'


def test_npm_ranges():
    check_ranges(5000)


@pytest.mark.full
def test_npm_ranges_long():
    check_ranges(100000)


def test_one_pair(lazaret):
    for scheme, a, b, sign in (('deb', '1.0~rc1', '1.0', '<'), ('rpm', '1.0^a', '1.0', '>'), ('apk', '1.0-r0', '1.0-r0', '=')):
        r = lazaret('version', 'compare', scheme, a, b)
        assert (r.returncode, r.stdout) == (0, sign + '\n')
    assert lazaret('version', 'compare', 'nothing', '1', '2').returncode == 2
    assert lazaret('version', 'compare', 'apk', '1.0', 'v1').returncode != 0
