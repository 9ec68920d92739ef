"""What the end-to-end tests share: the program, a scratch folder of its own for each test, the real data where there is some."""
import json
import os
import pathlib
import subprocess

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
