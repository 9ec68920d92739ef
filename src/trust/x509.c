/* X.509 certificates (RFC 5280), parsed by OpenSSL after our own look at their DER. Hostile ones come with BER, trailing
 * bytes, an extension there twice, broken key usages, thousands of names, NULs inside names, keys of tiny or giant size:
 * refused, bounded, or left out so that nothing can match them. Proxy certificates (RFC 3820) and policies that must be
 * explicit are not supported. */
#include "trust/openssl.h"
#include "trust/x509_cert.h"
#include "trust/der.h"
#include "trust/pem.h"

#include <stdlib.h>
#include <time.h>

enum { EXTENSIONS_MAX = 64, OID_TEXT = 128 };

void cert_close(struct cert *c)
{
	if (!c)
		return;
	X509_free(c->x);
	key_close(c->key);
	EXTENDED_KEY_USAGE_free(c->eku);
	NAME_CONSTRAINTS_free(c->constraints);
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

bool asn1_seconds(const ASN1_TIME *t, int64_t *out)
{
	struct tm tm = { 0 };
	if (!t || !ASN1_TIME_to_tm(t, &tm))
		return false;
	*out = timegm(&tm);
	return true;
}

/* Extensions that may be critical: those that are applied here or by whoever asks for this certificate. */
static bool known_extension(const X509_EXTENSION *x)
{
	static const int known[] = { NID_basic_constraints,	  NID_key_usage,
				     NID_ext_key_usage,		  NID_subject_alt_name,
				     NID_name_constraints,	  NID_certificate_policies,
				     NID_crl_distribution_points, NID_authority_key_identifier,
				     NID_subject_key_identifier };
	int nid = OBJ_obj2nid(X509_EXTENSION_get_object((X509_EXTENSION *)x));
	for (size_t i = 0; i < COUNT(known); i++)
		if (nid == known[i])
			return true;
	return false;
}

static int read_extensions(struct cert *c, struct err *e)
{
	int n = X509_get_ext_count(c->x);
	if (n > EXTENSIONS_MAX)
		return err_set(e, ERR_LIMIT, "a certificate with more than %d extensions",
			       EXTENSIONS_MAX);
	for (int i = 0; i < n; i++) {
		X509_EXTENSION *x = X509_get_ext(c->x, i);
		if (X509_get_ext_by_OBJ(c->x, X509_EXTENSION_get_object(x), i) >= 0)
			return err_set(e, ERR_INVALID,
				       "a certificate with an extension that is there twice");
		c->unknown_critical |= X509_EXTENSION_get_critical(x) && !known_extension(x);
	}
	return 0;
}

/* OpenSSL's view has to be asked for once, before several threads look. */
static int read_usages(struct cert *c, struct err *e)
{
	uint32_t flags = X509_get_extension_flags(c->x);
	if (flags & EXFLAG_INVALID)
		return err_set(e, ERR_INVALID, "a certificate with a broken extension");
	if (flags & EXFLAG_PROXY)
		return err_set(e, ERR_UNSUPPORTED, "proxy certificates are not supported");
	int critical;
	ASN1_BIT_STRING *usage = X509_get_ext_d2i(c->x, NID_key_usage, &critical, NULL);
	c->has_usage = usage != NULL;
	for (int i = 0; usage && i <= 8; i++)
		c->usage |= (unsigned)ASN1_BIT_STRING_get_bit(usage, i) << i;
	ASN1_BIT_STRING_free(usage);
	bool broken = critical >= 0 && !usage;
	c->eku = X509_get_ext_d2i(c->x, NID_ext_key_usage, &critical, NULL);
	broken |= critical >= 0 && !c->eku;
	c->constraints = X509_get_ext_d2i(c->x, NID_name_constraints, &critical, NULL);
	broken |= critical >= 0 && !c->constraints;
	BASIC_CONSTRAINTS *basic = X509_get_ext_d2i(c->x, NID_basic_constraints, &critical, NULL);
	broken |= critical >= 0 && !basic;
	long path_len = basic && basic->pathlen ? ASN1_INTEGER_get(basic->pathlen) : -1;
	broken |= basic && basic->pathlen && path_len < 0;
	c->path_len = (int)MIN(path_len, 1000L);
	c->is_ca = basic && basic->ca;
	BASIC_CONSTRAINTS_free(basic);
	return broken ? err_set(e, ERR_INVALID, "a certificate with a broken extension") : 0;
}

static const char *signature_hash(X509 *x)
{
	static const struct {
		int nid;
		const char *name;
	} names[] = {
		{ NID_sha256, "sha256" }, { NID_sha384, "sha384" }, { NID_sha512, "sha512" },
		{ NID_sha1, "sha1" },	  { NID_md5, "md5" },	    { NID_sha224, "sha224" }
	};
	int md = NID_undef, kind = NID_undef;
	if (!X509_get_signature_info(x, &md, &kind, NULL, NULL))
		return "";
	for (size_t i = 0; i < COUNT(names); i++)
		if (md == names[i].nid)
			return names[i].name;
	return kind == NID_ED25519 ? "sha512" : "";
}

/* TBSCertificate: [0] version, serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo */
static bool find_fields(struct cert *c)
{
	struct str der = cert_der(c), all, tbs, version;
	struct der d[6];
	if (!der_take(&der, DER_SEQUENCE, &all) || !der_take(&all, DER_SEQUENCE, &tbs))
		return false;
	der_take(&tbs, 0xa0, &version);
	for (size_t i = 0; i < COUNT(d); i++)
		if (!der_next(&tbs, &d[i]))
			return false;
	c->fields = (struct cert_fields){ d[0].whole, d[2].whole, d[4].whole, d[5].whole };
	return true;
}

static int read_fields(struct cert *c, struct err *e)
{
	if (!find_fields(c))
		return err_set(e, ERR_INVALID, "no certificate");
	if (!asn1_seconds(X509_get0_notBefore(c->x), &c->not_before) ||
	    !asn1_seconds(X509_get0_notAfter(c->x), &c->not_after))
		return err_set(e, ERR_INVALID, "a certificate whose validity is no time");
	int r = read_extensions(c, e);
	if (r == 0)
		r = read_usages(c, e);
	if (r < 0)
		return r;
	c->hash = signature_hash(c->x);
	EVP_PKEY *evp = X509_get0_pubkey(c->x);
	struct err unknown;
	if (evp && EVP_PKEY_up_ref(evp) && key_from_evp(evp, false, &c->key, &unknown) == 0)
		c->evp = key_evp(c->key);
	return 0;
}

int cert_from_x509(X509 *x, struct cert **out, struct err *e)
{
	struct cert *c CLEANUP(cleanup_cert) = calloc(1, sizeof *c);
	if (!c)
		abort();
	c->x = x;
	unsigned char *der = NULL;
	int n = i2d_X509(x, &der);
	if (n > 0)
		buf_add(&c->der, der, (size_t)n);
	OPENSSL_free(der);
	if (n <= 0 || n > CERT_DER_MAX)
		return err_set(e, ERR_INVALID, "no certificate");
	digest_of(DIGEST_SHA256, str_buf(&c->der), &c->digest);
	int r = read_fields(c, e);
	ERR_clear_error();
	if (r == 0)
		*out = STEAL(c);
	return r;
}

int cert_parse(struct str der, struct cert **out, struct err *e)
{
	if (der.n > CERT_DER_MAX)
		return err_set(e, ERR_LIMIT, "a certificate larger than %d bytes", CERT_DER_MAX);
	if (!der_valid(der))
		return err_set(e, ERR_INVALID, "no certificate: not one whole DER value");
	const unsigned char *p = (const unsigned char *)der.p;
	X509 *x = d2i_X509(NULL, &p, (long)der.n);
	ERR_clear_error();
	if (!x)
		return err_set(e, ERR_INVALID, "no certificate");
	struct cert *c CLEANUP(cleanup_cert) = NULL;
	int r = cert_from_x509(x, &c, e);
	if (r < 0)
		return r;
	if (!str_eq(str_buf(&c->der), der))
		return err_set(e, ERR_INVALID, "a certificate that is not DER");
	*out = STEAL(c);
	return 0;
}

static int add_one(struct str der, struct certs *found, struct err *e)
{
	struct cert *c;
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

X509 *cert_x509(const struct cert *c)
{
	return c->x;
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
	return cert_extension(c, "2.5.29.19", critical, &value);
}

void cert_ext_key_usage(const struct cert *c, struct arena *a, bool *critical, struct strs *oids)
{
	struct str value;
	*oids = (struct strs){ 0 };
	*critical = false;
	cert_extension(c, "2.5.29.37", critical, &value);
	for (int i = 0; c->eku && i < sk_ASN1_OBJECT_num(c->eku); i++) {
		char text[OID_TEXT];
		if (OBJ_obj2txt(text, sizeof text, sk_ASN1_OBJECT_value(c->eku, i), 1) > 0)
			*ARENA_PUSH(a, oids->v, oids->n, oids->cap) = arena_str(a, str_of(text));
	}
}

bool cert_has_eku(const struct cert *c, const char *oid)
{
	char text[OID_TEXT];
	for (int i = 0; c->eku && i < sk_ASN1_OBJECT_num(c->eku); i++)
		if (OBJ_obj2txt(text, sizeof text, sk_ASN1_OBJECT_value(c->eku, i), 1) > 0 &&
		    strcmp(text, oid) == 0)
			return true;
	return false;
}

bool cert_extension(const struct cert *c, const char *oid, bool *critical, struct str *value)
{
	ASN1_OBJECT *o = OBJ_txt2obj(oid, 1);
	int at = o ? X509_get_ext_by_OBJ(c->x, o, -1) : -1;
	ASN1_OBJECT_free(o);
	if (at < 0)
		return false;
	X509_EXTENSION *x = X509_get_ext(c->x, at);
	const ASN1_OCTET_STRING *s = X509_EXTENSION_get_data(x);
	*critical = X509_EXTENSION_get_critical(x) > 0;
	*value = (struct str){ (const char *)ASN1_STRING_get0_data(s),
			       (size_t)ASN1_STRING_length(s) };
	return true;
}

const char *cert_signature_hash(const struct cert *c)
{
	return c->hash;
}

bool cert_names_issuer(const struct cert *c, const struct cert *issuer)
{
	int r = X509_check_issued(issuer->x, c->x);
	/* keyCertSign is asked for where a chain is judged; a signer's own certificate may sign itself without. */
	return r == X509_V_OK || r == X509_V_ERR_KEYUSAGE_NO_CERTSIGN;
}

bool cert_issued_by(const struct cert *c, const struct cert *issuer)
{
	return cert_names_issuer(c, issuer) && cert_signed_by(c, issuer, NULL);
}

bool cert_self_signed(const struct cert *c)
{
	return cert_issued_by(c, c);
}
