/* One analyzer over any bytes, under one of its paths: what comes out must survive its encoding. With several paths the
 * first byte chooses: '0' + its place. */
#ifndef LAZARET_FUZZ_ANALYZER_H
#define LAZARET_FUZZ_ANALYZER_H

#include "analyze/inventory.h"
#include "drive.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int fuzz_analyzer(const struct analyzer *z, const char *path, struct str body, size_t chunk)
{
	struct drive d;
	struct buf raw = { 0 };
	struct layer_record back = { 0 };
	struct err e;
	drive_init(&d, z);
	drive_file(&d, path, body, chunk);
	drive_finish(&d);
	record_encode(&d.record, &raw);
	if (record_decode(&d.arena, str_buf(&raw), &d.limits, &back, &e) < 0)
		abort();
	if (z->join) {
		struct fold f;
		struct layer_info layer = { 0 };
		struct inventory inv = { .arena = &d.arena, .layers = &layer, .n_layers = 1 };
		drive_fold(&d, &f);
		inventory_add_packages(&inv, &f);
		if (z->join(&f, &inv, &e) < 0)
			abort();
	}
	buf_done(&raw);
	drive_done(&d);
	return 0;
}

#define FUZZ_ANALYZER(name, ...) \
	extern const struct analyzer analyzer_##name; \
	int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) \
	{ \
		static const char *const paths[] = { __VA_ARGS__ }; \
		size_t skip = COUNT(paths) > 1, chosen = 0; \
		if (size < skip) \
			return 0; \
		if (skip) \
			chosen = (size_t)(data[0] - '0') % COUNT(paths); \
		return fuzz_analyzer(&analyzer_##name, paths[chosen], \
				     (struct str){ (const char *)data + skip, size - skip }, 5); \
	}

#endif
