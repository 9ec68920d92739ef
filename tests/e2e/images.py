"""Tiny images made by the tests: layers from Python values, written as an OCI layout, the same bytes each time."""
import gzip
import hashlib
import io
import json
import subprocess
import tarfile


def tar(files):
    """files: path -> bytes, or ('link', target), ('hard', target), ('dir',), ('mode', mode, bytes). Order is kept."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w', format=tarfile.PAX_FORMAT) as t:
        for path, body in files.items():
            info = tarfile.TarInfo(path)
            info.mode = 0o644
            if isinstance(body, tuple) and body[0] == 'mode':
                info.mode, body = body[1:]
            if isinstance(body, bytes):
                info.size = len(body)
                t.addfile(info, io.BytesIO(body))
                continue
            info.type = {'link': tarfile.SYMTYPE, 'hard': tarfile.LNKTYPE, 'dir': tarfile.DIRTYPE}[body[0]]
            if len(body) > 1:
                info.linkname = body[1]
            t.addfile(info)
    return out.getvalue()


class Layout:
    def __init__(self, folder):
        self.folder = folder
        (folder / 'blobs/sha256').mkdir(parents=True)
        (folder / 'oci-layout').write_text('{"imageLayoutVersion":"1.0.0"}')
        self.manifests = []

    def blob(self, data, media_type):
        digest = hashlib.sha256(data).hexdigest()
        (self.folder / 'blobs/sha256' / digest).write_bytes(data)
        return {'mediaType': media_type, 'digest': 'sha256:' + digest, 'size': len(data)}

    def image(self, layers, tag='latest', arch='amd64', texts=None, packed=gzip.compress, layer_type='application/vnd.oci.image.layer.v1.tar+gzip',
              config=None, history=None):
        """layers: dicts for tar() or bytes of a tar. config: the configuration's "config". Returns the manifest's descriptor."""
        tars = [x if isinstance(x, bytes) else tar(x) for x in layers]
        blobs = [self.blob(packed(x, mtime=0) if packed is gzip.compress else packed(x), layer_type) for x in tars]
        config = self.blob(json.dumps({
            'architecture': arch, 'os': 'linux', 'config': config or {}, 'created': '2026-01-01T00:00:00Z',
            'rootfs': {'type': 'layers', 'diff_ids': ['sha256:' + hashlib.sha256(x).hexdigest() for x in tars]},
            'history': history or [{'created_by': t} for t in (texts or [f'RUN step {i}' for i in range(len(tars))])],
        }).encode(), 'application/vnd.oci.image.config.v1+json')
        manifest = self.blob(json.dumps({
            'schemaVersion': 2, 'mediaType': 'application/vnd.oci.image.manifest.v1+json', 'config': config, 'layers': blobs,
        }).encode(), 'application/vnd.oci.image.manifest.v1+json')
        self.manifests.append({**manifest, 'platform': {'os': 'linux', 'architecture': arch},
                               'annotations': {'org.opencontainers.image.ref.name': tag}})
        self.write()
        return manifest

    def write(self):
        (self.folder / 'index.json').write_text(json.dumps({'schemaVersion': 2, 'manifests': self.manifests}))


OS_RELEASE = b'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'


def dpkg(**packages):
    """A dpkg status: name=version or name=(version, source)."""
    out = ''
    for name, v in packages.items():
        version, source = v if isinstance(v, tuple) else (v, None)
        out += f'Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n'
        out += (f'Source: {source}\n' if source else '') + 'Maintainer: Nobody\n\n'
    return out.encode()


def tracker(**sources):
    """A Debian tracker document for bookworm: source={cve: fixed version or None or ''}; None: open, '0': not affected."""
    return json.dumps({s: {cve.replace('_', '-'): {'scope': 'remote', 'releases': {'bookworm': (
        {'status': 'resolved', 'repositories': {}, 'fixed_version': v, 'urgency': 'medium'} if v is not None else
        {'status': 'open', 'repositories': {}, 'urgency': 'low'})}} for cve, v in cves.items()} for s, cves in sources.items()})


def docker_archive(layers, name='sample:1', packed=lambda x: x):
    """What docker save writes: layers as for Layout.image. `packed` compresses the archive as a whole."""
    tars = [x if isinstance(x, bytes) else tar(x) for x in layers]
    config = json.dumps({'architecture': 'amd64', 'os': 'linux', 'config': {},
                         'rootfs': {'type': 'layers', 'diff_ids': ['sha256:' + hashlib.sha256(x).hexdigest() for x in tars]}}).encode()
    config_name = hashlib.sha256(config).hexdigest() + '.json'
    names = [f'layer{i}/layer.tar' for i in range(len(tars))]
    manifest = json.dumps([{'Config': config_name, 'RepoTags': [name], 'Layers': names}]).encode()
    return packed(tar({**dict(zip(names, tars)), config_name: config, 'manifest.json': manifest}))


def zstd(data, *options):
    """A frame of unknown length, so that its window is the one asked for."""
    return subprocess.run(['zstd', '-q', '-c', *options], input=data, capture_output=True, check=True).stdout


def header(name, size=0, kind=b'0', link=''):
    """One block that says a file of this size follows, whatever follows."""
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = size, kind, link
    return info.tobuf(tarfile.GNU_FORMAT)


def open_tar(files):
    """tar(files) without its end: more can follow."""
    whole = tar(files).rstrip(b'\0')
    return whole + bytes(-len(whole) % 512)


def gzip_zeros(before, n, unit=64 << 20):
    """gzip members: `before`, then n times `unit` zeros. The work of one unit is done once."""
    return gzip.compress(before, mtime=0) + gzip.compress(bytes(unit), mtime=0) * n
