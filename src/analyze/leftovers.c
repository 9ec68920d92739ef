/* Files that a build leaves behind, known by their paths alone: caches of package managers, files that usually hold
 * credentials, what only a developer needs. Their bodies are not read; the secret scanner does that.
 *
 * A hostile layer may hold a million such names: so many of each layer are kept, and a note tells of the others. Not seen:
 * what lies under another name; what a cache's program was told to put elsewhere. */
#include "analyze/analyzer.h"

enum { LEFTOVERS_MAX = 10000 };

static const struct leftover {
	const char *pattern, *key, *text;
} leftovers[] = {
#define LEFTOVER(pattern_, key_, text_) { pattern_, key_, text_ },
#include "analyze/leftovers.def"
#undef LEFTOVER
};

static const char *const patterns[] = {
#define LEFTOVER(pattern, key, text) pattern,
#include "analyze/leftovers.def"
#undef LEFTOVER
	NULL
};

/* Places where such names are part of somebody's package. */
static const char *const elsewhere[] = { "/node_modules/", "/site-packages/", "/dist-packages/",
					 "/vendor/",	   "/gems/",	      "/testdata/",
					 "/tests/",	   "/test/",	      "/examples/",
					 "/usr/share/",	   "/usr/lib/",	      "/usr/src/",
					 "/pkg/mod/" };

struct shared {
	size_t n;
};

static bool matches(const char *pattern, struct str path)
{
	struct str p = str_of(pattern);
	if (str_find_char(p, '/') < 0)
		path = str_from(path, (size_t)(str_rfind_char(path, '/') + 1));
	return str_glob(p, path);
}

static const struct leftover *leftover_of(struct str path)
{
	for (size_t i = 0; i < COUNT(leftovers); i++)
		if (matches(leftovers[i].pattern, path))
			return &leftovers[i];
	return NULL;
}

static bool wants(const struct file *f, struct str head)
{
	(void)head;
	return f->size > 0;
}

static bool is_elsewhere(struct arena *a, struct str path)
{
	struct str whole = arena_printf(a, "/%.*s", STR(path));
	for (size_t i = 0; i < COUNT(elsewhere); i++)
		if (str_find(whole, str_of(elsewhere[i])) >= 0)
			return true;
	return false;
}

static int begin(struct analysis *an, const struct file *f, void **state, struct err *e)
{
	const struct leftover *l = leftover_of(f->path);
	(void)state;
	(void)e;
	if (!an->shared)
		an->shared = ARENA_NEW(an->arena, struct shared);
	struct shared *shared = an->shared;
	if (!l || (strcmp(l->key, "cache") != 0 && is_elsewhere(an->arena, f->path)))
		return 0;
	if (shared->n++ == LEFTOVERS_MAX)
		record_add_note(an->arena, an->record, an->limits, f->path,
				S("more files that builds leave behind than are listed"));
	if (shared->n > LEFTOVERS_MAX)
		return 0;
	struct record_file *rf =
		record_add_file(an->arena, an->record, f->path, "leftovers", f->size);
	record_add_attr(an->arena, rf, str_of(l->key), str_of(l->text));
	return 0;
}

const struct analyzer analyzer_leftovers = {
	.name = "leftovers",
	.version = 1,
	.scanners = SCAN_CONFIG,
	.own_paths = true,
	.patterns = patterns,
	.wants = wants,
	.begin = begin,
};
