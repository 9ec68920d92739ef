/* What a registry answers to whom it does not know: WWW-Authenticate (RFC 9110, section 11.6.1; before, RFC 7235). */
#ifndef LAZARET_SOURCE_CHALLENGE_H
#define LAZARET_SOURCE_CHALLENGE_H

#include "base/arena.h"
#include "base/err.h"

enum { CHALLENGES_MAX = 16, CHALLENGE_PARAMS_MAX = 32 };

struct challenge_param {
	struct str name, value;         /* name in lower case, value without quotes */
};
struct challenge {
	struct str scheme;              /* lower case */
	struct str token68;             /* mostly empty */
	struct challenge_param *params;
	size_t n_params, cap_params;
};
struct challenges {
	struct challenge *v;
	size_t n, cap;
};

/* Adds the challenges of one header field to *out. ERR_INVALID for what does not follow the grammar, ERR_LIMIT for too
 * many; what was added before that stays. Strings are copies in `a`. */
int challenges_parse(struct arena *a, struct str field, struct challenges *out, struct err *e);
/* The first of a scheme (lower case), or NULL. */
const struct challenge *challenges_find(const struct challenges *c, struct str scheme);
struct str challenge_get(const struct challenge *c, struct str name);      /* empty when absent */

#endif
