/* A program of any bytes. What must hold: what comes out survives its encoding. */
#include "drive.h"

extern const struct analyzer analyzer_rust;
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_done) struct buf raw = { 0 };
	struct layer_record back = { 0 };
	struct drive d;
	struct err e;
	drive_init(&d, &analyzer_rust);
	drive_file(&d, "usr/bin/x", (struct str){ (const char *)data, size }, 0);
	record_encode(&d.record, &raw);
	if (record_decode(&d.arena, str_buf(&raw), &d.limits, &back, &e) < 0)
		abort();
	drive_done(&d);
	return 0;
}
