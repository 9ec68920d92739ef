/* gzip, zstd and xz, told by magic bytes as everywhere. */
#include "base/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct inflate_limits limits = { .max_out = 8 << 20,
						      .max_ratio = 1200,
						      .window_log = 22 };
	struct str in = { (const char *)data, size };
	struct inflate_info info = { 0 };
	struct err e;
	struct stream *s = stream_inflate(stream_mem(in), compression_of(in), &limits, &info);
	if (stream_drain(s, &e) == 0 && info.in + info.trailing > size)
		__builtin_trap();
	stream_close(s);
	return 0;
}
