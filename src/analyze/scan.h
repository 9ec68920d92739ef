/* image -> inventory: layers through children (several at once, the largest first), the record cache, fold, joins. */
#ifndef LAZARET_ANALYZE_SCAN_H
#define LAZARET_ANALYZE_SCAN_H

#include "analyze/analyzer.h"
#include "analyze/inventory.h"
#include "source/source.h"

struct launcher;
struct base_layers;
struct scan_options {
	struct limits limits;
	struct analysis_options analysis;       /* lockfiles is set for a directory by scan_image */
	struct launcher *launcher;
	unsigned jobs;                  /* layers at once; 0: one a processor */
	struct str cache_dir;           /* empty: no cache */
	uint64_t cache_max;             /* bytes of the cache; older records go first */
	const struct base_layers *base_layers;  /* known base images; NULL: none */
	struct str distro;              /* --distro; empty: what the image says */
	void (*progress)(void *ctx, size_t layer, size_t n_layers, const char *what, uint64_t done, uint64_t total);
	void *progress_ctx;
	int64_t deadline;               /* CLOCK_MONOTONIC nanoseconds; 0: none. Passing it is ERR_IO "timeout". */
};

/* The child_main of a layer, for the table given to launcher_open. */
int layer_child(int in, int out, int spool, struct str params);

/* Scans one image of the source (from source_images), or with image NULL a directory source. Everything ends up in `a`. */
int scan_image(struct source *s, struct image *image, const struct scan_options *o, struct arena *a,
               struct inventory *out, struct err *e);

/* From an image's records to its inventory, without children: what links point at is not read. What the fuzzer of whole
 * images drives; `image` has as many layers as there are records. */
int scan_records(const struct layer_record **records, struct image *image, const struct scan_options *o,
                 struct arena *a, struct inventory *out, struct err *e);

/* Removes every cached record; *bytes what was freed. */
int scan_cache_clear(struct str cache_dir, uint64_t *bytes, struct err *e);

#endif
