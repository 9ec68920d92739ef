/* Headers of an executable of any bytes, and every part they name. */
#include "analyze/executable.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct whole w = { .mem = { (const char *)data, size }, .fd = -1, .size = size };
	CLEANUP(arena_done) struct arena a = { 0 };
	CLEANUP(buf_done) struct buf b = { 0 };
	struct err e;
	unsigned char word[8];
	for (unsigned slice = 0; slice < EXECUTABLE_SLICES_MAX; slice++) {
		struct executable x = { 0 };
		if (executable_open(&a, &w, slice, &x, &e))
			break;
		if (x.n_parts > 2 * EXECUTABLE_PARTS_MAX)
			abort();
		for (size_t i = 0; i < x.n_parts && i < 64; i++) {
			(void)executable_part_read(&x, &x.parts[i], 1 << 16, &b, &e);
			(void)executable_read(&x, x.parts[i].address, word, sizeof word, &e);
		}
		(void)executable_find(&x, ".dep-v0");
	}
	return 0;
}
