/* A table of known layers, and an image that may follow it. */
#include "analyze/base_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct base_layers known;
	struct err e;
	if (base_layers_parse(&a, (struct str){ (const char *)data, size }, &known, &e) == 0) {
		struct image image = { 0 };
		struct layer_info layers[2] = { 0 };
		struct inventory inv = {
			.arena = &a, .image = &image, .layers = layers, .n_layers = 2
		};
		for (size_t i = 0; i < MIN(known.n, (size_t)2); i++)
			layers[i].diff_id = known.v[i].diff_id;
		base_image_find(&inv, &known);
	}
	arena_done(&a);
	return 0;
}
