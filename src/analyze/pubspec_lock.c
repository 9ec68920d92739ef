/* pubspec.lock of Dart and Flutter (YAML): packages: NAME: {dependency, description, source, version}; "dependency" is
 * "direct main", "direct dev", "direct overridden" or "transitive". What each needs is not told.
 *
 * Hostile input: what yaml.c bounds. A package of an SDK ("source: sdk") has the version of its SDK, written 0.0.0: a
 * note. */
#include "analyze/lock.h"
#include "base/yaml.h"

static struct str text_of(const struct yaml *map, const char *key)
{
	const struct yaml *y = yaml_get(map, str_of(key));
	return y && y->kind == YAML_SCALAR ? y->value : (struct str){ 0 };
}

static void add(struct listing *l, const struct yaml *y)
{
	struct str how = text_of(y, "dependency");
	if (str_eq(text_of(y, "source"), S("sdk"))) {
		listing_note(l, "%.*s: part of an SDK, no version is pinned", STR(y->key));
		return;
	}
	struct record_package *p = listing_add(l, y->key, text_of(y, "version"));
	if (str_starts(how, S("direct")))
		listing_set(l, p, "relation", S("direct"));
	else if (str_eq(how, S("transitive")))
		listing_set(l, p, "relation", S("indirect"));
	if (str_eq(how, S("direct dev")))
		listing_set(l, p, "dev", S("true"));
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	struct listing l;
	struct yaml *doc;
	struct str text;
	(void)state;
	listing_begin(&l, an, f, "pubspec_lock", "pub");
	int r = listing_text(&l, whole, &text, e);
	if (r == 0)
		r = yaml_parse(an->arena, text, &doc, e);
	if (r)
		return err_in(e, "pubspec.lock");
	const struct yaml *packages = yaml_get(doc, S("packages"));
	if (!packages || (packages->kind != YAML_MAP && packages->value.n))
		return err_set(e, ERR_INVALID, "pubspec.lock: it has no packages");
	for (const struct yaml *y = packages->first; y; y = y->next)
		add(&l, y);
	return listing_end(&l, e);
}

static const char *const patterns[] = { "pubspec.lock", NULL };

const struct analyzer analyzer_pubspec_lock = {
	.name = "pubspec_lock",
	.version = 1,
	.lockfile = true,
	.patterns = patterns,
	.want_whole = true,
	.wants = lock_wants,
	.end = end,
};
