/* The advisory database: generations of immutable LMDB files in one folder, `current` naming the newest. Opened read-only
 * without locks by any number of processes; a new generation is made beside the old one, synced, and swapped in by
 * rename. Segments: each feed document, parsed, lies beside as one file; a generation is built from all segments, so a
 * feed that fails keeps what it had, and an unchanged one is not parsed again. */
#ifndef LAZARET_VULN_ADVISORY_DB_H
#define LAZARET_VULN_ADVISORY_DB_H

#include "base/digest.h"
#include "vuln/advisory.h"

/* One thread at a time. Values that do not decode are ERR_INVALID; the tree of a generation is trusted, its size and
 * its ends are checked when it is opened. */
struct advisory_db;
/* ERR_NOT_FOUND when there is no database in dir ("run 'lazaret db update'"). */
int advisory_db_open(struct str dir, struct advisory_db **out, struct err *e);
void advisory_db_close(struct advisory_db *db);

/* Everything known about one package name in one namespace: each hit is an advisory with exactly one `affected` entry.
 * Strings borrow from the map and live until advisory_db_close; arrays lie in `a`. */
int advisory_db_find(struct advisory_db *db, struct str ns, struct str package, struct arena *a,
		     struct advisory **out, size_t *n, struct err *e);
/* The records that have this id, or have it as an alias (from any feed), without `affected`: for severities and
 * descriptions of a CVE. */
int advisory_db_get(struct advisory_db *db, struct str id, struct arena *a, struct advisory **out,
		    size_t *n, struct err *e);
bool advisory_db_kev(struct advisory_db *db, struct str cve, struct kev *out);
bool advisory_db_epss(struct advisory_db *db, struct str cve, struct epss *out);
/* How many records concern the namespace; 0: nothing is known about it. */
uint64_t advisory_db_namespace_records(struct advisory_db *db, struct str ns);

struct feed_info { /* one source document in the database */
	struct str feed, name, origin; /* origin: URL or path */
	struct str etag, last_modified; /* for conditional requests */
	int64_t fetched,
		newest; /* Unix seconds: when fetched; newest `modified` inside (0: none) */
	uint64_t records, skipped;
	struct digest digest; /* of the document, sha256 */
	bool repository; /* from a distribution's package repository */
};
int advisory_db_feeds(struct advisory_db *db, struct arena *a, struct feed_info **out, size_t *n,
		      struct err *e);
struct str advisory_db_generation(const struct advisory_db *db); /* its digest, "sha256:..." */

/* Building: one writer at a time (a lock file; others wait). A segment replaces the one of the same name; commit builds
 * the new generation and swaps. */
struct advisory_writer;
int advisory_writer_open(struct str dir, struct advisory_writer **out, struct err *e);
struct segment;
int segment_begin(struct advisory_writer *w, const struct feed_info *info, struct segment **out,
		  struct err *e);
int segment_add(struct segment *s, const struct advisory *adv, struct err *e);
int segment_add_kev(struct segment *s, const struct kev *k, struct err *e);
int segment_add_epss(struct segment *s, const struct epss *p, struct err *e);
int segment_end(struct segment *s, uint64_t skipped,
		struct err *e); /* counts records, publishes the segment */
void segment_abort(struct segment *s);
int advisory_writer_remove(struct advisory_writer *w, struct str name, struct err *e);
/* The document was asked for again and has not changed. */
int advisory_writer_touch(struct advisory_writer *w, struct str name, int64_t fetched,
			  struct err *e);
int advisory_writer_feeds(struct advisory_writer *w, struct arena *a, struct feed_info **out,
			  size_t *n, struct err *e);
int advisory_writer_commit(struct advisory_writer *w, struct err *e);
void advisory_writer_close(struct advisory_writer *w);

#endif
