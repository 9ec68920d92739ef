/* A SQLite database of any bytes, and a write-ahead log behind it: the first four bytes (little-endian) are the size of the
 * database. */
#include "rpm_sink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_sink f;
	struct err e;
	if (size < 4)
		return 0;
	size_t n = MIN((size_t)rpm_le32(data), size - 4), rest = size - 4 - n;
	struct whole db = { .mem = { (const char *)data + 4, n }, .fd = -1, .size = n };
	struct whole wal = { .mem = { (const char *)data + 4 + n, rest }, .fd = -1, .size = rest };
	fuzz_sink_init(&f, size);
	fuzz_sink_done(&f, rpm_sqlite_read(&db, rest ? &wal : NULL, &f.sink, &e), &e);
	return 0;
}
