/* The files of a log: names, tiles, entry bundles, and the right edge of the tree that a writer carries along. */
#ifndef LAZARET_TRUST_TLOG_TILES_H
#define LAZARET_TRUST_TLOG_TILES_H

#include "trust/tlog.h"

enum {
	TLOG_LEVELS = 8, /* 256^8 entries */
	TLOG_ENTRIES = TLOG_LEVELS, /* in place of a level: entry bundles */
	TLOG_BUNDLE_MAX = TLOG_TILE * (2 + TLOG_ENTRY_MAX),
};
/* "tile/0/x001/234", with width below 256 "tile/0/x001/234.p/W". */
void tlog_tile_path(unsigned level, uint64_t index, unsigned width, struct buf *out);
/* The first `width` hashes of a tile: from the partial tile, or from the full one that replaced it. */
int tlog_read_tile(int dir, unsigned level, uint64_t index, unsigned width, struct merkle_hash *out,
		   struct err *e);
/* The bundle with at least `width` entries (unless it was altered). */
int tlog_read_bundle(int dir, uint64_t index, unsigned width, struct buf *out, struct err *e);
/* Cuts an entry off: 1, 0 at the end, ERR_INVALID for a length beyond the end. */
int tlog_bundle_next(struct str *rest, struct str *entry, struct err *e);
void tlog_bundle_add(struct buf *bundle, struct str entry);

/* Hash of a complete subtree of n leaves, a power of 2 up to 256. */
struct merkle_hash tlog_subtree(const struct merkle_hash *v, size_t n);
/* Widths of level l: how many hashes its last tile has in a tree of this size (0: it ends with a full one). */
unsigned tlog_width(uint64_t size, unsigned level);

struct tlog_edge { /* the last, partial tile of each level */
	struct merkle_hash v[TLOG_LEVELS][TLOG_TILE];
	unsigned n[TLOG_LEVELS];
	uint64_t index[TLOG_LEVELS];
};
/* Once n[level] is TLOG_TILE: the tile's own hash, for the level above; the level goes on with the next tile. */
struct merkle_hash tlog_edge_carry(struct tlog_edge *t, unsigned level);
/* Of the tree; of no leaves it is the hash of nothing. */
struct merkle_hash tlog_edge_root(const struct tlog_edge *t);

/* The handle. */
enum { TLOG_CACHED = 2 }; /* tiles a level that a proof comes back to */
struct tlog_cached {
	uint64_t index;
	unsigned width; /* 0: empty */
	struct merkle_hash v[TLOG_TILE];
};
struct tlog {
	int dir, lock; /* lock -1: a reader */
	char *path; /* for messages */
	const struct key *key; /* of a writer */
	struct buf note;
	struct checkpoint point; /* borrows from note */
	struct tlog_cached cache[TLOG_LEVELS][TLOG_CACHED];
	unsigned turn[TLOG_LEVELS];
	struct tlog_edge *edge; /* of a writer, as is what follows */
	struct buf bundle; /* the entries of the last, partial bundle */
	bool stale; /* an append failed: edge and bundle are to be read anew */
};
/* Parses and checks a checkpoint's note; the parsed one borrows from it. */
int tlog_check_note(struct str note, const struct note_verifier *who, struct checkpoint *out,
		    struct err *e);
/* Publishes what a writer left under its other name, if that is whole and newer; part of opening a writer. */
int tlog_recover(struct tlog *t, const struct note_verifier *who, struct err *e);
/* Puts a checkpoint in place: durable before it can be seen. */
int tlog_publish(int dir, struct str note, struct err *e);
/* Reads edge and last bundle of the checkpoint, and holds them against its root. */
int tlog_load_edge(struct tlog *t, struct err *e);

#endif
