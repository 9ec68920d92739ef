/* PKCS#1, SEC 1 and password-encrypted PKCS#8 private keys, by OpenSSL. A hostile file may carry bytes behind the key, ask for
 * billions of rounds, or name a scheme of the nineties: refused before anything is derived. scrypt inside PBES2 is not
 * supported, nor are the schemes of PKCS#5 version 1 and PKCS#12. */
#include "trust/openssl.h"

#include "trust/key_private.h"

static int write_pkcs8(PKCS8_PRIV_KEY_INFO *info, struct buf *out, struct err *e)
{
	unsigned char *der = NULL;
	int n = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : -1;
	PKCS8_PRIV_KEY_INFO_free(info);
	ERR_clear_error();
	if (n <= 0)
		return err_set(e, ERR_INVALID, "the private key cannot be written as PKCS#8");
	buf_add(out, der, (size_t)n);
	OPENSSL_clear_free(der, (size_t)n);
	return 0;
}

static int from_traditional(int type, const char *name, struct str der, struct buf *out,
			    struct err *e)
{
	const unsigned char *p = (const unsigned char *)der.p;
	if (der.n > KEY_DER_MAX)
		return err_set(e, ERR_LIMIT, "a private key of %zu bytes", der.n);
	EVP_PKEY *evp = d2i_PrivateKey(type, NULL, &p, (long)der.n);
	bool whole = evp && p == (const unsigned char *)der.p + der.n &&
		     EVP_PKEY_get_base_id(evp) == type;
	PKCS8_PRIV_KEY_INFO *info = whole ? EVP_PKEY2PKCS8(evp) : NULL;
	EVP_PKEY_free(evp);
	ERR_clear_error();
	if (!info)
		return err_set(e, ERR_INVALID, "this is no %s private key", name);
	return write_pkcs8(info, out, e);
}

int pkcs8_of_pkcs1(struct str der, struct buf *out, struct err *e)
{
	return from_traditional(EVP_PKEY_RSA, "RSA (PKCS#1)", der, out, e);
}

int pkcs8_of_sec1(struct str der, struct buf *out, struct err *e)
{
	return from_traditional(EVP_PKEY_EC, "EC (SEC 1)", der, out, e);
}

/* What is derived is known before it is: PBES2 with PBKDF2 of a bounded number of rounds. */
static int scheme_ok(const X509_SIG *sig, struct err *e)
{
	const X509_ALGOR *alg = NULL;
	const ASN1_OBJECT *oid = NULL;
	const void *value = NULL;
	int type = 0;
	uint64_t rounds = 0;
	X509_SIG_get0(sig, &alg, NULL);
	X509_ALGOR_get0(&oid, &type, &value, alg);
	PBE2PARAM *pbes2 =
		OBJ_obj2nid(oid) == NID_pbes2 && type == V_ASN1_SEQUENCE
			? ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), alg->parameter)
			: NULL;
	PBKDF2PARAM *kdf = pbes2 && OBJ_obj2nid(pbes2->keyfunc->algorithm) == NID_id_pbkdf2
				   ? ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM),
							       pbes2->keyfunc->parameter)
				   : NULL;
	bool known = kdf && ASN1_INTEGER_get_uint64(&rounds, kdf->iter) == 1;
	PBKDF2PARAM_free(kdf);
	PBE2PARAM_free(pbes2);
	ERR_clear_error();
	if (!known)
		return err_set(e, ERR_UNSUPPORTED,
			       "the private key is encrypted by other than PBES2 with PBKDF2");
	if (rounds == 0 || rounds > PBKDF2_ROUNDS_MAX)
		return err_set(e, ERR_LIMIT,
			       "the private key wants %llu rounds of PBKDF2, at most %d",
			       (unsigned long long)rounds, PBKDF2_ROUNDS_MAX);
	return 0;
}

int pkcs8_decrypt(struct str der, struct str password, struct buf *out, struct err *e)
{
	const unsigned char *p = (const unsigned char *)der.p;
	if (der.n > KEY_DER_MAX)
		return err_set(e, ERR_LIMIT, "a private key of %zu bytes", der.n);
	X509_SIG *sig = d2i_X509_SIG(NULL, &p, (long)der.n);
	if (!sig || p != (const unsigned char *)der.p + der.n) {
		X509_SIG_free(sig);
		ERR_clear_error();
		return err_set(e, ERR_INVALID, "this is no encrypted private key (PKCS#8)");
	}
	int r = scheme_ok(sig, e);
	PKCS8_PRIV_KEY_INFO *info =
		r < 0 ? NULL : PKCS8_decrypt(sig, password.n ? password.p : "", (int)password.n);
	X509_SIG_free(sig);
	ERR_clear_error();
	if (r < 0)
		return r;
	if (!info)
		return err_set(e, ERR_AUTH,
			       "the password is not that of this key (or the file is damaged)");
	return write_pkcs8(info, out, e);
}
