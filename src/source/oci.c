/* `oci:DIR[:TAG|@DIGEST]`: an OCI image layout in a folder. Every file is opened with openat2 below that folder, so that
 * no link and no ".." leads out of it; only regular files count (a pipe or a device in the place of a blob would block
 * or never end). What the layout itself may try is told in layout.c, how it is written in layout_write.c. Needs Linux
 * 5.6. */
#include "base/durable.h"
#include "source/archive.h"
#include "source/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

int layout_open_beneath(int dir, const char *path, int flags)
{
	struct open_how how = {
		.flags = (unsigned)(flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	long fd;
	do {
		fd = syscall(SYS_openat2, dir, path, &how, sizeof how);
	} while (fd < 0 && errno == EAGAIN);
	return (int)fd;
}

static int open_file(void *ctx, struct str path, struct stream **out, uint64_t *size, struct err *e)
{
	const struct layout *l = ctx;
	struct buf name CLEANUP(buf_done) = { 0 };
	struct stat st;
	buf_add_str(&name, path);
	int fd CLEANUP(cleanup_fd) = layout_open_beneath(l->dir, buf_cstr(&name), O_RDONLY);
	if (fd < 0 && errno == EXDEV)
		return err_set(e, ERR_INVALID, "%.*s leads out of the layout", STR(path));
	if (fd < 0)
		return err_sys(e, "open %.*s", STR(path));
	if (fstat(fd, &st))
		return err_sys(e, "fstat %.*s", STR(path));
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_INVALID, "%.*s is no regular file", STR(path));
	*size = (uint64_t)st.st_size;
	*out = stream_fd(STEAL_FD(fd), true, 0, UINT64_MAX);
	return 0;
}

void layout_use_folder(struct layout *l, int dir)
{
	*l = (struct layout){ .open = open_file, .ctx = l, .dir = dir };
}

static void oci_close(struct source *s)
{
	struct layout *l = s->state;
	if (l->dir >= 0)
		close(l->dir);
	s->state = NULL;
}

/* A folder that is not there yet: what is behind the last colon of the last component names the image. */
static void new_path_and_name(struct source *s, struct str where)
{
	ssize_t slash = str_rfind_char(where, '/'), colon = str_rfind_char(where, ':');
	bool named = colon > slash && colon > 0;
	s->path = arena_str(&s->arena, named ? str_upto(where, (size_t)colon) : where);
	s->wanted = named ? arena_str(&s->arena, str_from(where, (size_t)colon + 1)) : S("");
}

static int oci_open(struct source *s, struct str where, struct err *e)
{
	struct layout *l = ARENA_NEW(&s->arena, struct layout);
	int r = path_and_name(s, where, e);
	if (r == ERR_NOT_FOUND && s->create) {
		new_path_and_name(s, where);
		if (mkdir(arena_cstr(&s->arena, s->path), 0777) != 0)
			return err_sys(e, "make the folder %.*s", STR(s->path));
		r = durable_sync_parent(AT_FDCWD, s->path, e);
	}
	if (r)
		return r;
	int dir = open(arena_cstr(&s->arena, s->path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 && errno == ENOTDIR)
		return err_set(e, ERR_INVALID,
			       "%.*s is no folder; for a file write oci-archive:", STR(s->path));
	if (dir < 0)
		return err_sys(e, "open %.*s", STR(s->path));
	layout_use_folder(l, dir);
	s->state = l;
	s->exact_tags = true;
	if (s->create && layout_make(dir, e))
		return err_in(e, "%.*s", STR(s->path));
	r = layout_load(s, e);
	return r ? err_in(e, "%.*s", STR(s->path)) : 0;
}

const struct source_ops source_oci = {
	.scheme = "oci",
	.open = oci_open,
	.resolve = layout_resolve,
	.get = layout_get,
	.list = layout_list,
	.referrers = layout_referrers,
	.put = layout_put,
	.tag = layout_tag,
	.remove = layout_remove,
	.close = oci_close,
};
