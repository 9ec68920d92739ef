/* What Bitnami installs: opt/bitnami/NAME/.spdx-NAME.spdx, an SPDX 2 document (JSON) that names the component and its parts,
 * each with a package URL among its external references. Those of type bitnami are listed under it; parts with a
 * URL of another type are listed as what that says.
 *
 * Hostile input: JSON of any size, read package by package. A package without a URL or a version is a note. */
#include "analyze/listing.h"
#include "analyze/purl.h"

static struct str purl_of(const struct json *package)
{
	JSON_EACH(ref, json_get(package, "externalRefs"))
	if (str_eq(json_get_str(ref, "referenceType"), S("purl")))
		return json_get_str(ref, "referenceLocator");
	return (struct str){ 0 };
}

static bool states(struct str licence)
{
	return licence.n && !str_eq(licence, S("NOASSERTION")) && !str_eq(licence, S("NONE"));
}

static int on_package(void *ctx, struct str key, const struct json *item, struct err *e)
{
	struct listing *l = ctx;
	struct arena *a = l->an->arena;
	struct purl u = { 0 };
	struct err why;
	(void)key;
	(void)e;
	struct str name = json_get_str(item, "name"), text = purl_of(item);
	if (!text.n || purl_parse(a, text, &u, &why) < 0) {
		listing_note(l, "%.*s: %s", STR(name), text.n ? why.text : "it has no package URL");
		return 0;
	}
	if (!u.version.n)
		u.version = json_get_str(item, "versionInfo");
	struct record_package *p = listing_add(l, purl_package_name(a, &u), u.version);
	if (p != &l->scrap) {
		p->type = u.type;
		p->arch = arena_str(a, purl_qualifier(&u, "arch"));
	}
	struct str declared = json_get_str(item, "licenseDeclared");
	if (!states(declared))
		declared = json_get_str(item, "licenseConcluded");
	if (states(declared))
		listing_licence(l, p, declared);
	return 0;
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	static const struct listing_rule rules[] = { { "packages", on_package }, { 0 } };
	struct listing l;
	unsigned found = 0;
	(void)state;
	listing_begin(&l, an, f, "bitnami", "bitnami");
	int r = listing_json(whole, rules, &l, &found, e);
	if (r < 0)
		return err_in(e, "SPDX file");
	return found ? listing_end(&l, e)
		     : err_set(e, ERR_INVALID, "SPDX file: it has no packages");
}

static const char *const patterns[] = { "opt/bitnami/*/.spdx-*.spdx", NULL };

const struct analyzer analyzer_bitnami = {
	.name = "bitnami",
	.version = 1,
	.patterns = patterns,
	.want_whole = true,
	.end = end,
};
