/* Ranges of npm: which versions a dependency of a package.json allows ("^1.2.3", "1.x || >=2.5.0 <3", "1 - 2"). */
#ifndef LAZARET_VULN_NPM_RANGE_H
#define LAZARET_VULN_NPM_RANGE_H

#include "base/arena.h"
#include "base/str.h"

enum {
	NPM_RANGE_MAX = 4096, /* bytes; longer ones are invalid */
	NPM_COMPARATORS_MAX = 512, /* in a range; one with more is invalid */
	NPM_LOOSE =
		1, /* as npm reads ranges of installed packages: words that are none are dropped, "1.2.3beta" is read */
	NPM_PRERELEASE =
		2, /* prereleases are versions like all others; without, only one that the range names can be in it */
};
enum npm_operator { NPM_ANY, NPM_EQ, NPM_LT, NPM_LE, NPM_GT, NPM_GE };
struct npm_version {
	uint64_t n[3];
	struct str pre; /* without '-'; empty: none */
};
struct npm_comparator {
	enum npm_operator op;
	struct npm_version version;
};
struct npm_set { /* all of them must hold */
	struct npm_comparator *v;
	size_t n, cap;
};
struct npm_range { /* one of the sets must hold */
	struct npm_set *v;
	size_t n, cap;
	unsigned flags;
};

/* Three numbers; false for anything else. *out borrows from the text. */
bool npm_version_parse(struct str text, unsigned flags, struct npm_version *out);
int npm_version_compare(const struct npm_version *a, const struct npm_version *b);
/* Nothing can be in it: "<0.0.0-0". */
bool npm_set_is_none(const struct npm_set *set);

/* False when it is no range; *out is untouched then. What it holds is in the arena or borrowed from the text. */
bool npm_range_parse(struct arena *a, struct str text, unsigned flags, struct npm_range *out);
/* False too for what is no version. */
bool npm_range_has(const struct npm_range *r, struct str version);
/* Above (side 1) or below (side -1) all that the range holds. A prerelease that is in none of the sets for being one can be
 * both. False for what is no version. */
bool npm_range_beyond(const struct npm_range *r, struct str version, int side);
/* Whether there can be a version in both. */
bool npm_range_meets(const struct npm_range *a, const struct npm_range *b);

#endif
