/* The encrypted text in cosign's private key files: JSON that names scrypt, its parameters, and NaCl's secretbox. Reading
 * and deriving are apart, so that what a file says is judged before a second of work is done for it. */
#ifndef LAZARET_TRUST_KEY_SECRETBOX_H
#define LAZARET_TRUST_KEY_SECRETBOX_H

#include "base/err.h"
#include "base/str.h"

enum {
	SEALED_MAX = 32 * 1024,
	SEALED_SALT_MIN = 16,
	SEALED_SALT_MAX = 64,
	SEALED_NONCE = 24,
	SEALED_TAG = 16
};

struct sealed { /* free with sealed_done */
	uint64_t n; /* scrypt's N; r is 8, p is 1 */
	struct buf salt, nonce, ciphertext;
};
/* ERR_INVALID for another shape, ERR_UNSUPPORTED for other algorithms and for parameters that are none of the three which
 * cosign knows (N 32768, 65536, 131072), ERR_LIMIT beyond SEALED_MAX. */
int sealed_parse(struct str json, struct sealed *out, struct err *e);
void sealed_done(struct sealed *s);
/* Appends the plain bytes; wipe them. ERR_AUTH: not this password, or the file is damaged. Takes 32 to 128 MiB. */
int sealed_open(const struct sealed *s, struct str password, struct buf *out, struct err *e);
/* Appends the JSON, made with a fresh salt and nonce and N 65536. */
int sealed_make(struct str plain, struct str password, struct buf *out, struct err *e);

#endif
