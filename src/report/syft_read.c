/* Syft's own JSON (schema of anchore/syft, versions 3 to 16): reading. Packages with their purl, metadata of the package manager,
 * locations and the layers of these; the distribution; dependency relationships, which Syft writes from the dependency to who
 * needs it. */
#include "base/json.h"
#include "report/sbom.h"

static bool probe(const struct sbom_head *h)
{
	return h->artifacts && h->schema;
}

static void property(struct sbom *s, struct sbom_item *it, const char *key, struct str value)
{
	if (value.n)
		sbom_property(s, it, str_of(key), value);
}

/* Names differ from one package manager's metadata to another's, and none means two things. */
static void take_metadata(struct sbom *s, const struct json *m, struct sbom_item *it)
{
	property(s, it, "syft:metadata:source", json_get_str(m, "source"));
	property(s, it, "syft:metadata:sourceVersion", json_get_str(m, "sourceVersion"));
	property(s, it, "syft:metadata:originPackage", json_get_str(m, "originPackage"));
	property(s, it, "syft:metadata:sourceRpm", json_get_str(m, "sourceRpm"));
	property(s, it, "syft:metadata:modularityLabel", json_get_str(m, "modularityLabel"));
	property(s, it, "syft:metadata:architecture", json_get_str(m, "architecture"));
}

static void take_licences(struct sbom *s, const struct json *list, struct sbom_item *it)
{
	JSON_EACH(l, list)
	{
		struct str text = json_is_string(l) ? json_str(l) : json_get_str(l, "value");
		if (text.n)
			*ARENA_PUSH(s->a, it->licences.v, it->licences.n, it->licences.cap) =
				sbom_keep(s, text);
	}
}

static int take_artifact(struct sbom *s, const struct json *p, struct err *e)
{
	struct sbom_item *it;
	const struct json *place = json_first(json_get(p, "locations")), *cpe;
	int r = sbom_add_item(s, SBOM_PACKAGE, &it, e);
	if (r)
		return r;
	it->id = sbom_keep(s, json_get_str(p, "id"));
	it->name = sbom_keep(s, json_get_str(p, "name"));
	it->version = sbom_keep(s, json_get_str(p, "version"));
	it->purl = sbom_keep(s, json_get_str(p, "purl"));
	cpe = json_first(json_get(p, "cpes"));
	it->cpe = sbom_keep(s, json_is_string(cpe) ? json_str(cpe) : json_get_str(cpe, "cpe"));
	take_licences(s, json_get(p, "licenses"), it);
	struct str path = json_get_str(place, "path");
	while (str_starts(path, S("/")))
		path = str_from(path, 1);
	property(s, it, "syft:location:0:path", path);
	property(s, it, "syft:location:0:layerID", json_get_str(place, "layerID"));
	take_metadata(s, json_get(p, "metadata"), it);
	return 0;
}

static int take_relation(struct sbom *s, const struct json *r, struct err *e)
{
	if (!str_eq(json_get_str(r, "type"), S("dependency-of")))
		return 0;
	return sbom_add_relation(s, SBOM_NEEDS, json_get_str(r, "child"), json_get_str(r, "parent"),
				 e);
}

static int take_distro(struct sbom *s, const struct json *d, struct err *e)
{
	(void)e;
	property(s, NULL, "syft:distro:id", json_get_str(d, "id"));
	property(s, NULL, "syft:distro:versionID", json_get_str(d, "versionID"));
	property(s, NULL, "syft:distro:versionCodename", json_get_str(d, "versionCodename"));
	property(s, NULL, "syft:distro:prettyName", json_get_str(d, "prettyName"));
	return 0;
}

static int take_source(struct sbom *s, const struct json *source, struct err *e)
{
	const struct json *m = json_get(source, "metadata");
	size_t i = 0;
	(void)e;
	if (!m)
		m = json_get(source, "target");
	JSON_EACH(l, json_get(m, "layers"))
	{
		property(s, NULL, arena_printf(s->a, "lazaret:layer:%zu:diff-id", i++).p,
			 json_get_str(l, "digest"));
	}
	return 0;
}

static int read_document(struct sbom *s, struct str text, struct err *e)
{
	static const struct sbom_part parts[] = {
		{ "artifacts", true, take_artifact },
		{ "artifactRelationships", true, take_relation },
		{ "distro", false, take_distro },
		{ "source", false, take_source },
		{ 0 },
	};
	return sbom_read_json(s, text, parts, e);
}

const struct format format_syft = { "syft-json", NULL, probe, read_document };
