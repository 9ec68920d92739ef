/* What a certificate holds, for the files that judge it; everybody else goes by x509.h. */
#ifndef LAZARET_TRUST_X509_CERT_H
#define LAZARET_TRUST_X509_CERT_H

#include "trust/x509.h"

/* Strings are borrowed from der. */
struct cert {
	struct buf der;
	struct digest digest;
	struct str tbs, signature;      /* what is signed, and by what */
	enum signature_alg alg;         /* SIGNATURE_NONE: not accepted */
	const char *hash;               /* cert_signature_hash */
	struct cert_fields fields;
	int64_t not_before, not_after;
	struct key *key;                /* NULL: of a kind that key.h does not know */
	struct str extensions;          /* DER values in a row */
	struct str eku;                 /* OBJECT IDENTIFIERs in a row; empty: none */
	struct str constraints;         /* value of nameConstraints; empty: none */
	struct str key_id, issuer_key_id, issuer_serial;        /* contents; empty: not there */
	bool unknown_critical;          /* an extension that we do not apply says that it must be */
	bool has_usage, has_basic, is_ca;
	unsigned usage;                 /* bits as in cert_key_usage */
	int path_len;                   /* -1: none */
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
bool cert_self_issued(const struct cert *c);
/* May an authority with these name constraints give the certificate its names? */
bool cert_names_allowed(const struct cert *c, const struct cert *ca);
/* One line for people: the subject, or the serial number when it has none. */
struct str cert_shown(const struct cert *c, struct arena *a);

#endif
