/* What signature algorithms are called and what they hash with; ECDSA signatures from DER (RFC 3279, section 2.2.3) to the two
 * numbers side by side (RFC 7518, section 3.4) and back. Only minimal DER passes: one form of a signature, not many. */
#include "trust/key.h"

#include "trust/der.h"

static const struct {
	const char *name;
	enum digest_alg digest;
} algs[] = {
	[SIGNATURE_NONE] = { "no algorithm", DIGEST_NONE },
	[SIGNATURE_ECDSA_SHA256] = { "ECDSA with SHA-256", DIGEST_SHA256 },
	[SIGNATURE_ECDSA_SHA384] = { "ECDSA with SHA-384", DIGEST_SHA384 },
	[SIGNATURE_ECDSA_SHA512] = { "ECDSA with SHA-512", DIGEST_SHA512 },
	[SIGNATURE_ED25519] = { "Ed25519", DIGEST_NONE },
	[SIGNATURE_ED25519PH] = { "Ed25519ph", DIGEST_SHA512 },
	[SIGNATURE_RSA_SHA256] = { "RSA PKCS#1 v1.5 with SHA-256", DIGEST_SHA256 },
	[SIGNATURE_RSA_SHA384] = { "RSA PKCS#1 v1.5 with SHA-384", DIGEST_SHA384 },
	[SIGNATURE_RSA_SHA512] = { "RSA PKCS#1 v1.5 with SHA-512", DIGEST_SHA512 },
	[SIGNATURE_PSS_SHA256] = { "RSA-PSS with SHA-256", DIGEST_SHA256 },
	[SIGNATURE_PSS_SHA384] = { "RSA-PSS with SHA-384", DIGEST_SHA384 },
	[SIGNATURE_PSS_SHA512] = { "RSA-PSS with SHA-512", DIGEST_SHA512 },
};

/* The names of protobuf-specs (sigstore_common.proto, PublicKeyDetails). Of several for one algorithm and size the
 * first is what we write. */
static const struct {
	const char *name;
	enum signature_alg alg;
	unsigned bits; /* of the key; 0: any */
} details[] = {
	{ "PKIX_ECDSA_P256_SHA_256", SIGNATURE_ECDSA_SHA256, 256 },
	{ "PKIX_ECDSA_P384_SHA_384", SIGNATURE_ECDSA_SHA384, 384 },
	{ "PKIX_ECDSA_P521_SHA_512", SIGNATURE_ECDSA_SHA512, 521 },
	{ "PKIX_ECDSA_P384_SHA_256", SIGNATURE_ECDSA_SHA256, 384 },
	{ "PKIX_ECDSA_P521_SHA_256", SIGNATURE_ECDSA_SHA256, 521 },
	{ "PKIX_ED25519", SIGNATURE_ED25519, 0 },
	{ "PKIX_ED25519_PH", SIGNATURE_ED25519PH, 0 },
	{ "PKIX_RSA_PKCS1V15_2048_SHA256", SIGNATURE_RSA_SHA256, 2048 },
	{ "PKIX_RSA_PKCS1V15_3072_SHA256", SIGNATURE_RSA_SHA256, 3072 },
	{ "PKIX_RSA_PKCS1V15_4096_SHA256", SIGNATURE_RSA_SHA256, 4096 },
	{ "PKIX_RSA_PSS_2048_SHA256", SIGNATURE_PSS_SHA256, 2048 },
	{ "PKIX_RSA_PSS_3072_SHA256", SIGNATURE_PSS_SHA256, 3072 },
	{ "PKIX_RSA_PSS_4096_SHA256", SIGNATURE_PSS_SHA256, 4096 },
	{ "PKIX_RSA_PKCS1V5", SIGNATURE_RSA_SHA256, 0 },
	{ "PKIX_RSA_PSS", SIGNATURE_PSS_SHA256, 0 },
	{ "PKCS1_RSA_PKCS1V5", SIGNATURE_RSA_SHA256, 0 },
	{ "PKCS1_RSA_PSS", SIGNATURE_PSS_SHA256, 0 },
};

enum digest_alg alg_digest(enum signature_alg alg)
{
	return algs[alg].digest;
}

const char *alg_name(enum signature_alg alg)
{
	return algs[alg].name;
}

enum signature_alg alg_from_details(struct str key_details)
{
	for (size_t i = 0; i < COUNT(details); i++)
		if (str_eq(key_details, str_of(details[i].name)))
			return details[i].alg;
	return SIGNATURE_NONE;
}

const char *alg_details(enum signature_alg alg, const struct key *k)
{
	for (size_t i = 0; i < COUNT(details); i++)
		if (details[i].alg == alg && (!details[i].bits || details[i].bits == key_bits(k)))
			return details[i].name;
	return "";
}

enum signature_alg key_default_alg(const struct key *k, bool dsse)
{
	switch (key_type(k)) {
	case KEY_ED25519:
		return dsse ? SIGNATURE_ED25519 : SIGNATURE_ED25519PH;
	case KEY_RSA:
		return SIGNATURE_RSA_SHA256;
	case KEY_ECDSA:
		break;
	}
	return key_bits(k) == 256   ? SIGNATURE_ECDSA_SHA256
	       : key_bits(k) == 384 ? SIGNATURE_ECDSA_SHA384
				    : SIGNATURE_ECDSA_SHA512;
}

/* A positive INTEGER that fits, without its leading zero. */
static bool der_number(struct str *in, size_t width, struct str *out)
{
	struct str v;
	if (!der_take(in, DER_INTEGER, &v) || v.n == 0 || (v.p[0] & 0x80))
		return false;
	if (v.p[0] == 0) {
		if (v.n == 1 || !(v.p[1] & 0x80))
			return false;
		v = str_from(v, 1);
	}
	*out = v;
	return v.n <= width;
}

static void add_padded(struct str v, size_t width, struct buf *out)
{
	for (size_t i = v.n; i < width; i++)
		buf_add_char(out, 0);
	buf_add_str(out, v);
}

static size_t width_of(unsigned bits)
{
	return bits == 256 || bits == 384 || bits == 521 ? (bits + 7) / 8 : 0;
}

bool ecdsa_to_raw(struct str der, unsigned bits, struct buf *out)
{
	size_t width = width_of(bits);
	struct str both, r, s;
	if (!width || !der_take(&der, DER_SEQUENCE, &both) || der.n ||
	    !der_number(&both, width, &r) || !der_number(&both, width, &s) || both.n)
		return false;
	add_padded(r, width, out);
	add_padded(s, width, out);
	return true;
}

bool ecdsa_from_raw(struct str raw, unsigned bits, struct buf *out)
{
	size_t width = width_of(bits);
	struct buf CLEANUP(buf_done) body = { 0 };
	if (!width || raw.n != 2 * width)
		return false;
	der_unsigned(&body, str_upto(raw, width));
	der_unsigned(&body, str_from(raw, width));
	der_header(out, DER_SEQUENCE, body.n);
	buf_add_str(out, str_buf(&body));
	return true;
}
