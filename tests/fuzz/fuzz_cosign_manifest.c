/* Manifests that cosign's tags name: a layer is added to whatever is there, and the result is read. */
#include "trust/cosign.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct descriptor layer = { .media_type = S(COSIGN_SIMPLE_SIGNING), .size = size };
	struct cosign_parts parts = { .signature = { (const char *)data, MIN(size, (size_t)72) } };
	struct buf manifest = { 0 }, config = { 0 };
	struct cosign_material material;
	struct limits l;
	struct manifest m;
	struct err e;
	limits_default(&l);
	l.layers = COSIGN_LAYERS_MAX;
	l.manifest_bytes *= 8; /* escapes grow it */
	digest_of(DIGEST_SHA256, (struct str){ (const char *)data, size }, &layer.digest);
	cosign_layer_annotations(&parts, &a, &layer.annotations, &layer.n_annotations);
	if (cosign_manifest_add((struct str){ (const char *)data, size }, &layer, false, &a,
				&manifest, &config, &e) == 0) {
		if (manifest.n < JSON_TREE_MAX &&
		    manifest_parse(&a, str_buf(&manifest), S(""), &l, &m, &e))
			abort();
		if (manifest.n < JSON_TREE_MAX &&
		    !cosign_layer_material(&m.image.layers[m.image.n_layers - 1], &material))
			abort();
	}
	buf_done(&manifest);
	buf_done(&config);
	arena_done(&a);
	return 0;
}
