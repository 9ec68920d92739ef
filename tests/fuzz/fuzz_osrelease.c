/* Every release file from one input, parted by NUL; then the join. */
#include "drive.h"

#include <stdlib.h>

extern const struct analyzer analyzer_osrelease;
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct drive d;
	struct fold f;
	struct inventory inv;
	struct buf raw = { 0 };
	struct layer_record back = { 0 };
	struct err e;
	struct str rest = { (const char *)data, size };
	drive_init(&d, &analyzer_osrelease);
	for (size_t i = 0; analyzer_osrelease.patterns[i]; i++) {
		struct str body = str_cut(&rest, '\0');
		if (body.n)
			drive_file(&d, analyzer_osrelease.patterns[i], body, 0);
	}
	record_encode(&d.record, &raw);
	if (record_decode(&d.arena, str_buf(&raw), &d.limits, &back, &e) < 0)
		abort();
	drive_fold(&d, &f);
	drive_inventory(&d, &f, &inv);
	analyzer_osrelease.join(&f, &inv, &e);
	buf_done(&raw);
	drive_done(&d);
	return 0;
}
