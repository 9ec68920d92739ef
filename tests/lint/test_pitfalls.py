"""What went wrong in other tools that sign, verify and fetch: each lesson that concerns us is held by a test that names it."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

# Advisory: what must not happen here.
PITFALLS = {
    'GHSA-whqx-f9j3-ch6m': 'An entry that a log really has, about something else, proves a signature.',
    'GHSA-wfqv-66vq-46rm': 'Of a chain of certificates only the last is asked whether it was valid.',
    'GHSA-w6c6-c85g-mmv6': 'A statement that cannot be read passes, as its signature is good.',
    'GHSA-vjxv-45g9-9296': 'Any attestation that is signed does for the type that is wanted.',
    'GHSA-739f-hw6h-7wq8': 'An attestation without a good signature counts beside one that has it.',
    'GHSA-8gw7-4j42-w388': 'A bundle verifies with a file that it is not about.',
    'GHSA-ccxc-vr6p-4858': 'Whoever may push says by himself that a signature was logged.',
    'GHSA-vfp6-jrw2-99g9': 'As many signatures are judged as somebody attached.',
    'GHSA-9m3v-v4r5-ppx7': 'Layers of a signature are read without end.',
    'GHSA-rvrx-rrwh-r9p6': 'An envelope has as many signatures as it likes.',
    'GHSA-cq38-jh5f-37mq': 'A statement has subjects and digests without end.',
    'GHSA-88jx-383q-w4qc': 'An attachment of any size is read into memory.',
    'GHSA-95pr-fxf5-86gv': 'The size that a descriptor claims is believed.',
    'GHSA-87x9-7grx-m28v': 'Memory is taken for what somebody else announced.',
    'GHSA-9vcr-p3rj-q5q6': 'One log that is heard twice counts as two.',
    'GHSA-wqqc-jjcq-vfxm': 'A key vouches for times in which it was not valid.',
    'GHSA-xm5m-wgh2-rrg3': 'The certificate that is checked is not the one that stamped the time.',
    'GHSA-fcv2-xgw5-pqxf': 'The name of a target leads out of the cache.',
    'GHSA-jqc5-w2xx-5vq4': 'The name of a repository or target becomes a path as it is.',
    'GHSA-66x3-6cw3-v5gj': 'Older metadata of a role replaces newer.',
    'GHSA-4f8r-qqr9-fq8j': 'Delegations are asked in another order than written.',
    'GHSA-fphv-w9fq-2525': 'A threshold of nobody is reached by nobody.',
    'GHSA-846p-jg2w-w324': 'Malformed metadata ends the program.',
    'GHSA-3633-5h82-39pq': 'Signatures of keys that have no say are counted.',
    'GHSA-xhg5-42rf-296r': 'The registry answers with another manifest than the one asked for.',
    'GHSA-57wx-m636-g3g8': 'An old image, once well signed, stands in for the new one.',
    'GHSA-45v3-38pc-874v': 'Nobody asks whether the authority that stamped the time was revoked.',
    'GHSA-qjh3-4j3h-vmwp': 'A cache that cannot be written decides the verdict.',
    'GHSA-8pmp-678w-c8xx': 'The first log entry that is found is taken for the right one.',
    'GHSA-xvrc-2wvh-49vc': 'A log hands out the key that its own proofs are checked with.',
    'GHSA-7rmh-48mx-2vwc': 'What is verified was written anew and is not what came.',
    'GHSA-7c37-gx6w-8vc5': 'A failure on the way ends with the exit status of success.',
    'GHSA-59jp-pj84-45mr': 'A service sends us, by a redirect, where only we can reach.',
    'GHSA-f5mr-q85p-6hh6': 'An expression without anchors matches inside of another name.',
    'GHSA-4c4x-jm2x-pf9j': 'An address that a service names is asked as it is.',
    'GHSA-2h5h-59f5-c5x9': 'A small compressed answer becomes a large one in memory.',
    'GHSA-47q9-m4ww-924m': 'An archive inflates without a bound.',
    'GHSA-q3fv-x8vg-qqm4': 'A compressed layer fills disk or memory.',
    'GHSA-46mp-8w32-6g94': 'An expression for the signer is ignored where no exact name stands beside it.',
    'GHSA-3hfq-cx9j-923w': 'A tag is verified, then resolved once more.',
    'GHSA-m3cq-xcx9-3gvm': 'Between check and use the name comes to mean something else.',
    'GHSA-wc3x-5rfv-hh5v': 'A manifest of a hostile registry exhausts the verifier.',
    'GHSA-9g37-h7p2-2c6r': 'What a registry sends is read as long as it sends.',
    'GHSA-hjpv-68f4-2262': 'Signatures without number keep the verifier busy.',
    'GHSA-4mp4-46gq-hv3r': 'One hostile image keeps all others waiting.',
    'connaisseur PR#2150': 'Two signatures by one key reach a threshold of two.',
    'GHSA-qq97-vm5h-rrhg': 'One document is an index to one reader and a manifest to another.',
    'GHSA-3p65-76g6-3w7r': 'Credentials go to the token service that a registry names.',
    'GHSA-xf85-363p-868w': 'A link in an archive leads the next entry out of the folder.',
    'GHSA-fxhp-mv3v-67qp': 'The name of an entry climbs out of the folder.',
    'GHSA-jxpm-75mh-9fp7': 'A challenge names a realm elsewhere, and the password goes there.',
    'GHSA-vh4v-2xq2-g5cg': 'An upload is sent elsewhere, and the password with it.',
    'GHSA-8xwf-rjm4-xvhv': 'A redirect to another host takes the credentials along.',
    'GHSA-6wvf-f2vw-3425': 'A digest that is none becomes a path.',
    'GHSA-85p9-j7c9-v4gr': 'Credentials go over a connection that is not encrypted.',
    'GHSA-hpxr-w9w7-g4gv': 'Unpacking a layer writes outside of its folder.',
    'GHSA-6gxw-85q2-q646': 'A report holds the password of the registry.',
    'GHSA-jp7v-3587-2956': 'A result holds secrets of the settings or the environment.',
    'GHSA-xcq4-m2r3-cmrj': 'Credentials for one registry are offered to another.',
    'GHSA-44f7-5fj5-h4px': 'A token goes to a host that is no registry.',
}

# Not ours, or not yet; whoever builds the part takes the line up there.
ELSEWHERE = {
    'the registry that we serve': ['GHSA-phw4-mc57-4hwc', 'GHSA-hqxw-f8mx-cpmw', 'GHSA-f2g3-hh2r-cwgc', 'GHSA-6pjf-3r9x-m592', 'GHSA-38r5-34mr-mvm7',
                                   'GHSA-q9x4-q76f-5h5j', 'GHSA-9wvh-ff5f-xjpj', 'GHSA-hw28-333w-qxp3', 'GHSA-r864-28pw-8682', 'GHSA-h27m-3qw8-3pw8',
                                   'GHSA-mq6f-5xh5-hgcf', 'GHSA-hj7x-hmf2-hc2p', 'GHSA-55r9-5mx9-qq7r', 'GHSA-c9p4-xwr9-rfhx', 'GHSA-85jx-fm8m-x8c6'],
    'how our releases are made': ['GHSA-69fq-xp46-6x23'],
    'attestations of npm packages, which are not verified here': ['GHSA-r2xv-vpr2-42m9'],
    'a library that unpacks artifacts to a folder, which no command does': ['GHSA-g5v4-5x39-vwhx'],
}


def texts():
    for pattern in ('tests/unit/**/*.[ch]', 'tests/e2e/*.py'):
        for p in ROOT.glob(pattern):
            yield p.read_text()


def named():
    found = set()
    for text in texts():
        found.update(re.findall(r'GHSA(?:-[0-9a-z]{4}){3}\b|connaisseur PR#\d+', text))
    return found


def test_each_has_a_test():
    missing = {k: v for k, v in PITFALLS.items() if k not in named()}
    assert not missing


def test_each_is_there_once():
    elsewhere = [i for ids in ELSEWHERE.values() for i in ids]
    assert len(set(elsewhere)) == len(elsewhere) and not set(elsewhere) & set(PITFALLS)
    assert all(re.fullmatch(r'GHSA(-[0-9a-z]{4}){3}|connaisseur PR#\d+', i) for i in [*PITFALLS, *elsewhere])


def test_a_lesson_is_short():
    for text in PITFALLS.values():
        assert text.endswith('.') and text.count('.') == 1 and len(text) < 100, text


def test_a_test_that_goes_is_missed(monkeypatch):
    """The rule itself: without what a file says, its ids are missing."""
    some = sorted(named() & set(PITFALLS))[0]
    all_texts = list(texts())
    monkeypatch.setitem(globals(), 'texts', lambda: (t.replace(some, '') for t in all_texts))
    assert some not in named()
