"""What containers/image does for policy.json's sigstoreSigned with a keyPath where registries.d says use-sigstore-attachments: podman, CRI-O
and skopeo. Written from its documentation (containers-policy.json(5)) and its rules for payloads; the signature is openssl's to check.

    allowed(repository, ref, key, identity)     None, or why not
"""
import base64
import binascii
import hashlib
import json
import re
import subprocess
import tempfile

SIGNATURE = 'dev.cosignproject.cosign/signature'
SIMPLE = 'application/vnd.dev.cosign.simplesigning.v1+json'


class No(Exception):
    pass


def exact(pairs):
    """An object whose members are there once."""
    if len(dict(pairs)) != len(pairs):
        raise No('a member is there twice')
    return dict(pairs)


def members(value, *names):
    """All of them, in this case, and no others."""
    if not isinstance(value, dict) or set(value) != set(names):
        raise No(f'not just {names}')
    return [value[n] for n in names]


def text(value):
    if not isinstance(value, str):
        raise No('no text')
    return value


def read_payload(data):
    """-> docker reference, manifest digest"""
    try:
        critical, optional = members(json.loads(data, object_pairs_hook=exact), 'critical', 'optional')
    except (ValueError, UnicodeDecodeError):
        raise No('no JSON') from None
    if optional is not None:
        if not isinstance(optional, dict):
            raise No('optional is no object')
        if not isinstance(optional.get('creator', ''), str):
            raise No('creator is no text')
        if 'timestamp' in optional and (isinstance(optional['timestamp'], bool) or not isinstance(optional['timestamp'], (int, float)) or
                                        optional['timestamp'] != int(optional['timestamp'])):
            raise No('timestamp is no whole number')
    kind, image, identity = members(critical, 'type', 'image', 'identity')
    if text(kind) != 'cosign container image signature':
        raise No('another type')
    digest, reference = text(*members(image, 'docker-manifest-digest')), text(*members(identity, 'docker-reference'))
    if not re.fullmatch('sha256:[0-9a-f]{64}', digest):
        raise No('no digest')
    return reference, digest


def parse(ref):
    """-> name with its host, tag, digest, as the reference's grammar has them"""
    m = re.fullmatch(r'(?P<name>[a-z0-9.:_/\[\]-]*?[a-z0-9\]])(:(?P<tag>\w[\w.-]{0,127}))?(@(?P<digest>sha256:[0-9a-f]{64}))?', ref, re.A)
    if not m:
        raise No('no reference')
    host, slash, _ = m['name'].partition('/')
    if not slash:
        return 'docker.io/library/' + m['name'], m['tag'], m['digest']
    return (m['name'] if re.search('[.:]|^localhost$', host) else 'docker.io/' + m['name']), m['tag'], m['digest']


def digest_or_exact(wanted, signed):
    (name, tag, digest), (signed_name, signed_tag, signed_digest) = parse(wanted), parse(signed)
    if tag and not digest:
        return (name, tag, digest) == (signed_name, signed_tag, signed_digest)
    return bool(digest) and name == signed_name


def match(identity, wanted, signed):
    kind = identity['type']
    if kind == 'matchRepository':
        return parse(wanted)[0] == parse(signed)[0]
    if kind == 'exactReference':
        return any(parse(signed)[1:]) and parse(identity['dockerReference']) == parse(signed)
    if kind == 'exactRepository':
        return parse(identity['dockerRepository'])[0] == parse(signed)[0]
    if kind == 'remapIdentity':
        prefix = identity['prefix']
        if wanted.startswith(prefix) and wanted[len(prefix):len(prefix) + 1] in ('', '/', ':', '@'):
            wanted = identity['signedPrefix'] + wanted[len(prefix):]
    elif kind != 'matchRepoDigestOrExact':
        raise No('another kind of identity')
    return digest_or_exact(wanted, signed)


def verify(key, signature, payload):
    with tempfile.NamedTemporaryFile() as sig, tempfile.NamedTemporaryFile() as data:
        for f, content in ((sig, signature), (data, payload)):
            f.write(content)
            f.flush()
        return subprocess.run(['openssl', 'dgst', '-sha256', '-verify', key, '-signature', sig.name, data.name], capture_output=True).returncode == 0


def judge(repository, layer, manifest, ref, key, identity):
    if layer['mediaType'] != SIMPLE:
        raise No('no signature')
    if SIGNATURE not in layer.get('annotations', {}):
        raise No('no annotation')
    payload = repository.get_blob(layer['digest'])
    try:
        signature = base64.b64decode(layer['annotations'][SIGNATURE], validate=True)
    except binascii.Error:
        raise No('no base64') from None
    if not verify(key, signature, payload):
        raise No('by another key')
    reference, digest = read_payload(payload)
    if not match(identity, ref, reference):
        raise No(f'{reference} is not {ref}')
    if digest != 'sha256:' + hashlib.sha256(manifest).hexdigest():
        raise No('of another manifest')


def allowed(repository, ref, key, identity=None):
    tag, digest = parse(ref)[1:]
    manifest = repository.request('GET', f'manifests/{digest or tag}').read()
    where = 'sha256-' + hashlib.sha256(manifest).hexdigest() + '.sig'
    try:
        attached = repository.manifest(where)
    except OSError:
        return 'no signature exists'
    why = []
    for layer in attached['layers']:
        try:
            judge(repository, layer, manifest, ref, key, identity or {'type': 'matchRepoDigestOrExact'})
            return None
        except No as e:
            why.append(str(e))
    return '; '.join(why) or 'no signature exists'
