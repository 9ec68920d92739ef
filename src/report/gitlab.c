/* GitLab's container scanning report, version 15.2.4 of its schema: vulnerabilities only, for that is what its kind holds
 * (gitlab-codequality takes the rest too). What was not examined becomes messages. Several targets share one document; each
 * vulnerability names its image. */
#include "base/json.h"
#include "base/time.h"
#include "report/format.h"
#include "report/item.h"
#include "report/text.h"

enum { VECTORS_MAX = 10, VECTOR_BYTES = 128, NOTES_MAX = 1000, NAME_MAX_ = 255 };

static void put_tool(struct json_out *o, const char *key)
{
	json_put_key(o, key);
	json_begin_object(o);
	json_put_member(o, "id", S("lazaret"));
	json_put_member(o, "name", S("lazaret"));
	json_put_member(o, "version", S(LAZARET_VERSION));
	json_put_key(o, "vendor");
	json_begin_object(o);
	json_put_member(o, "name", S("lazaret"));
	json_end_object(o);
	json_end_object(o);
}

/* Its times are UTC without saying so. */
static void put_time(struct json_out *o, const char *key, int64_t t)
{
	char text[TIME_TEXT];
	struct str s = str_of(time_text(t, text));
	json_put_member(o, key, str_upto(s, s.n - 1));
}

static void put_message(struct json_out *o, struct str value)
{
	json_begin_object(o);
	json_put_member(o, "level", S("warn"));
	json_put_member(o, "value", value);
	json_end_object(o);
}

static void put_messages(struct json_out *o, struct arena *a, const struct report *reports,
			 size_t n)
{
	size_t shown = 0, all = 0;
	json_put_key(o, "messages");
	json_begin_array(o);
	for (size_t r = 0; r < n; r++) {
		const struct inventory *inv = reports[r].inventory;
		all += inv->n_not_examined;
		for (size_t i = 0; i < inv->n_not_examined && shown < NOTES_MAX; i++, shown++) {
			const struct not_examined *x = &inv->not_examined[i];
			put_message(o, text_clean(a,
						  arena_printf(a, "Not examined: %.*s%s%.*s",
							       STR(x->path), x->path.n ? ": " : "",
							       STR(x->reason)),
						  ITEM_TEXT_MAX));
		}
	}
	if (shown < all)
		put_message(o, arena_printf(a, "%zu more things were not examined", all - shown));
	json_end_array(o);
}

static void put_scan(struct json_out *o, struct arena *a, const struct report *reports, size_t n)
{
	int64_t created = n ? reports[0].created : 0;
	json_put_key(o, "scan");
	json_begin_object(o);
	put_tool(o, "analyzer");
	put_tool(o, "scanner");
	json_put_member(o, "type", S("container_scanning"));
	put_time(o, "start_time", created);
	put_time(o, "end_time", created);
	json_put_member(o, "status", S("success"));
	put_messages(o, a, reports, n);
	json_end_object(o);
}

static const char *severity_word(enum severity s)
{
	static const char *const words[] = {
		"Unknown", "Info", "Low", "Medium", "High", "Critical"
	};
	return words[s];
}

static const char *identifier_type(struct str id)
{
	static const struct {
		const char *prefix, *type;
	} types[] = { { "CVE-", "cve" },   { "GHSA-", "ghsa" }, { "USN-", "usn" },
		      { "RHSA-", "rhsa" }, { "ELSA-", "elsa" }, { "OSV-", "osvdb" } };
	for (size_t i = 0; i < COUNT(types); i++)
		if (str_starts(id, str_of(types[i].prefix)))
			return types[i].type;
	return "lazaret";
}

static void put_identifier(struct json_out *o, struct str id, struct str url)
{
	json_begin_object(o);
	json_put_member(o, "type", str_of(identifier_type(id)));
	json_put_member(o, "name", id);
	json_put_member(o, "value", id);
	if (text_is_link(url))
		json_put_member(o, "url", url);
	json_end_object(o);
}

static void put_identifiers(struct json_out *o, struct arena *a, const struct item *i)
{
	json_put_key(o, "identifiers");
	json_begin_array(o);
	put_identifier(o, i->id.n ? i->id : S("unknown"), i->url);
	for (size_t k = 0; k < i->finding->aliases.n; k++)
		if (i->finding->aliases.v[k].n)
			put_identifier(o, text_clean(a, i->finding->aliases.v[k], NAME_MAX_),
				       (struct str){ 0 });
	json_end_array(o);
}

static void put_vectors(struct json_out *o, const struct finding *f)
{
	size_t put = 0;
	for (size_t i = 0; i < f->n_cvss && put < VECTORS_MAX; i++) {
		double score;
		int version;
		const struct cvss *c = &f->cvss[i];
		/* Its pattern takes no bare vector of version 2 with parentheses, and 128 bytes. */
		if (c->vector.n > VECTOR_BYTES || !cvss_score(c->vector, &score, &version))
			continue;
		if (put++ == 0) {
			json_put_key(o, "cvss_vectors");
			json_begin_array(o);
		}
		json_begin_object(o);
		json_put_member(o, "vendor", c->source.n ? c->source : S("unknown"));
		json_put_member(o, "vector", c->vector);
		json_end_object(o);
	}
	if (put)
		json_end_array(o);
}

static void put_links(struct json_out *o, const struct finding *f)
{
	json_put_key(o, "links");
	json_begin_array(o);
	for (size_t i = 0; i < f->references.n; i++) {
		if (!text_is_link(f->references.v[i]))
			continue;
		json_begin_object(o);
		json_put_member(o, "url", f->references.v[i]);
		json_end_object(o);
	}
	json_end_array(o);
}

static void put_location(struct json_out *o, struct arena *a, const struct item *i)
{
	const struct inventory *inv = i->report->inventory;
	const struct distribution *d = &inv->distribution;
	struct str os = arena_printf(a, "%.*s %.*s", STR(d->id), STR(d->version));
	struct str image = text_clean(a, inv->target, ITEM_PATH_MAX);
	json_put_key(o, "location");
	json_begin_object(o);
	json_put_key(o, "dependency");
	json_begin_object(o);
	json_put_key(o, "package");
	json_begin_object(o);
	json_put_member(o, "name", i->name);
	json_end_object(o);
	json_put_member(o, "version", i->version);
	if (i->package->relation == RELATION_DIRECT || i->package->relation == RELATION_INDIRECT) {
		json_put_key(o, "direct");
		json_put_bool(o, i->package->relation == RELATION_DIRECT);
	}
	json_end_object(o);
	json_put_member(o, "operating_system",
			d->id.n ? text_clean(a, str_trim(os), NAME_MAX_) : S("unknown"));
	json_put_member(o, "image", image.n ? image : S("unknown"));
	json_end_object(o);
}

static void put_vulnerability(struct json_out *o, struct arena *a, const struct item *i)
{
	json_begin_object(o);
	json_put_member(o, "id", i->fingerprint);
	json_put_member(o, "name",
			text_clean(a, arena_printf(a, "%.*s in %.*s", STR(i->id), STR(i->name)),
				   NAME_MAX_));
	json_put_member(o, "description", i->title);
	json_put_member(o, "severity", str_of(severity_word(i->severity)));
	json_put_member_opt(o, "solution", i->fix);
	put_identifiers(o, a, i);
	put_vectors(o, i->finding);
	put_links(o, i->finding);
	put_location(o, a, i);
	json_end_object(o);
}

static int write_gitlab(const struct report *reports, size_t n, const struct format_options *opt,
			struct buf *out, struct err *e)
{
	struct json_out o;
	struct arena a CLEANUP(arena_done) = { 0 };
	struct items items;
	(void)opt;
	(void)e;
	items_collect(&a, reports, n, false, &items);
	json_out_init(&o, out, 2);
	json_begin_object(&o);
	json_put_member(&o, "version", S("15.2.4"));
	put_scan(&o, &a, reports, n);
	json_put_key(&o, "vulnerabilities");
	json_begin_array(&o);
	for (size_t i = 0; i < items.n; i++)
		if (items.v[i].kind == ITEM_VULNERABILITY)
			put_vulnerability(&o, &a, &items.v[i]);
	json_end_array(&o);
	json_end_object(&o);
	buf_add_char(out, '\n');
	return 0;
}

const struct format format_gitlab = { "gitlab", write_gitlab };
