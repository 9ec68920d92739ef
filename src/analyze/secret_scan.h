/* The search for secrets in bytes that come in pieces of any size: what is found does not depend on the pieces. */
#ifndef LAZARET_ANALYZE_SECRET_SCAN_H
#define LAZARET_ANALYZE_SECRET_SCAN_H

#include "analyze/secret_rules.h"

enum { SECRET_FINDS_MAX = 200 /* in one body */ };

struct secret_find {
	const struct secret_rule *rule;
	uint64_t at, end; /* of the secret, in the body */
	uint64_t line, end_line;
	struct str text; /* what stands before it, and stars: never a byte of the secret */
};

/* The rules ready to be handed to secret_scan_open, here or in a child: the configuration and the compiled set.
 * cache_dir: where the compiled set is kept; empty: nowhere. Also tries every expression. ERR_INVALID is the configuration's
 * fault. */
int secret_rules_prepare(struct arena *a, struct str config, struct str cache_dir,
			 uint64_t cache_max, struct str *out, struct err *e);

struct secret_scan;
/* `a` must outlive the scan; what is found lies in it. */
int secret_scan_open(struct arena *a, struct str prepared, struct secret_scan **out, struct err *e);
void secret_scan_close(struct secret_scan *s);
const struct secret_rules *secret_scan_rules(const struct secret_scan *s);

/* One body after the other. size: how much is to come, where it is known; else UINT64_MAX. */
void secret_scan_begin(struct secret_scan *s, struct str path, uint64_t size);
int secret_scan_feed(struct secret_scan *s, struct str piece, struct err *e);
/* *out are the finds by their place, good until the next body begins. *cut: there were more, or something was given up. */
int secret_scan_end(struct secret_scan *s, struct secret_find **out, size_t *n, const char **cut,
		    struct err *e);

#endif
