/* OpenPGP signatures, checked by the gpgv program. */
#ifndef LAZARET_VULN_GPGV_H
#define LAZARET_VULN_GPGV_H

#include "base/arena.h"
#include "base/err.h"

enum {
	GPGV_KEYRINGS_MAX = 64,
	GPGV_KEYRING_BYTES = 16 << 20, /* of one keyring */
	GPGV_DOCUMENT_BYTES = 32 << 20,
	GPGV_STATUS_BYTES = 1 << 20,
	GPGV_SECONDS = 120,
};

struct gpgv_keys {
	struct strs keyrings; /* files, binary or armored */
	struct str key; /* an armored key as text; empty: none */
	struct strs
		fingerprints; /* when not empty, only signatures of these keys count; upper-case hex */
};

/* Checks a clear-signed document, or a document with a detached signature (when `detached` is not empty), against the keys
 * and nothing else. *plain: the signed bytes only, in `a`. ERR_INVALID unless there is a good signature by a valid key with
 * a sound digest and none that is bad; ERR_NOT_FOUND when gpgv or every keyring is missing. */
int gpgv_verify(struct arena *a, const struct gpgv_keys *keys, struct str document,
		struct str detached, struct str *plain, struct err *e);

/* The binary key material in armored text (RFC 4880, section 6); several blocks are put together. False when broken. */
bool gpgv_dearmor(struct str text, struct buf *out);
/* Judges the lines that gpgv wrote to its status descriptor. 0, or ERR_INVALID with why. */
int gpgv_judge(struct str status, const struct strs *fingerprints, bool clear_signed,
	       struct err *e);

#endif
