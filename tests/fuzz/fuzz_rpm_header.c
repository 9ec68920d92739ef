/* A package header of any bytes. */
#include "rpm_sink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_sink f;
	struct err e;
	fuzz_sink_init(&f, size);
	fuzz_sink_done(&f, rpm_sink_header(&f.sink, (struct str){ (const char *)data, size }, &e),
		       &e);
	return 0;
}
