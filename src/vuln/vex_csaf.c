/* CSAF 2.0 (OASIS, "Common Security Advisory Framework"): profile 5, VEX, and security advisories, which say the same of
 * the versions they fix. Products are leaves of a tree of branches, full product names, and relationships ("component of"),
 * each with an id; only those with a package URL can be matched. A relationship's product is what it relates to, its
 * component what it refers to; where the first has no package URL (a platform, named by a CPE) the component stands alone.
 * Product groups are followed; "recommended" says nothing about being affected. Deep trees and circles of relationships
 * end at VEX_DEPTH. */
#include "base/map.h"
#include "base/time.h"
#include "vuln/vex_read.h"

struct product {
	struct str purl;
	struct str component, relates_to; /* ids; of a relationship */
};

struct csaf {
	struct vex *v;
	size_t document;
	int64_t time;
	struct map products; /* id -> struct product */
	struct map groups; /* id -> const struct json, its product ids */
};

static struct product *product_at(struct csaf *c, struct str id)
{
	void **p = map_at(&c->products, vex_copy(c->v, id));
	if (!*p)
		*p = ARENA_NEW(c->v->arena, struct product);
	return *p;
}

static void add_full_name(struct csaf *c, const struct json *p)
{
	struct str id = json_get_str(p, "product_id");
	const struct json *helper = json_get(p, "product_identification_helper");
	struct str purl = json_get_str(helper, "purl");
	/* 2.1 has a list. */
	if (!purl.n)
		purl = json_str(json_first(json_get(helper, "purls")));
	if (id.n)
		product_at(c, id)->purl = vex_copy(c->v, purl);
}

static void add_branches(struct csaf *c, const struct json *branches, unsigned depth)
{
	JSON_EACH(b, branches)
	{
		add_full_name(c, json_get(b, "product"));
		if (depth < VEX_DEPTH)
			add_branches(c, json_get(b, "branches"), depth + 1);
	}
}

static void read_tree(struct csaf *c, const struct json *tree)
{
	add_branches(c, json_get(tree, "branches"), 0);
	JSON_EACH(p, json_get(tree, "full_product_names"))
	add_full_name(c, p);
	JSON_EACH(r, json_get(tree, "relationships"))
	{
		const struct json *name = json_get(r, "full_product_name");
		struct str id = json_get_str(name, "product_id");
		if (!id.n)
			continue;
		add_full_name(c, name);
		struct product *p = product_at(c, id);
		p->component = vex_copy(c->v, json_get_str(r, "product_reference"));
		p->relates_to = vex_copy(c->v, json_get_str(r, "relates_to_product_reference"));
	}
	JSON_EACH(g, json_get(tree, "product_groups"))
	*map_at(&c->groups, vex_copy(c->v, json_get_str(g, "group_id"))) =
		(void *)(uintptr_t)json_get(g, "product_ids");
}

/* The package URL of a product: its own, else (of a relationship) what its component has. */
static struct str purl_of(const struct csaf *c, struct str id, unsigned depth)
{
	const struct product *p = map_get(&c->products, id);
	if (!p || depth > VEX_DEPTH)
		return S("");
	return p->purl.n ? p->purl : purl_of(c, p->component, depth + 1);
}

static int add_target(struct csaf *c, struct vex_statement *s, struct str id, struct err *e)
{
	const struct product *p = map_get(&c->products, id);
	struct str own = purl_of(c, id, 0), whole = S("");
	if (p && p->relates_to.n)
		whole = purl_of(c, p->relates_to, 0);
	if (p && p->component.n)
		own = purl_of(c, p->component, 0);
	if (whole.n && own.n)
		return vex_new_target(c->v, s, whole, own, e);
	/* Without a package URL the id stands there: it matches nothing and is told. */
	return vex_new_target(c->v, s, own.n ? own : vex_copy(c->v, id), S(""), e);
}

static bool lists(const struct csaf *c, const struct json *entry, struct str id)
{
	JSON_EACH(x, json_get(entry, "product_ids"))
	if (str_eq(json_str(x), id))
		return true;
	JSON_EACH(g, json_get(entry, "group_ids"))
	{
		JSON_EACH(x, (const struct json *)map_get(&c->groups, json_str(g)))
		if (str_eq(json_str(x), id))
			return true;
	}
	return false;
}

/* The flag (a justification), or the impact that is told, of this product; the first where it names no products. */
static struct str said_of(struct csaf *c, const struct json *list, const char *key, struct str id)
{
	JSON_EACH(x, list)
	{
		bool all = !json_get(x, "product_ids") && !json_get(x, "group_ids");
		if (str_eq(json_get_str(x, "category"), S("exploit_status")))
			continue;
		if (all || lists(c, x, id))
			return vex_copy(c->v, json_get_str(x, key));
	}
	return S("");
}

static int read_status(struct csaf *c, const struct json *vulnerability, enum status status,
		       const struct json *ids, struct err *e)
{
	struct vex_statement *s;
	struct str id = json_get_str(vulnerability, "cve"), first = json_str(json_first(ids));
	if (json_count(ids) == 0)
		return 0;
	if (vex_new_statement(c->v, c->document, &s, e))
		return e->code;
	JSON_EACH(x, json_get(vulnerability, "ids"))
	{
		struct str other = json_get_str(x, "text");
		if (!id.n)
			id = other;
		else if (other.n)
			*ARENA_PUSH(c->v->arena, s->aliases.v, s->aliases.n, s->aliases.cap) =
				vex_copy(c->v, other);
	}
	if (!id.n)
		return err_set(e, ERR_INVALID, "a vulnerability of CSAF without cve and ids");
	s->vulnerability = vex_copy(c->v, id);
	s->status = status;
	s->time = c->time;
	s->justification = said_of(c, json_get(vulnerability, "flags"), "label", first);
	s->text = said_of(c, json_get(vulnerability, "threats"), "details", first);
	int r = 0;
	for (const struct json *x = json_first(ids); x && r == 0; x = json_next(x))
		r = add_target(c, s, json_str(x), e);
	return r;
}

static int read_vulnerability(struct csaf *c, const struct json *j, struct err *e)
{
	static const struct {
		const char *key;
		enum status status;
	} t[] = {
		{ "known_affected", STATUS_AFFECTED },
		{ "first_affected", STATUS_AFFECTED },
		{ "last_affected", STATUS_AFFECTED },
		{ "under_investigation", STATUS_UNDER_INVESTIGATION },
		{ "known_not_affected", STATUS_NOT_AFFECTED },
		{ "first_fixed", STATUS_FIXED },
		{ "fixed", STATUS_FIXED },
	};
	const struct json *status = json_get(j, "product_status");
	int r = 0;
	for (size_t i = 0; i < COUNT(t) && r == 0; i++)
		r = read_status(c, j, t[i].status, json_get(status, t[i].key), e);
	return r;
}

int vex_read_csaf(struct vex *v, size_t document, const struct json *j, struct err *e)
{
	struct csaf c = { .v = v, .document = document };
	const struct json *tracking = json_get(json_get(j, "document"), "tracking");
	int r = 0;
	map_init(&c.products, v->arena);
	map_init(&c.groups, v->arena);
	time_parse(json_get_str(tracking, "current_release_date"), &c.time);
	read_tree(&c, json_get(j, "product_tree"));
	if (!json_is_array(json_get(j, "vulnerabilities")))
		return err_set(e, ERR_INVALID, "a CSAF document without vulnerabilities");
	for (const struct json *x = json_first(json_get(j, "vulnerabilities")); x && r == 0;
	     x = json_next(x))
		r = read_vulnerability(&c, x, e);
	return r;
}
