"""The log of our own: what it writes is checked by python and openssl from the specification; crashes, two writers, full disks."""
import base64
import hashlib
import json
import os
import random
import shutil
import subprocess
import time

import pytest

ORIGIN = 'example.com/audit'


@pytest.fixture
def log(lazaret, tmp_path):
    lazaret.env['COSIGN_PASSWORD'] = ''
    r = lazaret('log', 'init', 'audit', '--origin', ORIGIN)
    assert r.returncode == 0, r.stderr
    assert r.stdout == (tmp_path / 'audit.vkey').read_text() and r.stdout.startswith(ORIGIN + '+')
    assert (tmp_path / 'audit.key').stat().st_mode & 0o077 == 0
    return tmp_path / 'audit'


def append(lazaret, *lines):
    r = lazaret('log', 'append', 'audit', '-', input=''.join(f'{x}\n' for x in lines))
    assert r.returncode == 0, r.stderr
    return [int(x) for x in r.stdout.split()]


def size_of(lazaret, folder='audit'):
    return json.loads(lazaret('log', 'show', folder, '-f', 'json').stdout)['size']


def entries(folder, size):
    """Read from the bundles, as tlog-tiles says."""
    out = []
    for n in range(0, size, 256):
        index, width = n // 256, min(256, size - n)
        digits = f'{index:03}' if index < 1000 else f'x{index // 1000:03}/{index % 1000:03}'
        path = folder / f'tile/entries/{digits}.p/{width}'
        if not path.exists():
            path = folder / 'tile/entries' / digits
        data = path.read_bytes()
        while data and len(out) < size:
            k = int.from_bytes(data[:2], 'big')
            out.append(data[2:2 + k])
            data = data[2 + k:]
    return out


def openssl_verifies(vkey, message, signature, tmp_path):
    raw = base64.b64decode(vkey.split('+', 2)[2])[1:]
    der = bytes.fromhex('302a300506032b6570032100') + raw
    for name, content in (('pub.der', der), ('message', message), ('sig', signature)):
        (tmp_path / name).write_bytes(content)
    return subprocess.run(['openssl', 'pkeyutl', '-verify', '-rawin', '-pubin', '-keyform', 'DER', '-inkey', 'pub.der', '-in', 'message', '-sigfile', 'sig'],
                          cwd=tmp_path, capture_output=True).returncode == 0


def proof_holds(text, entry, vkey, tmp_path):
    """tlog-proof, signed-note and RFC 9162 2.1.3.2, read again from their texts."""
    head, checkpoint = text.split('\n\n', 1)
    magic, index, *hashes = head.split('\n')
    body, signatures = checkpoint.rsplit('\n\n', 1)
    origin, size, root = (body + '\n').split('\n')[:3]
    fn, sn, r = int(index.removeprefix('index ')), int(size) - 1, hashlib.sha256(b'\0' + entry).digest()
    for p in map(base64.b64decode, hashes):
        if fn & 1 or fn == sn:
            r = hashlib.sha256(b'\1' + p + r).digest()
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = hashlib.sha256(b'\1' + r + p).digest()
        fn, sn = fn >> 1, sn >> 1
    dash, name, sig = signatures.split('\n')[0].split(' ')
    return (magic == 'c2sp.org/tlog-proof@v1' and sn == 0 and r == base64.b64decode(root) and name == origin == ORIGIN and
            openssl_verifies(vkey, (body + '\n').encode(), base64.b64decode(sig)[4:], tmp_path))


def test_proofs_hold_by_python_and_openssl(lazaret, log, tmp_path):
    assert append(lazaret, *(f'entry {i}' for i in range(600))) == list(range(600))
    vkey = (tmp_path / 'audit.vkey').read_text().strip()
    for i in (0, 1, 255, 256, 511, 512, 599):
        proof = lazaret('log', 'prove', 'audit', '--index', i).stdout
        assert proof_holds(proof, f'entry {i}'.encode(), vkey, tmp_path)
        assert not proof_holds(proof, b'another', vkey, tmp_path)
        (tmp_path / 'p').write_text(proof)
        (tmp_path / 'entry').write_text(f'entry {i}')
        ask = ['log', 'verify', '--proof', 'p', '--entry', 'entry', '--key']
        assert lazaret(*ask, vkey).returncode == 0
        assert lazaret(*ask, ORIGIN + '+00000000+' + vkey.split('+', 2)[2]).returncode != 0
        (tmp_path / 'entry').write_text('another')
        r = lazaret(*ask, vkey, '-f', 'json')
        assert r.returncode == 1 and json.loads(r.stdout)['verified'] is False
    (tmp_path / 'entry').write_text('entry 300')
    found = json.loads(lazaret('log', 'prove', 'audit', '--entry', 'entry', '-f', 'json').stdout)
    assert found['index'] == 300 and found['size'] == 600
    (tmp_path / 'entry').write_text('entry 600')
    assert lazaret('log', 'prove', 'audit', '--entry', 'entry').returncode == 3
    assert entries(log, 600) == [f'entry {i}'.encode() for i in range(600)]
    assert lazaret('log', 'show', 'audit', '--index', 300).stdout == 'entry 300'
    assert lazaret('log', 'show', 'audit', '--index', 600).returncode == 3


def test_what_is_altered_is_named(lazaret, log):
    append(lazaret, *(f'entry {i}' for i in range(300)))
    assert lazaret('log', 'verify', 'audit').returncode == 0
    bundle = log / 'tile/entries/000'
    was = bundle.read_bytes()
    bundle.write_bytes(was.replace(b'\0\x08entry 77', b'\0\x08entry 7X'))
    r = lazaret('log', 'verify', 'audit')
    assert (r.returncode, r.stdout) == (1, 'not verified: entry 77 is not what was logged\n')
    bundle.write_bytes(was.replace(b'\0\x08entry 77', b''))
    r = lazaret('log', 'verify', 'audit', '-f', 'json')
    assert r.returncode == 1 and json.loads(r.stdout)['findings'] == ['entry 77 was removed']
    bundle.write_bytes(was)
    checkpoint = log / 'checkpoint'
    checkpoint.write_text(checkpoint.read_text().replace('\n300\n', '\n299\n'))
    assert lazaret('log', 'verify', 'audit').returncode == 1
    assert lazaret('log', 'append', 'audit', '-', input='x\n').returncode == 3


def test_arguments(lazaret, log, tmp_path):
    assert lazaret('log', 'init', 'audit', '--origin', ORIGIN).returncode == 2          # audit.vkey is there
    assert lazaret('log', 'init', 'other', '--origin', 'two words').returncode == 2
    assert lazaret('log', 'append', 'audit').returncode == 2
    assert lazaret('log', 'prove', 'audit').returncode == 2
    assert lazaret('log', 'show', 'nothing').returncode == 3
    r = lazaret('log', 'append', 'audit', '-', '--json-lines', input='{"a":1}\nno\n')
    assert r.returncode in (2, 3) and 'no JSON object' in r.stderr and size_of(lazaret) == 0
    r = lazaret('log', 'append', 'audit', '-', input='x' * 65536 + '\n')
    assert r.returncode == 3 and '65535' in r.stderr
    (tmp_path / 'file').write_bytes(b'\0\n' * 100)
    assert lazaret('log', 'append', 'audit', 'file', 'file').stdout == '0\n1\n'
    assert entries(log, 2) == [b'\0\n' * 100] * 2
    shutil.move(tmp_path / 'audit.vkey', tmp_path / 'kept')
    assert lazaret('log', 'verify', 'audit').returncode == 2    # whose signature?
    assert lazaret('log', 'verify', 'audit', '--key', (tmp_path / 'kept').read_text().strip()).returncode == 0
    r = lazaret('log', 'append', 'audit', 'file', env={'COSIGN_PASSWORD': 'wrong'})
    assert r.returncode == 3 and 'password' in r.stderr


def test_consistency_and_witness(lazaret, log, tmp_path):
    append(lazaret, *range(100))
    old = lazaret('log', 'checkpoint', 'audit').stdout
    (tmp_path / 'old').write_text(old)
    shutil.copytree(log, tmp_path / 'fork')
    append(lazaret, *range(100, 200))
    assert lazaret('log', 'consistency', 'audit', '--old-checkpoint', 'old').returncode == 0
    request = lazaret('log', 'consistency', 'audit', '--old-size', 100).stdout
    assert request.startswith('old 100\n') and request.endswith('\n\n' + lazaret('log', 'checkpoint', 'audit').stdout)
    assert lazaret('log', 'init', 'w', '--origin', 'witness.example').returncode == 0     # for its key
    vkey = (tmp_path / 'audit.vkey').read_text().strip()

    def witness(folder='audit'):
        return lazaret('log', 'witness', folder, '--state', 'memory', '--name', 'witness.example', '--key', 'w.key', '--log-key', vkey)
    r = witness()
    assert r.returncode == 0, r.stderr
    key = r.stderr.split()[-1]
    (tmp_path / 'cosigned').write_text(r.stdout)
    assert (tmp_path / 'memory').read_text().startswith('200 ')
    # The cosignature by its specification.
    body, lines = r.stdout.rsplit('\n\n', 1)
    raw = base64.b64decode(lines.split('\n')[1].split(' ')[2])
    when = int.from_bytes(raw[4:12], 'big')
    assert abs(when - time.time()) < 100
    assert openssl_verifies(key, f'cosignature/v1\ntime {when}\n{body}\n'.encode(), raw[12:], tmp_path)
    assert lazaret('log', 'checkpoint', 'audit', '--add', 'cosigned', '--key', 'audit.key').returncode == 0
    (tmp_path / 'entry').write_text('7')
    (tmp_path / 'p').write_text(lazaret('log', 'prove', 'audit', '--index', 7).stdout)
    ask = ['log', 'verify', '--proof', 'p', '--entry', 'entry', '--key', vkey, '--witness']
    assert lazaret(*ask, key).returncode == 0
    other = lazaret('log', 'witness', 'audit', '--state', 'm2', '--name', 'another.example', '--key', 'w.key', '--log-key', vkey).stderr.split()[-1]
    assert lazaret(*ask, other).returncode == 1
    # A fork, signed with the log's own key: smaller, as large, larger. The memory stays.
    for n, why in ((50, 'went back'), (50, 'split view'), (50, 'not proved')):
        r = lazaret('log', 'append', 'fork', '-', '--key', 'audit.key', input=''.join(f'lie {n} {i}\n' for i in range(n)))
        assert r.returncode == 0, r.stderr
        r = witness('fork')
        assert r.returncode == 1 and why in r.stdout, (r.stdout, r.stderr)
    assert (tmp_path / 'memory').read_text().startswith('200 ')
    r = lazaret('log', 'consistency', 'fork', '--old-checkpoint', 'cosigned', '--key', vkey)
    assert r.returncode == 1 and 'does not continue' in r.stdout
    append(lazaret, 'more')
    assert witness().returncode == 0 and (tmp_path / 'memory').read_text().startswith('201 ')


def crash(lazaret, log, run, acknowledged, chance):
    p = subprocess.Popen([lazaret.program, 'log', 'append', 'audit', '-'], cwd=lazaret.cwd, env=lazaret.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    sent = [f'run {run} line {i} {"x" * chance.randrange(100)}' for i in range(4000)]
    if os.fork() == 0:
        try:
            for i in range(0, len(sent), 7):
                os.write(p.stdin.fileno(), ''.join(f'{x}\n' for x in sent[i:i + 7]).encode())
                time.sleep(chance.random() / 500)
        finally:
            os._exit(0)
    p.stdin.close()
    first = p.stdout.readline()
    time.sleep(chance.random() / 5)
    p.kill()
    rest = p.stdout.read()
    p.wait()
    os.wait()
    lines = (first + rest).split(b'\n')[:-1]
    for line, text in zip(lines, sent):
        acknowledged[int(line)] = text.encode()
    assert lazaret('log', 'verify', 'audit').returncode == 0
    size = size_of(lazaret)
    there = entries(log, size)
    assert all(there[i] == text for i, text in acknowledged.items())
    return size


@pytest.mark.parametrize('kills', [10, pytest.param(200, marks=pytest.mark.full)])
def test_killed_at_any_moment(lazaret, log, kills):
    chance, acknowledged, size = random.Random(kills), {}, 0
    for run in range(kills):
        now = crash(lazaret, log, run, acknowledged, chance)
        assert now >= size
        size = now
    assert len(acknowledged) >= kills


def test_two_writers(lazaret, log):
    first = subprocess.Popen([lazaret.program, 'log', 'append', 'audit', '-'], cwd=lazaret.cwd, env=lazaret.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    first.stdin.write(b'one\n')
    first.stdin.flush()
    assert first.stdout.readline() == b'0\n'
    r = lazaret('log', 'append', 'audit', '-', '--wait', '0s', input='two\n')
    assert r.returncode == 3 and 'another writer' in r.stderr
    assert lazaret('log', 'verify', 'audit').returncode == 0        # readers are not kept out
    second = subprocess.Popen([lazaret.program, 'log', 'append', 'audit', '-'], cwd=lazaret.cwd, env=lazaret.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    second.stdin.write(b'two\n')
    second.stdin.close()
    time.sleep(0.3)
    assert second.poll() is None
    first.stdin.close()
    assert second.stdout.read() == b'1\n' and first.wait() == second.wait() == 0
    assert entries(log, 2) == [b'one', b'two']


def test_full_disk(lazaret, tmp_path):
    disk = tmp_path / 'disk'
    disk.mkdir()
    if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk], capture_output=True).returncode:
        pytest.skip('no tmpfs can be mounted here')
    lazaret.env['COSIGN_PASSWORD'] = ''
    try:
        assert lazaret('log', 'init', 'disk/audit', '--origin', ORIGIN).returncode == 0
        acknowledged = []
        for i in range(200):
            r = lazaret('log', 'append', 'disk/audit', '-', input=f'{i} {"x" * 20000}\n')
            if r.returncode:
                break
            acknowledged.append(f'{i} {"x" * 20000}'.encode())
        assert r.returncode == 3 and 'No space left' in r.stderr and acknowledged
        assert lazaret('log', 'verify', 'disk/audit').returncode == 0
        assert entries(disk / 'audit', size_of(lazaret, 'disk/audit')) == acknowledged
        subprocess.run(['mount', '-o', 'remount,size=4m', disk], check=True)
        assert lazaret('log', 'append', 'disk/audit', '-', input='more\n').stdout == f'{len(acknowledged)}\n'
        assert lazaret('log', 'verify', 'disk/audit').returncode == 0
    finally:
        subprocess.run(['umount', '-l', disk], check=True)
