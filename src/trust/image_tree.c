/* The tree of an image and its attachments, and its copy.
 *
 * A hostile registry may nest indexes or attachments without end, or list one manifest again and again: everything is
 * counted (TREE_NODES_MAX, TREE_DEPTH_MAX, index_depth, index_manifests) and every document is verified. In the copy
 * the order is such that what is visible is whole: blobs, manifests, what is attached; the image's own tag is the
 * caller's, at the end. A tag of cosign's that is there already is replaced only by one that has all its layers. */
#include "trust/image_tree.h"

#include "base/json.h"
#include "oci/media_type.h"

#include <stdio.h>
#include <stdlib.h>

enum { TREE_BYTES_MAX = 256 << 20 };

struct walk {
	struct source *s, *attachments;
	struct arena *a;
	size_t nodes;
	uint64_t bytes; /* of the image's own manifests, which are kept */
};

static int count_node(struct walk *w, struct err *e)
{
	if (++w->nodes > TREE_NODES_MAX)
		return err_set(e, ERR_LIMIT, "more than %d manifests belong to the image",
			       TREE_NODES_MAX);
	return 0;
}

static int read_manifest(struct source *s, const struct descriptor *d, struct arena *a,
			 struct manifest *m, struct str *bytes, struct err *e)
{
	struct limits l = s->opt->limits;
	char text[DIGEST_TEXT];
	l.layers = MAX(l.layers, (uint64_t)ATTACHED_LAYERS_MAX);
	int r = source_get_document(s, d, a, bytes, e);
	if (r == 0 && (r = manifest_parse(a, *bytes, d->media_type, &l, m, e)))
		err_in(e, "%s", digest_text(&d->digest, text));
	return r;
}

static int add_attachments(struct walk *w, struct tree_node *node, unsigned depth, struct err *e)
{
	struct attached *v;
	size_t n;
	int r = attached_list(w->attachments, &node->d.digest, w->a, &v, &n, &node->notes, e);
	if (r)
		return r;
	if (n && depth == TREE_DEPTH_MAX)
		return err_set(e, ERR_LIMIT, "attachments of attachments go deeper than %d",
			       TREE_DEPTH_MAX);
	node->attachments = arena_zalloc(w->a, n * sizeof *node->attachments);
	for (size_t i = 0; i < n; i++) {
		struct tree_node *to = &node->attachments[i];
		to->d = v[i].manifest;
		to->is_attached = true;
		to->attached = v[i];
		if ((r = count_node(w, e)) || (r = add_attachments(w, to, depth + 1, e)))
			return r;
		node->n_attachments++;
	}
	return 0;
}

static int add_manifest(struct walk *w, const struct descriptor *d, uint64_t depth,
			struct tree_node *node, struct err *e);

static int add_children(struct walk *w, const struct descriptors *list, uint64_t depth,
			struct tree_node *node, struct err *e)
{
	if (depth == w->s->opt->limits.index_depth)
		return err_set(e, ERR_LIMIT, "indexes are nested deeper than index_depth, %llu",
			       (unsigned long long)depth);
	node->children = arena_zalloc(w->a, list->n * sizeof *node->children);
	for (size_t i = 0; i < list->n; i++) {
		int r = add_manifest(w, &list->v[i], depth + 1, &node->children[i], e);
		if (r)
			return r;
		node->n_children++;
	}
	return 0;
}

static int add_manifest(struct walk *w, const struct descriptor *d, uint64_t depth,
			struct tree_node *node, struct err *e)
{
	struct manifest m;
	struct str bytes;
	int r = count_node(w, e);
	if (r || (r = read_manifest(w->s, d, w->a, &m, &bytes, e)))
		return r;
	if ((w->bytes += bytes.n) > TREE_BYTES_MAX)
		return err_set(e, ERR_LIMIT, "the manifests have more than %d bytes together",
			       TREE_BYTES_MAX);
	node->d = *d;
	node->d.size = bytes.n;
	node->index = m.kind == MANIFEST_INDEX;
	struct str own = m.image.self.media_type;
	node->d.media_type = own.n ? own : node->index ? S(MEDIA_OCI_INDEX) : S(MEDIA_OCI_MANIFEST);
	if (node->index && (r = add_children(w, &m.index, depth, node, e)))
		return r;
	return add_attachments(w, node, 0, e);
}

static int choose(struct walk *w, const struct tree_options *o, struct descriptor *d, struct err *e)
{
	struct image *images = NULL;
	size_t n = 0;
	int r = o->platform ? source_images(w->s, o->platform, w->a, &images, &n, e)
			    : w->s->ops->resolve(w->s, d, e);
	if (r == 0 && images)
		*d = images[0].self;
	return r;
}

int image_tree(struct source *s, const struct tree_options *o, struct arena *a,
	       struct tree_node *out, struct err *e)
{
	struct walk w = { .s = s, .attachments = o->attachments ? o->attachments : s, .a = a };
	struct tree_node node = { 0 };
	struct descriptor d = { 0 };
	if (!s->ops->resolve)
		return err_set(e, ERR_UNSUPPORTED, "%.*s: a %s holds no images", STR(s->target),
			       s->ops->scheme);
	int r = choose(&w, o, &d, e);
	if (r == 0)
		r = add_manifest(&w, &d, 0, &node, e);
	if (r)
		return err_in(e, "%.*s", STR(s->target));
	*out = node;
	return 0;
}

/* The copy. */
struct carry {
	struct source *from, *to;
	const struct carry_options *o;
};

static void tell_step(const struct carry *c, const char *what, const struct digest *d)
{
	char text[DIGEST_TEXT], line[DIGEST_TEXT + 40];
	if (!c->o->step)
		return;
	snprintf(line, sizeof line, "%s %s", what, digest_text(d, text));
	c->o->step(c->o->ctx, line);
}

/* A layer that its owner keeps elsewhere may be missing here; one that is here goes with the rest. */
static int copy_blob(struct carry *c, struct source *from, struct source *to,
		     const struct descriptor *d, struct err *e)
{
	tell_step(c, "blob", &d->digest);
	int r = source_copy(from, to, d, e);
	return r == ERR_NOT_FOUND && d->foreign ? 0 : r;
}

static int copy_blobs(struct carry *c, struct source *from, struct source *to,
		      const struct manifest *m, struct err *e)
{
	int r = 0;
	if (m->kind == MANIFEST_INDEX)
		return 0;
	for (size_t i = 0; i < m->image.n_layers && r == 0; i++)
		r = copy_blob(c, from, to, &m->image.layers[i], e);
	return r ? r : copy_blob(c, from, to, &m->image.config, e);
}

/* What cosign's tag had at the destination, and what it shall have. */
struct replacement {
	struct str bytes;
	const struct manifest *m;
	struct str tag;
	bool force;
};

static bool same_layer(const struct descriptor *a, const struct json *b)
{
	char text[DIGEST_TEXT];
	size_t n = 0;
	if (!str_eq(str_of(digest_text(&a->digest, text)), json_get_str(b, "digest")))
		return false;
	JSON_EACH(said, json_get(b, "annotations"))
	{
		bool found = false;
		for (size_t i = 0; i < a->n_annotations; i++)
			found = found || (str_eq(a->annotations[i].key, json_key(said)) &&
					  str_eq(a->annotations[i].value, json_str(said)));
		if (!found)
			return false;
		n++;
	}
	return n == a->n_annotations;
}

static int replace_tag(void *ctx, struct str old, struct buf *now, struct err *e)
{
	const struct replacement *r = ctx;
	struct json *j CLEANUP(cleanup_json) = NULL;
	if (old.n && !r->force && !str_eq(old, r->bytes)) {
		if (json_parse(old, &j, e))
			return err_in(e, "%.*s", STR(r->tag));
		JSON_EACH(layer, json_get(j, "layers"))
		{
			bool found = false;
			for (size_t i = 0; i < r->m->image.n_layers && !found; i++)
				found = same_layer(&r->m->image.layers[i], layer);
			if (!found)
				return err_set(e, ERR_INVALID,
					       "%.*s is there already and has others: they would "
					       "be lost (--force replaces them)",
					       STR(r->tag));
		}
	}
	buf_add_str(now, r->bytes);
	return 0;
}

static int put_attached(struct carry *c, struct source *to, const struct tree_node *node,
			const struct manifest *m, struct str bytes, struct err *e)
{
	struct descriptor d;
	if (!node->attached.tag.n)
		return source_put_referrer(to, bytes, &d, e);
	struct replacement r = { bytes, m, node->attached.tag, c->o->force };
	/* A manifest that names no media type keeps that of its descriptor. */
	int code = source_copy(c->o->attachments ? c->o->attachments : c->from, to, &node->d, e);
	return code ? code : source_update_tag(to, node->attached.tag, replace_tag, &r, &d, e);
}

static int carry_node(struct carry *c, const struct tree_node *node, struct err *e)
{
	struct source *from = node->is_attached && c->o->attachments ? c->o->attachments : c->from;
	struct source *to =
		node->is_attached && c->o->attachments_to ? c->o->attachments_to : c->to;
	struct arena a = { 0 };
	struct manifest m;
	struct str bytes;
	tell_step(c, "manifest", &node->d.digest);
	int r = read_manifest(from, &node->d, &a, &m, &bytes, e);
	if (r == 0)
		r = copy_blobs(c, from, to, &m, e);
	if (r == 0)
		r = node->is_attached ? put_attached(c, to, node, &m, bytes, e)
				      : source_copy(from, c->to, &node->d, e);
	arena_done(&a);
	if (r == 0 && c->o->carried)
		c->o->carried(c->o->ctx, node);
	return r;
}

static int carry_image(struct carry *c, const struct tree_node *node, struct err *e)
{
	int r = 0;
	for (size_t i = 0; i < node->n_children && r == 0; i++)
		r = carry_image(c, &node->children[i], e);
	return r ? r : carry_node(c, node, e);
}

static int carry_attachments(struct carry *c, const struct tree_node *node, bool all, struct err *e)
{
	int r = 0;
	for (size_t i = 0; i < node->n_attachments && r == 0; i++) {
		const struct tree_node *one = &node->attachments[i];
		if (!all && !(c->o->kinds & 1u << one->attached.kind))
			continue;
		r = carry_node(c, one, e);
		if (r == 0)
			r = carry_attachments(c, one, true, e);
	}
	for (size_t i = 0; i < node->n_children && r == 0; i++)
		r = carry_attachments(c, &node->children[i], all, e);
	return r;
}

int image_carry(struct source *from, struct source *to, const struct tree_node *tree,
		const struct carry_options *o, struct err *e)
{
	struct carry c = { from, to, o };
	int r = o->image ? carry_image(&c, tree, e) : 0;
	return r ? r : carry_attachments(&c, tree, false, e);
}
