/* Zip archives: every member is read, from a descriptor and from memory, with the same result. */
#include "base/zip.h"

#include <stdlib.h>
#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct zip_limits limits = { 100, 1 << 20, 4 << 20 };

static uint64_t read_members(struct zip *z)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	struct zip_member m;
	struct err e;
	uint64_t sum = 0;
	while (zip_next(z, &m, &e) == 1)
		sum = sum * 31 + (zip_read(z, &m, &b, &e) == 0 ? b.n + 1 : 0);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd CLEANUP(cleanup_fd) = memfd_create("zip", MFD_CLOEXEC);
	struct zip *z CLEANUP(cleanup_zip) = NULL, *y CLEANUP(cleanup_zip) = NULL;
	struct err e, f;
	if (fd < 0 || pwrite(fd, data, size, 7) != (ssize_t)size)
		abort();
	int r = zip_open_at(fd, 7, size, &limits, &z, &e);
	if (zip_open_mem((struct str){ (const char *)data, size }, &limits, &y, &f) != r)
		abort();
	if (r == 0 && read_members(z) != read_members(y))
		abort();
	return 0;
}
