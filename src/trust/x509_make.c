/* Certificates (RFC 5280) as the Notary Project's certificate requirements want them: a CA has critical basicConstraints and
 * keyCertSign, a leaf digitalSignature alone and code signing as its extended usage. Nothing here reads input but names,
 * which OpenSSL bounds. Serial numbers are 127 random bits. */
#include "trust/openssl.h"
#include "trust/pem.h"
#include "trust/x509_make.h"

enum { SERIAL_BITS = 127 };

static void cleanup_x509(X509 **x)
{
	X509_free(*x);
}

static int make_err(struct err *e, int code, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	ERR_clear_error();
	return err_set(e, code, "make a certificate: %s%s%s", what, reason ? ": " : "",
		       reason ? reason : "");
}

static bool set_serial(X509 *x)
{
	BIGNUM *n = BN_new();
	bool ok = n && BN_rand(n, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
		  BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL;
	BN_free(n);
	return ok;
}

static bool set_subject(X509 *x, const struct cert_plan *p)
{
	X509_NAME *name = X509_get_subject_name(x);
	for (size_t i = 0; i < p->n_subject; i++) {
		struct str type = p->subject[i].type, value = p->subject[i].value;
		char field[32];
		if (type.n >= sizeof field || value.n > COMMON_NAME_MAX)
			return false;
		snprintf(field, sizeof field, "%.*s", STR(type));
		if (X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
					       (const unsigned char *)value.p, (int)value.n, -1,
					       0) != 1)
			return false;
	}
	return true;
}

static bool add_extension(X509 *x, X509V3_CTX *ctx, int nid, const char *value)
{
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, ctx, nid, value);
	bool ok = ext && X509_add_ext(x, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	return ok;
}

static bool set_extensions(X509 *x, X509 *issuer, const struct cert_plan *p)
{
	X509V3_CTX ctx;
	char constraints[64] = "critical,CA:FALSE";
	if (p->ca && p->path_len >= 0)
		snprintf(constraints, sizeof constraints, "critical,CA:TRUE,pathlen:%d",
			 p->path_len);
	else if (p->ca)
		snprintf(constraints, sizeof constraints, "critical,CA:TRUE");
	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	return add_extension(x, &ctx, NID_basic_constraints, constraints) &&
	       add_extension(x, &ctx, NID_key_usage,
			     p->ca ? "critical,keyCertSign,cRLSign"
				   : "critical,digitalSignature") &&
	       (p->ca || add_extension(x, &ctx, NID_ext_key_usage, "codeSigning")) &&
	       add_extension(x, &ctx, NID_subject_key_identifier, "hash") &&
	       add_extension(x, &ctx, NID_authority_key_identifier, "keyid:always");
}

/* As strong as the key: what the Notary Project's algorithms pair. */
static const EVP_MD *hash_for(const struct key *k)
{
	unsigned bits = key_bits(k);
	switch (key_type(k)) {
	case KEY_ED25519:
		return NULL;
	case KEY_ECDSA:
		return bits == 256 ? EVP_sha256() : bits == 384 ? EVP_sha384() : EVP_sha512();
	case KEY_RSA:
		break;
	}
	return bits < 3072 ? EVP_sha256() : bits < 4096 ? EVP_sha384() : EVP_sha512();
}

int cert_make(const struct cert_plan *p, struct cert **out, struct err *e)
{
	X509 CLEANUP(cleanup_x509) *x = X509_new();
	X509 CLEANUP(cleanup_x509) *above = p->issuer ? cert_x509(p->issuer) : NULL;
	X509 *issuer = p->issuer ? above : x;
	const struct key *signer = p->issuer ? p->issuer_key : p->key;
	if (!key_is_private(signer))
		return err_set(e, ERR_UNSUPPORTED,
			       "a certificate is signed with a private key, this is a public one");
	if (!x || !issuer || X509_set_version(x, X509_VERSION_3) != 1 || !set_serial(x) ||
	    !ASN1_TIME_set(X509_getm_notBefore(x), (time_t)p->not_before) ||
	    !ASN1_TIME_set(X509_getm_notAfter(x), (time_t)p->not_after) ||
	    X509_set_pubkey(x, key_evp(p->key)) != 1)
		return make_err(e, ERR_INVALID, "its fields cannot be set");
	if (!set_subject(x, p) || X509_set_issuer_name(x, X509_get_subject_name(issuer)) != 1)
		return make_err(e, ERR_INVALID, "its names cannot be set");
	if (!set_extensions(x, issuer, p))
		return make_err(e, ERR_INVALID, "its extensions cannot be set");
	if (X509_sign(x, key_evp(signer), hash_for(signer)) == 0)
		return make_err(e, ERR_UNSUPPORTED, "the issuer's key cannot sign it");
	return cert_from_x509(x, out, e);
}

void cert_pem(const struct cert *c, struct buf *out)
{
	pem_write(S("CERTIFICATE"), cert_der(c), out);
}
