/* Python eggs that are zip archives (setuptools, "the internal structure of Python eggs"): EGG-INFO/PKG-INFO inside NAME.egg
 * says name and version. Eggs that are folders are python_dist.c's.
 *
 * Hostile input: archives of any content; only one small member is inflated (base/zip.h checks it), the directory is walked up
 * to MEMBERS_MAX. */
#include "analyze/python.h"

#include "base/zip.h"

enum { MEMBERS_MAX = 200000, INFO_MAX = 4 << 20 };

static bool wants(const struct file *f, struct str head)
{
	(void)f;
	return !head.n || str_starts(head, S("PK"));
}

static int read_member(struct listing *l, struct zip *z, const struct zip_member *m, struct err *e)
{
	CLEANUP(buf_done) struct buf b = { 0 };
	int r = zip_read(z, m, &b, e);
	if (r == 0)
		r = python_metadata(l, arena_str(l->an->arena, str_buf(&b)), e);
	if (r == 0 && l->file->n_packages)
		listing_set(l, &l->file->packages[0], "inside", S("EGG-INFO/PKG-INFO"));
	return r;
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	static const struct zip_limits limits = { MEMBERS_MAX, INFO_MAX, INFO_MAX };
	struct zip *z CLEANUP(cleanup_zip) = NULL;
	struct zip_member m;
	struct listing l;
	(void)state;
	listing_begin(&l, an, f, "python_egg", "pypi");
	int r = whole->fd < 0 ? zip_open_mem(whole->mem, &limits, &z, e)
			      : zip_open_at(whole->fd, whole->offset, whole->size, &limits, &z, e);
	if (r)
		return r;
	while ((r = zip_next(z, &m, e)) > 0)
		if (str_eq(m.name, S("EGG-INFO/PKG-INFO")))
			return read_member(&l, z, &m, e);
	return r < 0 ? r : err_set(e, ERR_INVALID, "an egg without EGG-INFO/PKG-INFO");
}

static const char *const patterns[] = { "*.egg", NULL };

const struct analyzer analyzer_python_egg = {
	.name = "python_egg",
	.version = 1,
	.patterns = patterns,
	.digests = true,
	.want_whole = true,
	.wants = wants,
	.end = end,
};
