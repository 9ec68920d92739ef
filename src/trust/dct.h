/* Docker Content Trust (Notary v1, TUF with encodings of its own): what a repository's tags were signed to be, so
 * that its users can move on. Reads a folder as Docker keeps it (~/.docker/trust/tuf/HOST/REPOSITORY/metadata) or a
 * server's .../_trust/tuf. */
#ifndef LAZARET_TRUST_DCT_H
#define LAZARET_TRUST_DCT_H

#include "trust/tuf.h"

enum { DCT_ROLES_MAX = 64, DCT_FILE_MAX = JSON_TREE_MAX };

struct dct {
	struct dct_role {
		struct str name; /* "targets", "targets/releases" */
		uint64_t version;
		int64_t expires; /* Unix seconds; long past in most */
		struct str problem; /* empty: signed as it must be. Else its tags are left out */
	} * roles;
	size_t n_roles, cap_roles;
	struct dct_tag {
		struct str name, role;
		struct digest digest; /* SHA-256 of the manifest */
		uint64_t size;
	} * tags;
	size_t n_tags, cap_tags;
	struct strs root_keys; /* SHA-256 of the keys that signed the root: hex */
	bool has_snapshot; /* it was there, and its hashes hold */
};
/* The root is believed as it is found once it is signed by its own keys: compare root_keys with what you know.
 * Every role below must be signed by the keys that its delegation names. Strings live in `a`. ERR_NOT_FOUND without
 * a root or targets; ERR_INVALID when root, targets or a snapshot that is there does not hold. */
int dct_read(const struct tuf_mirror *m, struct arena *a, struct dct *out, struct err *e);

#endif
