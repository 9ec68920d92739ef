/* What a certificate holds, for the files that judge it; everybody else goes by x509.h. */
#ifndef LAZARET_TRUST_X509_CERT_H
#define LAZARET_TRUST_X509_CERT_H

struct cert {
	X509 *x;
	EVP_PKEY *evp; /* the same as key's; NULL with it */
	struct key *key; /* NULL: of a kind that key.h does not know */
	struct buf der;
	struct cert_fields fields;
	struct digest digest;
	int64_t not_before, not_after;
	EXTENDED_KEY_USAGE *eku; /* NULL: none */
	NAME_CONSTRAINTS *constraints; /* NULL: none */
	bool unknown_critical; /* an extension that we do not apply says that it must be */
	bool has_usage, is_ca;
	unsigned usage; /* bits as in cert_key_usage */
	int path_len; /* -1: none */
	const char *hash; /* cert_signature_hash */
};
enum {
	USAGE_DIGITAL_SIGNATURE = 1 << 0,
	USAGE_NON_REPUDIATION = 1 << 1,
	USAGE_CERT_SIGN = 1 << 5,
	USAGE_CRL_SIGN = 1 << 6
};

/* Names and key identifiers fit; nothing is said of the signature. */
bool cert_names_issuer(const struct cert *c, const struct cert *issuer);
/* The signature alone. Pairs that held are remembered in the cache (may be NULL). */
bool cert_signed_by(const struct cert *c, const struct cert *issuer, struct chain_cache *cache);
bool cert_has_eku(const struct cert *c, const char *oid);
bool cert_valid_at(const struct cert *c, int64_t at);
/* One line for people: the subject, or the serial number when it has none. */
struct str cert_shown(const struct cert *c, struct arena *a);
/* False for a time that is no such. */
bool asn1_seconds(const ASN1_TIME *t, int64_t *out);

#endif
