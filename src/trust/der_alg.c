/* Algorithm identifiers (RFC 5280, section 4.1.1.2) to those of key.h and digest.h; see there for what is missing. Of
 * the parameters of PSS the hash is taken: whoever verifies has one hash for all and a salt of its length, or finds no
 * signature. */
#include "trust/der_alg.h"

#define OID_SHA2 "\x60\x86\x48\x01\x65\x03\x04\x02"
#define OID_PKCS1 "\x2a\x86\x48\x86\xf7\x0d\x01\x01"
#define OID_ECDSA_SHA2 "\x2a\x86\x48\xce\x3d\x04\x03"

static const struct {
	struct str oid;
	enum digest_alg alg;
} digests[] = {
	{ S(OID_SHA2 "\x01"), DIGEST_SHA256 },
	{ S(OID_SHA2 "\x02"), DIGEST_SHA384 },
	{ S(OID_SHA2 "\x03"), DIGEST_SHA512 },
};

static const struct {
	struct str oid;
	enum digest_alg hash;
	enum signature_alg alg;
	bool open; /* the identifier does not say the hash */
} signatures[] = {
	{ S(OID_PKCS1 "\x01"), DIGEST_SHA256, SIGNATURE_RSA_SHA256, true },
	{ S(OID_PKCS1 "\x01"), DIGEST_SHA384, SIGNATURE_RSA_SHA384, true },
	{ S(OID_PKCS1 "\x01"), DIGEST_SHA512, SIGNATURE_RSA_SHA512, true },
	{ S(OID_PKCS1 "\x0a"), DIGEST_SHA256, SIGNATURE_PSS_SHA256, true },
	{ S(OID_PKCS1 "\x0a"), DIGEST_SHA384, SIGNATURE_PSS_SHA384, true },
	{ S(OID_PKCS1 "\x0a"), DIGEST_SHA512, SIGNATURE_PSS_SHA512, true },
	{ S(OID_PKCS1 "\x0b"), DIGEST_SHA256, SIGNATURE_RSA_SHA256 },
	{ S(OID_PKCS1 "\x0c"), DIGEST_SHA384, SIGNATURE_RSA_SHA384 },
	{ S(OID_PKCS1 "\x0d"), DIGEST_SHA512, SIGNATURE_RSA_SHA512 },
	{ S(OID_ECDSA_SHA2 "\x02"), DIGEST_SHA256, SIGNATURE_ECDSA_SHA256 },
	{ S(OID_ECDSA_SHA2 "\x03"), DIGEST_SHA384, SIGNATURE_ECDSA_SHA384 },
	{ S(OID_ECDSA_SHA2 "\x04"), DIGEST_SHA512, SIGNATURE_ECDSA_SHA512 },
	{ S("\x2b\x65\x70"), DIGEST_SHA512, SIGNATURE_ED25519 },
};

struct str der_digest_oid(enum digest_alg alg)
{
	for (size_t i = 0; i < COUNT(digests); i++)
		if (digests[i].alg == alg)
			return digests[i].oid;
	return (struct str){ 0 };
}

bool der_take_digest_alg(struct str *in, enum digest_alg *out)
{
	struct str inside, oid, empty;
	if (!der_take(in, DER_SEQUENCE, &inside) || !der_take(&inside, DER_OID, &oid))
		return false;
	if (inside.n > 0 && (!der_take(&inside, DER_NULL, &empty) || empty.n != 0 || inside.n != 0))
		return false;
	*out = DIGEST_NONE;
	for (size_t i = 0; i < COUNT(digests); i++)
		if (str_eq(oid, digests[i].oid))
			*out = digests[i].alg;
	return true;
}

bool der_take_signature_alg(struct str *in, enum digest_alg digest, enum signature_alg *out)
{
	struct str inside, oid, params, hash;
	if (!der_take(in, DER_SEQUENCE, &inside) || !der_take(&inside, DER_OID, &oid))
		return false;
	if (digest == DIGEST_NONE && str_eq(oid, S(OID_PKCS1 "\x0a")) &&
	    der_take(&inside, DER_SEQUENCE, &params) && der_take(&params, 0xa0, &hash) &&
	    !der_take_digest_alg(&hash, &digest))
		return false;
	*out = SIGNATURE_NONE;
	for (size_t i = 0; i < COUNT(signatures); i++)
		if (str_eq(oid, signatures[i].oid) &&
		    (digest == signatures[i].hash ||
		     (digest == DIGEST_NONE && !signatures[i].open)))
			*out = signatures[i].alg;
	return true;
}
