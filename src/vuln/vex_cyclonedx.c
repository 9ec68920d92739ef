/* CycloneDX documents with vulnerabilities and their analysis (CycloneDX 1.4 to 1.7). `affects` points at components: by
 * bom-ref within the document, or by a BOM-Link "urn:cdx:SERIAL/VERSION#REF" into another one, which then counts for that
 * SBOM alone; where the reference is itself a package URL it is taken as one. Vulnerabilities without an analysis are
 * an inventory of findings, no statement. */
#include "base/map.h"
#include "base/time.h"
#include "vuln/vex_read.h"

static bool state_of(struct str s, enum status *out)
{
	static const struct {
		const char *word;
		enum status status;
	} t[] = {
		{ "not_affected", STATUS_NOT_AFFECTED },
		{ "false_positive", STATUS_NOT_AFFECTED },
		{ "resolved", STATUS_FIXED },
		{ "resolved_with_pedigree", STATUS_FIXED },
		{ "exploitable", STATUS_AFFECTED },
		{ "in_triage", STATUS_UNDER_INVESTIGATION },
	};
	for (size_t i = 0; i < COUNT(t); i++)
		if (str_eq(s, str_of(t[i].word))) {
			*out = t[i].status;
			return true;
		}
	return false;
}

static void index_components(struct vex *v, struct map *refs, const struct json *list,
			     unsigned depth)
{
	JSON_EACH(c, list)
	{
		struct str ref = json_get_str(c, "bom-ref"), purl = json_get_str(c, "purl");
		struct str *value = ARENA_NEW(v->arena, struct str);
		if (ref.n && purl.n) {
			*value = vex_copy(v, purl);
			*map_at(refs, vex_copy(v, ref)) = value;
		}
		if (depth < VEX_DEPTH)
			index_components(v, refs, json_get(c, "components"), depth + 1);
	}
}

static void decode_percent(char *p, size_t *n)
{
	size_t to = 0;
	for (size_t i = 0; i < *n; i++) {
		uint64_t byte;
		if (p[i] == '%' && i + 2 < *n &&
		    str_to_u64_base((struct str){ p + i + 1, 2 }, 16, 255, &byte)) {
			p[to++] = (char)byte;
			i += 2;
		} else {
			p[to++] = p[i];
		}
	}
	*n = to;
}

static int add_affected(struct vex *v, struct vex_statement *s, const struct map *refs,
			struct str ref, struct err *e)
{
	struct str serial = S("");
	if (str_starts(ref, S("urn:cdx:"))) {
		struct str rest = str_from(ref, 8), link = str_cut(&rest, '#');
		struct str number = str_cut(&link, '/');
		serial = arena_printf(v->arena, "urn:uuid:%.*s", STR(number));
		ref = rest;
	} else if (str_starts(ref, S("#"))) {
		ref = str_from(ref, 1);
	}
	const struct str *purl = map_get(refs, ref);
	struct str name = purl ? *purl : vex_copy(v, ref);
	/* A link's fragment is a URI's: a purl in it may be escaped once more. */
	if (!purl && serial.n && str_starts(name, S("pkg%3A"))) {
		char *p = arena_cstr(v->arena, name);
		decode_percent(p, &name.n);
		name.p = p;
	}
	int r = vex_new_target(v, s, name, S(""), e);
	if (r == 0)
		s->targets[s->n_targets - 1].serial = serial;
	return r;
}

static int read_vulnerability(struct vex *v, size_t document, const struct map *refs,
			      const struct json *j, int64_t time, struct err *e)
{
	const struct json *analysis = json_get(j, "analysis");
	struct vex_statement *s;
	struct str state = json_get_str(analysis, "state");
	int r = 0;
	if (!state.n)
		return 0;
	if (vex_new_statement(v, document, &s, e))
		return e->code;
	s->vulnerability = vex_copy(v, json_get_str(j, "id"));
	if (!s->vulnerability.n || !state_of(state, &s->status))
		return err_set(e, ERR_INVALID,
			       "statement %zu has no vulnerability or no state of CycloneDX",
			       v->n_statements);
	if (!time_parse(json_get_str(analysis, "lastUpdated"), &s->time) &&
	    !time_parse(json_get_str(j, "updated"), &s->time))
		s->time = time;
	s->justification = vex_copy(v, json_get_str(analysis, "justification"));
	s->text = vex_copy(v, json_get_str(analysis, "detail"));
	JSON_EACH(a, json_get(j, "references"))
	*ARENA_PUSH(v->arena, s->aliases.v, s->aliases.n, s->aliases.cap) =
		vex_copy(v, json_get_str(a, "id"));
	for (const struct json *a = json_first(json_get(j, "affects")); a && r == 0;
	     a = json_next(a))
		r = add_affected(v, s, refs, json_get_str(a, "ref"), e);
	return r;
}

int vex_read_cyclonedx(struct vex *v, size_t document, const struct json *j, struct err *e)
{
	const struct json *meta = json_get(j, "metadata");
	struct map refs;
	int64_t time = 0;
	int r = 0;
	map_init(&refs, v->arena);
	time_parse(json_get_str(meta, "timestamp"), &time);
	index_components(v, &refs, json_get(j, "components"), 0);
	struct str root = json_get_str(json_get(meta, "component"), "bom-ref");
	struct str *purl = ARENA_NEW(v->arena, struct str);
	*purl = vex_copy(v, json_get_str(json_get(meta, "component"), "purl"));
	if (root.n && purl->n)
		*map_at(&refs, vex_copy(v, root)) = purl;
	if (!json_is_array(json_get(j, "vulnerabilities")))
		return err_set(e, ERR_INVALID, "a CycloneDX document without vulnerabilities");
	for (const struct json *x = json_first(json_get(j, "vulnerabilities")); x && r == 0;
	     x = json_next(x))
		r = read_vulnerability(v, document, &refs, x, time, e);
	return r;
}
