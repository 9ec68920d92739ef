/* Filling the advisory database: `lazaret db update` fetches documents, `lazaret db import` reads files. Each document is
 * parsed in its own sandboxed child into its segment; one that fails keeps what it had; then one new generation is made
 * of all. */
#ifndef LAZARET_VULN_UPDATE_H
#define LAZARET_VULN_UPDATE_H

#include "base/child.h"
#include "base/fetch.h"
#include "vuln/advisory_db.h"
#include "vuln/feed_run.h"

enum {
	IMPORT_FILES = 1000000, /* files below the paths named */
	IMPORT_DEPTH = 16, /* folders inside folders */
	UPDATE_NOTES = 20, /* reasons for skipped records kept of one document */
};

struct update_options {
	struct str dir; /* of the database; made when missing */
	struct launcher *launcher; /* NULL: parse in this process, for tests */
	int64_t now; /* Unix seconds */
	struct strs feeds; /* names of feeds, or of documents ("osv/Debian"); empty: all */
	struct strs mirrors; /* "FEED=URL": a host with the public one's layout */
	struct fetch *fetch; /* for update_fetch */
	/* Optional: a document begins. */
	void (*progress)(void *ctx, struct str name, size_t index, size_t count);
	void *ctx;
};

struct update_result { /* one document */
	struct str feed, name, origin;
	uint64_t records, skipped;
	bool unchanged; /* the publisher has nothing newer, or the file is the one that is in */
	bool absent; /* the publisher has no such document (404) and we had none */
	int code; /* 0, or why it failed */
	struct str error;
	struct strs notes; /* "NAME: why", of skipped records */
};
struct update_results {
	struct update_result *v;
	size_t n, cap;
	struct strs unknown; /* files that are no document of any feed, at most UPDATE_NOTES */
	uint64_t n_unknown;
};

/* 0 when at least one document was read or unchanged and a generation stands; the first document's code when all failed;
 * the code of the database when that failed. Results lie in `a` and are filled in either case. ERR_NOT_FOUND when a named
 * feed or path does not exist, or no file is a document. */
int update_fetch(const struct update_options *o, struct arena *a, struct update_results *out,
		 struct err *e);
int update_import(const struct update_options *o, const struct strs *paths, struct arena *a,
		  struct update_results *out, struct err *e);

/* One document into its segment. in: its bytes as they are (not closed). For the two above. */
int update_document(struct advisory_writer *w, const struct update_options *o,
		    const struct feed *feed, enum feed_shape shape, struct str detail,
		    const struct feed_info *info, struct stream *in, struct arena *a,
		    struct update_result *result, struct err *e);

#endif
