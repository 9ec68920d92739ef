/* packages.lock.json of NuGet (versions 1 and 2): per framework, packages with "type" (Direct, Transitive,
 * CentralTransitive, Project), "resolved" and "dependencies". The same package for several frameworks is one; direct in
 * one of them is direct. Projects of the same solution have no version and are no packages.
 *
 * Hostile input: JSON of any size, read package by package. The versions in "dependencies" are only minima. */
#include "analyze/lock.h"

static int on_package(void *ctx, struct str key, const struct json *item, struct err *e)
{
	struct listing *l = ctx;
	struct str type = json_get_str(item, "type");
	(void)e;
	if (str_eq_nocase(type, S("Project")))
		return 0;
	struct record_package *p = listing_add(l, key, json_get_str(item, "resolved"));
	if (str_eq_nocase(type, S("Direct")))
		listing_set(l, p, "relation", S("direct"));
	if (p->depends.n == 0)
		JSON_EACH(d, json_get(item, "dependencies"))
	listing_need(l, p, json_key(d), S(""));
	return 0;
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	static const struct listing_rule rules[] = { { "dependencies/*", on_package }, { 0 } };
	struct listing l;
	unsigned found = 0;
	(void)state;
	listing_begin(&l, an, f, "nuget_lock", "nuget");
	int r = listing_json(whole, rules, &l, &found, e);
	if (r < 0)
		return err_in(e, "packages.lock.json");
	if (!found)
		return err_set(e, ERR_INVALID, "packages.lock.json: it has no dependencies");
	for (size_t i = 0; i < l.file->n_packages; i++)
		listing_set(&l, &l.file->packages[i], "relation", S("indirect"));
	return listing_end(&l, e);
}

static const char *const patterns[] = { "packages.lock.json", NULL };

const struct analyzer analyzer_nuget_lock = {
	.name = "nuget_lock",
	.version = 1,
	.lockfile = true,
	.patterns = patterns,
	.want_whole = true,
	.wants = lock_wants,
	.end = end,
};
