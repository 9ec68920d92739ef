/* Files of a TUF mirror, by HTTP or from a folder. What comes is bounded here and believed nowhere: tuf.c verifies
 * it. Names come percent-encoded, so that no role's name climbs out of the folder. */
#include "trust/tuf_source.h"
#include "base/durable.h"

bool tuf_source_is_web(struct str where)
{
	return str_starts(where, S("https://")) || str_starts(where, S("http://"));
}

static int get_web(void *ctx, const char *name, size_t max, struct buf *out, struct err *e)
{
	const struct tuf_source *s = ctx;
	struct arena a CLEANUP(arena_done) = { 0 };
	struct fetch_request q = { 0 };
	struct fetch_response r = { 0 };
	bool slash = str_ends(s->url, S("/"));
	q.url = arena_printf(&a, "%.*s%s%s", STR(s->url), slash ? "" : "/", name);
	if (fetch_send(s->fetch, &q, &a, &r, e))
		return err_in(e, "mirror");
	struct stream *body CLEANUP(cleanup_stream) = r.body;
	if (r.status == 404 || r.status == 403)
		return err_set(e, ERR_NOT_FOUND, "%.*s is not there", STR(q.url));
	if (r.status != 200)
		return err_set(e, ERR_IO, "%.*s: status %d", STR(q.url), r.status);
	return stream_read_all(body, max, out, e) < 0 ? err_in(e, "%.*s", STR(q.url)) : 0;
}

static int get_file(void *ctx, const char *name, size_t max, struct buf *out, struct err *e)
{
	const struct tuf_source *s = ctx;
	return durable_read(s->dir, name, max, out, e) ? err_in(e, "mirror") : 0;
}

int tuf_source_open(struct str where, struct fetch *fetch, struct tuf_source *out, struct err *e)
{
	struct tuf_source s = { .fetch = fetch, .url = where, .dir = -1 };
	struct buf path CLEANUP(buf_done) = { 0 };
	s.mirror.get = get_web;
	if (!tuf_source_is_web(where)) {
		buf_add_str(&path, str_starts(where, S("file://")) ? str_from(where, 7) : where);
		s.mirror.get = get_file;
		s.dir = open(buf_cstr(&path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (s.dir < 0)
			return err_sys(e, "opening the mirror %s", path.p);
	}
	*out = s;
	out->mirror.ctx = out;
	return 0;
}

void tuf_source_done(struct tuf_source *s)
{
	cleanup_fd(&s->dir);
	s->dir = -1;
}
