/* A whole layer without the sandbox: inflating, tar, names, every analyzer, and the record out and in again. */
#include "analyze/layer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stream *s = stream_mem((struct str){ (const char *)data, size });
	struct analysis_options options = { .scanners = SCAN_ALL, .lockfiles = true };
	struct layer_input in = { 0 };
	struct arena a = { 0 };
	struct limits l;
	struct layer_record r, again;
	struct buf b = { 0 };
	struct err e;
	limits_default(&l);
	l.layer_bytes = 8 << 20;
	l.memory_file = 1 << 20;
	if (layer_walk(s, &options, &in, &l, &a, &r, &e))
		__builtin_trap();
	record_encode(&r, &b);
	if (record_decode(&a, str_buf(&b), &l, &again, &e))
		__builtin_trap();
	buf_done(&b);
	arena_done(&a);
	stream_close(s);
	return 0;
}
