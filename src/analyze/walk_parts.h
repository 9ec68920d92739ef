/* What the parts of the walk share: walk.c (entries), walk_body.c (bodies to analyzers), walk_given.c (what a path gave,
 * so that a later entry of the same layer can take it back). */
#ifndef LAZARET_ANALYZE_WALK_PARTS_H
#define LAZARET_ANALYZE_WALK_PARTS_H

#include "analyze/match.h"
#include "analyze/walk.h"
#include "base/map.h"
#include "oci/tar.h"

enum { GIVEN_LINK = 0, GIVEN_FILE = 1 }; /* GIVEN_FILE + analyzer's place in the list */

struct given_item {
	uint64_t hash;
	uint32_t next; /* 1 + place of the next in the chain, 0: none */
	uint32_t kind, index; /* which array, and where in it */
};
struct given {
	struct given_item *items;
	uint32_t *heads;
	size_t n, cap, n_heads;
	struct path_set folders; /* every folder above a given path */
	unsigned replaced; /* folders that gave way to something else */
};

struct reader { /* one analyzer, one path, for the body that passes */
	size_t analyzer;
	struct file file;
	void *state;
	bool failed;
	struct err why;
	size_t before; /* its record's files before this one */
};

struct walk {
	const struct analyzer *const *list;
	const struct analysis_options *options;
	size_t n_list;
	const struct limits *l;
	struct arena *a;
	int spool;
	uint64_t spool_used, packages;
	struct matcher matcher;
	struct analysis *an;
	struct layer_record *
		records; /* one an analyzer: pointers into it stay good while others add to theirs */
	struct layer_record out;
	struct path_set paths;
	struct given given;
	struct reader *readers;
	size_t n_readers, readers_cap;
	struct buf name, target, body;
	const struct layer_input *in; /* of the layer that is being walked */
	struct map aliases; /* source -> its place + 1 */
	size_t *alias_next; /* the next with the same source, + 1 */
	uint64_t parent; /* hash of the last entry's folder */
	bool stop, links_cut, packages_cut, modes_cut, memory_cut;
};

void walk_note(struct walk *w, struct str path, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The same for a limit: the record is then cut. */
void walk_cut(struct walk *w, struct str path, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

void given_add(struct walk *w, struct str path, size_t kind, size_t index);
/* Takes back what this path gave. */
void given_drop(struct walk *w, struct str path);
/* Takes back what lies below this path, which is no folder any more. */
void given_drop_below(struct walk *w, struct str path);

/* Adds a reader for every analyzer that wants `path`. */
void readers_add(struct walk *w, const struct tar_entry *te, struct str path);
/* Lets the body pass through them. A broken archive's code comes back with *broken; other codes are our own trouble. */
int readers_run(struct walk *w, struct tar *t, const struct tar_entry *te, bool *broken,
		struct err *e);

#endif
