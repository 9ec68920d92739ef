/* OpenVEX (the OpenVEX specification, 0.2.0, and the 0.0.x before it, whose products and vulnerabilities are plain strings).
 * A statement's time is its own, else the document's. Products are taken by "@id", by the identifiers purl, and by
 * SHA-256 hashes. Status texts other than the four are refused. */
#include "base/time.h"
#include "vuln/vex_read.h"

/* What names a product or component: purl before id before hash. */
static struct str name_of(struct vex *v, const struct json *p)
{
	const struct json *ids = json_get(p, "identifiers");
	struct str purl = json_get_str(ids, "purl"), id = json_get_str(p, "@id"),
		   hash = json_get_str(json_get(p, "hashes"), "sha-256");
	if (json_is_string(p))
		return vex_copy(v, json_str(p));
	if (purl.n)
		return vex_copy(v, purl);
	if (id.n)
		return vex_copy(v, id);
	return hash.n ? arena_printf(v->arena, "sha256:%.*s", STR(hash)) : S("");
}

static int add_product(struct vex *v, struct vex_statement *s, const struct json *p, struct err *e)
{
	struct str product = name_of(v, p);
	const struct json *parts = json_get(p, "subcomponents");
	int r = 0;
	if (json_count(parts) == 0)
		return vex_new_target(v, s, product, S(""), e);
	for (const struct json *c = json_first(parts); c && r == 0; c = json_next(c))
		r = vex_new_target(v, s, product, name_of(v, c), e);
	return r;
}

static void read_vulnerability(struct vex *v, struct vex_statement *s, const struct json *j)
{
	const struct json *x = json_get(j, "vulnerability");
	struct str id = json_get_str(x, "@id");
	s->vulnerability = vex_copy(v, json_is_string(x) ? json_str(x) : json_get_str(x, "name"));
	if (!s->vulnerability.n)
		s->vulnerability = vex_copy(v, id);
	JSON_EACH(a, json_get(x, "aliases"))
	*ARENA_PUSH(v->arena, s->aliases.v, s->aliases.n, s->aliases.cap) =
		vex_copy(v, json_str(a));
}

static int read_statement(struct vex *v, size_t document, const struct json *j, int64_t time,
			  struct err *e)
{
	struct vex_statement *s;
	int64_t own;
	if (vex_new_statement(v, document, &s, e))
		return e->code;
	read_vulnerability(v, s, j);
	s->time = time_parse(json_get_str(j, "timestamp"), &own) ? own : time;
	if (!s->vulnerability.n || !status_parse(json_get_str(j, "status"), &s->status))
		return err_set(e, ERR_INVALID,
			       "statement %zu has no vulnerability or no status of OpenVEX",
			       v->n_statements);
	s->justification = vex_copy(v, json_get_str(j, "justification"));
	s->text = vex_copy(v, json_get_str(j, "impact_statement"));
	if (!s->text.n)
		s->text = vex_copy(v, json_get_str(j, "action_statement"));
	int r = 0;
	for (const struct json *p = json_first(json_get(j, "products")); p && r == 0;
	     p = json_next(p))
		r = add_product(v, s, p, e);
	/* 0.0.x: subcomponents beside the products. */
	const struct json *parts = json_get(j, "subcomponents");
	size_t n = s->n_targets;
	for (size_t i = 0; i < n && json_count(parts) && r == 0; i++) {
		const struct json *c = json_first(parts);
		s->targets[i].component = name_of(v, c);
		while ((c = json_next(c)) && r == 0)
			r = vex_new_target(v, s, s->targets[i].product, name_of(v, c), e);
	}
	return r;
}

int vex_read_openvex(struct vex *v, size_t document, const struct json *j, struct err *e)
{
	int64_t time = 0;
	int r = 0;
	if (!time_parse(json_get_str(j, "last_updated"), &time))
		time_parse(json_get_str(j, "timestamp"), &time);
	if (!json_is_array(json_get(j, "statements")))
		return err_set(e, ERR_INVALID, "an OpenVEX document without statements");
	for (const struct json *s = json_first(json_get(j, "statements")); s && r == 0;
	     s = json_next(s))
		r = read_statement(v, document, s, time, e);
	return r;
}
