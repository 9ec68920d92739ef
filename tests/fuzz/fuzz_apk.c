/* The apk database in chunks whose size the first byte gives; what comes out must survive its encoding. */
#include "drive.h"

#include <stdlib.h>

extern const struct analyzer analyzer_apk;
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct drive d;
	struct buf raw = { 0 };
	struct layer_record back = { 0 };
	struct err e;
	if (size == 0)
		return 0;
	drive_init(&d, &analyzer_apk);
	drive_file(&d, "lib/apk/db/installed", (struct str){ (const char *)data + 1, size - 1 },
		   data[0]);
	record_encode(&d.record, &raw);
	if (record_decode(&d.arena, str_buf(&raw), &d.limits, &back, &e) < 0)
		abort();
	buf_done(&raw);
	drive_done(&d);
	return 0;
}
