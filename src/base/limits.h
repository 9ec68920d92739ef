/* Every limit on what comes from outside, by name. A limit that a user may change has a setting of the same name
 * (`--limit NAME=VALUE`, `limits:` in lazaret.yaml); the defaults and the text of each are in limits.def. A record
 * made under smaller limits is never reused under larger ones: the whole struct is part of the cache key. */
#ifndef LAZARET_BASE_LIMITS_H
#define LAZARET_BASE_LIMITS_H

#include "base/err.h"
#include "base/str.h"

struct limits {
#define LIMIT(name, value, text) uint64_t name;
#include "base/limits.def"
#undef LIMIT
};

void limits_default(struct limits *l);
/* "name=value", value with an optional K, M or G (powers of 1024). ERR_INVALID for an unknown name or a bad value. */
int limits_set(struct limits *l, struct str assignment, struct err *e);

#endif
