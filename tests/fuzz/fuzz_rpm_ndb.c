/* A package database (ndb) of any bytes. What must hold: it ends, within the sink's budgets. */
#include "rpm_sink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_sink f;
	struct err e;
	struct whole w = { .mem = { (const char *)data, size }, .fd = -1, .size = size };
	fuzz_sink_init(&f, size);
	fuzz_sink_done(&f, rpm_ndb_read(&w, &f.sink, &e), &e);
	return 0;
}
