#!/usr/bin/env python3
"""Generates feeds of about the size of the public ones, always the same: 300,000 OSV records of one to two kilobytes in
zip archives by ecosystem, a Debian tracker document of 70 MB, Alpine secdb, KEV, EPSS. Usage: gen_feeds.py DIR [SCALE]"""
import gzip
import json
import pathlib
import random
import sys
import zipfile

# Ecosystem, share of the records, affected packages of one record at most.
ECOSYSTEMS = [('Debian', ['Debian:11', 'Debian:12', 'Debian:13'], 45000, 3), ('Ubuntu', ['Ubuntu:22.04:LTS', 'Ubuntu:24.04:LTS'], 50000, 6),
              ('AlmaLinux', ['AlmaLinux:8', 'AlmaLinux:9'], 6000, 20), ('Red Hat', ['Red Hat:enterprise_linux:9::baseos'], 25000, 30),
              ('SUSE', ['SUSE:Linux Enterprise Server 15 SP5'], 20000, 20), ('npm', ['npm'], 80000, 1), ('PyPI', ['PyPI'], 20000, 1),
              ('Go', ['Go'], 6000, 3), ('Maven', ['Maven'], 8000, 3), ('Packagist', ['Packagist'], 6000, 1),
              ('RubyGems', ['RubyGems'], 3000, 1), ('Alpine', ['Alpine:v3.19', 'Alpine:v3.20'], 31000, 4)]
WORDS = ('the a of in buffer overflow allows remote attackers to execute code when parsing crafted input because length is not '
         'checked before copy memory use after free denial service function component version library request header').split()


def text(rng, n):
    return ' '.join(rng.choices(WORDS, k=n))


def version(rng):
    return f'{rng.randrange(9)}.{rng.randrange(30)}.{rng.randrange(30)}-{rng.randrange(9)}'


def record(rng, number, releases, most):
    affected = []
    for _ in range(1 + int(rng.random() ** 3 * most)):
        affected.append({'package': {'ecosystem': rng.choice(releases), 'name': f'package-{int(rng.random() ** 2 * 8000)}'},
                         'ranges': [{'type': 'ECOSYSTEM', 'events': [{'introduced': '0'}, {'fixed': version(rng)}]}]})
    cve = f'CVE-{2000 + number % 26}-{number}'
    return f'X-{number}', json.dumps({
        'id': f'X-{number}', 'modified': '2026-01-02T03:04:05Z', 'published': '2026-01-01T00:00:00Z', 'aliases': [cve],
        'summary': text(rng, 12), 'details': text(rng, 60) + '\n\n' + text(rng, 40), 'affected': affected,
        'severity': [{'type': 'CVSS_V3', 'score': 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H'}],
        'references': [{'type': 'WEB', 'url': f'https://example.com/{number}/{i}'} for i in range(3)]})


def osv(root, scale):
    number = 0
    for name, releases, count, most in ECOSYSTEMS:
        rng = random.Random(name)
        (root / name).mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(root / name / 'all.zip', 'w', zipfile.ZIP_DEFLATED, compresslevel=1) as z:
            for _ in range(int(count * scale)):
                number += 1
                ident, body = record(rng, number, releases, most)
                z.writestr(f'{ident}.json', body)


def tracker(root, scale):
    rng = random.Random('tracker')
    (root / 'debian-tracker').mkdir(exist_ok=True)
    with open(root / 'debian-tracker' / 'debian.json', 'w') as f:
        for source in range(int(2600 * scale)):
            cves = {}
            for _ in range(1 + int(rng.random() ** 4 * 120)):
                releases = {r: {'status': rng.choice(['open', 'resolved']), 'repositories': {r: version(rng), f'{r}-security': version(rng)},
                                'fixed_version': version(rng), 'urgency': 'not yet assigned'}
                            for r in ('bullseye', 'bookworm', 'trixie', 'forky', 'sid')}
                cves[f'CVE-{rng.randrange(2000, 2027)}-{rng.randrange(1, 60000)}'] = {
                    'scope': 'remote', 'description': text(rng, 30), 'releases': releases}
            f.write(('{' if source == 0 else ',') + f'"package-{source}":' + json.dumps(cves))
        f.write('}')


def scores(root, scale):
    rng = random.Random('scores')
    with gzip.open(root / 'epss_scores.csv.gz', 'wt', compresslevel=1) as f:
        f.write('#model_version:v1,score_date:2026-01-01T00:00:00+0000\ncve,epss,percentile\n')
        for i in range(int(300000 * scale)):
            f.write(f'CVE-{2000 + i % 26}-{i},{rng.random() ** 6:.5f},{rng.random():.5f}\n')
    with open(root / 'kev.json', 'w') as f:
        json.dump({'catalogVersion': '1', 'vulnerabilities': [
            {'cveID': f'CVE-{2000 + i % 26}-{i}', 'dateAdded': '2026-01-01', 'dueDate': '2026-02-01'} for i in range(1500)]}, f)


def main():
    root, scale = pathlib.Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
    root.mkdir(parents=True, exist_ok=True)
    osv(root, scale)
    tracker(root, scale)
    scores(root, scale)


main()
