/* For tests of proofs. */
#ifndef LAZARET_TESTS_TRUST_PROOF_H
#define LAZARET_TESTS_TRUST_PROOF_H

#include "trust/answer.h"

/* The check of that name, the last one; NULL: none. */
static inline const struct check *proof_find(const struct proof *p, const char *name)
{
	for (size_t i = p->n_checks; i > 0; i--)
		if (strcmp(p->checks[i - 1].name, name) == 0)
			return &p->checks[i - 1];
	return NULL;
}

#endif
