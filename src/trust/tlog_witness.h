/* A witness of logs (c2sp.org/tlog-witness, tlog-cosignature): it remembers the last size and root of each log it
 * was shown, and cosigns a checkpoint only when that continues what it saw. Its memory is a text file, one log a
 * line:
 *
 *   SIZE ROOT ORIGIN
 *
 * It is written and synced before a cosignature leaves, and never goes back. */
#ifndef LAZARET_TRUST_TLOG_WITNESS_H
#define LAZARET_TRUST_TLOG_WITNESS_H

#include "trust/tlog.h"

enum { WITNESS_STATE_MAX = 16 << 20 };

struct witness {
	struct str state; /* path; made when it is not there */
	struct str name; /* of the witness: note_name_valid */
	const struct key *key; /* private, Ed25519 */
	int64_t now; /* Unix seconds */
};
/* The size last seen of a log; 0: none. */
int witness_size(const struct witness *w, struct str origin, uint64_t *size, struct err *e);
/* Judges a checkpoint; `proof` is from the size last seen (nothing when that is 0 or the same). 1: `out` has the
 * checkpoint with one more line. 0: refused, e says why. Negative: the memory could not be read or written. */
int witness_cosign(const struct witness *w, struct str note, const struct note_verifier *log,
		   const struct merkle_proof *proof, struct buf *out, struct err *e);

#endif
