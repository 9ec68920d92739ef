/* A client of The Update Framework (theupdateframework.github.io/specification, section 5; version 1.0): how trust
 * roots come from a mirror that nobody has to trust. The cache is a folder:
 *
 *   root.json timestamp.json snapshot.json targets.json    metadata, verified before it is written
 *   delegated/ROLE.json                                    the same of delegated roles (names percent-encoded)
 *   targets/NAME                                           files, verified (names percent-encoded)
 *   mirror                                                 where they come from
 *
 * Everything hangs on the root that tuf_init was given. The clock is the caller's. */
#ifndef LAZARET_TRUST_TUF_H
#define LAZARET_TRUST_TUF_H

#include "base/json.h"
#include "base/arena.h"
#include "trust/key.h"

enum {
	TUF_ROOT_MAX = 512000,
	TUF_TIMESTAMP_MAX = 16384,
	TUF_SNAPSHOT_MAX = 2000000,
	TUF_TARGETS_MAX = JSON_TREE_MAX,
	TUF_TARGET_MAX = 64 << 20,
	TUF_ROTATIONS_MAX = 256, /* roots behind one another in one update */
	TUF_DELEGATIONS_MAX = 32, /* delegated roles looked at for one target */
	TUF_NAME_MAX = 200, /* bytes of a role's or target's name */
};

/* Files of a mirror by name: "15.root.json", "targets/HEX.trusted_root.json" (each piece percent-encoded where it
 * must be). */
struct tuf_mirror {
	/* At most max bytes into out: ERR_NOT_FOUND, ERR_LIMIT, or another code. */
	int (*get)(void *ctx, const char *name, size_t max, struct buf *out, struct err *e);
	void *ctx;
};
/* The root to begin with: checked against itself (signatures by its own keys), not against the clock. What the
 * folder held is forgotten. */
int tuf_init(struct str dir, struct str root, struct str mirror, struct err *e);
/* The mirror that init was told. ERR_NOT_FOUND: there was no init. */
int tuf_mirror(struct str dir, struct buf *out, struct err *e);

struct tuf;
/* The update workflow: root rotations, timestamp, snapshot, targets; what is verified is written to the folder.
 * Without a mirror (NULL) what the folder holds is verified. ERR_INVALID when something does not hold: signatures,
 * versions that go back, expiry, hashes, sizes. */
int tuf_update(struct str dir, const struct tuf_mirror *m, int64_t now, struct tuf **out,
	       struct err *e);
/* The same without mirror and without a clock: whatever was last verified. */
int tuf_open_cached(struct str dir, struct tuf **out, struct err *e);
void tuf_close(struct tuf *t);
void cleanup_tuf(struct tuf **t);

struct tuf_role {
	const char *name; /* "root", "timestamp", "snapshot", "targets" */
	uint64_t version;
	int64_t expires;
	unsigned threshold;
	size_t n_keys;
};
/* The four roles, in this order; returns 4. */
size_t tuf_roles(const struct tuf *t, struct tuf_role out[4]);
/* Names of the files that the targets role itself lists, in its order. */
void tuf_names(const struct tuf *t, struct arena *a, struct strs *out);
/* A file, by the targets role or whom it delegates to: from the folder when it holds the right one, else from the
 * mirror. ERR_NOT_FOUND: nobody who may has signed such a name, or it is not in the folder and there is no mirror. */
int tuf_target(struct tuf *t, struct str name, struct buf *out, struct err *e);

/* Path of the verified "trusted_root.json" (or another name) in the folder; its bytes are held against the metadata
 * there once more. ERR_NOT_FOUND with what to do. */
int trust_cached_root(struct str dir, struct str name, struct arena *a, struct str *path,
		      struct err *e);

#endif
