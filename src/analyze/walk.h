/* The walk of layers inside the child: tar entries to paths, paths to analyzers, what they find to one record. Nothing
 * here knows about processes; layer.c drives it in the sandbox, tests and fuzzers without one. */
#ifndef LAZARET_ANALYZE_WALK_H
#define LAZARET_ANALYZE_WALK_H

#include "analyze/layer.h"

struct walk;
/* `list` is NULL-terminated; spool -1: none (large whole files are then notes). */
struct walk *walk_open(const struct analyzer *const *list, const struct analysis_options *o,
		       const struct limits *l, struct arena *a, int spool);
/* One layer, compressed or not. What is wrong with it becomes notes; an error is our own trouble (the spool). */
int walk_layer(struct walk *w, struct stream *layer, const struct layer_input *in, struct err *e);
/* Lets analyzers finish and makes the record. */
int walk_end(struct walk *w, struct layer_record *out, struct err *e);
void walk_close(struct walk *w);
void cleanup_walk(struct walk **w);

/* The path below the root that an archive's name means: no leading '/', no empty component, no '.', '..' taken back.
 * 1 with the path (empty for the root) in place or in `room`; 0 when it leaves the root. */
int walk_normalize(struct str name, struct buf *room, struct str *out);

/* The set of path hashes: 8 bytes a path; in it the lowest bit says directory. */
struct path_set {
	uint64_t *slots;
	size_t n, cap;
	unsigned shift;
	uint64_t key; /* random, so that a layer cannot choose names that collide */
};
enum path_was { PATH_NEW, PATH_OTHER, PATH_DIR };
enum path_was path_set_put(struct path_set *s, uint64_t hash, bool is_dir);
bool path_set_has(const struct path_set *s, uint64_t hash);
/* Sorts what is there to the front and hands it over; freed by the caller. */
uint64_t *path_set_take(struct path_set *s, size_t *n);
void path_set_done(struct path_set *s);

#endif
