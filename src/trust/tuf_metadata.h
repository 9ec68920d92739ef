/* One file of TUF metadata: parsed once, verified against whoever may sign it. */
#ifndef LAZARET_TRUST_TUF_METADATA_H
#define LAZARET_TRUST_TUF_METADATA_H

#include "trust/tuf.h"

enum { TUF_KEYS_MAX = 256, TUF_SIGNATURES_MAX = 256 };

struct tuf_metadata {
	struct json *tree;
	const struct json *body; /* the `signed` member */
	struct buf bytes; /* as it came */
	uint64_t version;
	int64_t expires; /* Unix seconds */
	struct tuf_keys { /* of a root, or of the delegations of a targets role */
		struct tuf_key {
			struct str id; /* opaque */
			struct key *key;
			enum signature_alg alg;
		} v[TUF_KEYS_MAX];
		size_t n;
	} keys;
};
/* `type` is what `_type` must say. ERR_INVALID, ERR_UNSUPPORTED for another specification version. Keys of kinds
 * that we do not know are left out: they cannot count for a threshold. */
int tuf_metadata_parse(struct str bytes, const char *type, struct tuf_metadata **out,
		       struct err *e);
void tuf_metadata_close(struct tuf_metadata *m);
void cleanup_tuf_metadata(struct tuf_metadata **m);
/* Is it signed by `threshold` different keys of a role (an object with `keyids` and `threshold`), whose keys `by`
 * holds? 0, or ERR_INVALID with how many there are. */
int tuf_metadata_verify(const struct tuf_metadata *m, const struct tuf_metadata *by,
			const struct json *role, const char *name, struct err *e);
/* A top-level role of a root; never NULL for root, timestamp, snapshot and targets of a parsed one. */
const struct json *tuf_root_role(const struct tuf_metadata *root, const char *name);
/* Do two roots give a role to different keys? */
bool tuf_role_changed(const struct tuf_metadata *a, const struct tuf_metadata *b, const char *name);
/* Length and hashes of an entry that describes a file, where it says them; `must`: it has to. */
int tuf_check_file(struct str bytes, const struct json *entry, bool must, struct err *e);
/* "ROLE.json" in the `meta` of a timestamp or snapshot; ERR_INVALID when it is not there. */
int tuf_meta_entry(const struct tuf_metadata *m, struct str role, const struct json **entry,
		   uint64_t *version, struct err *e);

/* The state of one client. */
struct tuf {
	struct str dir;
	const struct tuf_mirror *mirror; /* NULL: the folder alone */
	int64_t now; /* INT64_MIN: no clock */
	int lock;
	struct tuf_metadata *root, *timestamp, *snapshot, *targets;
	struct tuf_delegated {
		struct str name;
		const struct tuf_metadata *parent;
		struct tuf_metadata *m;
	} * delegated;
	size_t n_delegated, cap_delegated;
	struct arena arena;
};
/* Percent-encodes what is no plain character of a path; '/' too unless kept. */
void tuf_quote(struct str s, bool keep_slash, struct buf *out);
/* A role's metadata that hangs on the snapshot (targets and delegated ones), from folder or mirror; signed for by
 * `by`. */
int tuf_load_targets(struct tuf *t, struct str role, const struct tuf_metadata *by,
		     const struct json *signers, struct tuf_metadata **out, struct err *e);
bool tuf_consistent(const struct tuf *t);

#endif
