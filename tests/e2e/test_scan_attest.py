"""scan --attest: the SBOM and the result of a scan are signed and attached in one step."""
import json

import pytest

from test_exceptions import world  # noqa: F401
import images

TYPES = {'cyclonedx': 'https://cyclonedx.org/bom', 'vuln': 'https://cosign.sigstore.dev/attestation/vuln/v1'}


@pytest.fixture
def signer(world):
    world.env['COSIGN_PASSWORD'] = 'secret'
    assert world('key', 'generate', '--output-key-prefix', 'k').returncode == 0
    return world


def predicate(lazaret, target, kind):
    r = lazaret('verify-attestation', '--key', 'k.pub', '--type', kind, target)
    assert r.returncode == 0, r.stderr
    statement = json.loads(r.stdout.splitlines()[0] if r.stdout.count('"_type"') > 1 else r.stdout[:r.stdout.rindex('}') + 1])
    assert statement['predicateType'] == TYPES[kind]
    assert statement['subject'][0]['digest'] == {'sha256': lazaret.first['digest'].split(':')[1]}
    return statement['predicate']


def test_sbom_and_result_are_attached(signer):
    target = f'oci:image:one'
    r = signer('scan', '--attest', '--key', 'k.key', '--severity', 'CRITICAL', '-f', 'json', '-o', 'report.json', target)
    assert r.returncode in (0, 1) and r.stderr.count('attested sha256:') == 2, r.stderr
    result = predicate(signer, target, 'vuln')['scanner']['result']
    # What the filter hid from the user's own report is in the one that is signed.
    assert json.loads((signer.cwd / 'report.json').read_text())['findings'] == []
    assert {f['id'] for f in result['findings'] + result['suppressed']} == {'CVE-2026-0001', 'CVE-2026-0002', 'CVE-2026-0003'}
    (signer.cwd / 'sbom.json').write_text(json.dumps(predicate(signer, target, 'cyclonedx')))
    again = json.loads(signer('scan', '-f', 'json', 'sbom.json').stdout)
    assert {f['id'] for f in again['findings']} == {'CVE-2026-0001', 'CVE-2026-0002', 'CVE-2026-0003'}
    # An attestation is no signature, and the other image of the layout has none.
    assert signer('verify', '--key', 'k.pub', target).returncode == 1
    assert signer('verify-attestation', '--key', 'k.pub', '--type', 'vuln', f'oci:image:two').returncode == 1


def test_nothing_is_attested_that_is_no_image(signer):
    root = signer.cwd / 'root'
    (root / 'etc').mkdir(parents=True)
    (root / 'etc/os-release').write_text(images.OS_RELEASE if isinstance(images.OS_RELEASE, str) else images.OS_RELEASE.decode())
    r = signer('scan', '--attest', '--key', 'k.key', root)
    assert r.returncode == 3 and 'attached to an image' in r.stderr


def test_a_key_alone_says_nothing(signer):
    target = f'oci:image:one'
    r = signer('scan', '--key', 'k.key', target)
    assert r.returncode == 2 and '--attest' in r.stderr
    r = signer('scan', '--attest', target)
    assert r.returncode == 2 and '--key' in r.stderr
    r = signer('scan', '--attest', '--key', 'k.key', target, env={'COSIGN_PASSWORD': 'wrong'})
    assert r.returncode == 3 and 'wrong' not in r.stderr.replace('wrong password', '')
