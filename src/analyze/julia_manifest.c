/* Manifest.toml of Julia's Pkg: format 1 has an array of tables for each name, format 2 has them below [deps]; each
 * with uuid, version and deps, a list of names or a table of name = uuid. What has no version is of the standard library
 * and has Julia's own, which format 2 states. Environments are installed with their manifests, so they count in images.
 *
 * Hostile input: what toml.c bounds. A package tracked by a path or a branch still states its version. */
#include "analyze/listing.h"
#include "base/toml.h"

static void add(struct listing *l, const struct toml *t, struct str julia)
{
	struct str version = toml_get_str(t, S("version"));
	const struct toml *deps = toml_get(t, S("deps"));
	struct record_package *p = listing_add(l, t->key, version.n ? version : julia);
	listing_set(l, p, "uuid", toml_get_str(t, S("uuid")));
	TOML_EACH(d, deps)
	listing_need(l, p, deps->kind == TOML_TABLE ? d->key : toml_str(d), S(""));
}

static void add_each(struct listing *l, const struct toml *name, struct str julia)
{
	TOML_EACH(t, name)
	{
		struct toml named = *t;
		named.key = name->key;
		if (t->kind == TOML_TABLE)
			add(l, &named, julia);
	}
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	struct listing l;
	const struct toml *doc;
	struct str text;
	(void)state;
	listing_begin(&l, an, f, "julia_manifest", "julia");
	int r = listing_text(&l, whole, &text, e);
	if (r == 0)
		r = toml_parse(an->arena, text, &doc, e);
	if (r)
		return err_in(e, "Manifest.toml");
	struct str julia = toml_get_str(doc, S("julia_version"));
	const struct toml *deps = toml_get(doc, S("deps"));
	bool second = toml_get_str(doc, S("manifest_format")).n > 0;
	if (second && deps && deps->kind != TOML_TABLE)
		return err_set(e, ERR_INVALID, "Manifest.toml: deps is no table");
	TOML_EACH(t, second ? deps : doc)
	if (t->kind == TOML_ARRAY)
		add_each(&l, t, julia);
	return listing_end(&l, e);
}

static const char *const patterns[] = { "Manifest.toml", "Manifest-v*.toml", "JuliaManifest.toml",
					NULL };

const struct analyzer analyzer_julia_manifest = {
	.name = "julia_manifest",
	.digests = true,
	.version = 1,
	.patterns = patterns,
	.want_whole = true,
	.end = end,
};
