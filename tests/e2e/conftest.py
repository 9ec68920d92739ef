"""What the end-to-end tests share: the program, a scratch folder of its own for each test, the real data where there is some."""
import fcntl
import json
import os
import pathlib
import pty
import struct
import subprocess
import termios

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def pytest_configure(config):
    config.addinivalue_line('markers', 'full: long; only in make check-full')


class Lazaret:
    """Runs the program with its caches below a folder of the test."""

    def __init__(self, folder):
        self.program = os.environ.get('LAZARET', str(ROOT / 'build' / 'lazaret'))
        self.env = {k: v for k, v in os.environ.items() if not k.startswith('LAZARET_')}
        self.env.update(LAZARET_CACHE_DIR=str(folder / 'cache'), HOME=str(folder / 'home'), NO_COLOR='1',
                        XDG_RUNTIME_DIR=str(folder / 'run'))
        for d in ('home', 'run'):
            (folder / d).mkdir(exist_ok=True)
        self.cwd = folder

    def __call__(self, *args, input=None, env=None, timeout=300):
        return subprocess.run([self.program, *map(str, args)], input=input, env={**self.env, **(env or {})}, cwd=self.cwd,
                              capture_output=True, text=True, errors='surrogateescape', timeout=timeout)

    def scan(self, *args, status=None, **kw):
        """Scans with a JSON report; returns it. Status: what the exit status must be (default 0 or 1)."""
        r = self('scan', '--format', 'json', *args, **kw)
        assert r.returncode in ((0, 1) if status is None else (status,)), r.stderr
        return json.loads(r.stdout)

    def terminal(self, args, env=None, width=100, stderr_only=False):
        """Runs on a pseudo terminal. Returns the exit status and what was shown there."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack('HHHH', 24, width, 0, 0))
        p = subprocess.Popen([self.program, *map(str, args)], env={**self.env, 'TERM': 'xterm', **(env or {})}, cwd=self.cwd, stdin=theirs,
                             stdout=subprocess.DEVNULL if stderr_only else theirs, stderr=theirs)
        os.close(theirs)
        shown = b''
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:     # EIO: nobody is left at the other end
                break
            if not piece:
                break
            shown += piece
        os.close(ours)
        return p.wait(), shown.decode()


@pytest.fixture
def lazaret(tmp_path):
    return Lazaret(tmp_path)


@pytest.fixture
def data():
    """The folder of real data; the test is skipped where there is none."""
    folder = os.environ.get('LAZARET_TEST_DATA')
    if not folder:
        pytest.skip('LAZARET_TEST_DATA is not set')
    return pathlib.Path(folder)
