#!/usr/bin/python3
"""Makes the answers of signing services beside it, and what was asked (request.h), with the Sigstore of tests/e2e."""
import base64
import json
import pathlib
import sys
import tempfile
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent.parent / 'e2e'))
import sigstore_own as own    # noqa: E402

PAYLOAD, KIND, MESSAGE, SUBJECT = b'{"a":1}', 'application/vnd.in-toto+json', b'a message\n', 'signer@example.org'


def post(url, body, **headers):
    r = urllib.request.Request(url, json.dumps(body).encode(), {'Content-Type': 'application/json', **headers})
    with urllib.request.urlopen(r) as answer:
        return answer.read()


def sign(key, data):
    return base64.b64encode(key.sign(data, own.ec.ECDSA(own.hashes.SHA256()))).decode()


with tempfile.TemporaryDirectory() as folder, own.Sigstore(folder) as s:
    key = own.ec.generate_private_key(own.ec.SECP256R1())
    pem = key.public_key().public_bytes(own.Encoding.PEM, own.PublicFormat.SubjectPublicKeyInfo).decode()
    fulcio = post(s.ca.url + '/api/v2/signingCert', {'publicKeyRequest': {
        'publicKey': {'algorithm': 'ECDSA', 'content': pem}, 'proofOfPossession': sign(key, SUBJECT.encode())}},
        Authorization='Bearer ' + s.token('x', SUBJECT))
    cert = json.loads(fulcio)['signedCertificateEmbeddedSct']['chain']['certificates'][0]
    der = own.b64(own.x509.load_pem_x509_certificate(cert.encode()).public_bytes(own.Encoding.DER))
    digest = own.sha256(MESSAGE)
    message, envelope = sign(key, MESSAGE), sign(key, own.pae(KIND, PAYLOAD))
    verifier = {'content': base64.b64encode(cert.encode()).decode()}
    log1 = s.log1.url + s.log1.ENTRIES
    first = post(log1, {'apiVersion': '0.0.1', 'kind': 'hashedrekord', 'spec': {
        'data': {'hash': {'algorithm': 'sha256', 'value': digest.hex()}}, 'signature': {'content': message, 'publicKey': verifier}}})
    second = post(log1, {'apiVersion': '0.0.1', 'kind': 'dsse', 'spec': {'proposedContent': {
        'envelope': json.dumps({'payload': own.b64(PAYLOAD), 'payloadType': KIND, 'signatures': [{'sig': envelope}]}),
        'verifiers': [verifier['content']]}}})
    third = post(s.log2.url + '/api/v2/log/entries', {'hashedRekordRequestV002': {'digest': own.b64(digest), 'signature': {
        'content': message, 'verifier': {'x509Certificate': {'rawBytes': der}, 'keyDetails': 'PKIX_ECDSA_P256_SHA_256'}}}})
    for name, answer in (('fulcio', fulcio), ('rekor1_message', first), ('rekor1_envelope', second), ('rekor2_message', third)):
        (HERE / f'{name}.json').write_bytes(answer)

    def macro(name, text):
        lines = [text[i:i + 90].replace('\\', '\\\\').replace('"', '\\"').replace('\n', '\\n') for i in range(0, len(text), 90)]
        return f'#define {name} \\\n\t' + ' \\\n\t'.join(f'"{line}"' for line in lines) + '\n'
    (HERE / 'request.h').write_text('/* Made by make.py: what the answers beside it are about. */\n' + ''.join(
        macro(*m) for m in (('KEY_PEM', pem), ('CERT_B64', der), ('MESSAGE', MESSAGE.decode()), ('MESSAGE_SIG', message),
                            ('ENVELOPE_SIG', envelope), ('PAYLOAD', PAYLOAD.decode()), ('PAYLOAD_TYPE', KIND))))
