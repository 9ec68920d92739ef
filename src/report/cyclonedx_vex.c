/* CycloneDX 1.6 as a VEX document: the vulnerabilities of a scan, each with an analysis, and of components only the image
 * and the packages they are in. A finding that somebody else's VEX document speaks about carries what that one says; what
 * other filters hide is left out. References to components are package URLs, so that readers match them without a
 * bill of materials. */
#include "base/json.h"
#include "base/map.h"
#include "base/time.h"
#include "report/format.h"
#include "report/item.h"
#include "report/text.h"

struct vex {
	struct arena *arena;
	const struct item **items; /* by (id, state, response) */
	size_t n, cap;
	struct map seen; /* bom-refs of components written */
};

/* OpenVEX's words and CycloneDX's own, as CycloneDX says them. */
static const struct {
	const char *said, *state;
} states[] = {
	{ "not_affected", "not_affected" },
	{ "false_positive", "false_positive" },
	{ "fixed", "resolved" },
	{ "resolved", "resolved" },
	{ "resolved_with_pedigree", "resolved_with_pedigree" },
	{ "affected", "exploitable" },
	{ "exploitable", "exploitable" },
	{ "under_investigation", "in_triage" },
	{ "in_triage", "in_triage" },
};
static const struct {
	const char *said, *justification;
} grounds[] = {
	{ "component_not_present", "code_not_present" },
	{ "vulnerable_code_not_present", "code_not_present" },
	{ "vulnerable_code_not_in_execute_path", "code_not_reachable" },
	{ "vulnerable_code_cannot_be_controlled_by_adversary", "protected_by_mitigating_control" },
	{ "inline_mitigations_already_exist", "protected_by_mitigating_control" },
	{ "code_not_present", "code_not_present" },
	{ "code_not_reachable", "code_not_reachable" },
	{ "requires_configuration", "requires_configuration" },
	{ "requires_dependency", "requires_dependency" },
	{ "requires_environment", "requires_environment" },
	{ "protected_by_compiler", "protected_by_compiler" },
	{ "protected_at_runtime", "protected_at_runtime" },
	{ "protected_at_perimeter", "protected_at_perimeter" },
	{ "protected_by_mitigating_control", "protected_by_mitigating_control" },
};

static const char *state_of(const struct item *i)
{
	for (size_t k = 0; k < COUNT(states); k++)
		if (str_eq(i->suppressed.status, str_of(states[k].said)))
			return states[k].state;
	switch (i->finding->status) {
	case STATUS_UNKNOWN:
	case STATUS_UNDER_INVESTIGATION:
		return "in_triage";
	case STATUS_NOT_AFFECTED:
		return "not_affected";
	default:
		return "exploitable";
	}
}

static const char *response_of(const struct item *i)
{
	if (i->fixed.n)
		return "update";
	if (i->finding->status == STATUS_WILL_NOT_FIX || i->finding->status == STATUS_END_OF_LIFE)
		return "will_not_fix";
	return NULL;
}

static int compare(const void *x, const void *y)
{
	const struct item *a = *(const struct item *const *)x, *b = *(const struct item *const *)y;
	int c = str_cmp(a->id, b->id);
	if (!c)
		c = strcmp(state_of(a), state_of(b));
	if (!c)
		c = str_cmp(a->suppressed.reason, b->suppressed.reason);
	if (!c)
		c = str_cmp(str_of(response_of(a)), str_of(response_of(b)));
	if (!c)
		c = str_cmp(a->purl, b->purl);
	return c ? c : str_cmp(a->fingerprint, b->fingerprint);
}

static bool same_entry(const struct item *a, const struct item *b)
{
	return str_eq(a->id, b->id) && strcmp(state_of(a), state_of(b)) == 0 &&
	       str_eq(a->suppressed.reason, b->suppressed.reason) &&
	       str_eq(str_of(response_of(a)), str_of(response_of(b)));
}

static void put_source(struct json_out *o, struct str name)
{
	json_put_key(o, "source");
	json_begin_object(o);
	json_put_member(o, "name", name);
	json_end_object(o);
}

static const char *severity_word(enum severity s)
{
	static const char *const words[] = {
		"unknown", "info", "low", "medium", "high", "critical"
	};
	return words[s];
}

static void put_ratings(struct json_out *o, const struct finding *f)
{
	json_put_key(o, "ratings");
	json_begin_array(o);
	for (size_t i = 0; i < f->n_cvss; i++) {
		double score;
		int version;
		if (!cvss_score(f->cvss[i].vector, &score, &version))
			continue;
		json_begin_object(o);
		if (f->cvss[i].source.n)
			put_source(o, f->cvss[i].source);
		json_put_key(o, "score");
		json_put_double(o, score, 1);
		json_put_member(o, "severity",
				str_of(severity_word(cvss_severity(score, version))));
		json_put_member(o, "method",
				version == 20	? S("CVSSv2")
				: version == 30 ? S("CVSSv3")
				: version == 31 ? S("CVSSv31")
						: S("CVSSv4"));
		json_put_member(o, "vector", f->cvss[i].vector);
		json_end_object(o);
	}
	json_begin_object(o);
	if (f->severity_source.n)
		put_source(o, f->severity_source);
	json_put_member(o, "severity", str_of(severity_word(f->severity)));
	json_put_member(o, "method", S("other"));
	json_end_object(o);
	json_end_array(o);
}

static void put_date(struct json_out *o, const char *key, int64_t t)
{
	char text[TIME_TEXT];
	if (t)
		json_put_member(o, key, str_of(time_text(t, text)));
}

static void put_advisories(struct json_out *o, const struct finding *f)
{
	if (!f->references.n)
		return;
	json_put_key(o, "advisories");
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

static void put_analysis(struct json_out *o, const struct item *i)
{
	const char *response = response_of(i);
	json_put_key(o, "analysis");
	json_begin_object(o);
	json_put_member(o, "state", str_of(state_of(i)));
	for (size_t k = 0; k < COUNT(grounds); k++)
		if (str_eq(i->suppressed.reason, str_of(grounds[k].said)))
			json_put_member(o, "justification", str_of(grounds[k].justification));
	if (response && strcmp(state_of(i), "exploitable") == 0) {
		json_put_key(o, "response");
		json_begin_array(o);
		json_put_str(o, str_of(response));
		json_end_array(o);
	}
	json_put_member_opt(o, "detail", i->suppressed.reason);
	json_end_object(o);
}

/* Items [from, to) of one vulnerability with one answer. */
static void put_entry(struct json_out *o, struct vex *v, size_t from, size_t to)
{
	const struct item *first = v->items[from];
	const struct finding *f = first->finding;
	struct buf fixes CLEANUP(buf_done) = { 0 };
	json_begin_object(o);
	json_put_member(o, "id", first->id);
	if (f->feed.n)
		put_source(o, f->feed);
	put_ratings(o, f);
	json_put_member_opt(o, "description", first->title);
	for (size_t i = from; i < to; i++)
		if (v->items[i]->fix.n &&
		    (i == from || !str_eq(v->items[i]->fix, v->items[i - 1]->fix)))
			buf_addf(&fixes, "%s%.*s", fixes.n ? " " : "", STR(v->items[i]->fix));
	json_put_member_opt(o, "recommendation", str_buf(&fixes));
	put_advisories(o, f);
	put_date(o, "published", f->published);
	put_date(o, "updated", f->modified);
	put_analysis(o, first);
	json_put_key(o, "affects");
	json_begin_array(o);
	for (size_t i = from; i < to; i++) {
		if (i > from && str_eq(v->items[i]->purl, v->items[i - 1]->purl))
			continue;
		json_begin_object(o);
		json_put_member(o, "ref", v->items[i]->purl);
		json_end_object(o);
	}
	json_end_array(o);
	json_end_object(o);
}

static void put_component(struct json_out *o, struct vex *v, const char *type, struct str ref,
			  struct str name, struct str version)
{
	void **slot = map_at(&v->seen, ref);
	if (*slot)
		return;
	*slot = v;
	json_begin_object(o);
	json_put_member(o, "bom-ref", ref);
	json_put_member(o, "type", str_of(type));
	json_put_member(o, "name", name);
	json_put_member_opt(o, "version", version);
	if (str_starts(ref, S("pkg:")))
		json_put_member(o, "purl", ref);
	json_end_object(o);
}

static void put_image(struct json_out *o, struct vex *v, const struct report *r)
{
	const struct inventory *inv = r->inventory;
	struct str purl = report_image_purl(v->arena, inv);
	struct str target = text_clean(v->arena, inv->target, ITEM_PATH_MAX);
	char text[DIGEST_TEXT];
	if (purl.n)
		put_component(
			o, v, "container", purl, target,
			arena_str(v->arena, str_of(digest_text(&inv->image->self.digest, text))));
	else
		put_component(o, v, "application", arena_printf(v->arena, "dir:%.*s", STR(target)),
			      target, (struct str){ 0 });
}

static void put_metadata(struct json_out *o, struct vex *v, const struct report *reports, size_t n)
{
	json_put_key(o, "metadata");
	json_begin_object(o);
	put_date(o, "timestamp", n ? reports[0].created : 0);
	json_put_key(o, "tools");
	json_begin_object(o);
	json_put_key(o, "components");
	json_begin_array(o);
	json_begin_object(o);
	json_put_member(o, "type", S("application"));
	json_put_member(o, "name", S("lazaret"));
	json_put_member(o, "version", S(LAZARET_VERSION));
	json_end_object(o);
	json_end_array(o);
	json_end_object(o);
	if (n == 1) {
		json_put_key(o, "component");
		put_image(o, v, &reports[0]);
	}
	json_end_object(o);
}

static void put_components(struct json_out *o, struct vex *v, const struct report *reports,
			   size_t n)
{
	json_put_key(o, "components");
	json_begin_array(o);
	for (size_t i = 0; n > 1 && i < n; i++)
		put_image(o, v, &reports[i]);
	for (size_t i = 0; i < v->n; i++)
		put_component(o, v, "library", v->items[i]->purl, v->items[i]->name,
			      v->items[i]->version);
	json_end_array(o);
}

static void collect(struct vex *v, const struct items *items)
{
	for (size_t i = 0; i < items->n; i++) {
		const struct item *x = &items->v[i];
		if (x->kind == ITEM_VULNERABILITY && x->purl.n &&
		    (!x->suppressed.by.n || str_eq(x->suppressed.by, S("vex"))))
			*ARENA_PUSH(v->arena, v->items, v->n, v->cap) = x;
	}
	if (v->n)
		qsort(v->items, v->n, sizeof *v->items, compare);
}

static struct str serial_of(struct vex *v, const struct report *reports, size_t n)
{
	struct buf seed CLEANUP(buf_done) = { 0 };
	buf_add_str(&seed, S("cyclonedx-vex\n"));
	for (size_t i = 0; i < n; i++)
		buf_addf(&seed, "%.*s %lld\n", STR(reports[i].inventory->target),
			 (long long)reports[i].created);
	for (size_t i = 0; i < v->n; i++)
		buf_addf(&seed, "%.*s %.*s %s\n", STR(v->items[i]->fingerprint),
			 STR(v->items[i]->purl), state_of(v->items[i]));
	return arena_printf(v->arena, "urn:uuid:%.*s", STR(report_uuid(v->arena, str_buf(&seed))));
}

static int write_cyclonedx_vex(const struct report *reports, size_t n,
			       const struct format_options *opt, struct buf *out, struct err *e)
{
	struct json_out o;
	struct arena a CLEANUP(arena_done) = { 0 };
	struct vex v = { .arena = &a };
	struct items items;
	(void)opt;
	(void)e;
	map_init(&v.seen, &a);
	items_collect(&a, reports, n, true, &items);
	collect(&v, &items);
	json_out_init(&o, out, 2);
	json_begin_object(&o);
	json_put_member(&o, "$schema", S("http://cyclonedx.org/schema/bom-1.6.schema.json"));
	json_put_member(&o, "bomFormat", S("CycloneDX"));
	json_put_member(&o, "specVersion", S("1.6"));
	json_put_member(&o, "serialNumber", serial_of(&v, reports, n));
	json_put_key(&o, "version");
	json_put_u64(&o, 1);
	put_metadata(&o, &v, reports, n);
	put_components(&o, &v, reports, n);
	json_put_key(&o, "vulnerabilities");
	json_begin_array(&o);
	for (size_t i = 0, to; i < v.n; i = to) {
		for (to = i + 1; to < v.n && same_entry(v.items[i], v.items[to]);)
			to++;
		put_entry(&o, &v, i, to);
	}
	json_end_array(&o);
	json_end_object(&o);
	buf_add_char(out, '\n');
	return 0;
}

const struct format format_cyclonedx_vex = { "cyclonedx-vex", write_cyclonedx_vex };
