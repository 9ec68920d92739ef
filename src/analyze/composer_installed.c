/* vendor/composer/installed.json, what Composer has installed: version 1 is a list of packages, version 2 an object with
 * "packages", and "dev-package-names" of those that are there for development.
 *
 * Hostile input: JSON of any size, read package by package. Not read: installed.php, which says the same. */
#include "analyze/composer.h"

struct state {
	struct listing l;
	struct map dev;
};

static int on_package(void *ctx, struct str key, const struct json *item, struct err *e)
{
	struct state *s = ctx;
	struct str version = json_get_str(item, "version");
	(void)key;
	(void)e;
	/* "v1.2" is how the tag was named; what is installed is 1.2. */
	if (version.n > 1 && version.p[0] == 'v' && version.p[1] >= '0' && version.p[1] <= '9')
		version = str_from(version, 1);
	composer_add(&s->l, item, version);
	return 0;
}

static int on_dev(void *ctx, struct str key, const struct json *item, struct err *e)
{
	struct state *s = ctx;
	(void)key;
	(void)e;
	*map_at(&s->dev, arena_str(s->l.an->arena, json_str(item))) = s;
	return 0;
}

/* A list at the root, or an object there: which, the first byte tells. */
static bool is_list(const struct whole *whole)
{
	char head[64];
	struct err e;
	size_t n = MIN(sizeof head, (size_t)whole->size);
	struct str text = { head, whole_read(whole, 0, head, n, &e) < 0 ? 0 : n };
	if (str_starts(text, S("\xEF\xBB\xBF")))
		text = str_from(text, 3);
	return str_starts(str_trim(text), S("["));
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	static const struct listing_rule first[] = { { "", on_package }, { 0 } };
	static const struct listing_rule second[] = {
		{ "packages", on_package },
		{ "dev-package-names", on_dev },
		{ 0 },
	};
	struct state s;
	unsigned found = 0;
	(void)state;
	listing_begin(&s.l, an, f, "composer_installed", "composer");
	map_init(&s.dev, an->arena);
	int r = listing_json(whole, is_list(whole) ? first : second, &s, &found, e);
	if (r < 0)
		return err_in(e, "installed.json");
	if (!(found & 1))
		return err_set(e, ERR_INVALID, "installed.json: it has no packages");
	for (size_t i = 0; i < s.l.file->n_packages; i++)
		if (map_get(&s.dev, s.l.file->packages[i].name))
			listing_set(&s.l, &s.l.file->packages[i], "dev", S("true"));
	return listing_end(&s.l, e);
}

static const char *const patterns[] = { "**/composer/installed.json", NULL };

const struct analyzer analyzer_composer_installed = {
	.name = "composer_installed",
	.version = 1,
	.digests = true,
	.patterns = patterns,
	.want_whole = true,
	.end = end,
};
