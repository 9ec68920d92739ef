/* SLSA provenance (predicates 1 and 0.2): was this built by whom, from what and with what one expects? */
#ifndef LAZARET_TRUST_PROVENANCE_H
#define LAZARET_TRUST_PROVENANCE_H

#include "oci/oci.h"
#include "trust/answer.h"

#define PREDICATE_SLSA_1 "https://slsa.dev/provenance/v1"
#define PREDICATE_SLSA_02 "https://slsa.dev/provenance/v0.2"
enum { PROVENANCE_LEAVES_MAX = 10000, PROVENANCE_PATH_MAX = 1000 };

struct provenance_wanted {
	struct str source_uri;                  /* "github.com/org/repository", with or without git+https:// */
	struct str source_tag, source_branch;   /* empty: any */
	struct str builder_id;                  /* without '@': any version of it */
	const struct annotation *parameters;    /* external ones, by dotted path, with the value they must have */
	size_t n_parameters;
	const struct annotation *inputs;        /* of a workflow */
	size_t n_inputs;
	struct strs allowed;                    /* paths of parameters that may be anything; "*": all */
};
/* Judges the statement in p->payload, which a good proof has: adds the checks "builder" (bound to the certificate's
 * identity; a key's provenance must have builder_id named), "source" and "parameters". A parameter that nobody asked
 * for is a no, since it may change what was built. */
void provenance_check(const struct provenance_wanted *w, struct arena *a, struct proof *p);

#endif
