/* Writing files so that a crash or a full disk loses nothing that was there before. */
#include "base/durable.h"
#include "base/stream.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

int durable_read(int dir, const char *path, size_t max, struct buf *out, struct err *e)
{
	int fd CLEANUP(cleanup_fd) =
		openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stream *s CLEANUP(cleanup_stream) = NULL;
	struct stat st;
	if (fd < 0 || fstat(fd, &st))
		return err_sys(e, "opening %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_INVALID, "%s is no file", path);
	s = stream_fd(STEAL_FD(fd), true, -1, UINT64_MAX);
	if (stream_read_all(s, max, out, e))
		return err_in(e, "%s", path);
	return 0;
}

int write_all(int fd, struct str bytes, const char *what, struct err *e)
{
	while (bytes.n) {
		ssize_t n = write(fd, bytes.p, bytes.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "writing %s", what);
		bytes = str_from(bytes, (size_t)n);
	}
	return 0;
}

int durable_sync_dir(int dir, const char *path, struct err *e)
{
	int fd CLEANUP(cleanup_fd) = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd))
		return err_sys(e, "syncing %s", path);
	return 0;
}

/* Makes the folders of a path; each one's parent is synced when it was made. */
static int make_parents(int dir, const char *path, bool sync, struct err *e)
{
	struct buf at CLEANUP(buf_done) = { 0 }, parent CLEANUP(buf_done) = { 0 };
	buf_add_str(&parent, path[0] == '/' ? S("/") : S("."));
	for (const char *p = path; (p = strchr(p, '/')) != NULL; p++) {
		if (p == path)
			continue;
		at.n = 0;
		buf_add(&at, path, (size_t)(p - path));
		const char *made = buf_cstr(&at);
		bool is_new = mkdirat(dir, made, 0755) == 0;
		if (!is_new && errno != EEXIST)
			return err_sys(e, "making %s", made);
		if (is_new && sync && durable_sync_dir(dir, buf_cstr(&parent), e))
			return e->code;
		parent.n = 0;
		buf_add_str(&parent, str_buf(&at));
	}
	return 0;
}

int durable_sync_parent(int dir, struct str path, struct err *e)
{
	struct buf parent CLEANUP(buf_done) = { 0 };
	ssize_t slash = str_rfind_char(path, '/');
	buf_add_str(&parent, slash < 0 ? S(".") : str_upto(path, MAX((size_t)slash, (size_t)1)));
	return durable_sync_dir(dir, buf_cstr(&parent), e);
}

int durable_write(int dir, const char *path, struct str bytes, bool sync, struct err *e)
{
	const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
	int fd CLEANUP(cleanup_fd) = openat(dir, path, flags, 0644);
	if (fd < 0 && errno == ENOENT) {
		if (make_parents(dir, path, sync, e))
			return e->code;
		fd = openat(dir, path, flags, 0644);
	}
	if (fd < 0)
		return err_sys(e, "creating %s", path);
	if (write_all(fd, bytes, path, e))
		return e->code;
	if (sync && fsync(fd))
		return err_sys(e, "syncing %s", path);
	return sync ? durable_sync_parent(dir, str_of(path), e) : 0;
}

int durable_replace(struct str path, struct str bytes, struct err *e)
{
	struct buf to CLEANUP(buf_done) = { 0 }, aside CLEANUP(buf_done) = { 0 };
	buf_add_str(&to, path);
	buf_addf(&aside, "%.*s.new", STR(path));
	if (durable_write(AT_FDCWD, buf_cstr(&aside), bytes, true, e)) {
		unlink(aside.p);
		return e->code;
	}
	if (rename(aside.p, buf_cstr(&to))) {
		err_sys(e, "renaming %s", aside.p);
		unlink(aside.p);
		return e->code;
	}
	return durable_sync_parent(AT_FDCWD, path, e);
}
