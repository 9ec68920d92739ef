"""YARA rules over an image's files."""
import json
import pathlib

import jsonschema
import pytest

import images

SCHEMA = json.loads((pathlib.Path(__file__).parents[2] / 'doc/report.schema.json').read_text())
RULES = '''
import "math"
rule Dropper { meta: description = "drops things" strings: $a = "evil payload" $b = { de ad be ef 00 11 } condition: any of them }
rule Large { condition: filesize > 17MB and math.entropy(0, 100) < 1 }
'''


@pytest.fixture
def image(tmp_path):
    (tmp_path / 'rules.yar').write_text(RULES)
    images.Layout(tmp_path / 'image').image([
        {'bin/gone': b'an evil payload', 'bin/clean': b'nothing', 'empty': b''},
        {'bin/.wh.gone': b'', 'lib/x.so': b'\x7fELF' + bytes(100000) + bytes.fromhex('deadbeef0011') + bytes(10), 'big': bytes(18 << 20) + b'evil payload'}])
    return 'oci:image'


def test_malware(lazaret, image):
    r = lazaret.scan('--allow-unknown', '--yara', 'rules.yar', image, status=0)
    jsonschema.validate(r, SCHEMA)
    assert [(m['rule'], m['path'], m['deleted'], m['layer']['index'], m.get('description')) for m in r['malware']] == [
        ('Dropper', 'big', False, 1, 'drops things'), ('Large', 'big', False, 1, None), ('Dropper', 'bin/gone', True, 0, 'drops things'),
        ('Dropper', 'lib/x.so', False, 1, 'drops things')]
    assert lazaret('scan', '--allow-unknown', '--yara', 'rules.yar', '--fail-on', 'CRITICAL', image).returncode == 1
    shown = lazaret('scan', '--allow-unknown', '--yara', 'rules.yar', image).stdout
    assert 'Malware: 4 findings' in shown and 'bin/gone, not there any more' in shown
    assert 'malware' not in lazaret.scan('--allow-unknown', image)


def test_too_large_is_said(lazaret, image):
    r = lazaret.scan('--allow-unknown', '--yara', 'rules.yar', '--limit', 'file_bytes=17M', image)
    assert {m['path'] for m in r['malware']} == {'bin/gone', 'lib/x.so'}
    assert [n['path'] for n in r['not_examined']] == ['big']


@pytest.mark.parametrize('rules,status,text', [
    ('rule x { condition: tru }', 2, 'line 1'),
    ('include "other.yar"', 2, ''),
    ('import "magic" rule x { condition: magic.type() == "x" }', 2, 'magic'),
    ('import "cuckoo" rule x { condition: cuckoo.network.host(/x/) }', 2, 'cuckoo'),
])
def test_refused(lazaret, image, rules, status, text):
    (lazaret.cwd / 'other.yar').write_text('rule y { condition: true }')
    (lazaret.cwd / 'bad.yar').write_text(rules)
    r = lazaret('scan', '--yara', 'bad.yar', image)
    assert r.returncode == status and text in r.stderr, r.stderr


def test_malware_wants_rules(lazaret, image):
    r = lazaret('scan', '--scanners', 'malware', image)
    assert r.returncode == 2 and '--yara' in r.stderr
    assert lazaret('scan', '--yara', 'nowhere.yar', image).returncode == 3
