/* Regular expressions over a few bytes, with groups: what the engine's hits are checked by. Perl's syntax over bytes; bounded
 * in steps and memory, whatever expression and subject are. */
#ifndef LAZARET_ANALYZE_SECRET_PATTERN_H
#define LAZARET_ANALYZE_SECRET_PATTERN_H

#include "base/err.h"
#include "base/str.h"

struct secret_pattern;
struct secret_span {
	size_t at, end;
};

/* ERR_INVALID says what is wrong with the expression and where. */
int secret_pattern_open(struct str text, struct secret_pattern **out, struct err *e);
void secret_pattern_close(struct secret_pattern *p);
/* The first match that begins at `from` or behind, `last` at the latest: 1 with all of it and, in `group`, the named group,
 * or (name empty) the first group that took part, or all. 0: none. ERR_LIMIT: given up. */
int secret_pattern_find(const struct secret_pattern *p, struct str subject, size_t from,
			size_t last, struct str name, struct secret_span *all,
			struct secret_span *group);
/* Whether there is a match anywhere. */
bool secret_pattern_in(const struct secret_pattern *p, struct str subject);
bool secret_pattern_has_group(const struct secret_pattern *p, struct str name);

#endif
