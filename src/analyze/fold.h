/* The fold: the records of an image's layers, lowest first, become what the running container would see. For each path
 * the newest layer wins; whiteouts and opaque directories hide lower layers only; directories that are symbolic links
 * are followed, within the root. See ARCHITECTURE.md, "Child, fold, joins". */
#ifndef LAZARET_ANALYZE_FOLD_H
#define LAZARET_ANALYZE_FOLD_H

#include "analyze/inventory.h"

struct folded_file {
	const struct record_file *file;
	struct str path;                /* where the container sees it, links resolved */
	size_t layer;                   /* the layer that put it there */
	size_t body;                    /* the layer that holds its bytes: a lower one for a hard link into it */
	const struct folded_file *older;        /* see fold_older */
};

struct analyzer;
struct fold_tree;

struct fold {
	struct arena *arena;
	const struct layer_record *const *records;      /* one a layer, lowest first; NULL: layer not examined */
	size_t n_layers;
	const struct limits *limits;
	const struct analyzer *const *analyzers;        /* that ran; NULL: all of analyzers.def */
	/* What fold_layers makes. */
	struct folded_file *files;      /* visible ones, sorted by path */
	size_t n_files, files_cap;
	/* Visible paths that match a pattern but have no body here: links to follow in a second reading of `layer`. A
	 * path that ends in '/' stands for everything below it, as in struct layer_alias. */
	struct fold_missing {
		struct str path;        /* as the container sees it */
		struct str source;      /* the path inside `layer` whose body it is */
		size_t layer;
		size_t at;              /* the layer that made it visible */
		bool found;             /* by fold_add */
	} *missing;
	size_t n_missing, missing_cap;
	/* Companions whose visible files come from different layers: both are read once more, together. */
	struct fold_pair {
		struct str path[2], source[2];
		size_t layer[2];
		bool found;
	} *pairs;
	size_t n_pairs, pairs_cap;
	/* What could not be followed: the caller makes not_examined lines of them. */
	struct fold_note {
		struct str path;
		const char *reason;
		ssize_t layer;          /* -1: none */
	} *notes;
	size_t n_notes, notes_cap;
	struct fold_tree *tree;
};

void fold_layers(struct fold *f);
/* Puts what a second reading of `layer` brought at the paths of the missing entries of that layer, and marks those. */
void fold_add(struct fold *f, size_t layer, const struct layer_record *again);
/* The same for a pair: what was at its first path is replaced. */
void fold_add_pair(struct fold *f, struct fold_pair *pair, const struct layer_record *again);
/* The visible file at this path from this analyzer (NULL: any), or NULL. Follows nothing: paths are resolved ones. */
const struct folded_file *fold_find(const struct fold *f, struct str path, const char *analyzer);
/* The path with all symbolic links followed, as the container would; empty when there are too many. The string lives
 * in the fold's arena. */
struct str fold_resolve(const struct fold *f, struct str path);
/* True when path, as the container sees it, exists in the topmost layer that has it, and which layer that is. */
bool fold_path_layer(const struct fold *f, struct str path, size_t *layer);
/* The same file in the next lower layer that has a version of it (for "since when is this package there"), or NULL: also
 * when it was gone in between. */
const struct folded_file *fold_older(const struct fold *f, const struct folded_file *file);

/* "usr/lib" of "usr/lib/x", empty of "x"; and back. */
struct str path_parent(struct str path);
struct str path_join(struct arena *a, struct str dir, struct str name);

#endif
