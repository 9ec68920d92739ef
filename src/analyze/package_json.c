/* package.json (docs.npmjs.com, "package.json"): what is installed below node_modules, Debian's nodejs folders, and the
 * application around them.
 *
 * A package's folder stands directly in a node_modules folder, which stands directly in a package's folder, and so on up
 * to the outermost node_modules; stores of pnpm, npm, bun and deno (node_modules/.pnpm/X/node_modules) too. A package.json
 * elsewhere below node_modules is a part of a package: a test fixture, a second module format, never an installed package.
 * Outside of node_modules it is an application's own, listed as root when it has name and version, but not below
 * folders of tests, fixtures, examples and documentation. What it asks for is kept for the lockfiles beside it.
 *
 * Hostile input: JSON of any shape, bounded by json_parse; names and versions that are none give no package. Not read:
 * Yarn's zip cache, packages bundled into one script. */
#include "analyze/npm.h"

enum place { PLACE_NONE, PLACE_INSTALLED, PLACE_PROJECT, PLACE_ASIDE };

static bool next_folder(struct str *rest, struct str *folder)
{
	if (!rest->n)
		return false;
	*folder = str_cut(rest, '/');
	return true;
}

/* The path behind the outermost folder of packages. */
static bool below_packages(struct str dir, struct str *rest)
{
	static const struct str roots[] = { S("usr/share/nodejs/"), S("usr/lib/nodejs/") };
	struct str folder;
	for (size_t i = 0; i < COUNT(roots); i++)
		if (str_starts(dir, roots[i])) {
			*rest = str_from(dir, roots[i].n);
			return true;
		}
	while (next_folder(&dir, &folder))
		if (str_eq(folder, S("node_modules"))) {
			*rest = dir;
			return true;
		}
	return false;
}

/* "X", "@s/X", "X/node_modules/Y", ".pnpm/X/node_modules/Y" ... */
static bool is_installed(struct str rest)
{
	struct str folder;
	while (next_folder(&rest, &folder)) {
		if (folder.n && folder.p[0] == '.') {
			/* a store; its entry may be left out */
			if (!next_folder(&rest, &folder))
				return false;
			if (!str_eq(folder, S("node_modules")) &&
			    (!next_folder(&rest, &folder) || !str_eq(folder, S("node_modules"))))
				return false;
			continue;
		}
		if (folder.n && folder.p[0] == '@' && !next_folder(&rest, &folder))
			return false;
		if (!next_folder(&rest, &folder))
			return true;
		if (!str_eq(folder, S("node_modules")))
			return false;
	}
	return false;
}

static enum place place_of(struct str path)
{
	static const char *const aside[] = { "test",	     "tests",	"__tests__", "testdata",
					     "fixtures",     "fixture", "examples",  "example",
					     "__fixtures__", "doc",	"docs" };
	ssize_t slash = str_rfind_char(path, '/');
	struct str dir = slash < 0 ? S("") : str_upto(path, (size_t)slash), rest, folder;
	if (below_packages(dir, &rest))
		return is_installed(rest) ? PLACE_INSTALLED : PLACE_NONE;
	for (rest = dir; next_folder(&rest, &folder);)
		for (size_t i = 0; i < COUNT(aside); i++)
			if (str_eq(folder, str_of(aside[i])))
				return PLACE_ASIDE;
	return PLACE_PROJECT;
}

static bool wants(const struct file *f, struct str head)
{
	(void)head;
	return place_of(f->path) != PLACE_NONE;
}

static void add_licence(struct arena *a, struct record_package *p, const struct json *j)
{
	struct str s = json_is_object(j) ? json_get_str(j, "type") : json_str(j);
	if (s.n)
		*ARENA_PUSH(a, p->licences.v, p->licences.n, p->licences.cap) = arena_str(a, s);
}

/* "license": text or {type}; "licenses": a list of either, or one. */
static void add_licences(struct arena *a, struct record_package *p, const struct json *root)
{
	static const char *const keys[] = { "license", "licenses" };
	for (size_t i = 0; i < COUNT(keys) && !p->licences.n; i++) {
		const struct json *j = json_get(root, keys[i]);
		if (!json_is_array(j)) {
			add_licence(a, p, j);
			continue;
		}
		JSON_EACH(one, j)
		add_licence(a, p, one);
	}
}

/* Peers may be optional by another member; what is in "dependencies" too is there once. */
static void add_depends(struct arena *a, struct record_package *p, const struct json *root,
			const char *key)
{
	const struct json *meta = json_get(root, "peerDependenciesMeta");
	const struct json *plain = json_get(root, "dependencies"), *list = json_get(root, key);
	JSON_EACH(need, list)
	{
		const struct json *about = json_get(meta, json_key(need).p);
		bool twice = list != plain && json_get(plain, json_key(need).p);
		if (!twice && !json_bool(json_get(about, "optional"), false))
			*ARENA_PUSH(a, p->depends.v, p->depends.n, p->depends.cap) =
				arena_str(a, json_key(need));
	}
}

static void add_package(struct analysis *an, struct record_file *file, const struct json *root,
			enum place place)
{
	struct arena *a = an->arena;
	struct str name = json_get_str(root, "name"), version = json_get_str(root, "version");
	if (!name.n || !version.n || name.n > LISTING_NAME_MAX || version.n > LISTING_NAME_MAX)
		return;
	struct record_package *p = record_add_package(a, file);
	p->type = S("npm");
	p->name = arena_str(a, name);
	p->version = arena_str(a, version);
	add_licences(a, p, root);
	if (place == PLACE_PROJECT)
		record_package_attr(a, p, S("relation"), S("root"));
	if (json_bool(json_get(root, "private"), false))
		record_package_attr(a, p, S("private"), S("true"));
	add_depends(a, p, root, "dependencies");
	add_depends(a, p, root, "optionalDependencies");
	add_depends(a, p, root, "peerDependencies");
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	struct json *root CLEANUP(cleanup_json) = NULL;
	enum place place = place_of(f->path);
	struct str text;
	(void)state;
	if (place == PLACE_NONE)
		return 0;
	struct listing l;
	listing_begin(&l, an, f, "package_json", "npm");
	struct record_file *file = l.file;
	int r = listing_text(&l, whole, &text, e);
	if (r == 0)
		r = json_parse(text, &root, e);
	if (r)
		return r;
	if (place != PLACE_ASIDE)
		add_package(an, file, root, place);
	for (size_t i = 0; i < COUNT(npm_needs) && place != PLACE_INSTALLED; i++)
		JSON_EACH(need, json_get(root, npm_needs[i].key))
	lock_manifest(an->arena, file, json_key(need), json_str(need), npm_needs[i].kind);
	return 0;
}

static int join(const struct fold *f, struct inventory *inv, struct err *e)
{
	(void)e;
	package_tree_join(f, inv);
	return 0;
}

static const char *const patterns[] = { "package.json", NULL };

const struct analyzer analyzer_package_json = {
	.name = "package_json",
	.version = 1,
	.patterns = patterns,
	.digests = true,
	.want_whole = true,
	.wants = wants,
	.end = end,
	.join = join,
};
