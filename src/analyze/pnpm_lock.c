/* pnpm-lock.yaml, lockfileVersion 5 to 9 (github.com/pnpm/spec, lockfile). "packages" is a table by "/name/1.0.0_peers" (5),
 * "/name@1.0.0(peers)" (6, 7) or "name@1.0.0" (9, whose "snapshots" hold the needs with their peers). Where the key names
 * no version (tarballs, repositories, folders), "version" inside may. "importers", or in a workspace of one project the
 * document itself, say what each project asks for.
 *
 * A need's value is a version, or for an alias the key itself; links into the workspace are no packages.
 *
 * Hostile input: as for any YAML (base/yaml.h, with the limits for large texts); keys of any form. */
#include "analyze/npm.h"
#include "base/yaml.h"

struct reader {
	struct lock l;
	struct buf key;
	bool old; /* version 5 */
	struct err *e;
};

static struct str scalar(const struct yaml *map, struct str key)
{
	const struct yaml *y = yaml_get(map, key);
	return y && y->kind == YAML_SCALAR ? y->value : (struct str){ 0 };
}

static bool is_true(const struct yaml *map, struct str key)
{
	const struct yaml *y = yaml_get(map, key);
	return y && !y->quoted && str_eq(y->value, S("true"));
}

static struct lock_entry *resolve(struct lock *l, const struct lock_entry *from,
				  const struct lock_need *need)
{
	static const char *const before[] = { "/", "/", "" };
	static const char between[] = { '/', '@', '@' };
	struct reader *rd = (struct reader *)l;
	struct lock_entry *x = lock_find(l, need->range);
	(void)from;
	for (size_t i = 0; i < COUNT(before) && !x; i++) {
		rd->key.n = 0;
		buf_addf(&rd->key, "%s%.*s%c%.*s", before[i], STR(need->what), between[i],
			 STR(need->range));
		x = lock_find(l, str_buf(&rd->key));
	}
	return x;
}

/* The values are versions, or (6 and later, in importers) maps with one. */
static void add_needs(struct reader *rd, struct lock_entry *x, const struct yaml *map,
		      const char *key, enum lock_kind kind)
{
	const struct yaml *needs = yaml_get(map, str_of(key));
	if (!needs || needs->kind != YAML_MAP)
		return;
	for (const struct yaml *n = needs->first; n; n = n->next) {
		struct str range = n->kind == YAML_MAP ? scalar(n, S("version")) : n->value;
		if (range.n && !str_starts(range, S("link:")))
			lock_need(&rd->l, x, n->key, range, kind);
	}
}

static int add_importer(struct reader *rd, const struct yaml *map)
{
	struct lock_entry *root = NULL;
	int r = lock_add(&rd->l, S(""), S(""), &root, rd->e);
	if (r)
		return r;
	root->root = root->hidden = true;
	for (size_t i = 0; i < COUNT(npm_needs); i++)
		add_needs(rd, root, map, npm_needs[i].key, npm_needs[i].kind);
	return 0;
}

/* "name" or "@scope/name" from the front of a key, up to '/' or '@'. */
static struct str key_name(struct str *rest)
{
	struct str s = *rest;
	size_t n = s.n && s.p[0] == '@' ? str_cut(&s, '/').n + 1 : 0;
	while (n < rest->n && rest->p[n] != '/' && rest->p[n] != '@')
		n++;
	struct str name = str_upto(*rest, n);
	*rest = str_from(*rest, n + 1);
	return name;
}

/* Name and version from a key; the version stays empty where the key has none. */
static void split_key(bool with_registry, struct str key, struct str *name, struct str *version)
{
	bool slash = str_starts(key, S("/"));
	if (slash)
		key = str_from(key, 1);
	else if (with_registry)
		str_cut(&key, '/');
	bool old = false;
	struct str rest = key;
	*name = key_name(&rest);
	if (name->n < key.n)
		old = key.p[name->n] == '/';
	*version = str_cut(&rest, '(');
	if (old)
		*version = str_cut(version, '_');
	if (str_find_char(*version, '/') >= 0 || str_find_char(*version, ':') >= 0)
		*version = (struct str){ 0 };
}

static int add_package(struct reader *rd, const struct yaml *y)
{
	struct lock_entry *x = NULL;
	struct str name = { 0 }, version = { 0 }, said = scalar(y, S("version"));
	split_key(rd->old, y->key, &name, &version);
	if (said.n)
		version = said;
	if (scalar(y, S("name")).n)
		name = scalar(y, S("name"));
	if (!name.n)
		return err_set(rd->e, ERR_INVALID, "line %u: a package without a name", y->line);
	int r = lock_add(&rd->l, name, version, &x, rd->e);
	if (r)
		return r;
	lock_key(&rd->l, y->key, x);
	x->dev = is_true(y, S("dev"));
	x->optional = is_true(y, S("optional"));
	add_needs(rd, x, y, "dependencies", LOCK_NEEDED);
	add_needs(rd, x, y, "optionalDependencies", LOCK_OPTIONAL);
	struct str tarball = scalar(yaml_get(y, S("resolution")), S("tarball"));
	if (tarball.n)
		lock_attr(&rd->l, x, S("source"), tarball);
	return 0;
}

/* Version 9: the needs of a package with its peers, of which there may be several. */
static int add_snapshot(struct reader *rd, const struct yaml *y)
{
	struct str key = y->key;
	struct lock_entry *x = lock_find(&rd->l, str_cut(&key, '('));
	if (!x)
		return err_set(rd->e, ERR_INVALID, "line %u: a snapshot of no package", y->line);
	lock_key(&rd->l, y->key, x);
	add_needs(rd, x, y, "dependencies", LOCK_NEEDED);
	add_needs(rd, x, y, "optionalDependencies", LOCK_OPTIONAL);
	return 0;
}

static int each(struct reader *rd, const struct yaml *map,
		int (*add)(struct reader *, const struct yaml *))
{
	int r = 0;
	for (const struct yaml *y = map && map->kind == YAML_MAP ? map->first : NULL; y && r == 0;
	     y = y->next)
		r = add(rd, y);
	return r;
}

static int read_lock(struct reader *rd, const struct yaml *root)
{
	struct str version = scalar(root, S("lockfileVersion")), major = str_cut(&version, '.');
	uint64_t number;
	if (!str_to_u64(major, 1000, &number) || number < 5 || number > 9)
		return err_set(rd->e, ERR_UNSUPPORTED, "lockfileVersion '%.*s' is not known",
			       STR(major));
	rd->old = number == 5;
	const struct yaml *importers = yaml_get(root, S("importers"));
	int r = importers ? each(rd, importers, add_importer) : add_importer(rd, root);
	if (r == 0)
		r = each(rd, yaml_get(root, S("packages")), add_package);
	if (r == 0)
		r = each(rd, yaml_get(root, S("snapshots")), add_snapshot);
	return r;
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	struct reader rd = { .e = e };
	struct yaml *root = NULL;
	struct str text;
	(void)state;
	lock_init(&rd.l, an, f, "pnpm_lock", "npm");
	rd.l.resolve = resolve;
	rd.l.marks = true;
	int r = listing_text(&rd.l.list, whole, &text, e);
	if (r == 0)
		r = yaml_parse_large(an->arena, text, &root, e);
	if (r == 0)
		r = read_lock(&rd, root);
	if (r == 0)
		lock_finish(&rd.l);
	buf_done(&rd.key);
	return r;
}

static const char *const patterns[] = { "pnpm-lock.yaml", NULL };

const struct analyzer analyzer_pnpm_lock = {
	.name = "pnpm_lock",
	.version = 1,
	.lockfile = true,
	.patterns = patterns,
	.want_whole = true,
	.wants = lock_wants,
	.end = end,
};
