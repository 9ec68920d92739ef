/* What every command that verifies shares: the options of trust_options.def, read into what trust/ judges by. */
#ifndef LAZARET_CMD_TRUST_OPTIONS_H
#define LAZARET_CMD_TRUST_OPTIONS_H

#include "cmd/command.h"
#include "trust/sigstore.h"

struct trust {
	struct sigstore_policy policy; /* borrows from what is below */
	bool offline;
	bool wants_certificate; /* identities were asked for; else keys */

	struct key **keys;
	struct trusted_root **roots;
	size_t n_keys, n_roots;
	struct identity identity;
	bool has_identity;
	struct revocations *revoked;
};
/* Reads the rows; prints what is wrong and returns an exit status, EXIT_YES (0) when *out is filled. Nobody to believe (no
 * key, no identity) is a usage error unless `others` says that the command knows somebody else to ask. */
int trust_open(const struct args *a, bool others, struct trust *out);
void trust_close(struct trust *t);

#endif
