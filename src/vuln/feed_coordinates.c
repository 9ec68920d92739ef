/* Which Maven artifact a file is, by its SHA-1: comma separated lines `sha1,group,artifact,version` behind a line of those
 * titles, as one exports them from an artifact repository's index. There is no public document of it. Each line is kept as a
 * record about the package SHA1 in the namespace "maven-sha1", whose id is "group:artifact@version": see coordinates.h.
 * Lines that are no entry are skipped and said. */
#include "vuln/coordinates.h"
#include "vuln/feed.h"

enum { LINE_MAX_BYTES = 2048 };
static const char titles[] = "sha1,group,artifact,version";

static bool is_part(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] == ':' || s.p[i] == '@' || s.p[i] == 127)
			return false;
	return s.n > 0 && str_is_utf8(s);
}

static int read_line(struct str line, const struct feed_sink *sink, struct err *e)
{
	struct arena a = { 0 };
	struct digest d;
	struct str rest = line, sha1 = str_trim(str_cut(&rest, ',')),
		   group = str_trim(str_cut(&rest, ',')), artifact = str_trim(str_cut(&rest, ',')),
		   version = str_trim(rest);
	if (!digest_from_hex(DIGEST_SHA1, sha1, &d) || !is_part(group) || !is_part(artifact) ||
	    !is_part(version)) {
		sink->skipped(sink->ctx, str_upto(line, 80), "no SHA-1 with coordinates");
		return 0;
	}
	struct affected aff = { .ns = S(COORDINATES_NAMESPACE),
				.package = coordinates_key(&a, &d),
				.scheme = "maven",
				.versions = { &version, 1, 1 },
				.status = STATUS_AFFECTED };
	struct advisory adv = { .id = arena_printf(&a, "%.*s:%.*s@%.*s", STR(group), STR(artifact),
						   STR(version)),
				.feed = S("coordinates"),
				.affected = &aff,
				.n_affected = 1 };
	int r = sink->advisory(sink->ctx, &adv, e);
	arena_done(&a);
	return r;
}

static int coordinates_parse(struct stream *in, struct str detail, const struct feed_sink *sink,
			     struct err *e)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	bool begun = false;
	int r;
	(void)detail;
	while ((r = stream_read_line(in, LINE_MAX_BYTES, &b, e)) == 1) {
		struct str line = str_trim(str_buf(&b));
		if (line.n == 0 || line.p[0] == '#')
			continue;
		if (begun && (r = read_line(line, sink, e)))
			return r;
		if (!begun && !str_eq(line, str_of(titles)))
			return err_set(e, ERR_INVALID, "no coordinates: the titles are missing");
		begun = true;
	}
	return r == 0 && !begun ? err_set(e, ERR_INVALID, "no coordinates: the document is empty")
				: r;
}

static bool coordinates_probe(struct arena *a, struct str path, struct str head, struct str *detail)
{
	(void)a;
	(void)path;
	struct str line;
	*detail = S("");
	while (str_line(&head, &line))
		if (line.n && line.p[0] != '#')
			return str_eq(str_trim(line), str_of(titles));
	return false;
}

static void coordinates_sources(struct arena *a, struct str base_url, struct feed_source **v,
				size_t *n)
{
	struct feed_source *s = ARENA_NEW(a, struct feed_source);
	*n = base_url.n > 0;
	s->name = S("coordinates");
	s->url = base_url.n ? arena_printf(a, "%.*s/coordinates.csv.gz", STR(base_url)) : S("");
	*v = s;
}

const struct feed feed_coordinates = {
	.name = "coordinates",
	.probe = coordinates_probe,
	.sources = coordinates_sources,
	.parse = coordinates_parse,
};
