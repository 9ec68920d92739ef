/* Cargo.lock, versions 1 to 4 (TOML): [[package]] with name, version, source and dependencies, each "NAME",
 * "NAME VERSION" or "NAME VERSION (SOURCE)". A package without a source is of the project itself: a root; files from
 * before 2017 have the root as [root].
 *
 * Hostile input: what toml.c bounds. Not told by the file: which dependencies are for development only. [[patch.unused]]
 * are not part of the build. */
#include "analyze/lock.h"
#include "base/toml.h"

static void add(struct listing *l, const struct toml *t, bool root)
{
	struct str source = toml_get_str(t, S("source"));
	struct record_package *p =
		listing_add(l, toml_get_str(t, S("name")), toml_get_str(t, S("version")));
	if (root || source.n == 0)
		listing_set(l, p, "relation", S("root"));
	listing_set(l, p, "source", source);
	listing_set(l, p, "checksum", toml_get_str(t, S("checksum")));
	TOML_EACH(d, toml_get(t, S("dependencies")))
	{
		struct str rest = toml_str(d), name = { 0 }, version = { 0 };
		if (str_word(&rest, &name) && str_word(&rest, &version))
			listing_need(l, p, name, version);
		else
			listing_need(l, p, name, S(""));
	}
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	struct listing l;
	const struct toml *doc;
	struct str text;
	(void)state;
	listing_begin(&l, an, f, "cargo_lock", "cargo");
	int r = listing_text(&l, whole, &text, e);
	if (r == 0)
		r = toml_parse(an->arena, text, &doc, e);
	if (r)
		return err_in(e, "Cargo.lock");
	const struct toml *packages = toml_get(doc, S("package")), *root = toml_get(doc, S("root"));
	bool empty = toml_get(doc, S("version")) && !packages;
	if (!empty && !root && (!packages || packages->kind != TOML_ARRAY))
		return err_set(e, ERR_INVALID, "Cargo.lock: it has no packages");
	if (root)
		add(&l, root, true);
	TOML_EACH(p, packages)
	add(&l, p, false);
	listing_relate(&l);
	return listing_end(&l, e);
}

static const char *const patterns[] = { "Cargo.lock", NULL };

const struct analyzer analyzer_cargo_lock = {
	.name = "cargo_lock",
	.version = 1,
	.lockfile = true,
	.patterns = patterns,
	.want_whole = true,
	.wants = lock_wants,
	.end = end,
};
