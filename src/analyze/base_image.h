/* Which of an image's layers come from its base image. */
#ifndef LAZARET_ANALYZE_BASE_IMAGE_H
#define LAZARET_ANALYZE_BASE_IMAGE_H

#include "analyze/inventory.h"

/* Known base images: text, one line a layer, "DIFF_ID NAME", the layers of one NAME lowest first; empty lines and lines
 * that begin with '#' are left out. One layer may stand under many names. */
struct base_layer {
	struct digest diff_id;
	struct str name;
};
struct base_layers {
	struct base_layer *v;
	size_t n, cap;
};
/* ERR_INVALID with the line's number. Strings are borrowed from the text. */
int base_layers_parse(struct arena *a, struct str text, struct base_layers *out, struct err *e);

/* Fills inv->base of an inventory whose image and layers are there. By preference: a base all of whose layers are the
 * image's lowest (the longest; `known` may be NULL); what the builder says (annotations or labels
 * org.opencontainers.image.base.*, "FROM" in buildah's history); the last CMD or ENTRYPOINT of the history that later
 * layers follow. */
void base_image_find(struct inventory *inv, const struct base_layers *known);

#endif
