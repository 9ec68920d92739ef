/* NAME.deps.json, which .NET puts beside a built program (runtime configuration files, "dependency manifest"):
 * "libraries" says what there is ("NAME/VERSION" with a type), "targets" what each needs and which files it brings for a
 * platform. A project that no other library needs is the root.
 *
 * Packages that bring no file at run time (reference assemblies, metapackages that the framework replaces) are not
 * installed and not listed; what they need is. Libraries of type "reference" are loose assemblies without a package.
 * Hostile input: JSON of any size, read library by library; keys without a version are notes. */
#include "analyze/listing.h"

struct state {
	struct listing l;
	bool has_files;
	struct map libraries; /* key -> struct library */
	struct library **list;
	size_t n_list, list_cap;
};
struct library {
	struct str key;
	bool root, project, runtime, package;
	struct strs needs; /* keys */
};

static struct library *library_of(struct state *s, struct str key)
{
	struct arena *a = s->l.an->arena;
	struct library *lib = map_get(&s->libraries, key);
	if (lib)
		return lib;
	lib = ARENA_NEW(a, struct library);
	lib->key = arena_str(a, key);
	*map_at(&s->libraries, lib->key) = lib;
	*ARENA_PUSH(a, s->list, s->n_list, s->list_cap) = lib;
	return lib;
}

static bool brings_files(const struct json *item)
{
	static const char *const kinds[] = { "runtime", "runtimeTargets", "native", "resources" };
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (json_count(json_get(item, kinds[i])))
			return true;
	return false;
}

static int on_target(void *ctx, struct str key, const struct json *item, struct err *e)
{
	struct state *s = ctx;
	struct arena *a = s->l.an->arena;
	struct library *lib = library_of(s, key);
	(void)e;
	lib->runtime |= brings_files(item);
	JSON_EACH(d, json_get(item, "dependencies"))
	*ARENA_PUSH(a, lib->needs.v, lib->needs.n, lib->needs.cap) =
		arena_printf(a, "%.*s/%.*s", STR(json_key(d)), STR(json_str(d)));
	return 0;
}

static int on_library(void *ctx, struct str key, const struct json *item, struct err *e)
{
	struct state *s = ctx;
	struct library *lib = library_of(s, key);
	struct str type = json_get_str(item, "type");
	(void)e;
	lib->project = str_eq_nocase(type, S("project"));
	lib->package = lib->project || str_eq_nocase(type, S("package")) ||
		       str_eq_nocase(type, S("runtimepack"));
	return 0;
}

static struct str split_key(struct str key, struct str *version)
{
	*version = key;
	struct str name = str_cut(version, '/');
	if (str_starts(name, S("runtimepack.")))
		name = str_from(name, S("runtimepack.").n);
	return name;
}

static void find_roots(struct state *s)
{
	struct map needed;
	map_init(&needed, s->l.an->arena);
	for (size_t i = 0; i < s->n_list; i++)
		for (size_t k = 0; k < s->list[i]->needs.n; k++)
			*map_at(&needed, s->list[i]->needs.v[k]) = s;
	for (size_t i = 0; i < s->n_list; i++)
		s->list[i]->root = s->list[i]->project && !map_get(&needed, s->list[i]->key);
}

static void add(struct state *s, const struct library *lib)
{
	struct str version, name = split_key(lib->key, &version);
	struct record_package *p = listing_add(&s->l, name, version);
	if (lib->root)
		listing_set(&s->l, p, "relation", S("root"));
	for (size_t k = 0; k < lib->needs.n; k++) {
		name = split_key(lib->needs.v[k], &version);
		listing_need(&s->l, p, name, version);
	}
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	static const struct listing_rule rules[] = {
		{ "libraries", on_library },
		{ "targets/*", on_target },
		{ 0 },
	};
	struct state s = { 0 };
	unsigned found = 0;
	(void)state;
	listing_begin(&s.l, an, f, "nuget_deps", "nuget");
	map_init(&s.libraries, an->arena);
	int r = listing_json(whole, rules, &s, &found, e);
	if (r < 0)
		return err_in(e, "deps.json");
	if (!(found & 1))
		return err_set(e, ERR_INVALID, "deps.json: it has no libraries");
	find_roots(&s);
	for (size_t i = 0; i < s.n_list; i++)
		s.has_files |= s.list[i]->runtime;
	for (size_t i = 0; i < s.n_list; i++) {
		const struct library *lib = s.list[i];
		if (lib->package && (lib->project || lib->runtime || !s.has_files))
			add(&s, lib);
	}
	listing_relate(&s.l);
	return listing_end(&s.l, e);
}

static const char *const patterns[] = { "*.deps.json", NULL };

const struct analyzer analyzer_nuget_deps = {
	.name = "nuget_deps",
	.version = 1,
	.digests = true,
	.patterns = patterns,
	.want_whole = true,
	.end = end,
};
