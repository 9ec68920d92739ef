/* composer.json of a project: what it asks for, by "require" and "require-dev". It gives no packages; composer_lock.c joins
 * it to the lockfile beside it, which does not say what is direct.
 *
 * Hostile input: JSON, bounded by the tree's limits. Those of installed packages, below vendor/, are not read. */
#include "analyze/lock.h"

static void read_needs(struct arena *a, struct record_file *f, const struct json *list,
		       enum lock_kind kind)
{
	JSON_EACH(x, list)
	if (str_find_char(json_key(x), '/') > 0) /* else of the platform: "php", "ext-json" */
		lock_manifest(a, f, json_key(x), S(""), kind);
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	struct json *doc CLEANUP(cleanup_json) = NULL;
	struct listing l;
	struct str text;
	(void)state;
	listing_begin(&l, an, f, "composer_json", "composer");
	int r = listing_text(&l, whole, &text, e);
	if (r == 0)
		r = json_parse(text, &doc, e);
	if (r < 0)
		return err_in(e, "composer.json");
	if (!json_is_object(doc))
		return err_set(e, ERR_INVALID, "composer.json: it is no object");
	read_needs(an->arena, l.file, json_get(doc, "require"), LOCK_NEEDED);
	read_needs(an->arena, l.file, json_get(doc, "require-dev"), LOCK_DEV);
	return 0;
}

static bool wants(const struct file *f, struct str head)
{
	bool vendor = str_starts(f->path, S("vendor/")) || str_find(f->path, S("/vendor/")) >= 0;
	return !vendor && lock_wants(f, head);
}

static const char *const patterns[] = { "composer.json", NULL };

const struct analyzer analyzer_composer_json = {
	.name = "composer_json",
	.version = 1,
	.lockfile = true,
	.patterns = patterns,
	.want_whole = true,
	.wants = wants,
	.end = end,
};
