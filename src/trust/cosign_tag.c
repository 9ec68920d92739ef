/* Appending to the manifest behind one of cosign's tags is read, change, write: source_update_tag sees to it that two
 * signers lose nothing. What is there is whatever somebody pushed: cosign_manifest_add refuses what is not of cosign's
 * shape, or full. */
#include "trust/cosign_tag.h"

#include "trust/cosign.h"

struct change {
	const struct cosign_addition *x;
	struct arena *arena;
};

/* Our own layer, after another writer came between. */
static bool has_layer(const struct change *c, struct str old, const struct limits *l)
{
	struct manifest m;
	struct err ignored;
	struct cosign_material ours = { 0 }, theirs;
	const struct descriptor *layer = c->x->layer;
	if (!old.n || manifest_parse(c->arena, old, S(""), l, &m, &ignored) ||
	    m.kind != MANIFEST_IMAGE || (c->x->alone && m.image.n_layers != 1))
		return false;
	cosign_layer_material(layer, &ours);
	for (size_t i = 0; i < m.image.n_layers; i++) {
		const struct descriptor *other = &m.image.layers[i];
		theirs = (struct cosign_material){ 0 };
		cosign_layer_material(other, &theirs);
		if (digest_eq(&other->digest, &layer->digest) &&
		    str_eq(other->media_type, layer->media_type) &&
		    str_eq(ours.signature, theirs.signature))
			return true;
	}
	return false;
}

static int add_layer(void *ctx, struct str old, struct buf *now, struct err *e)
{
	const struct change *c = ctx;
	struct buf config CLEANUP(buf_done) = { 0 };
	struct limits l;
	struct manifest made;
	struct descriptor put;
	limits_default(&l);
	l.layers = COSIGN_LAYERS_MAX;
	if (has_layer(c, old, &l)) {
		buf_add_str(now, old);
		return 0;
	}
	if (cosign_manifest_add(c->x->alone ? S("") : old, c->x->layer, c->x->docker, c->arena, now,
				&config, e) ||
	    manifest_parse(c->arena, str_buf(now), S(""), &l, &made, e))
		return e->code;
	return source_put_document(c->x->into, made.image.config.media_type, str_buf(&config), &put,
				   e);
}

int cosign_tag_add(const struct cosign_addition *x, struct arena *a, struct descriptor *out,
		   struct err *e)
{
	struct change change = { x, a };
	return source_update_tag(x->into, x->tag, add_layer, &change, out, e)
		       ? err_in(e, "tag %.*s", STR(x->tag))
		       : 0;
}
