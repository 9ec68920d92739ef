/* CycloneDX JSON 1.2 to 1.7: reading. Components, also inside one another, and what metadata describes; dependencies. A
 * component of type operating-system is the distribution; an application without a package URL is taken for the file that its
 * dependencies were found in, as Trivy writes lockfiles. Vulnerabilities are not read, what is
 * known today counts; that there were some is said. */
#include "base/json.h"
#include "report/cyclonedx.h"

enum { NESTING_MAX = 16 };

bool cyclonedx_probe(const struct sbom_head *h)
{
	return str_eq(h->bom_format, S("CycloneDX"));
}

static int take_version(struct sbom *s, const struct json *value, struct err *e)
{
	struct str v = json_str(value);
	(void)s;
	if (v.n == 3 && str_starts(v, S("1.")) && v.p[2] >= '2' && v.p[2] <= '7')
		return 0;
	return err_set(e, ERR_UNSUPPORTED, "CycloneDX %.*s is not among those read, 1.2 to 1.7",
		       STR(str_upto(v, 20)));
}

static int take_serial(struct sbom *s, const struct json *value, struct err *e)
{
	(void)s;
	if (!json_is_string(value) || !str_starts(json_str(value), S("urn:uuid:")))
		return err_set(e, ERR_INVALID, "serialNumber is no urn:uuid:");
	return 0;
}

static void take_licences(struct sbom *s, const struct json *list, struct sbom_item *it)
{
	JSON_EACH(choice, list)
	{
		const struct json *licence = json_get(choice, "license");
		struct str id = json_get_str(licence, "id"), name = json_get_str(licence, "name"),
			   expression = json_get_str(choice, "expression");
		if (expression.n)
			it->licence = sbom_keep(s, expression);
		else if (id.n || name.n)
			*ARENA_PUSH(s->a, it->licences.v, it->licences.n, it->licences.cap) =
				sbom_keep(s, id.n ? id : name);
	}
}

static enum sbom_kind kind_of(const struct json *c)
{
	struct str type = json_get_str(c, "type");
	if (str_eq(type, S("operating-system")))
		return SBOM_SYSTEM;
	if (json_get_str(c, "purl").n)
		return SBOM_PACKAGE;
	if (str_eq(type, S("container")))
		return SBOM_ROOT;
	if (str_eq(type, S("library")) || str_eq(type, S("framework")))
		return SBOM_PACKAGE;
	return SBOM_FILE;
}

static void take_extras(struct sbom *s, const struct json *c, struct sbom_item *it)
{
	JSON_EACH(h, json_get(c, "hashes"))
	{
		sbom_hash(it, json_get_str(h, "alg"), json_get_str(h, "content"));
	}
	JSON_EACH(p, json_get(c, "properties"))
	{
		sbom_property(s, it, json_get_str(p, "name"), json_get_str(p, "value"));
	}
	if (sbom_fact(&it->facts, "analyzer").n)
		return;
	if (str_eq(json_get_str(c, "scope"), S("optional")))
		sbom_property(s, it, S("lazaret:optional"), S("true"));
	struct str where = json_get_str(
		json_first(json_get(json_get(c, "evidence"), "occurrences")), "location");
	if (where.n && !sbom_fact(&it->facts, "path").n)
		sbom_property(s, it, S("lazaret:path"), where);
}

static int take_nested(struct sbom *s, const struct json *c, unsigned depth, struct err *e)
{
	struct sbom_item *it;
	int r = sbom_add_item(s, kind_of(c), &it, e);
	if (r)
		return r;
	if (!json_is_object(c))
		return err_set(e, ERR_INVALID, "a component is no object");
	if (depth > NESTING_MAX)
		return err_set(e, ERR_LIMIT, "components are nested deeper than %d", NESTING_MAX);
	it->id = sbom_keep(s, json_get_str(c, "bom-ref"));
	it->group = sbom_keep(s, json_get_str(c, "group"));
	it->name = sbom_keep(s, json_get_str(c, "name"));
	it->version = sbom_keep(s, json_get_str(c, "version"));
	it->purl = sbom_keep(s, json_get_str(c, "purl"));
	it->cpe = sbom_keep(s, json_get_str(c, "cpe"));
	take_licences(s, json_get(c, "licenses"), it);
	take_extras(s, c, it);
	JSON_EACH(child, json_get(c, "components"))
	{
		r = take_nested(s, child, depth + 1, e);
		if (r)
			return r;
	}
	return 0;
}

static int take_component(struct sbom *s, const struct json *value, struct err *e)
{
	return take_nested(s, value, 0, e);
}

static int take_metadata(struct sbom *s, const struct json *value, struct err *e)
{
	const struct json *c = json_get(value, "component");
	size_t at = s->n_items;
	int r = c ? take_nested(s, c, 0, e) : 0;
	if (r == 0 && c && s->items[at]->kind != SBOM_PACKAGE)
		s->items[at]->kind = SBOM_ROOT;
	return r;
}

static int take_dependency(struct sbom *s, const struct json *value, struct err *e)
{
	struct str from = json_get_str(value, "ref");
	JSON_EACH(to, json_get(value, "dependsOn"))
	{
		int r = sbom_add_relation(s, SBOM_NEEDS, from, json_str(to), e);
		if (r)
			return r;
	}
	return 0;
}

static int count_vulnerability(struct sbom *s, const struct json *value, struct err *e)
{
	(void)value;
	(void)e;
	s->vulnerabilities++;
	return 0;
}

int cyclonedx_read(struct sbom *s, struct str text, struct err *e)
{
	static const struct sbom_part parts[] = {
		{ "specVersion", false, take_version },
		{ "serialNumber", false, take_serial },
		{ "metadata", false, take_metadata },
		{ "components", true, take_component },
		{ "dependencies", true, take_dependency },
		{ "vulnerabilities", true, count_vulnerability },
		{ 0 },
	};
	return sbom_read_json(s, text, parts, e);
}
