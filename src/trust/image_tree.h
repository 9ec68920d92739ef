/* An image with all that belongs to it: the manifests of an index, what is attached to each, what is attached to that. */
#ifndef LAZARET_TRUST_IMAGE_TREE_H
#define LAZARET_TRUST_IMAGE_TREE_H

#include "trust/attached.h"

enum { TREE_NODES_MAX = 10000, TREE_DEPTH_MAX = 8 };    /* depth: attached to attached */

struct tree_node {
	struct descriptor d;            /* media type and size are known */
	bool index, is_attached;
	struct attached attached;       /* when it is */
	struct tree_node *children;     /* of an index, in its order */
	size_t n_children;
	struct tree_node *attachments;  /* in the order of attached_list */
	size_t n_attachments;
	struct strs notes;              /* what was left out, and why */
};

struct tree_options {
	struct source *attachments;     /* NULL: the image's own repository */
	const struct platform *platform;        /* NULL: all; else the one manifest that fits is the root */
};
/* ERR_LIMIT beyond TREE_NODES_MAX or TREE_DEPTH_MAX: nothing is left out for being too much. */
int image_tree(struct source *s, const struct tree_options *o, struct arena *a, struct tree_node *out, struct err *e);

/* Copies the tree into another source: blobs, manifests, referrers and cosign's tags, each verified. */
struct carry_options {
	struct source *attachments;     /* as above, of the source */
	struct source *attachments_to;  /* the same of the destination */
	bool image;                     /* the image itself, not only what is attached */
	unsigned kinds;                 /* 1u << enum attached_kind: those go with it, all that is attached to them too */
	bool force;                     /* tags of attachments that have others there are replaced */
	/* Told of every manifest that is there now. */
	void (*carried)(void *ctx, const struct tree_node *node);
	void (*step)(void *ctx, const char *what);      /* NULL, or told what comes next */
	void *ctx;
};
int image_carry(struct source *from, struct source *to, const struct tree_node *tree, const struct carry_options *o,
		struct err *e);

#endif
