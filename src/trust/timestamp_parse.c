/* Time-stamp tokens (RFC 3161, RFC 5816): a TSTInfo inside CMS SignedData (RFC 5652), perhaps inside a TimeStampResp. Read
 * here from the bytes, so that what is verified later is what came: OpenSSL's structures would write the signed attributes
 * anew. DER throughout (der.h); hostile tokens bring several of one attribute, hashes that are broken, fields in places
 * where they are not looked for. Not supported: BER, versions of TSTInfo other than 1, critical extensions. */
#include "trust/timestamp_parse.h"
#include "trust/der_alg.h"

#include "base/time.h"

#include <stdio.h>

enum {
	TAG_0 = 0xa0,
	TAG_1 = 0xa1,
	PRIMITIVE_0 = 0x80,
	PRIMITIVE_1 = 0x81,
	STATUS_GRANTED_WITH_MODS = 1
};

#define OID_TST_INFO "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x04"
#define OID_SIGNED_DATA "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
#define OID_CONTENT_TYPE "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03"
#define OID_MESSAGE_DIGEST "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04"
#define OID_SIGNING_CERTIFICATE_V2 "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x2f"

static bool make_digest(enum digest_alg alg, struct str bytes, struct digest *out)
{
	struct digest d;
	if (alg == DIGEST_NONE)
		return false;
	digest_of(alg, S(""), &d); /* its length */
	if (bytes.n != d.len)
		return false;
	memcpy(d.bytes, bytes.p, bytes.n);
	*out = d;
	return true;
}

/* A small positive DER_INTEGER's content. */
static bool parse_number(struct str s, uint64_t max, uint64_t *out)
{
	*out = 0;
	if (s.n == 0 || s.n > 5 || (s.p[0] & 0x80))
		return false;
	for (size_t i = 0; i < s.n; i++)
		*out = *out << 8 | (unsigned char)s.p[i];
	return *out <= max;
}

static bool parse_accuracy(struct str in, int64_t *out)
{
	uint64_t seconds = 0, part;
	struct der d;
	bool more = false;
	while (in.n > 0) {
		if (!der_next(&in, &d))
			return false;
		if (d.tag == DER_INTEGER && parse_number(d.content, INT32_MAX, &part))
			seconds = part;
		else if ((d.tag == PRIMITIVE_0 || d.tag == PRIMITIVE_1) &&
			 parse_number(d.content, 999, &part))
			more |= part > 0;
		else
			return false;
	}
	*out = (int64_t)seconds + more;
	return true;
}

/* None is known, so none may be critical. */
static bool parse_extensions(struct str in)
{
	struct str one, oid, critical;
	while (in.n > 0)
		if (!der_take(&in, DER_SEQUENCE, &one) || !der_take(&one, DER_OID, &oid) ||
		    der_take(&one, DER_BOOLEAN, &critical))
			return false;
	return true;
}

static struct str hex_text(struct arena *a, struct str bytes)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	for (size_t i = 0; i < bytes.n && i < 64; i++)
		buf_addf(&b, "%02x", (unsigned char)bytes.p[i]);
	return arena_str(a, str_buf(&b));
}

static int broken(const char *what, struct err *e)
{
	return err_set(e, ERR_INVALID, "timestamp: %s", what);
}

/* Each at most once and in this order: accuracy, ordering, nonce, tsa, extensions. */
static bool tst_optional(struct str in, struct token *t)
{
	static const unsigned char order[] = { DER_SEQUENCE, DER_BOOLEAN, DER_INTEGER, TAG_0,
					       TAG_1 };
	struct der d;
	for (size_t i = 0; in.n > 0; i++) {
		if (!der_next(&in, &d))
			return false;
		while (i < sizeof order && order[i] != d.tag)
			i++;
		if (i >= sizeof order)
			return false;
		if (d.tag == DER_INTEGER)
			t->nonce = d.content;
		if ((d.tag == DER_SEQUENCE && !parse_accuracy(d.content, &t->info.accuracy)) ||
		    (d.tag == TAG_1 && !parse_extensions(d.content)))
			return false;
	}
	return true;
}

static int parse_tst(struct arena *a, struct token *t, struct err *e)
{
	struct str in = t->tst, all, version, policy, imprint, hash, serial;
	struct buf dotted CLEANUP(buf_done) = { 0 };
	struct der time;
	enum digest_alg alg;
	if (!der_take(&in, DER_SEQUENCE, &all) || in.n != 0 ||
	    !der_take(&all, DER_INTEGER, &version))
		return broken("no TSTInfo", e);
	if (!str_eq(version, S("\1")))
		return broken("TSTInfo is not of version 1", e);
	if (!der_take(&all, DER_OID, &policy) || !der_take(&all, DER_SEQUENCE, &imprint) ||
	    !der_take_digest_alg(&imprint, &alg) || !der_take(&imprint, DER_OCTETS, &hash) ||
	    imprint.n != 0)
		return broken("no TSTInfo", e);
	if (!make_digest(alg, hash, &t->info.imprint))
		return broken("what was stamped is named by a hash that is not accepted", e);
	if (!der_take(&all, DER_INTEGER, &serial) || !der_next(&all, &time) ||
	    time.tag != DER_TIME || !der_time(&time, &t->info.time) || !tst_optional(all, t) ||
	    !der_oid_text(policy, &dotted))
		return broken("no TSTInfo", e);
	t->info.policy = arena_str(a, str_buf(&dotted));
	t->info.serial = hex_text(a, serial);
	return 0;
}

/* SigningCertificateV2 (RFC 5035): the first of its certificates is the signer's. The hash is SHA-256 when none is named. */
static bool take_signing_certificate(struct str *in, struct digest *out)
{
	struct str attr, list, one, hash;
	enum digest_alg alg = DIGEST_SHA256;
	if (!der_take(in, DER_SEQUENCE, &attr) || !der_take(&attr, DER_SEQUENCE, &list) ||
	    !der_take(&list, DER_SEQUENCE, &one))
		return false;
	if (one.n > 0 && (unsigned char)one.p[0] == DER_SEQUENCE &&
	    !der_take_digest_alg(&one, &alg))
		return false;
	if (!der_take(&one, DER_OCTETS, &hash))
		return false;
	return alg == DIGEST_NONE || make_digest(alg, hash, out);
}

/* The three that are looked at, each there once and with one value. */
static bool parse_attributes(struct token_signer *s)
{
	struct str in = s->attributes, one, type, values, value;
	bool content_type = false, digest = false, certificate = false;
	while (in.n > 0) {
		if (!der_take(&in, DER_SEQUENCE, &one) || !der_take(&one, DER_OID, &type) ||
		    !der_take(&one, DER_SET, &values) || one.n != 0)
			return false;
		bool *seen = str_eq(type, S(OID_CONTENT_TYPE))		   ? &content_type
			     : str_eq(type, S(OID_MESSAGE_DIGEST))	   ? &digest
			     : str_eq(type, S(OID_SIGNING_CERTIFICATE_V2)) ? &certificate
									   : NULL;
		if (!seen)
			continue;
		if (*seen)
			return false;
		*seen = true;
		if (seen == &content_type &&
		    (!der_take(&values, DER_OID, &value) || !str_eq(value, S(OID_TST_INFO))))
			return false;
		if (seen == &digest && !der_take(&values, DER_OCTETS, &s->message_digest))
			return false;
		if (seen == &certificate && !take_signing_certificate(&values, &s->certificate))
			return false;
		if (values.n != 0)
			return false;
	}
	return content_type && digest;
}

static bool parse_signer(struct str in, struct token_signer *s)
{
	struct str version, sid, serial;
	struct der d;
	if (!der_take(&in, DER_INTEGER, &version) || !der_next(&in, &d))
		return false;
	if (d.tag == DER_SEQUENCE) {
		struct der issuer, number;
		sid = d.content;
		if (!der_next(&sid, &issuer) || !der_next(&sid, &number) ||
		    number.tag != DER_INTEGER || sid.n != 0)
			return false;
		s->issuer = issuer.whole;
		s->serial = number.whole;
	} else if (d.tag == PRIMITIVE_0 && d.content.n > 0) {
		s->key_id = d.content;
	} else {
		return false;
	}
	return der_take_digest_alg(&in, &s->digest) && der_take(&in, TAG_0, &s->attributes) &&
	       parse_attributes(s) && der_take_signature_alg(&in, s->digest, &s->alg) &&
	       der_take(&in, DER_OCTETS, &s->signature) &&
	       (in.n == 0 || (der_take(&in, TAG_1, &serial) && in.n == 0));
}

static int parse_signers(struct str in, struct token *t, struct err *e)
{
	struct str one;
	while (in.n > 0) {
		if (t->n_signers == TOKEN_SIGNERS_MAX)
			return err_set(e, ERR_LIMIT, "timestamp: more than %d signers",
				       TOKEN_SIGNERS_MAX);
		if (!der_take(&in, DER_SEQUENCE, &one) ||
		    !parse_signer(one, &t->signers[t->n_signers]))
			return broken("a signer's information is broken", e);
		t->n_signers++;
	}
	return t->n_signers ? 0 : broken("nobody signed it", e);
}

static int parse_signed_data(struct str in, struct token *t, struct err *e)
{
	struct str version, algs, content, type, wrapped, crls, signers;
	if (!der_take(&in, DER_INTEGER, &version) || !der_take(&in, DER_SET, &algs) ||
	    !der_take(&in, DER_SEQUENCE, &content) || !der_take(&content, DER_OID, &type) ||
	    !der_take(&content, TAG_0, &wrapped) || content.n != 0 ||
	    !der_take(&wrapped, DER_OCTETS, &t->tst) || wrapped.n != 0)
		return broken("no signed data", e);
	if (!str_eq(type, S(OID_TST_INFO)))
		return broken("what is signed is no TSTInfo", e);
	der_take(&in, TAG_0, &t->certificates);
	der_take(&in, TAG_1, &crls);
	if (!der_take(&in, DER_SET, &signers) || in.n != 0)
		return broken("no signed data", e);
	return parse_signers(signers, t, e);
}

/* PKIStatusInfo: a response that was not granted says why. */
static int check_status(struct str in, struct err *e)
{
	struct str status, texts, text = { 0 };
	uint64_t v;
	if (!der_take(&in, DER_INTEGER, &status) || !parse_number(status, INT32_MAX, &v))
		return broken("no response", e);
	if (v <= STATUS_GRANTED_WITH_MODS)
		return 0;
	if (der_take(&in, DER_SEQUENCE, &texts))
		der_take(&texts, DER_UTF8, &text);
	text = str_is_utf8(text) ? str_upto(text, 200) : (struct str){ 0 };
	return err_set(e, ERR_INVALID, "timestamp: the authority refused it (status %u)%s%.*s",
		       (unsigned)v, text.n ? ": " : "", STR(text));
}

int token_parse(struct str der, struct arena *a, struct token *out, struct err *e)
{
	struct token t = { 0 };
	struct str in = der, all, inside, type, wrapped, data;
	struct der first, token;
	if (der.n > TIMESTAMP_MAX)
		return err_set(e, ERR_LIMIT, "timestamp: more than %d bytes", TIMESTAMP_MAX);
	if (!der_valid(der) || !der_take(&in, DER_SEQUENCE, &all))
		return broken("not one whole DER value", e);
	inside = all;
	if (!der_next(&inside, &first))
		return broken("no response and no token", e);
	t.whole = der;
	if (first.tag == DER_SEQUENCE) {
		int r = check_status(first.content, e);
		if (r < 0)
			return r;
		if (!der_next(&inside, &token) || token.tag != DER_SEQUENCE || inside.n != 0)
			return broken("the response has no token", e);
		t.whole = token.whole;
		all = token.content;
	}
	if (!der_take(&all, DER_OID, &type) || !str_eq(type, S(OID_SIGNED_DATA)) ||
	    !der_take(&all, TAG_0, &wrapped) || all.n != 0 ||
	    !der_take(&wrapped, DER_SEQUENCE, &data) || wrapped.n != 0)
		return broken("no signed data", e);
	int r = parse_signed_data(data, &t, e);
	if (r == 0)
		r = parse_tst(a, &t, e);
	if (r == 0)
		*out = t;
	return r;
}
