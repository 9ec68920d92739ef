/* What the commands of blobs share: the blob, as a file, standard input or digest, and the signature beside it. */
#ifndef LAZARET_CMD_BLOB_H
#define LAZARET_CMD_BLOB_H

#include "cmd/command.h"
#include "trust/sigstore.h"

#include <stdbool.h>

enum { BLOB_WHOLE_MAX = 128 << 20 };

/* WORD: a file, "-" for standard input, "sha256:HEX" where `digests` allows that. Streamed; `algs` is a set of
 * 1 << DIGEST_..., SHA-256 is always made. `whole`: its bytes are needed too (ERR_LIMIT beyond BLOB_WHOLE_MAX). */
struct blob_wants {
	unsigned algs;
	bool whole, digests;
};
int blob_read(struct arena *a, struct str word, const struct blob_wants *w,
	      struct signed_bytes *out, struct err *e);
/* All bytes of a file ("-": standard input), at most max, in the arena. */
int blob_file(struct arena *a, struct str path, size_t max, struct str *out, struct err *e);

/* The signature of --bundle, of --signature with --certificate and --rfc3161-timestamp, or of WORD.sigstore.json. ERR_INVALID:
 * it is no signature (a no); others: it could not be read. *usage_error where the options do not fit. */
int blob_bundle(const struct args *a, struct str word, bool is_dsse, struct sigstore_bundle **out,
		bool *usage_error, struct err *e);
/* Is --format text or json? Prints the usage error. */
bool blob_format_known(const struct args *a);
/* Prints the answer, as --format wants it, and returns the exit status. _refused: the signature could not be read: a no, or
 * a failure when it could not be got. */
int blob_answer(const struct args *a, struct str word, const struct digest *d,
		const struct proof *p);
int blob_refused(const struct args *a, struct str word, const struct err *e);

#endif
