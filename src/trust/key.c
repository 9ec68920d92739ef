/* Keys and their signatures, by OpenSSL: ECDSA (FIPS 186-5), Ed25519 (RFC 8032), RSA (RFC 8017); SubjectPublicKeyInfo (RFC
 * 5280), PKCS#8 (RFC 5208). A hostile key may be a point outside its curve or in a small subgroup, a curve given by explicit
 * numbers, a modulus that is huge or tiny, or bytes behind the key: all refused, so that one key has one encoding and one id.
 * A hostile signature may be BER, padded or cut: a no. What OpenSSL looks up by name is looked up once a key.
 *
 * Not supported: compressed points, keys restricted to RSA-PSS, other curves, Ed448, DSA. */
#include "trust/openssl.h"

#include "trust/key_ed25519ph.h"
#include "trust/key_token.h"
#include "trust/pem.h"

struct key {
	enum key_type type;
	unsigned bits;
	bool is_private;
	EVP_PKEY *evp;
	EVP_PKEY_CTX *verifier; /* ECDSA and RSA: made once, copied for every verification */
	struct buf spki;
	struct digest id;
	char name[24];
	unsigned char ed25519[ED25519_KEY];
	struct key_signer signer; /* of a token's key */
};

/* SubjectPublicKeyInfo up to the point, which fills the rest. */
static const struct kind {
	enum key_type type;
	unsigned bits;
	const char *name, *group;
	struct str prefix;
	size_t point;
} kinds[] = {
	{ KEY_ECDSA, 256, "ECDSA P-256", "prime256v1",
	  S("\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03"
	    "\x01\x07"
	    "\x03\x42\x00"),
	  65 },
	{ KEY_ECDSA, 384, "ECDSA P-384", "secp384r1",
	  S("\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22\x03"
	    "\x62\x00"),
	  97 },
	{ KEY_ECDSA, 521, "ECDSA P-521", "secp521r1",
	  S("\x30\x81\x9b\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x23"
	    "\x03\x81"
	    "\x86\x00"),
	  133 },
	{ KEY_ED25519, 256, "Ed25519", NULL, S("\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00"),
	  ED25519_KEY },
};
enum { POINT_MAX = 133, RSA_EXPONENT_BITS_MAX = 31 };

static void cleanup_evp_ctx(EVP_PKEY_CTX **p)
{
	EVP_PKEY_CTX_free(*p);
}

static void cleanup_md_ctx(EVP_MD_CTX **p)
{
	EVP_MD_CTX_free(*p);
}

static void cleanup_bn(BIGNUM **p)
{
	BN_free(*p);
}

/* The code, with OpenSSL's reason; its queue is left empty. */
static int ssl_err(struct err *e, int code, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	ERR_clear_error();
	return err_set(e, code, "%s%s%s", what, reason ? ": " : "", reason ? reason : "");
}

void key_close(struct key *k)
{
	if (!k)
		return;
	if (k->signer.close)
		k->signer.close(k->signer.ctx);
	EVP_PKEY_CTX_free(k->verifier);
	EVP_PKEY_free(k->evp);
	buf_done(&k->spki);
	free(k);
}

void cleanup_key(struct key **k)
{
	key_close(*k);
}

static const struct kind *kind_of_evp(EVP_PKEY *evp)
{
	char group[32] = "";
	int explicit_numbers = 0;
	int type = EVP_PKEY_get_base_id(evp);
	if (type == EVP_PKEY_EC &&
	    (EVP_PKEY_get_group_name(evp, group, sizeof group, NULL) != 1 ||
	     (EVP_PKEY_get_int_param(evp, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
				     &explicit_numbers) == 1 &&
	      explicit_numbers)))
		return NULL;
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (kinds[i].group ? type == EVP_PKEY_EC && strcmp(group, kinds[i].group) == 0
				   : type == EVP_PKEY_ED25519)
			return &kinds[i];
	return NULL;
}

static int point_from_evp(struct key *k, const struct kind *kind, struct err *e)
{
	unsigned char point[POINT_MAX];
	size_t n = sizeof point;
	int ok = kind->group ? EVP_PKEY_get_octet_string_param(k->evp,
							       OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY,
							       point, sizeof point, &n)
			     : EVP_PKEY_get_raw_public_key(k->evp, point, &n);
	if (ok != 1 || n != kind->point)
		return ssl_err(e, ERR_INVALID, "the key has no public point");
	if (kind->type == KEY_ED25519) {
		if (!ed25519_public_ok(point))
			return err_set(e, ERR_INVALID, "the Ed25519 key is no point of its group");
		memcpy(k->ed25519, point, ED25519_KEY);
	}
	k->type = kind->type;
	k->bits = kind->bits;
	snprintf(k->name, sizeof k->name, "%s", kind->name);
	buf_add_str(&k->spki, kind->prefix);
	buf_add(&k->spki, point, n);
	return 0;
}

static int rsa_from_evp(struct key *k, struct err *e)
{
	BIGNUM CLEANUP(cleanup_bn) *exponent = NULL, CLEANUP(cleanup_bn) *modulus = NULL;
	int bits = EVP_PKEY_get_bits(k->evp);
	if (bits < KEY_RSA_BITS_MIN || bits > KEY_RSA_BITS_MAX)
		return err_set(e, ERR_UNSUPPORTED, "an RSA key of %d bits; %d to %d are supported",
			       bits, KEY_RSA_BITS_MIN, KEY_RSA_BITS_MAX);
	if (EVP_PKEY_get_bn_param(k->evp, OSSL_PKEY_PARAM_RSA_E, &exponent) != 1 ||
	    EVP_PKEY_get_bn_param(k->evp, OSSL_PKEY_PARAM_RSA_N, &modulus) != 1)
		return ssl_err(e, ERR_INVALID, "the RSA key has no modulus or exponent");
	if (!BN_is_odd(exponent) || BN_is_one(exponent) ||
	    BN_num_bits(exponent) > RSA_EXPONENT_BITS_MAX || !BN_is_odd(modulus))
		return err_set(e, ERR_INVALID, "the RSA key's exponent or modulus is none");
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(k->evp, &der);
	if (n <= 0)
		return ssl_err(e, ERR_INVALID, "the RSA key cannot be written");
	buf_add(&k->spki, der, (size_t)n);
	OPENSSL_free(der);
	k->type = KEY_RSA;
	k->bits = (unsigned)bits;
	snprintf(k->name, sizeof k->name, "RSA %d", bits);
	return 0;
}

int key_from_evp(EVP_PKEY *evp, bool is_private, struct key **out, struct err *e)
{
	struct key CLEANUP(cleanup_key) *k = calloc(1, sizeof *k);
	if (!k)
		abort();
	k->evp = evp;
	k->is_private = is_private;
	const struct kind *kind = kind_of_evp(evp);
	int r = kind ? point_from_evp(k, kind, e)
		: EVP_PKEY_get_base_id(evp) == EVP_PKEY_RSA
			? rsa_from_evp(k, e)
			: err_set(e, ERR_UNSUPPORTED,
				  "a key that is no ECDSA (P-256, P-384, P-521), Ed25519 or RSA "
				  "key");
	if (r < 0)
		return r;
	if (k->type != KEY_ED25519) {
		k->verifier = EVP_PKEY_CTX_new_from_pkey(NULL, evp, NULL);
		if (!k->verifier || EVP_PKEY_verify_init(k->verifier) != 1)
			return ssl_err(e, ERR_INVALID, "the key cannot verify");
	}
	digest_of(DIGEST_SHA256, str_buf(&k->spki), &k->id);
	*out = STEAL(k);
	return 0;
}

EVP_PKEY *key_evp(const struct key *k)
{
	return k->evp;
}

static EVP_PKEY *evp_from_point(const struct kind *kind, struct str point)
{
	const unsigned char *p = (const unsigned char *)point.p;
	if (!kind->group)
		return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, p, point.n);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)kind->group,
						 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)point.p,
						  point.n),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX CLEANUP(cleanup_evp_ctx) *c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *evp = NULL;
	if (!c || EVP_PKEY_fromdata_init(c) != 1 ||
	    EVP_PKEY_fromdata(c, &evp, EVP_PKEY_PUBLIC_KEY, params) != 1)
		return NULL;
	return evp;
}

int key_from_spki(struct str der, struct key **out, struct err *e)
{
	struct key CLEANUP(cleanup_key) *k = NULL;
	EVP_PKEY *evp = NULL;
	if (der.n > KEY_DER_MAX)
		return err_set(e, ERR_LIMIT, "a public key of %zu bytes", der.n);
	for (size_t i = 0; i < COUNT(kinds) && !evp; i++)
		if (der.n == kinds[i].prefix.n + kinds[i].point &&
		    str_starts(der, kinds[i].prefix)) {
			evp = evp_from_point(&kinds[i], str_from(der, kinds[i].prefix.n));
			if (!evp)
				return ssl_err(e, ERR_INVALID,
					       "the public key is no point of its curve");
		}
	const unsigned char *p = (const unsigned char *)der.p;
	if (!evp)
		evp = d2i_PUBKEY(NULL, &p, (long)der.n);
	if (!evp)
		return ssl_err(e, ERR_INVALID, "this is no public key");
	int r = key_from_evp(evp, false, &k, e);
	if (r < 0)
		return r;
	if (!str_eq(str_buf(&k->spki), der))
		return err_set(e, ERR_INVALID,
			       "the public key is not written in the one way it has (DER)");
	*out = STEAL(k);
	return 0;
}

static int key_from_pkcs1_public(struct str der, struct key **out, struct err *e)
{
	const unsigned char *p = (const unsigned char *)der.p;
	EVP_PKEY *evp =
		der.n > KEY_DER_MAX ? NULL : d2i_PublicKey(EVP_PKEY_RSA, NULL, &p, (long)der.n);
	if (!evp)
		return ssl_err(e, ERR_INVALID, "this is no RSA public key");
	if (p != (const unsigned char *)der.p + der.n) {
		EVP_PKEY_free(evp);
		return err_set(e, ERR_INVALID, "bytes behind the RSA public key");
	}
	return key_from_evp(evp, false, out, e);
}

static int key_from_certificate(struct str der, struct key **out, struct err *e)
{
	const unsigned char *p = (const unsigned char *)der.p;
	X509 *x = der.n > CERT_DER_MAX ? NULL : d2i_X509(NULL, &p, (long)der.n);
	EVP_PKEY *evp = x ? X509_get_pubkey(x) : NULL;
	bool whole = p == (const unsigned char *)der.p + der.n;
	X509_free(x);
	if (!x || !whole) {
		EVP_PKEY_free(evp);
		return ssl_err(e, ERR_INVALID, "this is no certificate");
	}
	if (!evp)
		return ssl_err(e, ERR_UNSUPPORTED, "the certificate's key is of an unknown kind");
	return key_from_evp(evp, false, out, e);
}

int key_from_pem(struct str pem, struct key **out, struct err *e)
{
	struct buf CLEANUP(secret_done) der = { 0 };
	struct str label;
	int r;
	while ((r = pem_next(&pem, &label, &der, e)) == 1) {
		if (str_eq(label, S("PUBLIC KEY")))
			return key_from_spki(str_buf(&der), out, e);
		if (str_eq(label, S("RSA PUBLIC KEY")))
			return key_from_pkcs1_public(str_buf(&der), out, e);
		if (str_eq(label, S("CERTIFICATE")))
			return key_from_certificate(str_buf(&der), out, e);
	}
	return r < 0 ? r
		     : err_set(e, ERR_INVALID, "no PEM block with a public key or a certificate");
}

/* A public half that is not the private one's would make signatures that nobody can verify. */
static bool halves_match(EVP_PKEY *evp)
{
	if (EVP_PKEY_get_base_id(evp) != EVP_PKEY_EC)
		return true;
	EVP_PKEY_CTX CLEANUP(cleanup_evp_ctx) *c = EVP_PKEY_CTX_new_from_pkey(NULL, evp, NULL);
	return c && EVP_PKEY_pairwise_check(c) == 1;
}

int key_from_pkcs8(struct str der, struct key **out, struct err *e)
{
	const unsigned char *p = (const unsigned char *)der.p;
	if (der.n > KEY_DER_MAX)
		return err_set(e, ERR_LIMIT, "a private key of %zu bytes", der.n);
	PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)der.n);
	bool whole = info && p == (const unsigned char *)der.p + der.n;
	EVP_PKEY *evp = whole ? EVP_PKCS82PKEY(info) : NULL;
	PKCS8_PRIV_KEY_INFO_free(info);
	if (!evp)
		return ssl_err(e, ERR_INVALID, "this is no private key (PKCS#8)");
	struct key CLEANUP(cleanup_key) *k = NULL;
	int r = key_from_evp(evp, true, &k, e);
	if (r < 0)
		return r;
	if (!halves_match(evp))
		return ssl_err(e, ERR_INVALID, "the private key is not that of its public key");
	*out = STEAL(k);
	return 0;
}

int key_generate(enum key_type type, unsigned bits, struct key **out, struct err *e)
{
	EVP_PKEY *evp = NULL;
	if (type == KEY_RSA && bits >= KEY_RSA_BITS_MIN && bits <= KEY_RSA_BITS_MAX)
		evp = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits);
	else if (type == KEY_ED25519)
		evp = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	else
		for (size_t i = 0; i < COUNT(kinds); i++)
			if (type == KEY_ECDSA && kinds[i].type == type && kinds[i].bits == bits)
				evp = EVP_PKEY_Q_keygen(NULL, NULL, "EC", kinds[i].group);
	if (!evp)
		return ssl_err(e, ERR_UNSUPPORTED, "a key of this kind and size cannot be made");
	return key_from_evp(evp, true, out, e);
}

enum key_type key_type(const struct key *k)
{
	return k->type;
}

unsigned key_bits(const struct key *k)
{
	return k->bits;
}

bool key_is_private(const struct key *k)
{
	return k->is_private;
}

struct str key_spki(const struct key *k)
{
	return str_buf(&k->spki);
}

const struct digest *key_id(const struct key *k)
{
	return &k->id;
}

bool key_eq(const struct key *a, const struct key *b)
{
	return str_eq(key_spki(a), key_spki(b));
}

const char *key_name(const struct key *k)
{
	return k->name;
}

void key_pem(const struct key *k, struct buf *out)
{
	pem_write(S("PUBLIC KEY"), key_spki(k), out);
}

int key_pkcs8(const struct key *k, struct buf *out, struct err *e)
{
	if (!k->is_private || k->signer.sign)
		return err_set(e, ERR_UNSUPPORTED,
			       "the private key cannot be taken out of where it is");
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(k->evp);
	unsigned char *der = NULL;
	int n = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : -1;
	PKCS8_PRIV_KEY_INFO_free(info);
	if (n <= 0)
		return ssl_err(e, ERR_INVALID, "the private key cannot be written");
	buf_add(out, der, (size_t)n);
	OPENSSL_clear_free(der, (size_t)n);
	return 0;
}

void key_set_signer(struct key *pub, const struct key_signer *signer)
{
	pub->signer = *signer;
	pub->is_private = true;
}

static bool fits(const struct key *k, enum signature_alg alg)
{
	switch (alg) {
	case SIGNATURE_ECDSA_SHA256:
	case SIGNATURE_ECDSA_SHA384:
	case SIGNATURE_ECDSA_SHA512:
		return k->type == KEY_ECDSA;
	case SIGNATURE_ED25519:
	case SIGNATURE_ED25519PH:
		return k->type == KEY_ED25519;
	case SIGNATURE_NONE:
		return false;
	default:
		return k->type == KEY_RSA;
	}
}

/* The padding and hash of an RSA algorithm; ECDSA takes any digest as it is. */
static bool prepare(EVP_PKEY_CTX *c, enum signature_alg alg)
{
	static const EVP_MD *(*const hashes[])(void) = {
		[DIGEST_SHA256] = EVP_sha256,
		[DIGEST_SHA384] = EVP_sha384,
		[DIGEST_SHA512] = EVP_sha512,
	};
	if (alg < SIGNATURE_RSA_SHA256)
		return true;
	bool pss = alg >= SIGNATURE_PSS_SHA256;
	return EVP_PKEY_CTX_set_rsa_padding(c, pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) ==
		       1 &&
	       EVP_PKEY_CTX_set_signature_md(c, hashes[alg_digest(alg)]()) == 1 &&
	       (!pss || EVP_PKEY_CTX_set_rsa_pss_saltlen(c, RSA_PSS_SALTLEN_DIGEST) == 1);
}

static bool ed25519_verify(const struct key *k, struct str message, struct str signature)
{
	EVP_MD_CTX CLEANUP(cleanup_md_ctx) *c = EVP_MD_CTX_new();
	return c && EVP_DigestVerifyInit(c, NULL, NULL, NULL, k->evp) == 1 &&
	       EVP_DigestVerify(c, (const unsigned char *)signature.p, signature.n,
				(const unsigned char *)(message.n ? message.p : ""),
				message.n) == 1;
}

bool key_verify_digest(const struct key *k, enum signature_alg alg, const struct digest *d,
		       struct str signature)
{
	if (!fits(k, alg) || alg == SIGNATURE_ED25519 || d->alg != alg_digest(alg) ||
	    signature.n == 0 || signature.n > SIGNATURE_MAX)
		return false;
	if (alg == SIGNATURE_ED25519PH)
		return ed25519ph_verify(k->ed25519, d, signature);
	EVP_PKEY_CTX CLEANUP(cleanup_evp_ctx) *c = EVP_PKEY_CTX_dup(k->verifier);
	bool yes = c && prepare(c, alg) &&
		   EVP_PKEY_verify(c, (const unsigned char *)signature.p, signature.n, d->bytes,
				   d->len) == 1;
	if (!yes)
		ERR_clear_error();
	return yes;
}

bool key_verify(const struct key *k, enum signature_alg alg, struct str message,
		struct str signature)
{
	struct digest d;
	if (!fits(k, alg) || signature.n == 0 || signature.n > SIGNATURE_MAX)
		return false;
	if (alg == SIGNATURE_ED25519) {
		bool yes = ed25519_verify(k, message, signature);
		if (!yes)
			ERR_clear_error();
		return yes;
	}
	digest_of(alg_digest(alg), message, &d);
	return key_verify_digest(k, alg, &d, signature);
}

static int can_sign(const struct key *k, enum signature_alg alg, struct err *e)
{
	if (!k->is_private)
		return err_set(e, ERR_UNSUPPORTED,
			       "signing needs a private key, this is a public one");
	if (!fits(k, alg))
		return err_set(e, ERR_UNSUPPORTED, "a key %s cannot sign %s", k->name,
			       alg_name(alg));
	return 0;
}

static bool ed25519ph_sign_evp(const struct key *k, const struct digest *d, unsigned char *sig,
			       size_t *n)
{
	unsigned char seed[ED25519_KEY];
	size_t len = sizeof seed;
	if (EVP_PKEY_get_raw_private_key(k->evp, seed, &len) != 1 || len != sizeof seed)
		return false;
	ed25519ph_sign(seed, k->ed25519, d, sig);
	explicit_bzero(seed, sizeof seed);
	*n = ED25519_SIGNATURE;
	return true;
}

/* A token whose private key is not that of its public one is found out here, not by who verifies. */
static int sign_elsewhere(const struct key *k, enum signature_alg alg, struct str input,
			  const struct digest *d, struct buf *out, struct err *e)
{
	struct buf CLEANUP(buf_done) sig = { 0 };
	int r = k->signer.sign(k->signer.ctx, alg, input, &sig, e);
	if (r < 0)
		return r;
	if (!(d ? key_verify_digest(k, alg, d, str_buf(&sig))
		: key_verify(k, alg, input, str_buf(&sig))))
		return err_set(e, ERR_IO, "the token's signature is not that of its public key");
	buf_add_str(out, str_buf(&sig));
	return 0;
}

int key_sign_digest(const struct key *k, enum signature_alg alg, const struct digest *d,
		    struct buf *out, struct err *e)
{
	unsigned char sig[SIGNATURE_MAX];
	size_t n = sizeof sig;
	int r = can_sign(k, alg, e);
	if (r < 0)
		return r;
	if (alg == SIGNATURE_ED25519 || d->alg != alg_digest(alg))
		return err_set(e, ERR_UNSUPPORTED, "%s does not sign this kind of digest",
			       alg_name(alg));
	if (k->signer.sign)
		return sign_elsewhere(k, alg, (struct str){ (const char *)d->bytes, d->len }, d, out,
				      e);
	EVP_PKEY_CTX CLEANUP(cleanup_evp_ctx) *c = NULL;
	bool ok = alg == SIGNATURE_ED25519PH
			  ? ed25519ph_sign_evp(k, d, sig, &n)
			  : (c = EVP_PKEY_CTX_new_from_pkey(NULL, k->evp, NULL)) != NULL &&
				    EVP_PKEY_sign_init(c) == 1 && prepare(c, alg) &&
				    EVP_PKEY_sign(c, sig, &n, d->bytes, d->len) == 1;
	if (!ok)
		return ssl_err(e, ERR_INVALID, "signing failed");
	buf_add(out, sig, n);
	return 0;
}

int key_sign(const struct key *k, enum signature_alg alg, struct str message, struct buf *out,
	     struct err *e)
{
	unsigned char sig[ED25519_SIGNATURE];
	size_t n = sizeof sig;
	struct digest d;
	int r = can_sign(k, alg, e);
	if (r < 0)
		return r;
	if (alg != SIGNATURE_ED25519) {
		digest_of(alg_digest(alg), message, &d);
		return key_sign_digest(k, alg, &d, out, e);
	}
	if (k->signer.sign)
		return sign_elsewhere(k, alg, message, NULL, out, e);
	EVP_MD_CTX CLEANUP(cleanup_md_ctx) *c = EVP_MD_CTX_new();
	if (!c || EVP_DigestSignInit(c, NULL, NULL, NULL, k->evp) != 1 ||
	    EVP_DigestSign(c, sig, &n, (const unsigned char *)(message.n ? message.p : ""),
			   message.n) != 1)
		return ssl_err(e, ERR_INVALID, "signing failed");
	buf_add(out, sig, n);
	return 0;
}
