/* The record decoder. What it takes must come out of the encoder and be taken again. */
#include "analyze/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct limits l;
	struct layer_record r, again;
	struct buf b = { 0 };
	struct err e;
	limits_default(&l);
	l.record_bytes = 64 << 20;
	if (record_decode(&a, (struct str){ (const char *)data, size }, &l, &r, &e) == 0) {
		record_encode(&r, &b);
		if (record_decode(&a, str_buf(&b), &l, &again, &e) || again.n_files != r.n_files)
			__builtin_trap();
	}
	buf_done(&b);
	arena_done(&a);
	return 0;
}
