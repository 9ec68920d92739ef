/* Entry bundles: cut into entries and put together again they are the same bytes. */
#include "trust/tlog_tiles.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str all = { (const char *)data, size }, rest = all, entry = { 0 };
	struct buf again CLEANUP(buf_done) = { 0 };
	struct err e;
	int r;
	while ((r = tlog_bundle_next(&rest, &entry, &e)) > 0)
		tlog_bundle_add(&again, entry);
	if (!str_starts(all, str_buf(&again)) || (r == 0 && again.n != size))
		abort();
	if (size >= 9) {
		struct buf path CLEANUP(buf_done) = { 0 };
		uint64_t index;
		memcpy(&index, data, 8);
		tlog_tile_path(data[8] % (TLOG_ENTRIES + 1), index, 1 + data[8], &path);
		if (path.n > 64)
			abort();
	}
	return 0;
}
