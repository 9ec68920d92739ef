/* OpenVEX 0.2.0: what this scan says about each vulnerability it met, with the image as product and the package as its
 * subcomponent. A statement that somebody else's VEX document made (a finding it suppresses) is repeated as it was made;
 * what other filters hide is left out. The specification wants at least one statement; a scan that found nothing has none. */
#include "base/json.h"
#include "base/map.h"
#include "base/time.h"
#include "report/format.h"
#include "report/item.h"
#include "report/text.h"

static const char *const justifications[] = {
	"component_not_present",
	"vulnerable_code_not_present",
	"vulnerable_code_not_in_execute_path",
	"vulnerable_code_cannot_be_controlled_by_adversary",
	"inline_mitigations_already_exist",
};

static struct str status_of(const struct item *i)
{
	static const char *const known[] = { "not_affected", "affected", "fixed",
					     "under_investigation" };
	for (size_t k = 0; k < COUNT(known); k++)
		if (str_eq(i->suppressed.status, str_of(known[k])))
			return i->suppressed.status;
	switch (i->finding->status) {
	case STATUS_UNKNOWN:
	case STATUS_UNDER_INVESTIGATION:
		return S("under_investigation");
	case STATUS_NOT_AFFECTED:
		return S("not_affected");
	default:
		return S("affected");
	}
}

static bool is_justification(struct str s)
{
	for (size_t k = 0; k < COUNT(justifications); k++)
		if (str_eq(s, str_of(justifications[k])))
			return true;
	return false;
}

/* What the status wants to be said with it. */
static void put_grounds(struct json_out *o, const struct item *i, struct str status)
{
	if (str_eq(status, S("not_affected"))) {
		bool word = is_justification(i->suppressed.reason);
		struct str why =
			i->suppressed.reason.n ? i->suppressed.reason : S("The publisher says so.");
		json_put_member(o, word ? "justification" : "impact_statement", why);
	} else if (str_eq(status, S("affected"))) {
		json_put_member(o, "action_statement",
				i->fix.n ? i->fix : S("No version that fixes it is known."));
	}
}

static void put_product(struct json_out *o, struct arena *a, const struct item *i)
{
	struct str image = report_image_purl(a, i->report->inventory);
	json_put_key(o, "products");
	json_begin_array(o);
	json_begin_object(o);
	if (image.n) {
		json_put_member(o, "@id", image);
		json_put_key(o, "identifiers");
		json_begin_object(o);
		json_put_member(o, "purl", image);
		json_end_object(o);
		json_put_key(o, "subcomponents");
		json_begin_array(o);
		json_begin_object(o);
	}
	json_put_member(o, "@id", i->purl);
	json_put_key(o, "identifiers");
	json_begin_object(o);
	json_put_member(o, "purl", i->purl);
	json_end_object(o);
	if (image.n) {
		json_end_object(o);
		json_end_array(o);
		json_end_object(o);
	} else {
		json_end_object(o);
	}
	json_end_array(o);
}

static void put_vulnerability(struct json_out *o, const struct item *i)
{
	const struct finding *f = i->finding;
	json_put_key(o, "vulnerability");
	json_begin_object(o);
	if (str_starts(i->id, S("CVE-")) && text_is_link(i->url))
		json_put_member(o, "@id", i->url);
	json_put_member(o, "name", i->id);
	if (f->aliases.n) {
		json_put_key(o, "aliases");
		json_begin_array(o);
		for (size_t k = 0; k < f->aliases.n; k++)
			if (k == 0 || !str_eq(f->aliases.v[k], f->aliases.v[k - 1]))
				json_put_str(o, f->aliases.v[k]);
		json_end_array(o);
	}
	json_end_object(o);
}

static bool is_said(const struct item *i)
{
	return i->kind == ITEM_VULNERABILITY &&
	       (!i->suppressed.by.n || str_eq(i->suppressed.by, S("vex")));
}

/* One package may be in several places of an image, and a document repeats no statement. */
static bool is_repeated(struct map *seen, struct arena *a, const struct item *i)
{
	struct str image = report_image_purl(a, i->report->inventory), status = status_of(i);
	struct str key = arena_printf(a, "%.*s %.*s %.*s %.*s %.*s", STR(i->id), STR(image),
				      STR(i->purl), STR(status), STR(i->suppressed.reason));
	void **slot = map_at(seen, key);
	bool is = *slot != NULL;
	*slot = seen;
	return is;
}

static void put_statement(struct json_out *o, struct arena *a, const struct item *i)
{
	struct str status = status_of(i);
	json_begin_object(o);
	put_vulnerability(o, i);
	put_product(o, a, i);
	json_put_member(o, "status", status);
	json_put_member_opt(o, "status_notes", i->suppressed.source);
	put_grounds(o, i, status);
	json_end_object(o);
}

static struct str id_of(struct arena *a, const struct items *items, const struct report *r,
			size_t n)
{
	struct buf seed CLEANUP(buf_done) = { 0 };
	for (size_t i = 0; i < n; i++)
		buf_addf(&seed, "%.*s %lld\n", STR(r[i].inventory->target),
			 (long long)r[i].created);
	for (size_t i = 0; i < items->n; i++)
		if (is_said(&items->v[i]))
			buf_addf(&seed, "%.*s %.*s\n", STR(items->v[i].fingerprint),
				 STR(items->v[i].purl));
	return arena_printf(a, "urn:uuid:%.*s", STR(report_uuid(a, str_buf(&seed))));
}

static int write_openvex(const struct report *reports, size_t n, const struct format_options *opt,
			 struct buf *out, struct err *e)
{
	struct json_out o;
	struct arena a CLEANUP(arena_done) = { 0 };
	struct items items;
	struct map seen;
	char time[TIME_TEXT];
	(void)opt;
	(void)e;
	items_collect(&a, reports, n, true, &items);
	map_init(&seen, &a);
	json_out_init(&o, out, 2);
	json_begin_object(&o);
	json_put_member(&o, "@context", S("https://openvex.dev/ns/v0.2.0"));
	json_put_member(&o, "@id", id_of(&a, &items, reports, n));
	json_put_member(&o, "author", S("lazaret"));
	json_put_member(&o, "role", S("scanner"));
	json_put_member(&o, "timestamp", str_of(time_text(n ? reports[0].created : 0, time)));
	json_put_key(&o, "version");
	json_put_u64(&o, 1);
	json_put_member(&o, "tooling", S("lazaret " LAZARET_VERSION));
	json_put_key(&o, "statements");
	json_begin_array(&o);
	for (size_t i = 0; i < items.n; i++)
		if (is_said(&items.v[i]) && items.v[i].purl.n &&
		    !is_repeated(&seen, &a, &items.v[i]))
			put_statement(&o, &a, &items.v[i]);
	json_end_array(&o);
	json_end_object(&o);
	buf_add_char(out, '\n');
	return 0;
}

const struct format format_openvex = { "openvex", write_openvex };
