/* SPDX 3.0 as JSON-LD in the published context's short names: reading. The graph is a flat list of elements: packages,
 * relationships, annotations, licence expressions; an annotation or a licence may stand before what it belongs to, so that
 * both are put together at the end. JSON-LD in any other spelling is not read. */
#include "base/json.h"
#include "base/map.h"
#include "report/spdx.h"

struct later {
	struct str subject, text;
	struct str licence; /* id of an element */
};
struct graph {
	struct sbom *s;
	struct later *v;
	size_t n, cap;
	struct map licences; /* id -> struct str, the expression */
};

bool spdx3_probe(const struct sbom_head *h)
{
	return str_find(h->context, S("spdx.org/rdf/3.0")) >= 0;
}

static struct later *add_later(struct graph *g, struct err *e)
{
	if (g->n >= 4 * g->s->limits->packages) {
		err_set(e, ERR_LIMIT, "it has more annotations than packages, %llu, allow",
			(unsigned long long)g->s->limits->packages);
		return NULL;
	}
	return ARENA_PUSH(g->s->a, g->v, g->n, g->cap);
}

static void take_identifiers(struct sbom *s, const struct json *p, struct sbom_item *it)
{
	JSON_EACH(x, json_get(p, "externalIdentifier"))
	{
		struct str type = json_get_str(x, "externalIdentifierType"),
			   text = json_get_str(x, "identifier");
		if (str_eq(type, S("cpe23")) && !it->cpe.n)
			it->cpe = sbom_keep(s, text);
		if (str_eq(type, S("packageUrl")) && !it->purl.n)
			it->purl = sbom_keep(s, text);
	}
	JSON_EACH(h, json_get(p, "verifiedUsing"))
	{
		sbom_hash(it, json_get_str(h, "algorithm"), json_get_str(h, "hashValue"));
	}
}

static int take_package(struct graph *g, const struct json *p, struct err *e)
{
	struct sbom *s = g->s;
	struct sbom_item *it;
	struct str purpose = json_get_str(p, "software_primaryPurpose"),
		   source = json_get_str(p, "software_sourceInfo"),
		   mark = S("built package from: ");
	int r = sbom_add_item(s, SBOM_PACKAGE, &it, e);
	if (r)
		return r;
	it->id = sbom_keep(s, json_get_str(p, "spdxId"));
	it->name = sbom_keep(s, json_get_str(p, "name"));
	it->version = sbom_keep(s, json_get_str(p, "software_packageVersion"));
	it->purl = sbom_keep(s, json_get_str(p, "software_packageUrl"));
	take_identifiers(s, p, it);
	if (str_eq(purpose, S("operatingSystem")))
		it->kind = SBOM_SYSTEM;
	else if (str_eq(purpose, S("container")) && !it->purl.n)
		it->kind = SBOM_ROOT;
	if (str_starts(source, mark)) {
		struct str version = str_from(source, mark.n), name = str_cut(&version, ' ');
		sbom_property(s, it, S("lazaret:source"), name);
		if (version.n)
			sbom_property(s, it, S("lazaret:source-version"), version);
	}
	return 0;
}

static int take_file(struct graph *g, const struct json *f, struct err *e)
{
	struct sbom_item *it;
	int r = sbom_add_item(g->s, SBOM_FILE, &it, e);
	if (r)
		return r;
	it->id = sbom_keep(g->s, json_get_str(f, "spdxId"));
	it->name = sbom_keep(g->s, json_get_str(f, "name"));
	return 0;
}

static int take_licence_of(struct graph *g, struct str from, struct str to, struct err *e)
{
	struct later *l = add_later(g, e);
	if (!l)
		return e->code;
	l->subject = sbom_keep(g->s, from);
	l->licence = sbom_keep(g->s, to);
	return 0;
}

static int take_relation(struct graph *g, const struct json *rel, struct err *e)
{
	struct str kind = json_get_str(rel, "relationshipType"), from = json_get_str(rel, "from");
	int r = 0;
	JSON_EACH(to, json_get(rel, "to"))
	{
		if (r)
			return r;
		if (str_eq(kind, S("dependsOn")))
			r = sbom_add_relation(g->s, SBOM_NEEDS, from, json_str(to), e);
		else if (str_eq(kind, S("contains")))
			r = sbom_add_relation(g->s, SBOM_CONTAINS, from, json_str(to), e);
		else if (str_eq(kind, S("describes")))
			r = sbom_add_relation(g->s, SBOM_DESCRIBES, from, json_str(to), e);
		else if (str_eq(kind, S("hasDeclaredLicense")) ||
			 str_eq(kind, S("hasConcludedLicense")))
			r = take_licence_of(g, from, json_str(to), e);
	}
	return r;
}

static int take_annotation(struct graph *g, const struct json *a, struct err *e)
{
	struct later *l = add_later(g, e);
	if (!l)
		return e->code;
	l->subject = sbom_keep(g->s, json_get_str(a, "subject"));
	l->text = sbom_keep(g->s, json_get_str(a, "statement"));
	return 0;
}

static int take_roots(struct graph *g, const struct json *bom, struct err *e)
{
	int r = 0;
	JSON_EACH(id, json_get(bom, "rootElement"))
	{
		if (r == 0)
			r = sbom_add_relation(g->s, SBOM_DESCRIBES, S(""), json_str(id), e);
	}
	return r;
}

static int take_element(struct sbom *s, const struct json *x, struct err *e)
{
	struct graph *g = s->reader;
	struct str type = json_get_str(x, "type");
	if (str_eq(type, S("software_Package")))
		return take_package(g, x, e);
	if (str_eq(type, S("software_File")))
		return take_file(g, x, e);
	if (str_eq(type, S("Relationship")) || str_eq(type, S("LifecycleScopedRelationship")))
		return take_relation(g, x, e);
	if (str_eq(type, S("Annotation")))
		return take_annotation(g, x, e);
	if (str_eq(type, S("software_Sbom")))
		return take_roots(g, x, e);
	if (str_eq(type, S("simplelicensing_LicenseExpression"))) {
		struct str *text = ARENA_NEW(s->a, struct str);
		*text = sbom_keep(s, json_get_str(x, "simplelicensing_licenseExpression"));
		*map_at(&g->licences, sbom_keep(s, json_get_str(x, "spdxId"))) = text;
	}
	return 0;
}

/* Annotations and licences to what they belong to. */
static void join(struct graph *g)
{
	struct sbom *s = g->s;
	struct map ids;
	map_init(&ids, s->a);
	for (size_t i = 0; i < s->n_items; i++)
		*map_at(&ids, s->items[i]->id) = s->items[i];
	for (size_t i = 0; i < g->n; i++) {
		struct sbom_item *it = map_get(&ids, g->v[i].subject);
		struct str *licence = map_get(&g->licences, g->v[i].licence);
		if (!it)
			continue;
		if (licence && !it->licence.n)
			it->licence = *licence;
		sbom_annotation(s, it, g->v[i].text);
	}
}

int spdx3_read(struct sbom *s, struct str text, struct err *e)
{
	static const struct sbom_part parts[] = { { "@graph", true, take_element }, { 0 } };
	struct graph g = { .s = s };
	map_init(&g.licences, s->a);
	s->reader = &g;
	int r = sbom_read_json(s, text, parts, e);
	s->reader = NULL;
	if (r == 0)
		join(&g);
	return r;
}
