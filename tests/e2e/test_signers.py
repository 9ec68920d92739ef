"""Two signers of one image at the same time, in a registry that knows neither referrers nor conditions: nothing is lost. What can still
happen is told in lazaret-copy(1) and at source_update_tag."""
import concurrent.futures
import shutil

import pytest

import images
from test_attached import lines, ok
from test_copy import copy
from test_registry import registry, run

pytestmark = pytest.mark.skipif(not shutil.which('docker-registry'), reason='docker-registry is not installed')


@pytest.fixture(scope='module')
def many_keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp('keys')
    for i in range(20):
        run('openssl', 'genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', folder / f'{i}.key')
    return folder


def test_two_signers_at_once(lazaret, many_keys, tmp_path):
    """Two processes at a time, each with ten keys, one after the other; no referrers API, no conditional writes."""
    lay = images.Layout(tmp_path / 'image')
    lay.image([{'a': b'b'}], tag='v1')

    def signer(ref, first, out):
        for i in range(first, first + 10):
            r = lazaret('sign', '--key', many_keys / f'{i}.key', '--also-tag', ref, env={'COSIGN_PASSWORD': ''})
            out.append((r.returncode, r.stderr))

    with registry(tmp_path / 'debian') as port:
        for attempt in range(2):
            ref, results = f'127.0.0.1:{port}/r{attempt}:v1', []
            copy(lazaret, 'oci:image:v1', ref)
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                list(pool.map(lambda first: signer(ref, first, results), (0, 10)))
            assert [x for x in results if x[0]] == []
            got = lines(ok(lazaret, 'download', 'signature', ref))
            assert len({x['Base64Signature'] for x in got if 'Payload' in x}) == 20
            assert len([x for x in got if 'mediaType' in x]) == 20
