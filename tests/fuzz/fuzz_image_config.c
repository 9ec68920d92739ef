/* An image configuration through the reader of history lines and every image check. */
#include "iac/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct image image = { 0 };
	struct err e;
	struct config_finding *v;
	size_t n;
	if (image_config_parse(&a, (struct str){ (const char *)data, size }, &image.cfg, &e) == 0) {
		struct inventory inv = {
			.arena = &a, .image = &image, .target = S("a"), .reference = S("h/a@b")
		};
		struct image_check_options o = { .now = 1700000000 };
		inv.base.layers = 1;
		image_check(&inv, &o, &a, &v, &n);
	}
	arena_done(&a);
	return 0;
}
