/* The Online Certificate Status Protocol (RFC 6960): one question about one certificate, and the answer read from its bytes.
 * A hostile answer is old, is about another certificate, or is signed by somebody whom the issuer did not make a responder;
 * none of these is an answer. Certificates are named by SHA-1 in the question, as every responder understands it: the hash
 * only finds them. No nonce: an answer is bound by its times. */
#include "trust/der_alg.h"
#include "trust/revocation_parse.h"

#define OID_OCSP "\x2b\x06\x01\x05\x05\x07\x30\x01"
#define OID_BASIC OID_OCSP "\x01"
#define OID_SHA1 "\x2b\x0e\x03\x02\x1a"
#define EKU_OCSP_SIGNING "1.3.6.1.5.5.7.3.9"
enum {
	RESPONDERS_MAX = 8,
	WITHOUT_NEXT_MAX = 24 * 3600,
	TAG_0 = 0xa0,
	TAG_1 = 0xa1,
	TAG_URI = 0x86,
	TAG_GOOD = 0x80,
	TAG_UNKNOWN = 0x82
};
enum { STATUS_SUCCESSFUL = 0, STATUS_TRY_LATER = 3 };

void ocsp_urls(const struct cert *c, struct arena *a, struct strs *out)
{
	struct str value, list, one, oid;
	struct der where;
	bool critical;
	*out = (struct strs){ 0 };
	if (!cert_extension(c, "1.3.6.1.5.5.7.1.1", &critical, &value) ||
	    !der_take(&value, DER_SEQUENCE, &list))
		return;
	while (der_take(&list, DER_SEQUENCE, &one))
		if (der_take(&one, DER_OID, &oid) && der_next(&one, &where) &&
		    str_eq(oid, S(OID_OCSP)) && where.tag == TAG_URI &&
		    out->n < REVOCATION_URLS_MAX &&
		    (str_starts(where.content, S("http://")) ||
		     str_starts(where.content, S("https://"))))
			*ARENA_PUSH(a, out->v, out->n, out->cap) = arena_str(a, where.content);
}

/* Hashes of the issuer's name and of its key, the bits alone. */
static bool issuer_hashes(const struct cert *c, const struct cert *issuer, enum digest_alg alg,
			  struct digest *name, struct digest *key)
{
	struct cert_fields of_c, of_issuer;
	struct str spki, algorithm, bits;
	cert_fields(c, &of_c);
	cert_fields(issuer, &of_issuer);
	if (!der_take(&of_issuer.spki, DER_SEQUENCE, &spki) ||
	    !der_take(&spki, DER_SEQUENCE, &algorithm) || !der_take_bits(&spki, &bits))
		return false;
	digest_of(alg, of_c.issuer, name);
	digest_of(alg, bits, key);
	return true;
}

void ocsp_request(const struct cert *c, const struct cert *issuer, struct buf *out)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	struct digest name = { 0 }, key = { 0 };
	struct cert_fields f;
	cert_fields(c, &f);
	issuer_hashes(c, issuer, DIGEST_SHA1, &name, &key);
	buf_add_str(&b, S("\x30\x09\x06\x05" OID_SHA1 "\x05\x00"));
	der_header(&b, DER_OCTETS, name.len);
	buf_add(&b, name.bytes, name.len);
	der_header(&b, DER_OCTETS, key.len);
	buf_add(&b, key.bytes, key.len);
	buf_add_str(&b, f.serial);
	for (int i = 0; i < 5; i++) /* CertID, Request, requestList, TBSRequest, OCSPRequest */
		der_wrap(&b, DER_SEQUENCE);
	buf_add_str(out, str_buf(&b));
}

static bool take_hash_alg(struct str *in, enum digest_alg *out)
{
	struct str rest = *in, alg, oid;
	if (der_take(&rest, DER_SEQUENCE, &alg) && der_take(&alg, DER_OID, &oid) &&
	    str_eq(oid, S(OID_SHA1))) {
		*in = rest;
		*out = DIGEST_SHA1;
		return true;
	}
	return der_take_digest_alg(in, out);
}

static bool is_digest(struct str s, const struct digest *d)
{
	return str_eq(s, (struct str){ (const char *)d->bytes, d->len });
}

/* Is the CertID that of c? */
static bool same_certificate(struct str id, const struct cert *c, const struct cert *issuer)
{
	struct str name, key;
	struct der serial;
	struct digest want_name, want_key;
	struct cert_fields f;
	enum digest_alg alg;
	cert_fields(c, &f);
	return take_hash_alg(&id, &alg) && alg != DIGEST_NONE && der_take(&id, DER_OCTETS, &name) &&
	       der_take(&id, DER_OCTETS, &key) && der_next(&id, &serial) && id.n == 0 &&
	       issuer_hashes(c, issuer, alg, &want_name, &want_key) &&
	       is_digest(name, &want_name) && is_digest(key, &want_key) &&
	       str_eq(serial.whole, f.serial);
}

static int broken(struct err *e)
{
	return err_set(e, ERR_INVALID, "no OCSP response, or a broken one");
}

static bool find_invalidity(struct str wrapped, int64_t *out)
{
	struct str all, one, oid, critical, value;
	struct der time;
	if (!der_take(&wrapped, DER_SEQUENCE, &all))
		return false;
	while (all.n > 0) {
		if (!der_take(&all, DER_SEQUENCE, &one) || !der_take(&one, DER_OID, &oid))
			return false;
		bool is_critical = der_take(&one, DER_BOOLEAN, &critical) && critical.n == 1 &&
				   critical.p[0] != 0;
		if (!der_take(&one, DER_OCTETS, &value))
			return false;
		if (str_eq(oid, S("\x55\x1d\x18"))) {
			if (!der_next(&value, &time) || !der_time(&time, out))
				return false;
		} else if (is_critical) {
			return false;
		}
	}
	return true;
}

static int check_times(int64_t this_update, int64_t next_update, int64_t now, struct err *e)
{
	if (this_update > now + REVOCATION_SKEW)
		return err_set(e, ERR_INVALID, "the OCSP response is of a later time");
	if (next_update ? next_update < now - REVOCATION_SKEW
			: this_update < now - WITHOUT_NEXT_MAX)
		return err_set(e, ERR_INVALID, "the OCSP response is too old");
	return 0;
}

/* A SingleResponse behind its CertID. */
static int read_single(struct str in, int64_t now, struct revoked_state *out, struct err *e)
{
	struct revoked_state s = { 0 };
	struct str wrapped;
	struct der status, time;
	int64_t this_update, next_update = 0;
	if (!der_next(&in, &status) || !der_next(&in, &time) || time.tag != DER_TIME ||
	    !der_time(&time, &this_update))
		return broken(e);
	if (der_take(&in, TAG_0, &wrapped) &&
	    (!der_next(&wrapped, &time) || !der_time(&time, &next_update)))
		return broken(e);
	if (der_take(&in, TAG_1, &wrapped) && !find_invalidity(wrapped, &s.invalid))
		return broken(e);
	if (in.n != 0)
		return broken(e);
	int r = check_times(this_update, next_update, now, e);
	if (r < 0)
		return r;
	if (status.tag == TAG_UNKNOWN)
		return err_set(e, ERR_NOT_FOUND,
			       "the OCSP responder does not know the certificate");
	if (status.tag != TAG_GOOD) {
		s.revoked = true;
		if (status.tag != TAG_1 || !der_next(&status.content, &time) ||
		    !der_time(&time, &s.since))
			return broken(e);
	}
	*out = s;
	return 0;
}

static int find_single(struct str tbs, const struct cert *c, const struct cert *issuer, int64_t now,
		       struct revoked_state *out, struct err *e)
{
	struct str version, list, one, id;
	struct der responder, produced;
	der_take(&tbs, TAG_0, &version);
	if (!der_next(&tbs, &responder) || (responder.tag != TAG_1 && responder.tag != 0xa2) ||
	    !der_next(&tbs, &produced) || !der_take(&tbs, DER_SEQUENCE, &list))
		return broken(e);
	while (list.n > 0) {
		if (!der_take(&list, DER_SEQUENCE, &one) || !der_take(&one, DER_SEQUENCE, &id))
			return broken(e);
		if (same_certificate(id, c, issuer))
			return read_single(one, now, out, e);
	}
	return err_set(e, ERR_INVALID, "the OCSP response is about another certificate");
}

/* Whom the issuer made a responder, by the very key that issued c (RFC 6960, section 4.2.2.2). */
static bool is_responder(const struct cert *r, const struct cert *issuer, int64_t now)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	struct strs ekus;
	bool critical, found = false;
	cert_ext_key_usage(r, &a, &critical, &ekus);
	for (size_t i = 0; i < ekus.n; i++)
		found |= str_eq(ekus.v[i], S(EKU_OCSP_SIGNING));
	return found && cert_not_before(r) <= now && now <= cert_not_after(r) &&
	       cert_issued_by(r, issuer) && strcmp(cert_signature_hash(r), "sha1") != 0 &&
	       strcmp(cert_signature_hash(r), "md5") != 0;
}

struct basic {
	struct str tbs, content, signature, certificates;
	enum signature_alg alg;
};

static bool signed_by(const struct basic *b, const struct cert *c)
{
	return cert_key(c) && key_verify(cert_key(c), b->alg, b->tbs, b->signature);
}

static int check_signature(const struct basic *b, const struct cert *issuer, int64_t now,
			   struct cert **responder, struct err *e)
{
	struct str rest = b->certificates;
	struct der d;
	struct err why;
	if (signed_by(b, issuer))
		return 0;
	for (int i = 0; i < RESPONDERS_MAX && der_next(&rest, &d); i++) {
		struct cert *c CLEANUP(cleanup_cert) = NULL;
		if (cert_parse(d.whole, &c, &why) < 0 || !is_responder(c, issuer, now) ||
		    !signed_by(b, c))
			continue;
		*responder = STEAL(c);
		return 0;
	}
	return err_set(e, ERR_INVALID,
		       "the OCSP response is signed by nobody whom the issuer trusts with it");
}

static int parse_basic(struct str in, struct basic *out, struct err *e)
{
	struct basic b = { 0 };
	struct str all, wrapped;
	struct der tbs;
	if (!der_valid(in) || !der_take(&in, DER_SEQUENCE, &all) || !der_next(&all, &tbs) ||
	    tbs.tag != DER_SEQUENCE || !der_take_signature_alg(&all, DIGEST_NONE, &b.alg) ||
	    !der_take_bits(&all, &b.signature))
		return broken(e);
	if (der_take(&all, TAG_0, &wrapped) && !der_take(&wrapped, DER_SEQUENCE, &b.certificates))
		return broken(e);
	if (all.n != 0)
		return broken(e);
	b.tbs = tbs.whole;
	b.content = tbs.content;
	*out = b;
	return 0;
}

int ocsp_read(struct str der, const struct cert *c, const struct cert *issuer, int64_t now,
	      struct revoked_state *out, struct cert **responder, struct err *e)
{
	struct str in = der, all, status, wrapped, bytes, oid, octets;
	struct basic b = { 0 };
	struct cert *delegate CLEANUP(cleanup_cert) = NULL;
	struct revoked_state s;
	if (der.n > OCSP_MAX)
		return err_set(e, ERR_LIMIT, "an OCSP response of more than %d bytes", OCSP_MAX);
	if (!der_valid(der) || !der_take(&in, DER_SEQUENCE, &all) ||
	    !der_take(&all, DER_ENUMERATED, &status) || status.n != 1)
		return broken(e);
	if (status.p[0] != STATUS_SUCCESSFUL)
		return err_set(e, status.p[0] == STATUS_TRY_LATER ? ERR_IO : ERR_INVALID,
			       "the OCSP responder answers with error %d", status.p[0]);
	if (!der_take(&all, TAG_0, &wrapped) || !der_take(&wrapped, DER_SEQUENCE, &bytes) ||
	    !der_take(&bytes, DER_OID, &oid) || !str_eq(oid, S(OID_BASIC)) ||
	    !der_take(&bytes, DER_OCTETS, &octets))
		return broken(e);
	int r = parse_basic(octets, &b, e);
	if (r == 0)
		r = find_single(b.content, c, issuer, now, &s, e);
	if (r == 0)
		r = check_signature(&b, issuer, now, &delegate, e);
	if (r < 0)
		return r;
	*out = s;
	*responder = STEAL(delegate);
	return 0;
}
