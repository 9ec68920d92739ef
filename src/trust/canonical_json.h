/* Canonical JSON as TUF signs it (OLPC: wiki.laptop.org/go/Canonical_JSON): keys sorted bytewise, no white space,
 * whole numbers only, in strings nothing but '"' and '\' escaped. Signatures of TUF are over this form of the
 * `signed` member: the one place where writing again what was read is the specification. */
#ifndef LAZARET_TRUST_CANONICAL_JSON_H
#define LAZARET_TRUST_CANONICAL_JSON_H

#include "base/json.h"

/* ERR_INVALID for what has no such form: fractions, numbers beyond 2^53, a key that is there twice. */
int canonical_json(const struct json *j, struct buf *out, struct err *e);

#endif
