/* The fold: the records of an image's layers, lowest first, become what the running container would see. For each path
 * the newest layer wins; whiteouts and opaque directories hide lower layers only; directories that are symbolic links
 * are followed, within the root. See ARCHITECTURE.md, "Child, fold, joins". */
#ifndef LAZARET_ANALYZE_FOLD_H
#define LAZARET_ANALYZE_FOLD_H

#include "analyze/inventory.h"

struct folded_file {
	const struct record_file *file;
	struct str path;                /* where the container sees it, links resolved */
	size_t layer;
};

struct fold {
	struct arena *arena;
	const struct layer_record *const *records;      /* one a layer, lowest first; NULL: layer not examined */
	size_t n_layers;
	const struct limits *limits;
	struct folded_file *files;      /* visible ones, sorted by path */
	size_t n_files, files_cap;
	/* Visible paths that match a pattern but have no body here: links to follow in a second reading. */
	struct fold_missing {
		struct str path;        /* as the container sees it */
		struct str source;      /* the path inside `layer` whose body it is */
		size_t layer;
	} *missing;
	size_t n_missing, missing_cap;
};

void fold_layers(struct fold *f);
/* The visible file at this path from this analyzer (NULL: any), or NULL. Follows nothing: paths are resolved ones. */
const struct folded_file *fold_find(const struct fold *f, struct str path, const char *analyzer);
/* True when path, as the container sees it, exists in the topmost layer that has it, and which layer that is. */
bool fold_path_layer(const struct fold *f, struct str path, size_t *layer);
/* The same file in the next lower layer that has a version of it (for "since when is this package there"), or NULL. */
const struct folded_file *fold_older(const struct fold *f, const struct folded_file *file);

#endif
