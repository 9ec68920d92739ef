/* `oci:DIR[:TAG|@DIGEST]`: an OCI image layout in a folder. Every file is opened with openat2 below that folder, so that
 * no link and no ".." leads out of it; only regular files count (a pipe or a device in the place of a blob would block
 * or never end). What the layout itself may try is told in layout.c. Needs Linux 5.6. */
#include "source/archive.h"
#include "source/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

struct oci_state {
	int dir;
	struct layout layout;
};

static int open_beneath(int dir, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
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
	const struct oci_state *o = ctx;
	struct buf name CLEANUP(buf_done) = { 0 };
	struct stat st;
	buf_add_str(&name, path);
	int fd CLEANUP(cleanup_fd) = open_beneath(o->dir, buf_cstr(&name));
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

static void oci_close(struct source *s)
{
	struct oci_state *o = s->state;
	if (o->dir >= 0)
		close(o->dir);
	s->state = NULL;
}

static int oci_open(struct source *s, struct str where, struct err *e)
{
	struct oci_state *o = ARENA_NEW(&s->arena, struct oci_state);
	int r = path_and_name(s, where, e);
	if (r)
		return r;
	o->dir = open(arena_cstr(&s->arena, s->path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (o->dir < 0 && errno == ENOTDIR)
		return err_set(e, ERR_INVALID,
			       "%.*s is no folder; for a file write oci-archive:", STR(s->path));
	if (o->dir < 0)
		return err_sys(e, "open %.*s", STR(s->path));
	s->state = o;
	o->layout.open = open_file;
	o->layout.ctx = o;
	r = layout_load(&o->layout, s, e);
	return r ? err_in(e, "%.*s", STR(s->path)) : 0;
}

static int oci_resolve(struct source *s, struct descriptor *out, struct err *e)
{
	struct oci_state *o = s->state;
	return layout_resolve(&o->layout, s, out, e);
}

static int oci_get(struct source *s, const struct descriptor *d, struct stream **out, struct err *e)
{
	struct oci_state *o = s->state;
	return layout_get(&o->layout, d, out, e);
}

static int oci_list(struct source *s, struct strs *tags, struct err *e)
{
	struct oci_state *o = s->state;
	return layout_list(&o->layout, s, tags, e);
}

static int oci_referrers(struct source *s, const struct digest *subject, struct descriptors *out,
			 struct err *e)
{
	struct oci_state *o = s->state;
	return layout_referrers(&o->layout, s, subject, out, e);
}

const struct source_ops source_oci = {
	.scheme = "oci",
	.open = oci_open,
	.resolve = oci_resolve,
	.get = oci_get,
	.list = oci_list,
	.referrers = oci_referrers,
	.close = oci_close,
};
