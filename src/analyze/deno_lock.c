/* deno.lock (docs.deno.com, "lock file"), versions 2 to 5: "npm" and "jsr" are tables by NAME@VERSION, in version 2 and 3 below
 * "npm".packages and "packages"; "specifiers" says what was asked for became which ("npm:a@^1" -> "npm:a@1.0.0" or
 * "1.0.0"); "workspace" lists what the project asks for. Dependencies are NAME, NAME@VERSION or, of jsr, what was asked for.
 * Keys of npm end in _PEER@VERSION where there are peers.
 *
 * Modules that come by their address ("remote") are no packages: a note counts them. Version 1 has nothing else.
 *
 * Hostile input: JSON of any size and shape, read as one tree (4 MiB). */
#include "analyze/npm.h"

struct reader {
	struct lock l, jsr; /* two types, one file: each its own graph */
	struct map specifiers;
	struct err *e;
};

/* "a@1.0.0_b@2.0.0" without the peers. */
static struct str without_peers(struct str version)
{
	return str_cut(&version, '_');
}

static int add_one(struct reader *rd, const struct json *j, const char *kind)
{
	bool npm = strcmp(kind, "npm") == 0;
	struct lock *l = npm ? &rd->l : &rd->jsr;
	struct arena *a = l->arena;
	struct str key = arena_str(a, json_key(j)), name, version;
	struct lock_entry *x = NULL;
	if (!npm_split(key, &name, &version) || !json_is_object(j))
		return err_set(rd->e, ERR_INVALID, "'%.*s' is no package", STR(key));
	int r = lock_add(l, name, npm ? without_peers(version) : version, &x, rd->e);
	if (r)
		return r;
	lock_key(l, arena_printf(a, "%s:%.*s", kind, STR(key)), x);
	/* A name alone is enough where there is one version. */
	lock_key(l, arena_printf(a, "%s:%.*s", kind, STR(name)), x);
	static const struct {
		const char *key;
		enum lock_kind kind;
	} lists[] = { { "dependencies", LOCK_NEEDED }, { "optionalDependencies", LOCK_OPTIONAL } };
	for (size_t i = 0; i < COUNT(lists); i++)
		JSON_EACH(d, json_get(j, lists[i].key))
		{
			struct str what = json_str(d);
			bool whole = str_starts(what, S("npm:")) || str_starts(what, S("jsr:"));
			lock_need(l, x,
				  whole ? arena_str(a, what)
					: arena_printf(a, "%s:%.*s", kind, STR(what)),
				  S(""), lists[i].kind);
		}
	return 0;
}

/* What was asked for, as a key. */
static void add_specifiers(struct reader *rd, const struct json *map, const char *scheme)
{
	struct arena *a = rd->l.arena;
	JSON_EACH(s, map)
	{
		struct str asked = json_key(s), got = json_str(s), name, rest;
		bool whole = str_starts(got, S("npm:")) || str_starts(got, S("jsr:"));
		struct str key = arena_printf(a, "%s%.*s", scheme, STR(asked));
		if (!whole && *scheme)
			got = arena_printf(a, "%s%.*s", scheme, STR(got));
		else if (!whole && npm_split(str_from(asked, 4), &name, &rest))
			got = arena_printf(a, "%.*s%.*s@%.*s", STR(str_upto(asked, 4)), STR(name),
					   STR(got));
		char *copy = arena_cstr(a, got);
		*map_at(&rd->specifiers, key) = copy;
	}
}

static struct lock_entry *find(struct reader *rd, struct lock *l, struct str what)
{
	struct lock_entry *x = lock_find(l, what);
	const char *got = x ? NULL : map_get(&rd->specifiers, what);
	return got ? lock_find(l, str_of(got)) : x;
}

static struct lock_entry *resolve_npm(struct lock *l, const struct lock_entry *from,
				      const struct lock_need *need)
{
	(void)from;
	return find((struct reader *)((char *)l - offsetof(struct reader, l)), l, need->what);
}

static struct lock_entry *resolve_jsr(struct lock *l, const struct lock_entry *from,
				      const struct lock_need *need)
{
	(void)from;
	return find((struct reader *)((char *)l - offsetof(struct reader, jsr)), l, need->what);
}

static int add_all(struct reader *rd, const struct json *map, const char *kind)
{
	int r = 0;
	JSON_EACH(j, map)
	{
		r = add_one(rd, j, kind);
		if (r)
			return r;
	}
	return 0;
}

static void ask(struct lock *l, struct lock_entry *root, const struct json *list)
{
	JSON_EACH(d, list)
	lock_need(l, root, arena_str(l->arena, json_str(d)), S(""), LOCK_NEEDED);
}

static int add_projects(struct reader *rd, struct lock *l, const struct json *workspace)
{
	struct lock_entry *root = NULL;
	if (!workspace)
		return 0;
	int r = lock_add(l, S(""), S(""), &root, rd->e);
	if (r)
		return r;
	root->root = root->hidden = true;
	ask(l, root, json_get(workspace, "dependencies"));
	ask(l, root, json_get(json_get(workspace, "packageJson"), "dependencies"));
	JSON_EACH(member, json_get(workspace, "members"))
	{
		ask(l, root, json_get(member, "dependencies"));
		ask(l, root, json_get(json_get(member, "packageJson"), "dependencies"));
	}
	return 0;
}

static int read_lock(struct reader *rd, const struct json *root)
{
	struct str version = json_get_str(root, "version");
	const struct json *npm = json_get(root, "npm"), *packages = json_get(root, "packages");
	uint64_t number = 1;
	if (version.n && (!str_to_u64(version, 100, &number) || number < 2 || number > 5))
		return err_set(rd->e, ERR_UNSUPPORTED, "version '%.*s' is not known", STR(version));
	if (!json_is_object(root))
		return err_set(rd->e, ERR_INVALID, "it is no object");
	if (number == 2) {
		add_specifiers(rd, json_get(npm, "specifiers"), "npm:");
		npm = json_get(npm, "packages");
	}
	const struct json *jsr = json_get(root, "jsr");
	if (number == 3) {
		add_specifiers(rd, json_get(packages, "specifiers"), "");
		npm = json_get(packages, "npm");
		jsr = json_get(packages, "jsr");
	}
	add_specifiers(rd, json_get(root, "specifiers"), "");
	int r = add_all(rd, npm, "npm");
	if (r == 0)
		r = add_all(rd, jsr, "jsr");
	if (r == 0)
		r = add_projects(rd, &rd->l, json_get(root, "workspace"));
	if (r == 0)
		r = add_projects(rd, &rd->jsr, json_get(root, "workspace"));
	size_t remote = json_count(number == 1 ? root : json_get(root, "remote"));
	if (r == 0 && remote)
		listing_note(&rd->l.list, "%zu modules that come by their address are no packages",
			     remote);
	return r;
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	struct reader rd = { .e = e };
	struct json *root CLEANUP(cleanup_json) = NULL;
	struct str text;
	(void)state;
	lock_init(&rd.l, an, f, "deno_lock", "npm");
	map_init(&rd.specifiers, an->arena);
	rd.jsr = rd.l;
	rd.jsr.list.type = S("jsr");
	rd.l.resolve = resolve_npm;
	rd.jsr.resolve = resolve_jsr;
	int r = listing_text(&rd.l.list, whole, &text, e);
	if (r == 0)
		r = json_parse(text, &root, e);
	if (r == 0)
		r = read_lock(&rd, root);
	if (r)
		return r;
	lock_finish(&rd.l);
	lock_finish(&rd.jsr);
	return 0;
}

static const char *const patterns[] = { "deno.lock", NULL };

const struct analyzer analyzer_deno_lock = {
	.name = "deno_lock",
	.version = 1,
	.lockfile = true,
	.patterns = patterns,
	.want_whole = true,
	.wants = lock_wants,
	.end = end,
};
