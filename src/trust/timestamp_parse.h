/* A time-stamp token taken apart, nothing verified; timestamp.h is for everybody else. */
#ifndef LAZARET_TRUST_TIMESTAMP_PARSE_H
#define LAZARET_TRUST_TIMESTAMP_PARSE_H

#include "trust/timestamp.h"

enum { TOKEN_SIGNERS_MAX = 8 };

/* A SignerInfo of RFC 5652, section 5.3. */
struct token_signer {
	struct str issuer, serial;      /* whole DER values; empty: named by key_id */
	struct str key_id;
	enum digest_alg digest;
	enum signature_alg alg;         /* SIGNATURE_NONE: one that is not known here */
	struct str attributes;          /* what follows tag and length of the signed attributes */
	struct str message_digest;      /* of those: the attribute of this name */
	struct digest certificate;      /* signing-certificate-v2; alg DIGEST_NONE: none, or a hash that is not accepted */
	struct str signature;
};
struct token {
	struct str whole;               /* the ContentInfo */
	struct str tst;                 /* TSTInfo, what is signed */
	struct str certificates;        /* DER values in a row */
	struct token_signer signers[TOKEN_SIGNERS_MAX];
	size_t n_signers;
	struct str nonce;               /* content of the INTEGER; empty: none */
	struct timestamp info;          /* time, accuracy, imprint, policy, serial */
};
/* A response or a bare token; strings are borrowed from der, but those of info: in `a`. ERR_INVALID, ERR_LIMIT. */
int token_parse(struct str der, struct arena *a, struct token *out, struct err *e);

#endif
