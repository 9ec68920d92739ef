/* A transparency log as files (c2sp.org/tlog-tiles): a signed checkpoint, tiles of Merkle tree hashes, bundles of
 * entries. A folder that any static web server can serve:
 *
 *   checkpoint                signed note: origin, size, root
 *   tile/L/N, tile/L/N.p/W    256 (W) hashes of level L
 *   tile/entries/N, N.p/W     256 (W) entries, each behind its length in 2 bytes
 *
 * An append is durable when it returns. A crash or a full disk at any moment leaves the last checkpoint and
 * everything under it as they were; what a failed append wrote beyond it is ignored and written over by the next
 * one. No two checkpoints are ever seen that do not continue one another, not even when power fails: a checkpoint
 * is durable under another name before it is published, and the next writer publishes it if that did not happen.
 *
 * Readers take no lock. Writers exclude each other. A handle belongs to one thread at a time. */
#ifndef LAZARET_TRUST_TLOG_H
#define LAZARET_TRUST_TLOG_H

#include "trust/note.h"

enum { TLOG_ENTRY_MAX = 65535, TLOG_TILE = 256, TLOG_FINDINGS_MAX = 100 };

struct tlog;
/* Makes a log of no entries in `dir`, which may be there but holds no log (else ERR_CONFLICT). The key is a private
 * Ed25519 key, the origin its name too (note_name_valid). */
int tlog_create(struct str dir, struct str origin, const struct key *key, struct err *e);
/* To read. `who` signed the checkpoint, under the origin as name: ERR_INVALID when that does not hold; NULL: not
 * looked at, which the caller says. ERR_NOT_FOUND: no log. */
int tlog_open(struct str dir, const struct note_verifier *who, struct tlog **out, struct err *e);
/* To append. Waits for another writer, then ERR_CONFLICT. The key (borrowed) must be the one that signed the
 * checkpoint. */
int tlog_open_writer(struct str dir, const struct key *key, unsigned wait_seconds,
		     struct tlog **out, struct err *e);
void tlog_close(struct tlog *t);
void cleanup_tlog(struct tlog **t);
/* Reads the checkpoint anew; ERR_INVALID when it went back. */
int tlog_refresh(struct tlog *t, const struct note_verifier *who, struct err *e);

/* Of the checkpoint that the handle has; valid until an append or a refresh. */
struct str tlog_origin(const struct tlog *t);
uint64_t tlog_size(const struct tlog *t);
struct merkle_hash tlog_root(const struct tlog *t);
struct str tlog_checkpoint(const struct tlog *t); /* the signed note */

/* A batch becomes visible and durable as one: *first is the index of v[0]. ERR_LIMIT for an entry beyond
 * TLOG_ENTRY_MAX: then nothing was written. After a failure the handle can be used again; whether the batch is in,
 * the size tells. */
int tlog_append(struct tlog *t, const struct str *v, size_t n, uint64_t *first, struct err *e);
/* Puts cosignatures on the checkpoint: `note` is it with more lines, which are added to those that are there.
 * ERR_CONFLICT when the checkpoint is another one by now. */
int tlog_add_signatures(struct tlog *t, struct str note, struct err *e);

struct merkle_proof {
	struct merkle_hash v[MERKLE_PROOF_MAX];
	size_t n;
};
/* The entry's bytes; ERR_INVALID when they are not what was logged. */
int tlog_read_entry(struct tlog *t, uint64_t index, struct buf *out, struct err *e);
/* The first entry from `from` on with this leaf hash; reads 32 bytes an entry. ERR_NOT_FOUND. */
int tlog_find(struct tlog *t, const struct merkle_hash *leaf, uint64_t from, uint64_t *index,
	      struct err *e);
/* Under the checkpoint. Reads a few tiles a level; what is returned was checked against the root (ERR_INVALID). */
int tlog_prove_inclusion(struct tlog *t, uint64_t index, struct merkle_proof *out, struct err *e);
/* From an older size (1 to size). */
int tlog_prove_consistency(struct tlog *t, uint64_t old_size, struct merkle_proof *out,
			   struct err *e);
/* Reads every entry, computes every tile and the root. An answer (answer.h): 1, or 0 with what was found, at most
 * TLOG_FINDINGS_MAX lines that name entries and files; ERR_IO when a file could not be read. */
int tlog_verify(struct tlog *t, struct arena *a, struct strs *findings, struct err *e);

/* Proofs in the text form of c2sp.org/tlog-proof: index, hashes and checkpoint. */
struct tlog_proof {
	uint64_t index;
	struct merkle_proof hashes;
	struct str note; /* borrowed */
};
void tlog_proof_write(const struct tlog_proof *p, struct buf *out);
int tlog_proof_parse(struct str text, struct tlog_proof *out, struct err *e);
/* Is this entry in the log that `who` signs? And have all these witnesses cosigned? An answer. */
int tlog_proof_verify(const struct tlog_proof *p, struct str entry, const struct note_verifier *who,
		      const struct note_verifier *witnesses, size_t n_witnesses, struct err *e);

#endif
