/* Writing a file so that nobody sees half of it. A link, which fails where a name is taken, keeps two writers from
 * overwriting one another. */
#include "cmd/file.h"

#include "base/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static int put_in_place(const char *aside, const char *path, bool overwrite, struct err *e)
{
	if (overwrite)
		return rename(aside, path) == 0 ? 0 : err_sys(e, "rename to %s", path);
	if (link(aside, path) != 0)
		return errno == EEXIST ? err_set(e, ERR_CONFLICT, "%s is there already", path)
				       : err_sys(e, "link to %s", path);
	unlink(aside);
	return 0;
}

int file_write(const char *path, mode_t mode, bool overwrite, struct str bytes, struct err *e)
{
	struct stat st;
	char aside[4096];
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		int dev CLEANUP(cleanup_fd) = open(path, O_WRONLY | O_CLOEXEC);
		return dev < 0 ? err_sys(e, "open %s", path) : write_all(dev, bytes, path, e);
	}
	if (snprintf(aside, sizeof aside, "%s.%d.part", path, (int)getpid()) >= (int)sizeof aside)
		return err_set(e, ERR_INVALID, "the path %.100s... is too long", path);
	int fd CLEANUP(cleanup_fd) = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return err_sys(e, "create %s", aside);
	int r = write_all(fd, bytes, aside, e);
	if (r == 0 && fsync(fd) != 0)
		r = err_sys(e, "write %s to the disk", aside);
	if (r == 0)
		r = put_in_place(aside, path, overwrite, e);
	if (r < 0)
		unlink(aside);
	return r ? r : durable_sync_parent(AT_FDCWD, str_of(path), e);
}

int file_folders(const char *path, struct err *e)
{
	char part[4096];
	for (const char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
		size_t n = (size_t)(p - path);
		if (n >= sizeof part)
			return err_set(e, ERR_INVALID, "the path %.100s... is too long", path);
		memcpy(part, path, n);
		part[n] = '\0';
		if (mkdir(part, 0700) != 0 && errno != EEXIST)
			return err_sys(e, "make the folder %s", part);
	}
	return 0;
}
