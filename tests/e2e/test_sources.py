"""The same image written by the tools that people use, in every format they write, and out of a real engine: lazaret must see the
same layers and the same packages each time."""
import gzip
import os
import shutil
import subprocess
import time

import pytest

from images import OS_RELEASE, Layout, dpkg

LAYERS = [{'etc/os-release': OS_RELEASE, 'var/lib/dpkg/status': dpkg(bash='5.2.15-2+b7')},
          {'var/lib/dpkg/status': dpkg(bash='5.2.15-2+b7', curl='7.88.1-10')}]
PACKAGES = {('bash', '5.2.15-2+b7'), ('curl', '7.88.1-10')}


class Tools:
    """skopeo, umoci, buildah and podman with a store of their own below the test's folder."""

    def __init__(self, folder):
        self.folder = folder
        store = folder / 'storage.conf'
        store.write_text(f'[storage]\ndriver = "vfs"\nrunroot = "{folder}/run-root"\ngraphroot = "{folder}/graph"\n')
        (folder / 'policy.json').write_text('{"default":[{"type":"insecureAcceptAnything"}]}')
        (folder / 'tmp').mkdir()
        self.env = {**os.environ, 'CONTAINERS_STORAGE_CONF': str(store), 'TMPDIR': str(folder / 'tmp'),
                    'XDG_RUNTIME_DIR': str(folder / 'run'), 'BUILDAH_ISOLATION': 'chroot'}

    def __call__(self, *args):
        r = subprocess.run([str(a) for a in args], cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=300)
        assert r.returncode == 0, f'{args}: {r.stderr}'
        return r.stdout.strip()

    def copy(self, source, target):
        self('skopeo', '--policy', 'policy.json', 'copy', '-q', source, target)


@pytest.fixture
def tools(lazaret, tmp_path):
    Layout(tmp_path / 'image').image(LAYERS, tag='1.0')
    return Tools(tmp_path)


def check(report, layers=None):
    assert {(p['name'], p['version']) for p in report['packages']} == PACKAGES
    assert report['not_examined'] == []
    assert report['image']['architecture'] == 'amd64'
    diff_ids = [x['diff_id'] for x in report['image']['layers']]
    if layers:
        assert diff_ids == layers
    return diff_ids


def test_skopeo(lazaret, tools, tmp_path):
    first = lazaret.scan('oci:image:1.0')
    layers = check(first)
    tools.copy('oci:image:1.0', 'oci:copied:again')
    tools.copy('oci:image:1.0', 'oci-archive:oci.tar:named')
    tools.copy('oci:image:1.0', 'docker-archive:docker.tar:example.org/app:1.0')
    tools('skopeo', '--policy', 'policy.json', 'copy', '-q', '--dest-compress-format', 'zstd', '--dest-compress', 'oci:image:1.0',
          'oci:zstd:1.0')
    for target in ('oci:copied', 'oci:copied:again', 'copied', 'oci-archive:oci.tar', 'oci-archive:oci.tar:named', 'oci.tar',
                   'docker-archive:docker.tar', 'docker-archive:docker.tar:example.org/app:1.0', 'docker-archive:docker.tar:1.0',
                   'docker-archive:docker.tar:@0', './docker.tar', str(tmp_path / 'docker.tar'), 'zstd'):
        report = lazaret.scan(target)
        check(report, layers)
        assert report['image']['config'] == first['image']['config'], target
    assert lazaret.scan('oci:copied')['image']['digest'] == first['image']['digest']
    assert lazaret.scan('oci.tar')['image']['digest'] == first['image']['digest']


def test_compressed_archives(lazaret, tools, tmp_path):
    tools.copy('oci:image:1.0', 'docker-archive:docker.tar:app:1.0')
    with gzip.open(tmp_path / 'docker.tgz', 'wb') as out, open(tmp_path / 'docker.tar', 'rb') as src:
        shutil.copyfileobj(src, out)
    tools('zstd', '-q', 'docker.tar')
    scratch = tmp_path / 'scratch'
    scratch.mkdir()
    for name in ('docker.tgz', 'docker.tar.zst'):
        check(lazaret.scan(name, env={'TMPDIR': str(scratch)}))
        r = lazaret('scan', '--limit', 'archive_bytes=4K', name)
        assert r.returncode == 3 and '4096' in r.stderr
    assert list(scratch.iterdir()) == []
    r = lazaret('scan', 'docker.tgz', env={'TMPDIR': '/nosuch'})
    assert r.returncode == 3 and '/nosuch' in r.stderr


def test_umoci(lazaret, tools, tmp_path):
    tools('umoci', 'new', '--image', 'image:2.0')
    (tmp_path / 'added').write_bytes(OS_RELEASE)
    (tmp_path / 'status').write_bytes(dpkg(bash='5.2.15-2+b7', curl='7.88.1-10'))
    tools('umoci', 'insert', '--image', 'image:2.0', 'added', '/etc/os-release')
    tools('umoci', 'insert', '--image', 'image:2.0', 'status', '/var/lib/dpkg/status')
    check(lazaret.scan('oci:image:2.0'))
    r = lazaret('scan', 'oci:image')
    assert r.returncode == 3 and '1.0' in r.stderr and '2.0' in r.stderr
    assert lazaret('scan', 'oci:image:3.0').returncode == 3


def test_buildah(lazaret, tools, tmp_path):
    (tmp_path / 'os-release').write_bytes(OS_RELEASE)
    (tmp_path / 'status').write_bytes(dpkg(bash='5.2.15-2+b7', curl='7.88.1-10'))
    name = tools('buildah', 'from', 'scratch')
    tools('buildah', 'copy', name, 'os-release', '/etc/os-release')
    tools('buildah', 'copy', name, 'status', '/var/lib/dpkg/status')
    tools('buildah', 'config', '--arch', 'amd64', name)
    for n, form in enumerate(('oci', 'docker')):
        tools('buildah', 'commit', '-q', '--signature-policy', 'policy.json', '--format', form, name, f'made:{n}')
        for target in (f'oci:built{n}', f'oci-archive:built{n}.tar', f'docker-archive:built-docker{n}.tar:made:{n}'):
            tools('buildah', 'push', '-q', '--signature-policy', 'policy.json', f'made:{n}', target)
            check(lazaret.scan(target))
    tools('buildah', 'manifest', 'create', 'all')
    tools('buildah', 'manifest', 'add', '--arch', 'amd64', 'all', 'made:0')
    tools('buildah', 'manifest', 'push', '-q', '--signature-policy', 'policy.json', '--all', 'all', 'oci:index:all')
    check(lazaret.scan('oci:index', '--platform', 'linux/amd64'))


@pytest.fixture
def engine(tools, tmp_path):
    tools.copy('oci:image:1.0', f'containers-storage:[vfs@{tmp_path}/graph+{tmp_path}/run-root]localhost/app:1.0')
    socket = tmp_path / 'podman.sock'
    log = open(tmp_path / 'podman.log', 'wb')
    service = subprocess.Popen(['podman', '--cgroup-manager', 'cgroupfs', 'system', 'service', '--time', '0', f'unix://{socket}'],
                               env=tools.env, stdout=log, stderr=log, cwd=tmp_path)
    for _ in range(200):
        if socket.exists() or service.poll() is not None:
            break
        time.sleep(0.1)
    assert socket.exists(), (tmp_path / 'podman.log').read_text()
    yield f'unix://{socket}'
    service.terminate()
    service.wait(30)
    log.close()


def test_podman(lazaret, tools, engine, tmp_path):
    layers = check(lazaret.scan('oci:image:1.0'))
    scratch = tmp_path / 'scratch'
    scratch.mkdir()
    env = {'CONTAINER_HOST': engine, 'DOCKER_HOST': engine, 'TMPDIR': str(scratch)}
    config = lazaret.scan('oci:image:1.0')['image']['config']
    for target in ('podman:localhost/app:1.0', 'podman:app:1.0', 'docker:localhost/app:1.0', f'podman:{config[7:]}', f'docker:{config}'):
        check(lazaret.scan(target, env=env), layers)
    for target in ('podman:nosuch', 'docker:nosuch:1'):
        r = lazaret('scan', target, env=env)
        assert r.returncode == 3 and 'nosuch' in r.stderr
    assert list(scratch.iterdir()) == []
    for form in ('docker-archive', 'oci-archive', 'oci-dir'):
        tools('podman', '--cgroup-manager', 'cgroupfs', 'save', '-q', '--format', form, '-o', f'saved-{form}', 'localhost/app:1.0')
        check(lazaret.scan(f'saved-{form}'), layers)
    tools('podman', '--cgroup-manager', 'cgroupfs', 'tag', 'localhost/app:1.0', 'localhost/other:2.0')
    tools('podman', '--cgroup-manager', 'cgroupfs', 'save', '-q', '-m', '-o', 'several.tar', 'localhost/app:1.0', 'localhost/other:2.0')
    check(lazaret.scan('docker-archive:several.tar:localhost/other:2.0'), layers)


def test_no_engine(lazaret):
    r = lazaret('scan', 'podman:app', env={'CONTAINER_HOST': 'unix:///nosuch/socket'})
    assert r.returncode == 3
    r = lazaret('scan', 'docker:app', env={'DOCKER_HOST': 'tcp://127.0.0.1:1'})
    assert r.returncode == 3 and 'unix://' in r.stderr
