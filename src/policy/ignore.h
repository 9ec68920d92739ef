/* Exceptions: findings that somebody decided to live with, for a reason and for a time. Read from
 *
 *   .lazaretignore.yaml   a list of maps: id, purl, path, until, reason
 *   .trivyignore          a line each: ID [exp:DATE], comments with '#'
 *   .trivyignore.yaml     lists under vulnerabilities, misconfigurations, secrets, licenses: id, paths, purls, expired_at,
 *                         statement
 *
 * An id is a vulnerability's or any of its aliases, a check's or what other tools call it, a secret's or YARA's rule, a
 * licence. */
#ifndef LAZARET_POLICY_IGNORE_H
#define LAZARET_POLICY_IGNORE_H

#include "report/report.h"

enum { IGNORE_BYTES = 4 << 20, IGNORE_RULES = 10000 };
enum ignore_kind {
	IGNORE_VULNERABILITIES = 1,
	IGNORE_CHECKS = 2,
	IGNORE_SECRETS = 4,
	IGNORE_LICENCES = 8,
	IGNORE_MALWARE = 16,
	IGNORE_ALL = 31,
};

struct ignore_rule {
	unsigned kinds;
	struct str id; /* empty: any */
	struct strs purls; /* none: any package; see purl_matches */
	struct strs paths; /* globs, any of them; none: anywhere */
	struct str reason;
	int64_t ends; /* Unix seconds from which it does not count any more; 0: never */
	struct str source; /* "FILE:LINE" */
};
struct ignores {
	struct arena *arena;
	struct ignore_rule *rules;
	size_t n, cap;
};

/* The format is told by the name (.yaml, .yml) and by what is in it. ERR_INVALID names the line; a key that is not known is
 * an error, for it may narrow the exception. */
int ignore_add(struct ignores *v, struct str text, struct str name, struct err *e);
int ignore_add_file(struct ignores *v, const char *path, struct err *e);

/* Fills `suppressed` of what has none yet. Every expired rule that would have hidden something is a line of warnings. */
void ignore_apply(const struct ignores *v, struct report *r, int64_t now, struct arena *a,
		  struct strs *warnings);

#endif
