/* Zip archives: every member is read. */
#include "base/zip.h"

#include <stdlib.h>
#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct zip_limits limits = { 100, 1 << 20, 4 << 20 };
	int fd CLEANUP(cleanup_fd) = memfd_create("zip", MFD_CLOEXEC);
	struct zip *z CLEANUP(cleanup_zip) = NULL;
	struct buf b CLEANUP(buf_done) = { 0 };
	struct zip_member m;
	struct err e;
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	if (zip_open(fd, &limits, &z, &e))
		return 0;
	while (zip_next(z, &m, &e) == 1)
		(void)zip_read(z, &m, &b, &e);
	return 0;
}
