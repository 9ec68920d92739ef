/* Layers in a small notation, for the tests and the fuzzer of the fold. A line is one entry of a layer's record:
 *     f PATH          a file that the analyzer "t" has read (F: "u")
 *     x PATH          a file (or anything else but a directory) that nobody read
 *     d PATH          a directory
 *     l PATH TARGET   a symbolic link; h PATH TARGET a hard link
 *     w PATH          a whiteout; o PATH an opaque directory
 *     =               the next layer begins
 *     !               this layer was not examined */
#ifndef LAZARET_TESTS_LAYERS_H
#define LAZARET_TESTS_LAYERS_H

#include "analyze/fold.h"
#include "analyze/analyzer.h"

#include <stdlib.h>

static const char *const t_patterns[] = { "db/status",	"db/info/*.list", "etc/rel", "lib/db",
					  "usr/lib/db", "*.jar",	  "run/db",  NULL };
static const char *const u_patterns[] = { "sql/db", "sql/db-wal", "*.jar", NULL };
static const char *const u_companions[] = { "", "-wal", NULL };
static const struct analyzer analyzer_t = { .name = "t", .version = 1, .patterns = t_patterns };
static const struct analyzer analyzer_u = {
	.name = "u", .version = 1, .patterns = u_patterns, .companions = u_companions
};
static const struct analyzer *const test_analyzers[] = { &analyzer_t, &analyzer_u, NULL };

static inline int layers_compare_hash(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static inline void layers_entry(struct arena *a, struct layer_record *r, size_t *cap,
				struct str line)
{
	struct str kind = str_cut(&line, ' '), path = str_cut(&line, ' ');
	char k = kind.n ? kind.p[0] : 'x';
	if (k == 'w' || k == 'o') {
		*ARENA_PUSH(a, r->whiteouts, r->n_whiteouts, r->whiteouts_cap) =
			(struct record_whiteout){ path, k == 'o' };
		return;
	}
	*ARENA_PUSH(a, r->path_hashes, r->n_path_hashes, *cap) =
		(str_hash(path) & ~(uint64_t)1) | (k == 'd');
	if (k == 'f' || k == 'F')
		*ARENA_PUSH(a, r->files, r->n_files, r->files_cap) =
			(struct record_file){ .path = path,
					      .analyzer = k == 'f' ? S("t") : S("u") };
	if (k == 'l' || k == 'h')
		*ARENA_PUSH(a, r->links, r->n_links, r->links_cap) =
			(struct record_link){ path, line, k == 'h' };
}

/* The records of a text, in `a`. */
static inline const struct layer_record *const *layers_parse(struct arena *a, struct str text,
							     size_t *n)
{
	const struct layer_record **v = NULL;
	struct layer_record *r = NULL;
	size_t cap = 0, hashes_cap = 0, count = 0;
	struct str line;
	while (str_line(&text, &line)) {
		line = str_trim(line);
		if (!r || str_eq(line, S("="))) {
			r = ARENA_NEW(a, struct layer_record);
			hashes_cap = 0;
			*ARENA_PUSH(a, v, count, cap) = r;
		}
		if (str_eq(line, S("!")))
			v[count - 1] = NULL;
		else if (line.n && !str_eq(line, S("=")))
			layers_entry(a, r, &hashes_cap, line);
	}
	for (size_t i = 0; i < count; i++)
		if (v[i] && v[i]->n_path_hashes)
			qsort(v[i]->path_hashes, v[i]->n_path_hashes, sizeof(uint64_t),
			      layers_compare_hash);
	*n = count;
	return v;
}

#endif
