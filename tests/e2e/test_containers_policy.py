"""Images that are signed with --also-tag under policy.json: by the rules of containers/image, written anew, and by skopeo as it is here."""
import base64
import json
import shutil

import pytest

import containers_policy
from test_sign import able, client, keys, ok, port, sig_tag, signed    # noqa: F401

REPOSITORY = {'type': 'matchRepository'}


def test_skopeo_without_signatures(signed, client):    # noqa: F811
    """Debian 12 builds it without: what is signed is refused, too, with a text that says why. Another build is asked in test_sign.py."""
    path = shutil.which('skopeo')
    with open(path, 'rb') as f:
        if b'sigstore disabled' not in f.read():
            pytest.skip('this skopeo checks signatures by keys')
    ok(signed, 'sign', '--key', 'one.key', '--also-tag', signed.image)
    client.policy('matchRepository')
    r = client.skopeo_at(path, signed.image)
    assert r.returncode and 'sigstore disabled' in r.stderr, r.stderr


def test_rules(signed, tmp_path):    # noqa: F811
    one, two, repo = tmp_path / 'one.pub', tmp_path / 'two.pub', signed.repo
    by_digest = f'{repo.ref}@{signed.digest}'

    def allowed(ref, key=one, identity=None):
        return containers_policy.allowed(repo, ref, key, identity)
    assert allowed(signed.image, one, REPOSITORY) == 'no signature exists'
    ok(signed, 'sign', '--key', 'two.key', '--also-tag', signed.image)
    assert allowed(signed.image, one, REPOSITORY) == 'by another key'
    ok(signed, 'sign', '--key', 'one.key', '--also-tag', '-a', 'x=<y>', signed.image)
    assert allowed(signed.image, one, REPOSITORY) is None and allowed(signed.image, two, REPOSITORY) is None
    assert allowed(repo.ref + ':2', one, REPOSITORY) == 'no signature exists'
    # The default wants a tag that was signed; by digest the repository is enough.
    assert ' is not ' in allowed(signed.image)
    assert allowed(by_digest) is None
    # A mirror.
    host = repo.ref.split('/')[0]
    ok(signed, 'sign', '--key', 'one.key', '--also-tag', '--sign-container-identity', f'vendor.example/{repo.name}:1', signed.image)
    remap = {'type': 'remapIdentity', 'prefix': host, 'signedPrefix': 'vendor.example'}
    assert allowed(signed.image, one, remap) is None
    assert ' is not ' in allowed(signed.image, one, {**remap, 'prefix': host[:-1]})
    assert ' is not ' in allowed(signed.image, one, {**remap, 'signedPrefix': 'vendor.example.org'})
    ok(signed, 'sign', '--key', 'one.key', '--also-tag', '--sign-container-identity', signed.image, signed.image)
    assert allowed(signed.image) is None
    assert allowed(signed.image, one, {'type': 'exactReference', 'dockerReference': signed.image}) is None
    assert allowed(signed.image, one, {'type': 'exactRepository', 'dockerRepository': repo.ref + 'x'})
    # The same signatures at another image; no signature is one in another place.
    whole = repo.manifest(sig_tag(signed.digest))
    repo.put_manifest(whole, sig_tag(signed.other))
    assert 'of another manifest' in allowed(repo.ref + ':2', one, REPOSITORY)

    def with_layers(change):
        new = json.loads(json.dumps(whole))
        for layer in new['layers']:
            change(layer)
        repo.put_manifest(new, sig_tag(signed.digest))
        return allowed(signed.image, one, REPOSITORY)
    key = containers_policy.SIGNATURE
    assert 'no signature' in with_layers(lambda x: x.update(mediaType='application/vnd.dsse.envelope.v1+json'))
    assert 'no annotation' in with_layers(lambda x: x['annotations'].pop(key))
    assert 'no base64' in with_layers(lambda x: x['annotations'].update({key: '!'}))
    assert 'another key' in with_layers(lambda x: x['annotations'].update({key: base64.b64encode(b'x' * 70).decode()}))
    assert with_layers(lambda x: None) is None


HEX = '0' * 64


@pytest.mark.parametrize('change', [
    lambda p: p.replace('}', ',"x":1}', 1), lambda p: p.replace('"critical"', '"Critical"'), lambda p: p.replace(',"optional":null', ''),
    lambda p: p.replace('"optional":null', '"optional":1'), lambda p: p.replace('"type":"cosign', '"type":"atomic'),
    lambda p: p.replace('"optional":null', '"optional":{"timestamp":1.5}'), lambda p: p.replace('"optional":null', '"optional":{"creator":1}'),
    lambda p: p.replace('"type"', '"type":"x","type"'), lambda p: p.replace('sha256:' + HEX, 'sha256:' + HEX[1:]), lambda p: p[:-1], lambda p: p + '}',
    lambda p: p.replace('"r.example/a:1"', '1'), lambda p: p.replace('"optional"', '"optional":{},"optional"')])
def test_payloads(change):
    """The rules themselves."""
    good = '{"critical":{"identity":{"docker-reference":"r.example/a:1"},"image":{"docker-manifest-digest":"sha256:%s"},' \
           '"type":"cosign container image signature"},"optional":null}' % HEX
    assert containers_policy.read_payload(good) == ('r.example/a:1', 'sha256:' + HEX)
    assert change(good) != good
    with pytest.raises(containers_policy.No):
        containers_policy.read_payload(change(good))
