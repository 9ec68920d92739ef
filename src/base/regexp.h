/* Regular expressions over a few bytes, with groups. Perl's syntax over bytes; bounded in steps and memory, whatever
 * expression and subject are. One thread at a time. */
#ifndef LAZARET_BASE_REGEXP_H
#define LAZARET_BASE_REGEXP_H

#include "base/err.h"
#include "base/str.h"

struct regexp;
struct regexp_span {
	size_t at, end;
};

/* ERR_INVALID says what is wrong with the expression and where. */
int regexp_open(struct str text, struct regexp **out, struct err *e);
void regexp_close(struct regexp *p);
/* The first match that begins at `from` or behind, `last` at the latest: 1 with all of it and, in `group`, the named group,
 * or (name empty) the first group that took part, or all. 0: none. ERR_LIMIT: given up. */
int regexp_find(const struct regexp *p, struct str subject, size_t from,
			size_t last, struct str name, struct regexp_span *all,
			struct regexp_span *group);
/* Whether there is a match anywhere. */
bool regexp_in(const struct regexp *p, struct str subject);
/* Whether the expression describes the whole subject, without ^ and $ too: 1, 0, or ERR_LIMIT when it was given up. */
int regexp_whole(const struct regexp *p, struct str subject);
bool regexp_has_group(const struct regexp *p, struct str name);

#endif
