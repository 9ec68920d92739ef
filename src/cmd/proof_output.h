/* What was found out about signatures, for people and for machines; every command that verifies uses it. */
#ifndef LAZARET_CMD_PROOF_OUTPUT_H
#define LAZARET_CMD_PROOF_OUTPUT_H

#include "base/json.h"
#include "cmd/command.h"
#include "trust/answer.h"

/* One proof as a JSON object. */
void proof_put_json(struct json_out *o, const struct proof *p);
/* The answer about one artifact on standard output: {"artifact", "verified", "why", "signatures": [...]}. */
void proofs_print_json(struct str artifact, const struct digest *d, bool verified, struct str why,
		       const struct proof *v, size_t n);
/* Lines for people (standard error, not with --quiet): who, when, under which root, then each check. */
void proof_say(const struct args *a, const struct proof *p);
/* The exit status of proofs any of which is enough; *why is set where it is not EXIT_YES: that of the best one. */
int proofs_status(const struct proof *v, size_t n, struct str *why);

#endif
