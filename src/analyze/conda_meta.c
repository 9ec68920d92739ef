/* What conda installed: PREFIX/conda-meta/NAME-VERSION-BUILD.json (docs.conda.io, "conda-meta"), one package a file. Python
 * packages of conda have their dist-info too, which python_dist.c reads: as conda's they are of type conda, which no
 * language advisory concerns.
 *
 * Hostile input: JSON of any size and shape. The list of files, most of it, is passed over. */
#include "analyze/listing.h"

#include "base/stream.h"

enum field { F_NAME, F_VERSION, F_BUILD, F_CHANNEL, F_SUBDIR, F_LICENCE, F_COUNT };
static const char *const fields[F_COUNT] = { "name",	"version", "build",
					     "channel", "subdir",  "license" };

struct reader {
	struct listing l;
	struct str values[F_COUNT];
	struct strs needs;
};

static int on_member(void *ctx, unsigned depth, struct str key, size_t index, struct err *e)
{
	(void)ctx;
	(void)index;
	(void)e;
	if (depth > 1)
		return 2;
	for (size_t i = 0; i < F_COUNT; i++)
		if (str_eq(key, str_of(fields[i])))
			return 1;
	return str_eq(key, S("depends")) ? 1 : 2;
}

static int on_value(void *ctx, unsigned depth, struct str key, size_t index,
		    const struct json *tree, struct err *e)
{
	struct reader *rd = ctx;
	struct arena *a = rd->l.an->arena;
	(void)depth;
	(void)index;
	(void)e;
	for (size_t i = 0; i < F_COUNT; i++)
		if (str_eq(key, str_of(fields[i])) && !rd->values[i].n)
			rd->values[i] = arena_str(a, json_str(tree));
	if (str_eq(key, S("depends")))
		JSON_EACH(d, tree)
	*ARENA_PUSH(a, rd->needs.v, rd->needs.n, rd->needs.cap) = arena_str(a, json_str(d));
	return 0;
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	static const struct json_handlers handlers = { .member = on_member, .value = on_value };
	struct reader rd = { 0 };
	(void)state;
	listing_begin(&rd.l, an, f, "conda_meta", "conda");
	CLEANUP(cleanup_stream)
	struct stream *in =
		whole->fd < 0 ? stream_mem(whole->mem)
			      : stream_fd(whole->fd, false, (off_t)whole->offset, whole->size);
	int r = json_read(in, &handlers, &rd, e);
	if (r)
		return r;
	if (!rd.values[F_NAME].n || !rd.values[F_VERSION].n)
		return err_set(e, ERR_INVALID, "conda-meta without name or version");
	struct record_package *p = listing_add(&rd.l, rd.values[F_NAME], rd.values[F_VERSION]);
	listing_licence(&rd.l, p, rd.values[F_LICENCE]);
	for (size_t i = F_BUILD; i <= F_SUBDIR; i++)
		listing_set(&rd.l, p, fields[i], rd.values[i]);
	for (size_t i = 0; i < rd.needs.n; i++) {
		struct str rest = rd.needs.v[i], name;
		if (str_word(&rest, &name) && !str_starts(name, S("__")))
			listing_need(&rd.l, p, name, S(""));
	}
	return listing_end(&rd.l, e);
}

static const char *const patterns[] = { "**/conda-meta/*.json", NULL };

const struct analyzer analyzer_conda_meta = {
	.name = "conda_meta",
	.version = 1,
	.patterns = patterns,
	.digests = true,
	.want_whole = true,
	.end = end,
};
