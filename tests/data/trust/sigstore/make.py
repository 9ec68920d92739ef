#!/usr/bin/python3
"""Makes what is beside it, with the Sigstore of tests/e2e: a trust root, signatures in every form that a signature of Sigstore may
have, and what can be wrong with each.

    cases       name, file, kind, options: each of these is good under root.json
    mutations   case, file that is changed, at, cut, want, put: a text cut out at a place and another put there, and what must come
                of it: 'yes', 'parse' (it cannot be read), 'no', or a check that says no
Both are read by tests/unit/trust/sigstore_own.c; columns are separated by tabs."""
import base64
import copy
import json
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent.parent / 'e2e'))
import sigstore_own as own    # noqa: E402

AT = 1700000000
MESSAGE = b'a message\n'
KIND = 'application/vnd.in-toto+json'
SAN, ISSUER = 'signer@example.org', 'https://issuer.example'
MEDIA = {'0.1': 'application/vnd.dev.sigstore.bundle+json;version=0.1', '0.2': 'application/vnd.dev.sigstore.bundle+json;version=0.2',
         '0.3': 'application/vnd.dev.sigstore.bundle.v0.3+json', '0.3 old': 'application/vnd.dev.sigstore.bundle+json;version=0.3'}
STATEMENT = own.compact({'_type': 'https://in-toto.io/Statement/v1', 'predicate': {}, 'predicateType': 'https://example.org/p/v1',
                         'subject': [{'name': 'a', 'digest': {'sha256': own.sha256(MESSAGE).hex()}}]})
PAYLOAD = own.compact({'critical': {'identity': {'docker-reference': 'r.example/a'}, 'image': {
    'docker-manifest-digest': 'sha256:' + own.sha256(MESSAGE).hex()}, 'type': 'cosign container image signature'}, 'optional': None})
b64, compact = own.b64, own.compact


def text_of(value):
    """A key that ends in \\0 is there under the name before it, so that one may be there twice."""
    return json.dumps(value, separators=(',', ':')).replace('\\u0000"', '"')


def pem_of(thing):
    if hasattr(thing, 'public_bytes') and not hasattr(thing, 'tbs_certificate_bytes'):
        return thing.public_bytes(own.Encoding.PEM, own.PublicFormat.SubjectPublicKeyInfo)
    return thing.public_bytes(own.Encoding.PEM)


def der_of(cert):
    return cert.public_bytes(own.Encoding.DER)


class Maker:
    def __init__(self, world):
        self.w = world
        self.cases, self.mutations = [], []

    def signer(self, ca=None, at=AT, san=SAN):
        key = own.ec.generate_private_key(own.ec.SECP256R1())
        return key, (ca or self.w.ca).issue(key.public_key(), {'email': san, 'iss': ISSUER}, at)

    @staticmethod
    def sign(key, data):
        return key.sign(data, own.ec.ECDSA(own.hashes.SHA256()))

    # Log entries, as a bundle has them.
    def entry1(self, body, kind, log=None, at=None, fill=0):
        log = log or self.w.log1
        i, _ = log.append(body)
        log.fill_times = None
        log.times[i] = at or self.w.at
        for n in range(fill):
            log.append(b'later entry %d beside %d' % (n, i))
        e = next(iter(log.entry(i).values()))
        p = e['verification']['inclusionProof']
        return {'logIndex': str(e['logIndex']), 'logId': {'keyId': b64(bytes.fromhex(e['logID']))},
                'kindVersion': {'kind': kind[0], 'version': kind[1]}, 'integratedTime': str(e['integratedTime']),
                'inclusionPromise': {'signedEntryTimestamp': e['verification']['signedEntryTimestamp']},
                'inclusionProof': {'logIndex': str(p['logIndex']), 'rootHash': b64(bytes.fromhex(p['rootHash'])), 'treeSize': str(p['treeSize']),
                                   'hashes': [b64(bytes.fromhex(h)) for h in p['hashes']], 'checkpoint': {'envelope': p['checkpoint']}},
                'canonicalizedBody': e['body']}

    def hashedrekord1(self, sig, pem, message=MESSAGE, **kw):
        body = compact({'apiVersion': '0.0.1', 'kind': 'hashedrekord', 'spec': {
            'data': {'hash': {'algorithm': 'sha256', 'value': own.sha256(message).hex()}},
            'signature': {'content': b64(sig), 'publicKey': {'content': b64(pem)}}}})
        return self.entry1(body, ('hashedrekord', '0.0.1'), **kw)

    def dsse1(self, sig, pem, envelope, **kw):
        body = compact({'apiVersion': '0.0.1', 'kind': 'dsse', 'spec': {
            'envelopeHash': {'algorithm': 'sha256', 'value': own.sha256(text_of(envelope).encode()).hex()},
            'payloadHash': {'algorithm': 'sha256', 'value': own.sha256(STATEMENT).hex()},
            'signatures': [{'signature': b64(sig), 'verifier': b64(pem)}]}})
        return self.entry1(body, ('dsse', '0.0.1'), **kw)

    def intoto(self, sig, pem, envelope, **kw):
        """Version 0.0.2 has the signature in base64 of base64, and the payload only by its hash."""
        body = compact({'apiVersion': '0.0.2', 'kind': 'intoto', 'spec': {'content': {
            'envelope': {'payloadType': KIND, 'signatures': [{'publicKey': b64(pem), 'sig': b64(b64(sig).encode())}]},
            'hash': {'algorithm': 'sha256', 'value': own.sha256(text_of(envelope).encode()).hex()},
            'payloadHash': {'algorithm': 'sha256', 'value': own.sha256(STATEMENT).hex()}}}})
        return self.entry1(body, ('intoto', '0.0.2'), **kw)

    def entry2(self, sig, cert, key, signed=MESSAGE, log=None, fill=0):
        log = log or self.w.log2
        verifier = {'keyDetails': 'PKIX_ECDSA_P256_SHA_256', **({'x509Certificate': {'rawBytes': b64(der_of(cert))}} if cert else
                                                               {'publicKey': {'rawBytes': b64(own.spki(key.public_key()))}})}
        i, _ = log.append(compact({'apiVersion': '0.0.2', 'kind': 'hashedrekord', 'spec': {'hashedRekordV002': {
            'data': {'algorithm': 'SHA2_256', 'digest': b64(own.sha256(signed))}, 'signature': {'content': b64(sig), 'verifier': verifier}}}}))
        for n in range(fill):
            log.append(b'later entry %d beside %d' % (n, i))
        return log.entry(i)

    def timestamp(self, sig, at=None, tsa=None):
        """An answer of an authority, without the nonce that nobody asks about later."""
        imprint = own.der(0x30, own.der(0x30, bytes.fromhex('0609608648016503040201')), own.der(4, own.sha256(sig)))
        query = own.der(0x30, own.der_int(1), imprint, own.der(1, b'\xff'))
        return {'signedTimestamp': b64((tsa or self.w.tsa).token(query, at or self.w.at))}

    def material(self, version, cert, key, entries, stamps, more=()):
        if not cert:
            who = {'publicKey': {'hint': b64(own.sha256(own.spki(key.public_key())))}}
        elif version.startswith('0.3'):
            who = {'certificate': {'rawBytes': b64(der_of(cert))}}
        else:
            who = {'x509CertificateChain': {'certificates': [{'rawBytes': b64(der_of(c))} for c in (cert, *more)]}}
        return {**who, **({'tlogEntries': entries} if entries else {}),
                **({'timestampVerificationData': {'rfc3161Timestamps': stamps}} if stamps else {})}

    def message(self, version, cert, key, sig, entries=(), stamps=(), more=()):
        return {'mediaType': MEDIA[version], 'verificationMaterial': self.material(version, cert, key, list(entries), list(stamps), more),
                'messageSignature': {'messageDigest': {'algorithm': 'SHA2_256', 'digest': b64(own.sha256(MESSAGE))}, 'signature': b64(sig)}}

    def envelope(self, key):
        sig = self.sign(key, own.pae(KIND, STATEMENT))
        return sig, {'payload': b64(STATEMENT), 'payloadType': KIND, 'signatures': [{'sig': b64(sig)}]}

    def dsse(self, version, cert, key, envelope, entries=(), stamps=(), more=()):
        return {'mediaType': MEDIA[version], 'verificationMaterial': self.material(version, cert, key, list(entries), list(stamps), more),
                'dsseEnvelope': envelope}

    # What is written.
    def case(self, name, doc, kind='bundle', options=''):
        (HERE / f'{name}.json').write_text(text_of(doc) if not isinstance(doc, bytes) else doc.decode())
        self.cases.append((name, kind, options))
        return doc

    def mutation(self, case, file, before, after, want):
        before, after = (x if isinstance(x, str) else text_of(x) for x in (before, after))
        assert before != after and '\t' not in after and '\n' not in after, (case, file, before[:50])
        head = next((i for i, (a, b) in enumerate(zip(before, after)) if a != b), min(len(before), len(after)))
        room, tail = min(len(before), len(after)) - head, 0
        while tail < room and before[-1 - tail] == after[-1 - tail]:
            tail += 1
        self.mutations.append((case, file, str(head), str(len(before) - head - tail), want, after[head:len(after) - tail]))

    def edit(self, case, doc, change, want, file=None):
        """change(copy of the document) edits it, or gives another."""
        new = copy.deepcopy(doc)
        self.mutation(case, file or f'{case}.json', doc, change(new) or new, want)

    def everything(self, case, doc, harmless, is_map):
        """Each member left out, twice, null, of another type, with a stranger beside it; each list empty, turned round, with an element
        twice; each number one more and one less. A map (of annotations) may have strangers. `harmless` says of (path, what) whether the answer stays yes."""
        def walk(node, path):
            yield node, path
            for k, v in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
                yield from walk(v, path + (k,))

        def put(path, value):
            new = copy.deepcopy(doc)
            at = new
            for k in path[:-1]:
                at = at[k]
            at[path[-1]] = value
            return new

        def add(path, what, new):
            names = '/'.join(k for k in path if isinstance(k, str))
            if what == 'character' and path[-2:] == (1, 'rawBytes'):
                what = 'intermediate'
            if text_of(new) == text_of(doc):
                return
            self.mutation(case, f'{case}.json', doc, new, 'yes' if harmless(names, what) else 'no')
        for node, path in walk(doc, ()):
            if isinstance(node, dict) and not is_map:
                new = copy.deepcopy(doc)
                at = new
                for k in path:
                    at = at[k]
                at['stranger'] = 1
                add(path, 'stranger', new)
            if not path:
                continue
            last = path[-1]
            if isinstance(last, str):
                for what in ('without',) if is_map else ('without', 'twice'):
                    new = copy.deepcopy(doc)
                    at = new
                    for k in path[:-1]:
                        at = at[k]
                    if what == 'without':
                        del at[last]
                    else:
                        at[last + '\0'] = 1
                    add(path, what, new)
                add(path, 'null', put(path, None))
            add(path, 'type', put(path, {} if not isinstance(node, dict) else []))
            if isinstance(node, list):
                add(path, 'empty', put(path, []))
                add(path, 'more', put(path, node + node[-1:]))
                if len(node) > 1:
                    add(path, 'turned', put(path, node[::-1]))
                    add(path, 'less', put(path, node[:-1]))
            if isinstance(node, str) and node.isdigit():
                for n in (int(node) + 1, int(node) - 1, 0, -1, 1 << 63):
                    add(path, 'number', put(path, str(n)))
            elif isinstance(node, int) and not isinstance(node, bool):
                for n in (node + 1, node - 1, 0, -1, 1 << 63):
                    add(path, 'number', put(path, n))
            elif isinstance(node, str):
                add(path, 'text', put(path, ''))
                # In long ones near the end, where the signature of a timestamp is: what else it carries may not be looked at.
                n = len(node) - len(node) // 20 if len(node) > 1500 else len(node) // 3
                add(path, 'character', put(path, node[:n] + ('8' if node[n:n + 1] == '7' else '7') + node[n + 1:]))


def at(doc, *path):
    for k in path:
        doc = doc[k]
    return doc


def entry(doc, n=0):
    return doc['verificationMaterial']['tlogEntries'][n]


def main(folder, world):
    m = Maker(world)
    root = json.loads(world.trusted_root().read_text())
    (HERE / 'root.json').write_text(text_of(root))
    (HERE / 'message').write_bytes(MESSAGE)
    (HERE / 'payload').write_bytes(PAYLOAD)
    key, cert = m.signer()
    pem, mid = pem_of(cert), world.ca.cert
    sig = m.sign(key, MESSAGE)
    esig, envelope = m.envelope(key)
    managed = own.ec.generate_private_key(own.ec.SECP256R1())
    managed_pem, managed_sig = pem_of(managed.public_key()), m.sign(managed, MESSAGE)
    (HERE / 'key.pub').write_bytes(managed_pem)
    world.at = AT + 60

    # Every form, good.
    rekor1 = m.hashedrekord1(sig, pem, fill=4)
    rekor2 = m.entry2(sig, cert, key, fill=6)
    stamp = m.timestamp(sig)
    old = m.case('message-0.1', m.message('0.1', cert, key, sig, [rekor1], more=[mid]))
    m.case('message-0.2', m.message('0.2', cert, key, sig, [rekor1]))
    new = m.case('message-0.3', m.message('0.3', cert, key, sig, [rekor1]))
    m.case('message-0.3-old', m.message('0.3 old', cert, key, sig, [rekor1], [stamp]))
    second = m.case('message-rekor2', m.message('0.3', cert, key, sig, [rekor2], [stamp]))
    both = m.case('message-both-logs', m.message('0.3', cert, key, sig, [rekor1, rekor2], [stamp, m.timestamp(sig, AT + 61)]))
    dsse_entry = m.dsse1(esig, pem, envelope, fill=1)
    dsse = m.case('dsse-0.3', m.dsse('0.3', cert, key, envelope, [dsse_entry]))
    intoto = m.case('dsse-0.2-intoto', m.dsse('0.2', cert, key, envelope, [m.intoto(esig, pem, envelope)], more=[mid]))
    m.case('dsse-rekor2', m.dsse('0.3', cert, key, envelope, [m.entry2(esig, cert, key, own.pae(KIND, STATEMENT))], [m.timestamp(esig)]))
    by_key = m.case('key', m.message('0.3', None, managed, managed_sig, [m.hashedrekord1(managed_sig, managed_pem)]), options='key,log')
    m.case('key-rekor2', m.message('0.3', None, managed, managed_sig, [m.entry2(managed_sig, None, managed)], [m.timestamp(managed_sig)]), options='key,log')
    m.case('key-alone', m.message('0.3', None, managed, managed_sig), options='key')

    # What cosign wrote before bundles.
    def rekor_bundle(e):
        return {'SignedEntryTimestamp': e['inclusionPromise']['signedEntryTimestamp'], 'Payload': {
            'body': e['canonicalizedBody'], 'integratedTime': int(e['integratedTime']), 'logIndex': int(e['logIndex']),
            'logID': base64.b64decode(e['logId']['keyId']).hex()}}
    blob = m.case('cosign-blob', {'base64Signature': b64(sig), 'cert': b64(pem), 'rekorBundle': rekor_bundle(rekor1)})
    psig = m.sign(key, PAYLOAD)
    chain = (pem_of(mid) + pem_of(world.ca.root)).decode()
    image = m.case('cosign-sig', {
        'dev.cosignproject.cosign/signature': b64(psig), 'dev.sigstore.cosign/certificate': pem.decode(), 'dev.sigstore.cosign/chain': chain,
        'dev.sigstore.cosign/bundle': text_of(rekor_bundle(m.hashedrekord1(psig, pem, PAYLOAD))),
        'dev.sigstore.cosign/rfc3161timestamp': text_of({'SignedRFC3161Timestamp': m.timestamp(psig)['signedTimestamp']})}, 'sig')
    (HERE / 'envelope').write_text(text_of(envelope))
    att = m.case('cosign-att', {
        'dev.cosignproject.cosign/signature': '', 'dev.sigstore.cosign/certificate': pem.decode(), 'dev.sigstore.cosign/chain': chain,
        'dev.sigstore.cosign/bundle': text_of(rekor_bundle(dsse_entry))}, 'att')

    # An authority of one's own: its root as PEM, what is between in the bundle, the time by a timestamp, no log of certificates.
    pki = own.Fulcio(world, 'own-pki')
    pki.with_sct, pki.start = False, AT - own.YEAR
    pkey, pcert = m.signer(pki)
    psig = m.sign(pkey, MESSAGE)
    (HERE / 'own-root.pem').write_bytes(pem_of(pki.root))
    m.case('own-pki', m.message('0.2', pcert, pkey, psig, (), [m.timestamp(psig)], [pki.cert]), options='own-root,no-log,no-sct')

    # Wrong, but whole: everything in these is signed.
    def wrong(name, doc, want, base='message-0.3', file=None):
        m.mutation(base, file or f'{base}.json', globals_[base], doc, want)
    globals_ = {'message-0.3': new, 'message-rekor2': second, 'dsse-0.3': dsse, 'key': by_key}
    for seconds in (-1, 601):
        wrong('outside the certificate', m.message('0.3', cert, key, sig, [m.hashedrekord1(sig, pem + b'\n' * (1 if seconds > 0 else 2), at=AT + seconds)]),
              'certificate')
        wrong('outside the certificate, by the timestamp', m.message('0.3', cert, key, sig, [rekor2], [m.timestamp(sig, AT + seconds)]), 'certificate')
        wrong('one of the times', m.message('0.3', cert, key, sig, [rekor1], [m.timestamp(sig, AT + seconds)]), 'certificate')
    stranger = own.Fulcio(world, 'stranger')
    stranger.ct = world.ct
    skey, scert = m.signer(stranger)
    ssig = m.sign(skey, MESSAGE)
    wrong('another authority', m.message('0.3', scert, skey, ssig, [m.hashedrekord1(ssig, pem_of(scert))]), 'certificate')
    world.ca.with_sct = False
    skey, scert = m.signer()
    ssig = m.sign(skey, MESSAGE)
    wrong('in no log of certificates', m.message('0.3', scert, skey, ssig, [m.hashedrekord1(ssig, pem_of(scert))]), 'sct')
    world.ca.with_sct, world.ca.ct = True, own.CTLog(world, 'another-ct')
    skey, scert = m.signer()
    ssig = m.sign(skey, MESSAGE)
    wrong('in another log of certificates', m.message('0.3', scert, skey, ssig, [m.hashedrekord1(ssig, pem_of(scert))]), 'sct')
    world.ca.ct = world.ct
    skey, scert = m.signer(san='somebody@example.org')
    ssig = m.sign(skey, MESSAGE)
    wrong('somebody else', m.message('0.3', scert, skey, ssig, [m.hashedrekord1(ssig, pem_of(scert))]), 'identity')
    other1, other2, tsa = own.Rekor1(world, 'other-1'), own.Rekor2(world, 'other-2'), own.TSA(world, 'other-tsa')
    wrong('another log', m.message('0.3', cert, key, sig, [m.hashedrekord1(sig, pem, log=other1)]), 'log-entry')
    wrong('another log of the second kind', m.message('0.3', cert, key, sig, [m.entry2(sig, cert, key, log=other2)], [stamp]), 'log-entry', 'message-rekor2')
    wrong('another timestamp authority', m.message('0.3', cert, key, sig, [rekor2], [m.timestamp(sig, tsa=tsa)]), 'certificate', 'message-rekor2')
    wrong('no timestamp', m.message('0.3', cert, key, sig, [rekor2]), 'certificate', 'message-rekor2')
    wrong('a timestamp of something else', m.message('0.3', cert, key, sig, [rekor2], [m.timestamp(ssig)]), 'timestamp', 'message-rekor2')
    wrong('and another that is right', m.message('0.3', cert, key, sig, [rekor2], [stamp, m.timestamp(ssig)]), 'timestamp', 'message-rekor2')
    wrong('an entry of another signature', m.message('0.3', cert, key, sig, [m.hashedrekord1(m.sign(key, MESSAGE), pem)]), 'log-entry')
    wrong('an entry of another key', m.message('0.3', cert, key, sig, [m.hashedrekord1(sig, managed_pem)]), 'log-entry')
    wrong('an entry of another message', m.message('0.3', cert, key, sig, [m.hashedrekord1(sig, pem, b'x')]), 'log-entry')
    wrong('a right entry and one of another', m.message('0.3', cert, key, sig, [rekor1, m.hashedrekord1(sig, pem, b'y')]), 'log-entry')
    wrong('an entry of a message beside an envelope', m.dsse('0.3', cert, key, envelope, [rekor1]), 'log-entry', 'dsse-0.3')
    wrong('an entry of an envelope beside a message', m.message('0.3', cert, key, sig, [dsse_entry]), 'log-entry')
    wrong('no entry', m.message('0.3', cert, key, sig), 'log-entry')
    wrong('no entry of a key', m.message('0.3', None, managed, managed_sig), 'log-entry', 'key')
    wrong('another key', m.message('0.3', None, key, sig, [m.hashedrekord1(sig, pem_of(key.public_key()))]), 'signature', 'key')
    wrong('two certificates', {**new, 'verificationMaterial': {**old['verificationMaterial'], **new['verificationMaterial']}}, 'parse')
    wrong('two contents', {**new, 'dsseEnvelope': envelope}, 'parse')
    wrong('two signatures', {**dsse, 'dsseEnvelope': {**envelope, 'signatures': [{'sig': b64(sig)}, {'sig': b64(esig)}]}}, 'parse', 'dsse-0.3')
    wrong('a chain in 0.3', m.message('0.3', cert, key, sig, [rekor1])
          | {'verificationMaterial': m.material('0.2', cert, key, [rekor1], [])}, 'parse')
    m.edit('message-0.1', old, lambda d: d['verificationMaterial']['x509CertificateChain']['certificates'].append(
        {'rawBytes': b64(der_of(world.ca.root))}), 'parse')
    m.edit('message-0.1', old, lambda d: entry(d).pop('inclusionPromise') and None, 'parse')
    m.edit('message-0.1', old, lambda d: entry(d).pop('inclusionProof') and None, 'yes')
    m.edit('message-0.3', new, lambda d: entry(d)['inclusionProof'].pop('checkpoint') and None, 'parse')
    for version in ('', '0.4', MEDIA['0.3'].replace('v0.3', 'v0.4'), MEDIA['0.1'].replace('0.1', '1.0'), MEDIA['0.1'] + ' ', MEDIA['0.3'].upper()):
        m.edit('message-0.3', new, lambda d: d.update(mediaType=version), 'parse')
    for kind in ('hashedrekord', '0.0.2'), ('rekord', '0.0.1'), ('dsse', '0.0.1'), ('hashedrekord', '0.0.3'), ('', ''), ('Hashedrekord', '0.0.1'):
        m.edit('message-0.3', new, lambda d: entry(d).update(kindVersion=dict(zip(('kind', 'version'), kind))), 'log-entry')
    m.edit('message-both-logs', both, lambda d: d['verificationMaterial']['tlogEntries'].reverse(), 'yes')
    m.edit('message-both-logs', both, lambda d: d['verificationMaterial']['timestampVerificationData']['rfc3161Timestamps'].reverse(), 'yes')
    m.edit('message-both-logs', both, lambda d: entry(d).update(inclusionProof=entry(d, 1)['inclusionProof']), 'no')
    m.edit('message-both-logs', both, lambda d: entry(d).update(logId=entry(d, 1)['logId']), 'no')
    for kind, doc in (('message-0.3', new), ('message-rekor2', second), ('dsse-0.3', dsse)):
        for n in range(len(entry(doc)['inclusionProof']['hashes'])):
            m.edit(kind, doc, lambda d: entry(d)['inclusionProof']['hashes'].pop(n) and None, 'inclusion')
            m.edit(kind, doc, lambda d: entry(d)['inclusionProof']['hashes'].insert(n, b64(bytes(32))), 'inclusion')
        for field in ('treeSize', 'logIndex'):
            for by in (-1, 1):
                m.edit(kind, doc, lambda d: entry(d)['inclusionProof'].update({field: str(int(entry(d)['inclusionProof'][field]) + by)}), 'inclusion')
        m.edit(kind, doc, lambda d: entry(d)['inclusionProof'].update(rootHash=b64(bytes(32))), 'inclusion')
        text = entry(doc)['inclusionProof']['checkpoint']['envelope']
        for other in (text.replace('rekor', 'rokor', 1), text.rpartition('\n\u2014 ')[0] + '\n', '', text.replace('\n', '\nx\n', 1), text + text):
            m.edit(kind, doc, lambda d: entry(d)['inclusionProof']['checkpoint'].update(envelope=other), 'parse' if not other else 'checkpoint')

    # Trust roots: whom they know, and when.
    def ends(name, n, end, start=None):
        def change(d):
            valid = d[name][n].setdefault('validFor' if name in ('certificateAuthorities', 'timestampAuthorities') else 'publicKey', {})
            valid = valid if 'start' in valid else valid['validFor']
            valid.update({'start': own.rfc3339(start or AT - own.YEAR), 'end': own.rfc3339(end)})
        return change
    for case, name, n, want in (('message-0.3', 'tlogs', 0, 'log-entry'), ('message-rekor2', 'tlogs', 1, 'log-entry'),
                                ('message-0.3', 'certificateAuthorities', 0, 'certificate'), ('message-0.3', 'ctlogs', 0, 'sct'),
                                ('message-rekor2', 'timestampAuthorities', 0, 'certificate')):
        # The log of certificates signs as the certificate is made, the others when it is used.
        then = AT if name == 'ctlogs' else AT + 60
        m.edit(case, root, ends(name, n, then - 1), want, 'root.json')
        m.edit(case, root, ends(name, n, then + own.DAY, then + 1), want, 'root.json')
        m.edit(case, root, ends(name, n, then), 'yes', 'root.json')
        m.edit(case, root, ends(name, n, then + own.DAY, then), 'yes', 'root.json')
        m.edit(case, root, lambda d: d[name].clear(), want, 'root.json')
    m.edit('message-0.3', root, lambda d: d['tlogs'][0]['publicKey'].update(rawBytes=b64(own.spki(other1.key.public_key()))), 'log-entry', 'root.json')
    m.edit('message-rekor2', root, lambda d: d['tlogs'][1]['publicKey'].update(rawBytes=b64(own.spki(other2.public))), 'checkpoint', 'root.json')
    m.edit('message-rekor2', root, lambda d: d['tlogs'][1].update(baseUrl='https://other.test'), 'checkpoint', 'root.json')
    m.edit('message-rekor2', root, lambda d: d['timestampAuthorities'][0]['certChain'].update(
        certificates=tsa.as_trusted()['certChain']['certificates']), 'certificate', 'root.json')
    m.edit('message-0.3', root, lambda d: d['certificateAuthorities'].insert(0, stranger.as_trusted()), 'yes', 'root.json')
    m.edit('message-0.3', root, lambda d: d['tlogs'].insert(0, other1.as_trusted()), 'yes', 'root.json')
    # The authority's own certificate has run out.
    short = own.Fulcio(world, 'short', 0)
    short.ct = world.ct
    short.cert = own.certificate(own.name_of('short'), short.key.public_key(), short.root, short.root_key, AT - own.DAY, AT + 30,
                                 own.ca_extensions(short.key.public_key(), short.root_key.public_key(), 0, own.CODE_SIGNING))
    skey, scert = m.signer(short)
    ssig = m.sign(skey, MESSAGE)
    short_root = copy.deepcopy(root)
    short_root['certificateAuthorities'].append(short.as_trusted())
    (HERE / 'root-short.json').write_text(text_of(short_root))
    early = m.case('intermediate-in-time', m.message('0.3', scert, skey, ssig, [m.hashedrekord1(ssig, pem_of(scert), at=AT + 20)]), options='short')
    m.mutation('intermediate-in-time', 'intermediate-in-time.json', early,
               m.message('0.3', scert, skey, ssig, [m.hashedrekord1(ssig, pem_of(scert) + b'\n', at=AT + 60)]), 'certificate')

    # The rest, one by one.
    for case, doc in (('message-0.1', old), ('message-rekor2', second), ('dsse-0.3', dsse), ('dsse-0.2-intoto', intoto), ('key', by_key),
                      ('cosign-blob', blob), ('cosign-sig', image), ('cosign-att', att)):
        m.everything(case, doc, lambda path, what: (case, path, what) in HARMLESS, 'dev.' in text_of(doc)[:6])
    for name, rows in (('cases', m.cases), ('mutations', m.mutations)):
        (HERE / name).write_text(''.join('\t'.join(row) + '\n' for row in rows))
    rejects(old, new, dsse, envelope, root)


def rejects(old, new, dsse, envelope, root):
    """tests/reject/trust/KIND/CODE-what.json: cannot be read, and with which code."""
    def reject(kind, name, doc):
        folder = HERE.parent.parent.parent / 'reject/trust' / kind
        folder.mkdir(exist_ok=True)
        (folder / f'{name}.json').write_text(doc if isinstance(doc, str) else text_of(doc))

    def change(doc, *path, to=None, without=False):
        new = copy.deepcopy(doc)
        *path, last = path
        if without:
            del at(new, *path)[last]
        else:
            at(new, *path)[last] = to
        return new
    material, log = ('verificationMaterial',), ('verificationMaterial', 'tlogEntries', 0)
    for kind, good in (('bundle', new), ('dsse', envelope), ('statement', json.loads(STATEMENT)), ('trusted_root', root)):
        text = text_of(good)
        reject(kind, 'invalid-empty', '')
        reject(kind, 'invalid-list', [])
        reject(kind, 'invalid-cut', text[:-1])
        reject(kind, 'invalid-trailing', text + '}')
        reject(kind, 'limit-deep', text[:-1] + ',"x":' + '[' * 5000 + ']' * 5000 + '}')
        for key in good:
            if (kind, key) not in (('statement', 'predicate'), ('trusted_root', 'tlogs'), ('trusted_root', 'ctlogs'),
                                   ('trusted_root', 'certificateAuthorities'), ('trusted_root', 'timestampAuthorities')):
                reject(kind, f'invalid-no-{key}', change(good, key, without=True))
            reject(kind, f'invalid-twice-{key}', {**good, key + '\0': good[key]})
    chain = material + ('x509CertificateChain', 'certificates')
    for name, doc in (
            ('version-0.4', change(new, 'mediaType', to=MEDIA['0.3'].replace('0.3', '0.4'))), ('stranger', {**new, 'x': 1}),
            ('two-contents', {**new, 'dsseEnvelope': envelope}), ('two-signers', change(new, *material, 'publicKey', to={'hint': 'x'})),
            ('no-signer', change(new, *material, 'certificate', without=True)), ('certificate-cut', change(
                new, *material, 'certificate', 'rawBytes', to=new['verificationMaterial']['certificate']['rawBytes'][:400])),
            ('chain-in-0.3', change(old, 'mediaType', to=MEDIA['0.3'])), ('empty-chain', change(old, *chain, to=[])),
            ('entry-twice', change(new, *material, 'tlogEntries', to=[entry(new)] * 2)), ('no-proof', change(new, *log, 'inclusionProof', without=True)),
            ('no-promise-0.1', change(old, *log, 'inclusionPromise', without=True)), ('log-id', change(new, *log, 'logId', 'keyId', to='AAAA')),
            ('no-checkpoint', change(new, *log, 'inclusionProof', 'checkpoint', without=True)), ('index', change(new, *log, 'logIndex', to='-1')),
            ('index-64-bits', change(new, *log, 'logIndex', to=str(1 << 64))), ('index-half', change(new, *log, 'logIndex', to=1.5)),
            ('hash', change(new, *log, 'inclusionProof', 'hashes', 0, to='AAAA')), ('base64', change(new, 'messageSignature', 'signature', to='=')),
            ('no-signature', change(new, 'messageSignature', 'signature', to='')), ('algorithm', change(
                new, 'messageSignature', 'messageDigest', 'algorithm', to='SHA1')),
            ('digest', change(new, 'messageSignature', 'messageDigest', 'digest', to='AAAA')),
            ('large-signature', change(new, 'messageSignature', 'signature', to='A' * 40000)),
            ('two-signatures', change(dsse, 'dsseEnvelope', 'signatures', to=envelope['signatures'] * 2)),
            ('empty-timestamp', change(new, *material, 'timestampVerificationData', to={'rfc3161Timestamps': [{'signedTimestamp': ''}]})),
            ('timestamp-twice', change(new, *material, 'timestampVerificationData', to={'rfc3161Timestamps': [{'signedTimestamp': 'AAAA'}] * 2}))):
        reject('bundle', 'invalid-' + name, doc)
    reject('bundle', 'limit-entries', change(new, *material, 'tlogEntries', to=[{}] * 33))
    reject('bundle', 'limit-timestamps', change(new, *material, 'timestampVerificationData', to={'rfc3161Timestamps': [{}] * 33}))
    reject('bundle', 'limit-hashes', change(new, *log, 'inclusionProof', 'hashes', to=[''] * 65))
    reject('bundle', 'limit-certificates', change(old, *chain, to=[{}] * 1000))
    for name, doc in (('no-signatures', change(envelope, 'signatures', to=[])), ('signature-no-object', change(envelope, 'signatures', to=['AAAA'])),
                      ('empty-signature', change(envelope, 'signatures', 0, 'sig', to='')), ('payload-no-text', change(envelope, 'payload', to=1)),
                      ('payload-base64', change(envelope, 'payload', to='A*A=')), ('no-type', change(envelope, 'payloadType', to=''))):
        reject('dsse', 'invalid-' + name, doc)
    reject('dsse', 'limit-signatures', change(envelope, 'signatures', to=envelope['signatures'][:1] * 101))
    good = json.loads(STATEMENT)
    for name, doc in (('type', change(good, '_type', to='https://in-toto.io/Statement/v2')), ('no-subjects', change(good, 'subject', to=[])),
                      ('subject-object', change(good, 'subject', to=good['subject'][0])), ('predicate-list', change(good, 'predicate', to=[])),
                      ('no-digests', change(good, 'subject', 0, 'digest', to={})), ('digest-short', change(good, 'subject', 0, 'digest', 'sha256', to='00')),
                      ('digest-twice', change(good, 'subject', 0, 'digest', 'sha256\0', to='00'))):
        reject('statement', 'invalid-' + name, doc)
    reject('statement', 'limit-subjects', change(good, 'subject', to=[{}] * 1025))
    reject('statement', 'limit-digests', change(good, 'subject', 0, 'digest', to={f'x{n}': '00' for n in range(33)}))
    ca = ('certificateAuthorities', 0)
    for name, doc in (('version', change(root, 'mediaType', to=root['mediaType'] + '9')), ('nobody', {'mediaType': root['mediaType']}),
                      ('no-start', change(root, 'tlogs', 0, 'publicKey', 'validFor', to={})),
                      ('no-time', change(root, 'tlogs', 0, 'publicKey', 'validFor', 'start', to='yesterday')),
                      ('key-cut', change(root, 'tlogs', 0, 'publicKey', 'rawBytes', to='MFkwEw==')), ('log-id', change(root, 'tlogs', 0, 'logId', to={'keyId': 'AAAA'})),
                      ('checkpoint-key-id', change(root, 'tlogs', 0, 'checkpointKeyId', to={'keyId': 'AAAA'})),
                      ('no-chain', change(root, *ca, 'certChain', 'certificates', to=[])),
                      ('certificate-cut', change(root, *ca, 'certChain', 'certificates', 0, 'rawBytes', to='MIIB'))):
        reject('trusted_root', 'invalid-' + name, doc)
    reject('trusted_root', 'limit-logs', change(root, 'tlogs', to=[{}] * 65))


# (cases, path, what is done to it) after which the answer is still yes: what is a hint, what the trust root has anyway, what proves nothing
# more when something else proves it.
CHAIN = 'verificationMaterial/x509CertificateChain/certificates'
ENTRIES = 'verificationMaterial/tlogEntries'
HARMLESS = {(case, path, what) for cases, paths, whats in (
    ('message-0.1 dsse-0.2-intoto', CHAIN, 'more less'),
    ('message-0.1 dsse-0.2-intoto', CHAIN + '/rawBytes', 'intermediate'),
    # Version 0.1 wants the log's promise alone; a proof without a checkpoint is of nobody.
    ('message-0.1', ENTRIES + '/inclusionProof', 'without null'),
    ('message-0.1', ENTRIES + '/inclusionProof/checkpoint', 'without null'),
    ('message-0.1', ENTRIES + '/inclusionProof/checkpoint/envelope', 'without null text'),
    ('message-0.1 message-rekor2 key', 'messageSignature/messageDigest', 'without null'),
    # A cosignature of a witness whom nobody asks; a leaf that is made anew.
    ('message-rekor2', ENTRIES + '/inclusionProof/checkpoint/envelope', 'character'),
    ('message-rekor2', ENTRIES + '/canonicalizedBody', 'without null text'),
    ('key', 'verificationMaterial/publicKey/hint', 'without null text character'),
    ('key', ENTRIES + '/inclusionPromise', 'without null'),
    ('key', ENTRIES + '/inclusionPromise/signedEntryTimestamp', 'without null text'),
    ('cosign-sig cosign-att', 'dev.sigstore.cosign/chain', 'without null type text character'),
    ('cosign-sig', 'dev.sigstore.cosign/rfc3161timestamp', 'without null type text character'),
    # Of an envelope the signature is in it.
    ('cosign-att', 'dev.cosignproject.cosign/signature', 'without null type text character'),
) for case in cases.split() for path in paths.split() for what in whats.split()}

with tempfile.TemporaryDirectory() as folder, own.Sigstore(folder, AT) as world:
    main(folder, world)
