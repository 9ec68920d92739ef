/* The tree behind the fold: what is visible after each layer, as far as it matters: symbolic links, files that were
 * analyzed, and the directories above them. Private to fold.c and fold_tree.c. */
#ifndef LAZARET_ANALYZE_FOLD_TREE_H
#define LAZARET_ANALYZE_FOLD_TREE_H

#include "analyze/analyzer.h"
#include "analyze/fold.h"
#include "analyze/match.h"
#include "base/map.h"

enum {
	/* Path components looked at in one fold: far more than any image needs, seconds at most. */
	FOLD_STEPS_MAX = 200 * 1000 * 1000,
	FOLD_NOTES_MAX = 1000,
};

enum node_kind {
	NODE_NOTHING,           /* a directory, or gone */
	NODE_FILES,             /* a file that analyzers have read */
	NODE_LINK,              /* a symbolic link */
	NODE_BODILESS,          /* a file that analyzers want and have not read: hard links above all */
};

struct fold_seen {              /* one analyzer's view of a file */
	struct folded_file f;
	struct fold_seen *next;
};

struct fold_node {
	struct fold_node *parent, *child, *sibling;
	struct fold_node *twin;         /* another path with the same hash */
	struct str path;
	uint64_t hash;                  /* as in path_hashes, without the lowest bit */
	size_t live;                    /* nodes of this subtree that are not NODE_NOTHING */
	enum node_kind kind;
	bool hard;                      /* of NODE_BODILESS: target is another path's, as the tar has it */
	size_t layer;                   /* that made it what it is */
	struct fold_seen *files;
	struct fold_seen *prior;        /* what was here before `gone` took it away */
	size_t gone;
	struct str target;              /* of a link; of NODE_BODILESS the path in `layer` */
};

struct fold_link {                      /* links by where they lead */
	struct fold_node *node;
	struct fold_link *next;
};

struct fold_tree {
	struct map by_hash;             /* 8 bytes of hash -> struct fold_node */
	struct map by_target;           /* resolved path -> struct fold_link */
	struct layer_index *indexes;    /* one a layer */
	struct map missing;             /* what is in fold.missing already: (layer, path, source) */
	struct map *hidden;             /* one a layer: resolved path -> HIDES_... */
	struct fold_node **nodes;       /* in the order they were made; [0] is the root */
	size_t n_nodes, nodes_cap;
	struct fold_node **covered;     /* directories that the layer at hand put something else over */
	size_t n_covered, covered_cap;
	const struct analyzer *const *analyzers; /* those that follow links */
	struct matcher matcher;
	uint64_t steps;
};
enum { HIDES_PATH = 1, HIDES_BELOW = 2 };

/* One layer's hard links and files by path, made when first asked for. */
struct layer_index {
	bool made;
	struct map links; /* path -> const struct record_link */
	struct map files; /* path -> 1 + index of its last file */
	size_t *next; /* 1 + index of the file before with the same path, 0: none */
};
const struct layer_index *tree_index(const struct fold *f, size_t layer);

void tree_init(struct fold *f);
void tree_apply(struct fold *f, size_t layer);
struct fold_node *tree_find(const struct fold *f, struct str path);
/* The resolved path in *out; false when there are too many links (or steps). `last`: follow the last component too. */
bool tree_resolve(const struct fold *f, struct str path, bool last, struct str *out);
/* The layer below `below` that shows this resolved path on top, and the path it has there (through a link, maybe). */
bool tree_locate(const struct fold *f, struct str path, size_t below, size_t *layer, struct str *raw, bool *is_dir);
bool tree_has_path(const struct layer_record *r, struct str path, bool *is_dir);
/* Counts work; false once there was too much of it. */
bool tree_spend(const struct fold *f, uint64_t steps);
void fold_note(struct fold *f, ssize_t layer, struct str path, const char *reason);

bool tree_wants(const struct fold *f, struct str path);
/* A pattern that is one path; the folder part of one that is a path with wildcards behind a folder, else empty. */
bool pattern_literal(const char *pattern, struct str *path);
bool pattern_folder(const char *pattern, struct str *folder);

#endif
