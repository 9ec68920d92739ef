/* Certificate requirements of the Notary Project's signature specification: the whole chain from leaf to a self-signed root,
 * in order, every one issued by the next; what a leaf may be used for; which keys sign with which algorithm. Stricter than
 * what TLS asks. Times are judged elsewhere, since only the verification knows which time counts. */
#include "trust/notation_envelope.h"

enum {
	USAGE_SIGN = 1 << 0,
	USAGE_CERT_SIGN = 1 << 5,
	USAGE_LEAF_NEVER = 0x1fc
}; /* bits 2..8; 1 is content commitment */

static int complain(const struct cert *c, struct err *e, const char *why)
{
	struct arena a = { 0 };
	int r = err_set(e, ERR_INVALID, "certificate '%.*s' %s",
			STR(str_upto(cert_subject(c, &a), 200)), why);
	arena_done(&a);
	return r;
}

static const struct {
	enum key_type type;
	unsigned bits;
	enum signature_alg alg;
} algs[] = {
	{ KEY_RSA, 2048, SIGNATURE_PSS_SHA256 },    { KEY_RSA, 3072, SIGNATURE_PSS_SHA384 },
	{ KEY_RSA, 4096, SIGNATURE_PSS_SHA512 },    { KEY_ECDSA, 256, SIGNATURE_ECDSA_SHA256 },
	{ KEY_ECDSA, 384, SIGNATURE_ECDSA_SHA384 }, { KEY_ECDSA, 521, SIGNATURE_ECDSA_SHA512 },
};

enum signature_alg notation_alg(const struct key *k)
{
	for (size_t i = 0; k && i < COUNT(algs); i++)
		if (key_type(k) == algs[i].type && key_bits(k) == algs[i].bits)
			return algs[i].alg;
	return SIGNATURE_NONE;
}

int notation_chain_parse(const struct strs *der, struct certs *out, struct err *e)
{
	for (size_t i = 0; i < der->n; i++) {
		size_t before = out->n;
		if (der->v[i].n == 0 || der->v[i].p[0] != 0x30)
			return err_set(e, ERR_INVALID, "certificate %zu is not DER", i + 1);
		if (certs_parse(der->v[i], out, e))
			return err_in(e, "certificate %zu", i + 1);
		if (out->n != before + 1)
			return err_set(e, ERR_INVALID, "certificate %zu is more than one", i + 1);
	}
	return 0;
}

/* RFC 5280 wants SHA-2 of today; these are the ones that the specification names. */
static int check_hash(const struct cert *c, struct err *e)
{
	const char *hash = cert_signature_hash(c);
	bool good = !strcmp(hash, "sha256") || !strcmp(hash, "sha384") || !strcmp(hash, "sha512");
	return good ? 0 : complain(c, e, "is signed with a hash that is not allowed");
}

static int check_ca(const struct cert *c, size_t below, struct err *e)
{
	bool critical = false, ca = false;
	int path_len = -1;
	unsigned usage = 0;
	if (!cert_basic_constraints(c, &critical, &ca, &path_len) || !critical || !ca)
		return complain(c, e,
				"is no CA: critical basic constraints with CA true are wanted");
	if (path_len >= 0 && below > (size_t)path_len)
		return complain(c, e, "allows fewer certificates below it");
	if (!cert_key_usage(c, &critical, &usage) || !critical || !(usage & USAGE_CERT_SIGN))
		return complain(
			c, e,
			"may not sign certificates: critical key usage keyCertSign is wanted");
	return check_hash(c, e);
}

static int check_leaf(const struct cert *c, struct err *e)
{
	static const char *const never[] = {
		"2.5.29.37.0",	     "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2",
		"1.3.6.1.5.5.7.3.4", EKU_TIME_STAMPING,	  "1.3.6.1.5.5.7.3.9",
	};
	struct arena a = { 0 };
	struct strs uses = { 0 };
	bool critical = false, ca = false, bad = false;
	unsigned usage = 0;
	int path_len = -1;
	if (cert_basic_constraints(c, &critical, &ca, &path_len) && ca)
		return complain(c, e, "is a CA and may not sign artifacts");
	if (!cert_key_usage(c, &critical, &usage) || !critical || !(usage & USAGE_SIGN))
		return complain(c, e,
				"may not sign: critical key usage digitalSignature is wanted");
	if (usage & USAGE_LEAF_NEVER)
		return complain(c, e, "may be used for more than signing");
	cert_ext_key_usage(c, &a, &critical, &uses);
	for (size_t i = 0; i < uses.n; i++)
		for (size_t k = 0; k < COUNT(never); k++)
			bad |= str_eq(uses.v[i], str_of(never[k]));
	arena_done(&a);
	if (bad)
		return complain(
			c, e, "has an extended key usage that a signer of artifacts may not have");
	if (notation_alg(cert_key(c)) == SIGNATURE_NONE)
		return complain(c, e, "has a key of a kind or size that is not allowed");
	return check_hash(c, e);
}

int notation_chain_check(const struct certs *chain, struct err *e)
{
	if (chain->n == 0)
		return err_set(e, ERR_INVALID, "there is no certificate");
	for (size_t i = 0; i < chain->n; i++) {
		const struct cert *c = chain->v[i];
		bool last = i + 1 == chain->n, self = cert_self_signed(c);
		if (last && !self)
			return complain(c, e, "is no self-signed root, so the chain is not whole");
		if (!last && self)
			return complain(c, e, "is self-signed but not the last of its chain");
		if (!last && !cert_issued_by(c, chain->v[i + 1]))
			return complain(c, e, "is not issued by the one that follows it");
		if (i == 0 ? check_leaf(c, e) : check_ca(c, i - 1, e))
			return e->code;
	}
	return certs_keep_rules(chain, e) > 0 ? 0 : (e->code = ERR_INVALID);
}
