/* EPSS, the probability that a vulnerability is exploited within 30 days: comma separated lines `cve,epss,percentile`
 * behind a comment line that begins with '#' and a line of titles. Lines that are no entry are skipped and said; a document
 * without titles is refused. */
#include "vuln/feed.h"

enum { LINE_MAX_BYTES = 1024, ID_MAX = 64 };

/* A decimal between 0 and 1: "0.00042", "1", "9.1e-05". */
static bool probability(struct str s, float *out)
{
	char text[32], *end;
	if (s.n == 0 || s.n >= sizeof text || memchr(s.p, 0, s.n))
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	if (strspn(text, "0123456789.eE+-") != s.n)
		return false;
	float v = strtof(text, &end);
	if (*end || !(v >= 0 && v <= 1))
		return false;
	*out = v;
	return true;
}

static int read_line(struct str line, const struct feed_sink *sink, struct err *e)
{
	struct epss p = { 0 };
	struct str rest = line;
	p.id = str_cut(&rest, ',');
	if (!str_starts(p.id, S("CVE-")) || p.id.n > ID_MAX ||
	    !probability(str_cut(&rest, ','), &p.score) ||
	    !probability(str_trim(str_cut(&rest, ',')), &p.percentile)) {
		sink->skipped(sink->ctx, str_upto(line, ID_MAX),
			      "no CVE with a score and a percentile");
		return 0;
	}
	return sink->epss(sink->ctx, &p, e);
}

static int epss_parse(struct stream *in, struct str detail, const struct feed_sink *sink,
		      struct err *e)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	bool titles = false;
	int r;
	(void)detail;
	while ((r = stream_read_line(in, LINE_MAX_BYTES, &b, e)) == 1) {
		struct str line = str_trim(str_buf(&b));
		if (line.n == 0 || line.p[0] == '#')
			continue;
		if (!titles) {
			if (!str_starts(line, S("cve,epss")))
				return err_set(e, ERR_INVALID,
					       "no EPSS scores: the titles are missing");
			titles = true;
			continue;
		}
		if ((r = read_line(line, sink, e)))
			return r;
	}
	return r == 0 && !titles ? err_set(e, ERR_INVALID, "no EPSS scores: the document is empty")
				 : r;
}

static bool epss_probe(struct arena *a, struct str path, struct str head, struct str *detail)
{
	(void)a;
	(void)path;
	*detail = S("");
	return str_starts(head, S("#model_version")) || str_starts(head, S("cve,epss"));
}

static void epss_sources(struct arena *a, struct str base_url, struct feed_source **v, size_t *n)
{
	struct str base = base_url.n ? base_url : S("https://epss.empiricalsecurity.com");
	struct feed_source *s = ARENA_NEW(a, struct feed_source);
	s->name = S("epss");
	s->url = arena_printf(a, "%.*s/epss_scores-current.csv.gz", STR(base));
	*v = s;
	*n = 1;
}

const struct feed feed_epss = {
	.name = "epss",
	.probe = epss_probe,
	.sources = epss_sources,
	.parse = epss_parse,
};
