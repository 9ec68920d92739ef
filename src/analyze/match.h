/* Which analyzers want a path. Every path of every layer is asked about, so patterns are filed by what is literal in
 * them (the last component, its extension, the folder) and a path looks up three keys instead of trying them all. */
#ifndef LAZARET_ANALYZE_MATCH_H
#define LAZARET_ANALYZE_MATCH_H

#include "analyze/analyzer.h"

struct match_pattern;
struct matcher {
	struct match_pattern **slots; /* chains, by hash */
	size_t mask;
	struct match_pattern *always; /* nothing literal to file them by: tried on every path */
};

/* Everything lies in `a`; the list must outlive the matcher. */
void matcher_init(struct matcher *m, struct arena *a, const struct analyzer *const *list);
/* Calls hit once for each analyzer (its place in the list) that wants the path. */
void matcher_find(const struct matcher *m, struct str path, void (*hit)(void *ctx, size_t analyzer),
		  void *ctx);

/* One analyzer asked alone. */
bool analyzer_wants(const struct analyzer *an, struct str path);

#endif
