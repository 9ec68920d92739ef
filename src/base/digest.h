/* Content digests as the OCI image specification writes them: "sha256:" or "sha512:" and lower-case hex. */
#ifndef LAZARET_BASE_DIGEST_H
#define LAZARET_BASE_DIGEST_H

#include "base/err.h"
#include "base/str.h"

enum digest_alg { DIGEST_NONE, DIGEST_SHA256, DIGEST_SHA512, DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA384 };
struct digest {
	unsigned char alg, len, bytes[64];      /* enum digest_alg; len bytes count, the rest is zero */
};

enum { DIGEST_TEXT = 7 + 128 + 1 };             /* room for "sha512:" + hex + NUL */

/* "sha256:<64 hex>" or "sha512:<128 hex>", lower case only; ERR_INVALID for a broken one, ERR_UNSUPPORTED for an
 * algorithm we do not compute (md5 and sha1 identify files in package records, sha384 is of
 * signatures; they are never accepted here). */
int digest_parse(struct str s, struct digest *out, struct err *e);
/* Any algorithm, bare hex in either case (package databases). */
bool digest_from_hex(enum digest_alg alg, struct str hex, struct digest *out);
/* Writes "alg:hex" with NUL into text[DIGEST_TEXT]; returns text. */
const char *digest_text(const struct digest *d, char *text);
bool digest_eq(const struct digest *a, const struct digest *b);
void digest_of(enum digest_alg alg, struct str bytes, struct digest *out);

/* Incremental. hasher_end may be called once; hasher_close takes NULL. */
struct hasher;
struct hasher *hasher_open(unsigned char alg);
void hasher_add(struct hasher *h, const void *p, size_t n);
void hasher_end(struct hasher *h, struct digest *out);
void hasher_close(struct hasher *h);

#endif
