/* Private keys that stay where they are: PKCS#11 tokens (OASIS PKCS#11 2.40) by their URI (RFC 7512). */
#ifndef LAZARET_TRUST_KEY_TOKEN_H
#define LAZARET_TRUST_KEY_TOKEN_H

#include "trust/key_file.h"

/* ERR_INVALID for a URI that is none, ERR_AUTH for a wrong PIN, ERR_NOT_FOUND for a token or key that is not there,
 * ERR_CONFLICT when several fit. With `is_private` the key signs; the token stays open as long as the key. */
int key_token_open(struct str uri, const struct password *p, bool is_private, struct key **out,
		   struct err *e);

/* Signs for a key whose private half is elsewhere. `input`: the message for SIGNATURE_ED25519, else the digest's bytes.
 * ECDSA comes back as DER. Called by several threads at once. */
struct key_signer {
	int (*sign)(void *ctx, enum signature_alg alg, struct str input, struct buf *out,
		    struct err *e);
	void (*close)(void *ctx);
	void *ctx;
};
/* `pub` becomes a private key that signs by `signer`; both are taken over. */
void key_set_signer(struct key *pub, const struct key_signer *signer);

#endif
