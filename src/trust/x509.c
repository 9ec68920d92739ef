/* X.509 certificates (RFC 5280), read from their bytes: what was signed is verified as it came, and a decoder of keys is run
 * once. Hostile ones come with BER, trailing bytes, an extension there twice, broken key usages, keys of tiny or giant
 * size: refused, or left out so that nothing can match them. Names are compared byte for byte. Not supported: policies that
 * must be explicit, proxy certificates (RFC 3820): their extensions are critical and not known here. */
#include "trust/x509_cert.h"
#include "trust/der_alg.h"
#include "trust/pem.h"

#include <stdlib.h>

enum { EXTENSIONS_MAX = 64, OID_BYTES = 64, TAG_VERSION = 0xa0, TAG_EXTENSIONS = 0xa3 };
/* id-ce, the last number of it. */
enum {
	CE_KEY_ID = 14,
	CE_KEY_USAGE = 15,
	CE_ALT_NAME = 17,
	CE_BASIC = 19,
	CE_CONSTRAINTS = 30,
	CE_CRL_POINTS = 31,
	CE_POLICIES = 32,
	CE_ISSUER_KEY_ID = 35,
	CE_EKU = 37
};

void cert_close(struct cert *c)
{
	if (!c)
		return;
	key_close(c->key);
	buf_done(&c->der);
	free(c);
}

void cleanup_cert(struct cert **c)
{
	cert_close(*c);
}

void certs_done(struct certs *c)
{
	for (size_t i = 0; i < c->n; i++)
		cert_close(c->v[i]);
	free(c->v);
	*c = (struct certs){ 0 };
}

static void certs_add(struct certs *c, struct cert *x)
{
	if (c->n == c->cap) {
		c->cap = c->cap ? 2 * c->cap : 4;
		c->v = realloc(c->v, c->cap * sizeof *c->v);
		if (!c->v)
			abort();
	}
	c->v[c->n++] = x;
}

struct extension {
	struct str oid, value;
	bool critical;
};

static bool next_extension(struct str *in, struct extension *out)
{
	struct str one, critical = { 0 };
	struct str rest = *in;
	if (!der_take(&rest, DER_SEQUENCE, &one) || !der_take(&one, DER_OID, &out->oid))
		return false;
	if (der_take(&one, DER_BOOLEAN, &critical) && critical.n != 1)
		return false;
	out->critical = critical.n == 1 && critical.p[0] != 0;
	if (!der_take(&one, DER_OCTETS, &out->value) || one.n != 0)
		return false;
	*in = rest;
	return true;
}

/* 0: not of id-ce. */
static unsigned ce_number(struct str oid)
{
	return oid.n == 3 && oid.p[0] == 0x55 && oid.p[1] == 0x1d ? (unsigned char)oid.p[2] : 0;
}

static bool read_basic(struct cert *c, struct str value)
{
	struct str all, flag, len;
	if (!der_take(&value, DER_SEQUENCE, &all) || value.n != 0)
		return false;
	if (der_take(&all, DER_BOOLEAN, &flag))
		c->is_ca = flag.n == 1 && flag.p[0] != 0;
	if (der_take(&all, DER_INTEGER, &len)) {
		if (!c->is_ca || len.n == 0 || (len.p[0] & 0x80))
			return false;
		c->path_len = len.n == 1 ? len.p[0] : 1000; /* longer than any path */
	}
	c->has_basic = true;
	return all.n == 0;
}

static bool read_usage(struct cert *c, struct str value)
{
	struct str bits;
	if (!der_take(&value, DER_BITS, &bits) || value.n != 0 || bits.n < 2 || bits.n > 3 ||
	    (unsigned char)bits.p[0] > 7)
		return false;
	for (unsigned i = 0; i <= 8 && i / 8 + 1 < bits.n; i++)
		c->usage |= (unsigned)((unsigned char)bits.p[i / 8 + 1] >> (7 - i % 8) & 1) << i;
	c->has_usage = true;
	return true;
}

static bool read_eku(struct cert *c, struct str value)
{
	struct str rest, oid;
	if (!der_take(&value, DER_SEQUENCE, &c->eku) || value.n != 0 || c->eku.n == 0)
		return false;
	rest = c->eku;
	while (rest.n > 0)
		if (!der_take(&rest, DER_OID, &oid))
			return false;
	return true;
}

static bool read_issuer_key_id(struct cert *c, struct str value)
{
	struct str all;
	struct der d;
	if (!der_take(&value, DER_SEQUENCE, &all) || value.n != 0)
		return false;
	while (all.n > 0) {
		if (!der_next(&all, &d))
			return false;
		if (d.tag == 0x80)
			c->issuer_key_id = d.content;
		else if (d.tag == 0x82)
			c->issuer_serial = d.content;
		else if (d.tag != 0xa1)
			return false;
	}
	return true;
}

/* Those that may be critical are applied here, or by whoever asks for the value. */
static bool read_extension(struct cert *c, const struct extension *x)
{
	struct str value = x->value;
	switch (ce_number(x->oid)) {
	case CE_BASIC:
		return read_basic(c, value);
	case CE_KEY_USAGE:
		return read_usage(c, value);
	case CE_EKU:
		return read_eku(c, value);
	case CE_ISSUER_KEY_ID:
		return read_issuer_key_id(c, value);
	case CE_KEY_ID:
		return der_take(&value, DER_OCTETS, &c->key_id) && value.n == 0;
	case CE_CONSTRAINTS:
		c->constraints = value;
		return value.n > 0;
	case CE_ALT_NAME:
	case CE_CRL_POINTS:
	case CE_POLICIES:
		return true;
	default:
		c->unknown_critical |= x->critical;
		return true;
	}
}

static int read_extensions(struct cert *c, struct err *e)
{
	struct str rest = c->extensions, seen[EXTENSIONS_MAX];
	struct extension x;
	for (size_t n = 0; rest.n > 0; n++) {
		if (n == EXTENSIONS_MAX)
			return err_set(e, ERR_LIMIT, "a certificate with more than %d extensions",
				       EXTENSIONS_MAX);
		if (!next_extension(&rest, &x) || !read_extension(c, &x))
			return err_set(e, ERR_INVALID, "a certificate with a broken extension");
		for (size_t i = 0; i < n; i++)
			if (str_eq(seen[i], x.oid))
				return err_set(
					e, ERR_INVALID,
					"a certificate with an extension that is there twice");
		seen[n] = x.oid;
	}
	return 0;
}

static const char *hash_name(enum signature_alg alg, struct str identifier)
{
	static const struct {
		struct str oid;
		const char *name;
	} broken[] = { { S("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05"), "sha1" },
		       { S("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04"), "md5" },
		       { S("\x2a\x86\x48\xce\x3d\x04\x01"), "sha1" } };
	struct str inside, oid = { 0 };
	switch (alg_digest(alg)) {
	case DIGEST_SHA256:
		return "sha256";
	case DIGEST_SHA384:
		return "sha384";
	case DIGEST_SHA512:
		return "sha512";
	default:
		break;
	}
	if (alg == SIGNATURE_ED25519)
		return "sha512";
	if (der_take(&identifier, DER_SEQUENCE, &inside))
		der_take(&inside, DER_OID, &oid);
	for (size_t i = 0; i < COUNT(broken); i++)
		if (str_eq(oid, broken[i].oid))
			return broken[i].name;
	return "";
}

/* Behind the key: unique identifiers that nobody uses, then the extensions. */
static bool read_tail(struct cert *c, struct str in)
{
	struct str ignored;
	struct der d;
	der_take(&in, 0x81, &ignored);
	der_take(&in, 0x82, &ignored);
	if (in.n == 0)
		return true;
	return der_next(&in, &d) && d.tag == TAG_EXTENSIONS && in.n == 0 &&
	       der_take(&d.content, DER_SEQUENCE, &c->extensions) && d.content.n == 0 &&
	       c->extensions.n > 0;
}

/* TBSCertificate: [0] version, serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo, ... */
static bool read_tbs(struct cert *c, struct str in, struct str outer_alg)
{
	static const unsigned char tags[] = { DER_INTEGER,  DER_SEQUENCE, DER_SEQUENCE,
					      DER_SEQUENCE, DER_SEQUENCE, DER_SEQUENCE };
	struct str version;
	struct der d[COUNT(tags)], from, until;
	bool v3 = der_take(&in, TAG_VERSION, &version) && str_eq(version, S("\x02\x01\x02"));
	for (size_t i = 0; i < COUNT(d); i++)
		if (!der_next(&in, &d[i]) || d[i].tag != tags[i])
			return false;
	c->fields = (struct cert_fields){ d[0].whole, d[2].whole, d[4].whole, d[5].whole };
	return str_eq(d[1].whole, outer_alg) && der_next(&d[3].content, &from) &&
	       der_time(&from, &c->not_before) && der_next(&d[3].content, &until) &&
	       der_time(&until, &c->not_after) && d[3].content.n == 0 && read_tail(c, in) &&
	       (v3 || c->extensions.n == 0);
}

static int read_cert(struct cert *c, struct err *e)
{
	struct str in = cert_der(c), all, alg;
	struct der tbs, outer;
	struct err unknown;
	if (!der_take(&in, DER_SEQUENCE, &all) || !der_next(&all, &tbs) ||
	    tbs.tag != DER_SEQUENCE || !der_next(&all, &outer))
		return err_set(e, ERR_INVALID, "no certificate");
	alg = outer.whole;
	c->tbs = tbs.whole;
	c->path_len = -1;
	if (!der_take_signature_alg(&alg, DIGEST_NONE, &c->alg) ||
	    !der_take_bits(&all, &c->signature) || all.n != 0 ||
	    !read_tbs(c, tbs.content, outer.whole))
		return err_set(e, ERR_INVALID, "no certificate");
	c->hash = hash_name(c->alg, outer.whole);
	int r = read_extensions(c, e);
	if (r == 0 && key_from_spki(c->fields.spki, &c->key, &unknown) < 0)
		c->key = NULL;
	return r;
}

int cert_parse(struct str der, struct cert **out, struct err *e)
{
	if (der.n > CERT_DER_MAX)
		return err_set(e, ERR_LIMIT, "a certificate larger than %d bytes", CERT_DER_MAX);
	if (!der_valid(der))
		return err_set(e, ERR_INVALID, "no certificate: not one whole DER value");
	struct cert *c CLEANUP(cleanup_cert) = calloc(1, sizeof *c);
	if (!c)
		abort();
	buf_add_str(&c->der, der);
	digest_of(DIGEST_SHA256, der, &c->digest);
	int r = read_cert(c, e);
	if (r == 0)
		*out = STEAL(c);
	return r;
}

static int add_one(struct str der, struct certs *found, struct err *e)
{
	struct cert *c = NULL;
	if (found->n == CERTS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d certificates", CERTS_MAX);
	int r = cert_parse(der, &c, e);
	if (r < 0)
		return err_in(e, "certificate %zu", found->n + 1);
	certs_add(found, c);
	return 0;
}

static int add_pem(struct str text, struct certs *found, struct err *e)
{
	struct buf der CLEANUP(secret_done) = { 0 };
	struct str label;
	int r;
	while ((r = pem_next(&text, &label, &der, e)) > 0) {
		if (!str_eq(label, S("CERTIFICATE")))
			continue;
		r = add_one(str_buf(&der), found, e);
		if (r < 0)
			return r;
	}
	return r;
}

int certs_parse(struct str text, struct certs *out, struct err *e)
{
	struct certs found CLEANUP(certs_done) = { 0 };
	int r = 0;
	if (text.n > (size_t)CERTS_MAX * CERT_DER_MAX * 2)
		return err_set(e, ERR_LIMIT, "certificates: %zu bytes are too many", text.n);
	if (text.n > 0 && text.p[0] == DER_SEQUENCE) {
		struct der d;
		while (r == 0 && text.n > 0)
			r = der_next(&text, &d) ? add_one(d.whole, &found, e)
						: err_set(e, ERR_INVALID,
							  "no certificate: not whole DER values");
	} else {
		r = add_pem(text, &found, e);
	}
	if (r < 0)
		return r;
	if (found.n == 0)
		return err_set(e, ERR_INVALID, "no certificate in it");
	if (out->n + found.n > CERTS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d certificates", CERTS_MAX);
	for (size_t i = 0; i < found.n; i++)
		certs_add(out, found.v[i]);
	found.n = 0;
	return 0;
}

struct str cert_der(const struct cert *c)
{
	return str_buf(&c->der);
}

void cert_fields(const struct cert *c, struct cert_fields *out)
{
	*out = c->fields;
}

const struct digest *cert_digest(const struct cert *c)
{
	return &c->digest;
}

const struct key *cert_key(const struct cert *c)
{
	return c->key;
}

int64_t cert_not_before(const struct cert *c)
{
	return c->not_before;
}

int64_t cert_not_after(const struct cert *c)
{
	return c->not_after;
}

bool cert_valid_at(const struct cert *c, int64_t at)
{
	return c->not_before <= at && at <= c->not_after;
}

bool cert_self_issued(const struct cert *c)
{
	return str_eq(c->fields.subject, c->fields.issuer);
}

bool cert_key_usage(const struct cert *c, bool *critical, unsigned *bits)
{
	struct str value;
	*bits = c->usage;
	*critical = false;
	return c->has_usage && cert_extension(c, "2.5.29.15", critical, &value);
}

bool cert_basic_constraints(const struct cert *c, bool *critical, bool *ca, int *path_len)
{
	struct str value;
	*ca = c->is_ca;
	*path_len = c->path_len;
	*critical = false;
	return c->has_basic && cert_extension(c, "2.5.29.19", critical, &value);
}

void cert_ext_key_usage(const struct cert *c, struct arena *a, bool *critical, struct strs *oids)
{
	struct str value, rest = c->eku, oid;
	*oids = (struct strs){ 0 };
	*critical = false;
	cert_extension(c, "2.5.29.37", critical, &value);
	while (der_take(&rest, DER_OID, &oid)) {
		struct buf text CLEANUP(buf_done) = { 0 };
		if (der_oid_text(oid, &text))
			*ARENA_PUSH(a, oids->v, oids->n, oids->cap) = arena_str(a, str_buf(&text));
	}
}

/* Dotted numbers, ours and of constants: the content of an OBJECT IDENTIFIER, empty when it does not fit. */
static struct str oid_bytes(const char *dotted, char bytes[OID_BYTES])
{
	struct str rest = str_of(dotted);
	size_t n = 0;
	uint64_t first, v;
	if (!str_to_u64(str_cut(&rest, '.'), 2, &first))
		return (struct str){ 0 };
	for (bool second = true; rest.n > 0; second = false) {
		if (!str_to_u64(str_cut(&rest, '.'), UINT32_MAX, &v) || n + 6 > OID_BYTES)
			return (struct str){ 0 };
		v += second ? 40 * first : 0;
		for (int shift = 35; shift >= 0; shift -= 7)
			if (shift == 0 || v >> shift)
				bytes[n++] = (char)((v >> shift & 0x7f) | (shift ? 0x80 : 0));
	}
	return (struct str){ bytes, n };
}

bool cert_has_eku(const struct cert *c, const char *dotted)
{
	char bytes[OID_BYTES];
	struct str want = oid_bytes(dotted, bytes), rest = c->eku, oid;
	while (der_take(&rest, DER_OID, &oid))
		if (str_eq(oid, want))
			return true;
	return false;
}

bool cert_extension(const struct cert *c, const char *dotted, bool *critical, struct str *value)
{
	char bytes[OID_BYTES];
	struct str want = oid_bytes(dotted, bytes), rest = c->extensions;
	struct extension x;
	while (next_extension(&rest, &x)) {
		if (!str_eq(x.oid, want))
			continue;
		*critical = x.critical;
		*value = x.value;
		return true;
	}
	return false;
}

const char *cert_signature_hash(const struct cert *c)
{
	return c->hash;
}

bool cert_names_issuer(const struct cert *c, const struct cert *issuer)
{
	struct str serial = issuer->fields.serial, number;
	if (!str_eq(c->fields.issuer, issuer->fields.subject))
		return false;
	if (c->issuer_key_id.n > 0 && issuer->key_id.n > 0 &&
	    !str_eq(c->issuer_key_id, issuer->key_id))
		return false;
	return c->issuer_serial.n == 0 ||
	       (der_take(&serial, DER_INTEGER, &number) && str_eq(number, c->issuer_serial));
}

bool cert_issued_by(const struct cert *c, const struct cert *issuer)
{
	return cert_names_issuer(c, issuer) && cert_signed_by(c, issuer, NULL);
}

bool cert_self_signed(const struct cert *c)
{
	return cert_issued_by(c, c);
}
