/* `oci-archive:FILE[:TAG|@DIGEST]`: an OCI image layout in a tar file (skopeo, buildah, buildkit), perhaps compressed as
 * a whole. What the tar file may try is told in archive.c, what the layout may try in layout.c.
 *
 * A new one is made as a layout in a hidden folder beside it, and becomes a tar file, whole, at the end; the same content
 * gives the same bytes. Not supported: changing one that is there. */
#include "base/durable.h"
#include "source/archive.h"
#include "source/layout.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

struct oci_archive_state {
	struct layout layout; /* first: see layout.h */
	struct archive *archive; /* NULL: it is being made */
	char *folder; /* where it is made */
};

static int open_member(void *ctx, struct str path, struct stream **out, uint64_t *size,
		       struct err *e)
{
	const struct oci_archive_state *o = ctx;
	if (archive_is_twice(o->archive, path) && !str_starts(path, S("blobs/")))
		return err_set(e, ERR_INVALID,
			       "'%.*s' is there twice, and readers differ in which one they take",
			       STR(path));
	return archive_get(o->archive, path, out, size, e);
}

int oci_archive_use(struct source *s, struct archive *a, struct err *e)
{
	struct oci_archive_state *o = ARENA_NEW(&s->arena, struct oci_archive_state);
	o->archive = a;
	o->layout.dir = -1;
	o->layout.open = open_member;
	o->layout.ctx = o;
	s->state = o;
	int r = layout_load(s, e);
	return r ? err_in(e, "%.*s", STR(s->path)) : 0;
}

static int create(struct source *s, struct str where, struct err *e)
{
	struct oci_archive_state *o = ARENA_NEW(&s->arena, struct oci_archive_state);
	ssize_t slash = str_rfind_char(where, '/'), colon = str_rfind_char(where, ':');
	bool named = colon > slash && colon > 0;
	struct stat st;
	s->path = arena_str(&s->arena, named ? str_upto(where, (size_t)colon) : where);
	s->wanted = named ? arena_str(&s->arena, str_from(where, (size_t)colon + 1)) : S("");
	if (s->path.n == 0)
		return err_set(e, ERR_INVALID, "oci-archive: a path is missing");
	if (stat(s->path.p, &st) == 0)
		return err_set(e, ERR_CONFLICT,
			       "%.*s is there already, and archives are only written anew",
			       STR(s->path));
	struct str name =
		arena_printf(&s->arena, "%.*s.%.*s.XXXXXX", slash < 0 ? 0 : (int)slash + 1,
			     s->path.p, STR(str_from(s->path, (size_t)(slash + 1))));
	char *folder = arena_cstr(&s->arena, name);
	if (!mkdtemp(folder))
		return err_sys(e, "make a folder beside %.*s", STR(s->path));
	layout_use_folder(&o->layout, -1);
	o->folder = folder;
	s->state = o;
	s->exact_tags = true;
	o->layout.dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (o->layout.dir < 0)
		return err_sys(e, "open %s", folder);
	return layout_make(o->layout.dir, e) ? e->code : layout_load(s, e);
}

static int oci_archive_open(struct source *s, struct str where, struct err *e)
{
	struct archive *a = NULL;
	if (s->create)
		return create(s, where, e);
	int r = path_and_name(s, where, e);
	if (r || (r = archive_open(s->path, &s->opt->limits, &a, e)))
		return r;
	return oci_archive_use(s, a, e);
}

static int oci_archive_finish(struct source *s, struct err *e)
{
	struct oci_archive_state *o = s->state;
	if (o->archive)
		return 0;
	struct str aside = arena_printf(&s->arena, "%s.tar", o->folder);
	int fd CLEANUP(cleanup_fd) = open(aside.p, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return err_sys(e, "create %.*s", STR(aside));
	int r = layout_write_tar(o->layout.dir, fd, e);
	if (r == 0 && link(aside.p, s->path.p) != 0)
		r = err_sys(e, "name the archive %.*s", STR(s->path));
	unlink(aside.p);
	return r ? err_in(e, "%.*s", STR(s->path)) : durable_sync_parent(AT_FDCWD, s->path, e);
}

static void oci_archive_close(struct source *s)
{
	struct oci_archive_state *o = s->state;
	archive_close(o->archive);
	if (o->folder)
		layout_delete(o->layout.dir, o->folder);
	if (o->layout.dir >= 0)
		close(o->layout.dir);
	s->state = NULL;
}

const struct source_ops source_oci_archive = {
	.scheme = "oci-archive",
	.open = oci_archive_open,
	.resolve = layout_resolve,
	.get = layout_get,
	.list = layout_list,
	.referrers = layout_referrers,
	.put = layout_put,
	.tag = layout_tag,
	.remove = layout_remove,
	.finish = oci_archive_finish,
	.close = oci_archive_close,
};
