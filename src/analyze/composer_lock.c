/* composer.lock: "packages" and "packages-dev" (JSON), each with name, version, license and require. The file names no
 * root: what nothing in it requires, the project asks for itself; of the rest the composer.json beside it tells.
 *
 * Hostile input: JSON of any size, read package by package. Requirements without a vendor ("php", "ext-json") are
 * of the platform and no packages. */
#include "analyze/composer.h"
#include "analyze/lock.h"

static void read_names(struct listing *l, const struct json *object, struct strs *out)
{
	struct arena *a = l->an->arena;
	JSON_EACH(x, object)
	*ARENA_PUSH(a, out->v, out->n, out->cap) = arena_str(a, json_key(x));
}

struct record_package *composer_add(struct listing *l, const struct json *package,
				    struct str version)
{
	const struct json *licence = json_get(package, "license");
	struct record_package *p = listing_add(l, json_get_str(package, "name"), version);
	listing_licence(l, p, json_str(licence));
	JSON_EACH(x, licence)
	listing_licence(l, p, json_str(x));
	JSON_EACH(x, json_get(package, "require"))
	if (str_find_char(json_key(x), '/') > 0)
		listing_need(l, p, json_key(x), S(""));
	read_names(l, json_get(package, "provide"), &p->provides);
	read_names(l, json_get(package, "replace"), &p->provides);
	listing_set(l, p, "reference", json_get_str(json_get(package, "source"), "reference"));
	return p;
}

static struct record_package *add_locked(struct listing *l, const struct json *item)
{
	struct record_package *p = composer_add(l, item, json_get_str(item, "version"));
	listing_set(l, p, "spec", json_get_str(item, "name")); /* for the join */
	return p;
}

static int on_package(void *ctx, struct str key, const struct json *item, struct err *e)
{
	(void)key;
	(void)e;
	add_locked(ctx, item);
	return 0;
}

static int on_dev(void *ctx, struct str key, const struct json *item, struct err *e)
{
	struct listing *l = ctx;
	(void)key;
	(void)e;
	listing_set(l, add_locked(l, item), "dev", S("true"));
	return 0;
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	static const struct listing_rule rules[] = {
		{ "packages", on_package },
		{ "packages-dev", on_dev },
		{ 0 },
	};
	struct listing l;
	unsigned found = 0;
	(void)state;
	listing_begin(&l, an, f, "composer_lock", "composer");
	int r = listing_json(whole, rules, &l, &found, e);
	if (r < 0)
		return err_in(e, "composer.lock");
	if (!(found & 1))
		return err_set(e, ERR_INVALID, "composer.lock: it has no packages");
	listing_relate_unneeded(&l);
	return listing_end(&l, e);
}

static int join(const struct fold *fold, struct inventory *inv, struct err *e)
{
	(void)e;
	lock_join(fold, inv, "composer_lock", "composer_json", "composer.json", false);
	return 0;
}

static const char *const patterns[] = { "composer.lock", NULL };

const struct analyzer analyzer_composer_lock = {
	.name = "composer_lock",
	.version = 1,
	.lockfile = true,
	.patterns = patterns,
	.want_whole = true,
	.wants = lock_wants,
	.end = end,
	.join = join,
};
