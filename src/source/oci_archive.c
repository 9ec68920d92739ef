/* `oci-archive:FILE[:TAG|@DIGEST]`: an OCI image layout in a tar file (skopeo, buildah, buildkit), perhaps compressed as
 * a whole. What the tar file may try is told in archive.c, what the layout may try in layout.c. */
#include "source/archive.h"
#include "source/layout.h"

struct oci_archive_state {
	struct archive *archive;
	struct layout layout;
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
	o->layout.open = open_member;
	o->layout.ctx = o;
	s->state = o;
	int r = layout_load(&o->layout, s, e);
	return r ? err_in(e, "%.*s", STR(s->path)) : 0;
}

static int oci_archive_open(struct source *s, struct str where, struct err *e)
{
	struct archive *a = NULL;
	int r = path_and_name(s, where, e);
	if (r || (r = archive_open(s->path, &s->opt->limits, &a, e)))
		return r;
	return oci_archive_use(s, a, e);
}

static int oci_archive_resolve(struct source *s, struct descriptor *out, struct err *e)
{
	struct oci_archive_state *o = s->state;
	return layout_resolve(&o->layout, s, out, e);
}

static int oci_archive_get(struct source *s, const struct descriptor *d, struct stream **out,
			   struct err *e)
{
	struct oci_archive_state *o = s->state;
	return layout_get(&o->layout, d, out, e);
}

static int oci_archive_list(struct source *s, struct strs *tags, struct err *e)
{
	struct oci_archive_state *o = s->state;
	return layout_list(&o->layout, s, tags, e);
}

static void oci_archive_close(struct source *s)
{
	struct oci_archive_state *o = s->state;
	archive_close(o->archive);
	s->state = NULL;
}

static int oci_archive_referrers(struct source *s, const struct digest *subject,
				 struct descriptors *out, struct err *e)
{
	struct oci_archive_state *o = s->state;
	return layout_referrers(&o->layout, s, subject, out, e);
}

const struct source_ops source_oci_archive = {
	.scheme = "oci-archive",
	.open = oci_archive_open,
	.resolve = oci_archive_resolve,
	.get = oci_archive_get,
	.list = oci_archive_list,
	.referrers = oci_archive_referrers,
	.close = oci_archive_close,
};
