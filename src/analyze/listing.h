/* What analyzers of language packages share: the packages of one lockfile or metadata file while it is read. The same
 * (name, version) twice in one file is one package; what cannot be listed (a name that is none, no version) is a note. */
#ifndef LAZARET_ANALYZE_LISTING_H
#define LAZARET_ANALYZE_LISTING_H

#include "analyze/analyzer.h"
#include "base/json.h"
#include "base/map.h"

enum {
	LISTING_NAME_MAX = 512, /* bytes of a name or a version */
	LISTING_TEXT_MAX = 32 << 20, /* bytes of a file that is read as text */
};

struct listing {
	struct analysis *an;
	struct record_file *file; /* ours until `end` of the analyzer returns */
	struct str type;
	struct map seen; /* "NAME@VERSION" -> its place + 1 */
	struct record_package scrap; /* handed out for what is not listed */
	bool full;
};

/* Adds the record_file. `type`: purl type, a literal. */
void listing_begin(struct listing *l, struct analysis *an, const struct file *f,
		   const char *analyzer, const char *type);
/* ERR_LIMIT when there were more packages than limits.packages. */
int listing_end(const struct listing *l, struct err *e);
/* The body, without a UTF-8 byte order mark: borrowed where it lies in memory. ERR_LIMIT beyond LISTING_TEXT_MAX. */
int listing_text(const struct listing *l, const struct whole *w, struct str *out, struct err *e);

/* The package to fill, good until the next call; never NULL. Strings are copied. */
struct record_package *listing_add(struct listing *l, struct str name, struct str version);
/* These copy their strings; empty ones are passed over. */
void listing_licence(struct listing *l, struct record_package *p, struct str licence);
void listing_need(struct listing *l, struct record_package *p, struct str name, struct str version);
/* "dev", "optional" = "true", "relation" = "root": the first value of a key counts. */
void listing_set(struct listing *l, struct record_package *p, const char *key, struct str value);
void listing_note(struct listing *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Where a root or a direct dependency is known: what roots need is direct, all else without a relation is indirect. */
void listing_relate(struct listing *l);
/* Nothing in the file needs it: somebody must have asked for it. For files that name no root. */
void listing_relate_unneeded(struct listing *l);

/* Elements of a JSON document of any size as trees, one after the other. */
struct listing_rule {
	/* Keys from the root with '/' between, '*' for any key or element, "" for the root: each child of what is there
	 * is an item. A key that holds '/' is only met by '*'. */
	const char *at;
	int (*item)(void *ctx, struct str key, const struct json *item, struct err *e);
};
enum { LISTING_RULES_MAX = 16 };
/* rules: ends with one whose `item` is NULL. *found gets bit i when something with children (or room for them) was at
 * rules[i]; NULL: not of interest. */
int listing_json(const struct whole *w, const struct listing_rule *rules, void *ctx,
		 unsigned *found, struct err *e);

#endif
