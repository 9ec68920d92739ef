/* Certificates made here: for tests and for keys that nobody else certifies. */
#ifndef LAZARET_TRUST_X509_MAKE_H
#define LAZARET_TRUST_X509_MAKE_H

#include "trust/x509.h"

enum { COMMON_NAME_MAX = 64 };

struct cert_plan {
	const struct name_part *subject; /* types as "C", "ST", "L", "O", "CN" */
	size_t n_subject;
	const struct key *key; /* that the certificate is of */
	const struct cert *issuer; /* NULL: itself */
	const struct key *issuer_key; /* its private key; `key` when issuer is NULL */
	bool ca; /* may sign certificates, `path_len` CAs below (-1: any); else signs code */
	int path_len;
	int64_t not_before, not_after; /* Unix seconds */
};
/* A certificate as the Notary Project wants it (version 3, key usages critical, a hash as strong as the key). ERR_UNSUPPORTED:
 * the issuer's key is in a token. */
int cert_make(const struct cert_plan *p, struct cert **out, struct err *e);
/* The certificate in PEM. */
void cert_pem(const struct cert *c, struct buf *out);

#endif
