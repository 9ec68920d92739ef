/* CISA's known exploited vulnerabilities: {catalogVersion, vulnerabilities: [{cveID, dateAdded, dueDate,
 * knownRansomwareCampaignUse}]}; read entry by entry. Wrong types read as absent; an entry without a CVE is skipped and
 * said. */
#include "vuln/feed.h"

#include "base/json.h"
#include "base/time.h"

enum { TEXT_MAX = 64 };

struct kev_reader {
	const struct feed_sink *sink;
	bool in_list, seen;
};

static int on_member(void *ctx, unsigned depth, struct str key, size_t index, struct err *e)
{
	struct kev_reader *k = ctx;
	(void)index;
	(void)e;
	if (depth == 2)
		return k->in_list && key.n == 0 ? 1 : 2;
	k->in_list = str_eq(key, S("vulnerabilities"));
	k->seen |= k->in_list;
	return k->in_list ? 0 : 2;
}

static struct str date_or_nothing(struct str s)
{
	int64_t t;
	return time_parse_date(s, &t) ? s : S("");
}

static int on_value(void *ctx, unsigned depth, struct str key, size_t index,
		    const struct json *tree, struct err *e)
{
	struct kev_reader *k = ctx;
	struct str id = json_get_str(tree, "cveID");
	(void)depth;
	(void)key;
	(void)index;
	if (!str_starts(id, S("CVE-")) || id.n > TEXT_MAX) {
		k->sink->skipped(k->sink->ctx, S("an entry"), "it names no CVE");
		return 0;
	}
	struct kev entry = {
		.id = id,
		.added = date_or_nothing(json_get_str(tree, "dateAdded")),
		.due = date_or_nothing(json_get_str(tree, "dueDate")),
		.ransomware =
			str_eq_nocase(json_get_str(tree, "knownRansomwareCampaignUse"), S("known")),
	};
	return k->sink->kev(k->sink->ctx, &entry, e);
}

static int kev_parse(struct stream *in, struct str detail, const struct feed_sink *sink,
		     struct err *e)
{
	static const struct json_handlers handlers = { on_member, on_value, NULL };
	struct kev_reader k = { .sink = sink };
	(void)detail;
	int r = json_read(in, &handlers, &k, e);
	return r == 0 && !k.seen
		       ? err_set(e, ERR_INVALID, "no catalog: it has no list of vulnerabilities")
		       : r;
}

static bool kev_probe(struct arena *a, struct str path, struct str head, struct str *detail)
{
	(void)a;
	(void)path;
	if (!str_starts(str_trim(head), S("{")) || str_find(head, S("\"vulnerabilities\"")) < 0 ||
	    (str_find(head, S("\"catalogVersion\"")) < 0 && str_find(head, S("\"cveID\"")) < 0))
		return false;
	*detail = S("");
	return true;
}

static void kev_sources(struct arena *a, struct str base_url, struct feed_source **v, size_t *n)
{
	struct str base =
		base_url.n ? base_url : S("https://www.cisa.gov/sites/default/files/feeds");
	struct feed_source *s = ARENA_NEW(a, struct feed_source);
	s->name = S("kev");
	s->url = arena_printf(a, "%.*s/known_exploited_vulnerabilities.json", STR(base));
	*v = s;
	*n = 1;
}

const struct feed feed_kev = {
	.name = "kev",
	.probe = kev_probe,
	.sources = kev_sources,
	.parse = kev_parse,
};
