/* Feeds: a publisher of advisories, where it is, how one document of it becomes advisories. Documents are parsed in a
 * sandboxed child, as events; a tree only under 4 MB.
 *
 * To add one:
 *   1. write vuln/feed_NAME.c with a `const struct feed feed_NAME`;
 *   2. add FEED(NAME) to feeds.def;
 *   3. add tests/data/feed/NAME/ (documents and the advisories expected) and tests/fuzz/fuzz_feed_NAME.c. */
#ifndef LAZARET_VULN_FEED_H
#define LAZARET_VULN_FEED_H

#include "base/stream.h"
#include "vuln/advisory.h"

/* Where a parser puts what it reads. The callbacks copy: the parser may reset its arena after each. A negative return
 * stops the parser, which returns it. */
struct feed_sink {
	int (*advisory)(void *ctx, const struct advisory *adv, struct err *e);
	int (*kev)(void *ctx, const struct kev *k, struct err *e);
	int (*epss)(void *ctx, const struct epss *k, struct err *e);
	/* One record of the document could not be read: counted and said, the rest goes on. */
	void (*skipped)(void *ctx, struct str what, const char *why);
	void *ctx;
};

struct feed_source {                    /* one document to fetch */
	struct str name;                /* unique: "osv/Debian", "alpine/v3.19/main" */
	struct str url;
	struct str detail;              /* handed to parse: "v3.19", ecosystem, ... */
};

struct feed {
	const char *name;               /* "osv", "alpine", "debian", "kev", "epss" */
	/* True when a file at this path looks like a document of this feed; head is its first 4 KiB (inflated). Path is
	 * relative to what the user named: "Go/all.zip", "v3.19/main.json". Fills detail (in `a`). For `db import`. */
	bool (*probe)(struct arena *a, struct str path, struct str head, struct str *detail);
	/* The public documents; base_url replaces the public host when not empty (a mirror with the same layout). */
	void (*sources)(struct arena *a, struct str base_url, struct feed_source **v, size_t *n);
	/* Parses one document (compression already off, but not zip). detail from probe or sources. */
	int (*parse)(struct stream *in, struct str detail, const struct feed_sink *sink, struct err *e);
	bool zip;                       /* documents are zip archives: parse gets each member in turn */
};

extern const struct feed *const feeds[];        /* NULL-terminated, from feeds.def */

#endif
