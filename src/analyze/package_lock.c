/* package-lock.json and npm-shrinkwrap.json (docs.npmjs.com, "package-lock.json"), lockfileVersion 1, 2 and 3.
 *
 * Version 1 nests "dependencies" as node_modules folders nest; 2 and 3 have "packages", a flat table by folder, where ""
 * is the project and a link stands for a folder of the workspace. Version 2 has both: "packages" counts. What a package
 * needs is what node would find: the nearest node_modules upwards. Version 1 does not say what the project asks for; the
 * package.json beside it does, in the join.
 *
 * Hostile input: files of any size (read as events, one table entry at a time), nesting (bounded by the JSON reader), names
 * that are none. A name that is looked up climbs at most CLIMB_MAX folders. */
#include "analyze/npm.h"

enum { CLIMB_MAX = 64, KEY_BYTES_MAX = 4096 };

struct link {
	struct str key, target;
	struct link *next;
};
struct reader {
	struct lock l;
	struct link *links;
	struct buf path; /* a key of the table that is looked up */
	struct err *e;
	bool flat; /* "packages" was there */
};

/* The nearest DIR/node_modules/NAME upwards from the entry's folder. */
static struct lock_entry *resolve(struct lock *l, const struct lock_entry *from,
				  const struct lock_need *need)
{
	struct reader *rd = (struct reader *)l;
	struct str dir = from->key;
	for (unsigned i = 0; i < CLIMB_MAX; i++) {
		rd->path.n = 0;
		buf_addf(&rd->path, "%.*s%snode_modules/%.*s", STR(dir), dir.n ? "/" : "",
			 STR(need->what));
		struct lock_entry *found = lock_find(l, str_buf(&rd->path));
		if (found || !dir.n)
			return found;
		ssize_t slash = str_rfind_char(dir, '/');
		dir = slash < 0 ? S("") : str_upto(dir, (size_t)slash);
	}
	return NULL;
}

static struct str copy(struct reader *rd, struct str s)
{
	return arena_str(rd->l.arena, s);
}

static void add_needs(struct reader *rd, struct lock_entry *x, const struct json *j,
		      const char *key, enum lock_kind kind)
{
	JSON_EACH(need, json_get(j, key))
	lock_need(&rd->l, x, copy(rd, json_key(need)), S(""), kind);
}

static void add_marks(struct reader *rd, struct lock_entry *x, const struct json *j)
{
	bool both = json_bool(json_get(j, "devOptional"), false);
	x->dev = json_bool(json_get(j, "dev"), false);
	x->optional = both || json_bool(json_get(j, "optional"), false);
	struct str resolved = json_get_str(j, "resolved");
	if (str_starts(resolved, S("git")) || str_starts(resolved, S("file:")))
		lock_attr(&rd->l, x, S("source"), copy(rd, resolved));
	struct str licence = json_get_str(j, "license");
	if (licence.n)
		*ARENA_PUSH(rd->l.arena, x->licences.v, x->licences.n, x->licences.cap) =
			copy(rd, licence);
}

/* The name that the folder has. */
static struct str folder_name(struct str key)
{
	ssize_t slash = str_rfind_char(key, '/');
	if (slash <= 0)
		return key;
	ssize_t before = str_rfind_char(str_upto(key, (size_t)slash), '/');
	struct str two = str_from(key, (size_t)(before + 1));
	return two.n && two.p[0] == '@' ? two : str_from(key, (size_t)slash + 1);
}

/* One entry of "packages". */
static int add_flat(struct reader *rd, struct str key, const struct json *j)
{
	struct lock_entry *x = NULL;
	if (key.n > KEY_BYTES_MAX)
		return err_set(rd->e, ERR_LIMIT, "a folder's name is longer than %d bytes",
			       KEY_BYTES_MAX);
	key = copy(rd, key);
	if (json_bool(json_get(j, "link"), false)) {
		struct link *link = ARENA_NEW(rd->l.arena, struct link);
		*link = (struct link){ key, copy(rd, json_get_str(j, "resolved")), rd->links };
		rd->links = link;
		return 0;
	}
	struct str name = json_get_str(j, "name");
	bool installed =
		str_starts(key, S("node_modules/")) || str_find(key, S("/node_modules/")) >= 0;
	int r = lock_add(&rd->l, name.n ? copy(rd, name) : folder_name(key),
			 copy(rd, json_get_str(j, "version")), &x, rd->e);
	if (r)
		return r;
	if (installed && !x->version.n)
		return err_set(rd->e, ERR_INVALID, "'%.*s' has no version", STR(key));
	lock_key(&rd->l, key, x);
	add_marks(rd, x, j);
	x->root = x->hidden = key.n == 0;
	for (size_t i = 0; i < COUNT(npm_needs); i++)
		add_needs(rd, x, j, npm_needs[i].key, npm_needs[i].kind);
	add_needs(rd, x, j, "peerDependencies", LOCK_NEEDED);
	return 0;
}

/* A link's folder is known by the link's name, and the project has it directly. */
static void add_links(struct reader *rd)
{
	struct lock_entry *root = lock_find(&rd->l, S(""));
	for (const struct link *link = rd->links; link; link = link->next) {
		struct lock_entry *x = lock_find(&rd->l, link->target);
		if (!x || x == root)
			continue;
		lock_key(&rd->l, link->key, x);
		if (str_eq(x->name, folder_name(x->key)))
			x->name = folder_name(link->key);
		if (root && str_starts(link->key, S("node_modules/")))
			lock_need(&rd->l, root, folder_name(link->key), S(""), LOCK_NEEDED);
	}
}

/* One entry of "dependencies", and those below it. */
static int add_nested(struct reader *rd, struct str folder, struct str what, const struct json *j)
{
	struct lock_entry *x = NULL;
	struct str name = copy(rd, what), version = json_get_str(j, "version");
	struct str key = arena_printf(rd->l.arena, "%.*s%snode_modules/%.*s", STR(folder),
				      folder.n ? "/" : "", STR(name));
	if (key.n > KEY_BYTES_MAX)
		return err_set(rd->e, ERR_LIMIT, "packages are nested too deep");
	if (!version.n)
		return err_set(rd->e, ERR_INVALID, "'%.*s' has no version", STR(name));
	struct str spec = name, alias = { 0 };
	if (str_starts(version, S("npm:")) && npm_split(str_from(version, 4), &alias, &version))
		name = copy(rd, alias);
	/* An address in place of a version. */
	struct str source = str_find_char(version, ':') >= 0 ? copy(rd, version) : S("");
	int r = lock_add(&rd->l, name, source.n ? S("") : copy(rd, version), &x, rd->e);
	if (r)
		return r;
	lock_key(&rd->l, key, x);
	if (source.n)
		lock_attr(&rd->l, x, S("source"), source);
	add_marks(rd, x, j);
	add_needs(rd, x, j, "requires", LOCK_NEEDED);
	if (!folder.n)
		*ARENA_PUSH(rd->l.arena, x->specs.v, x->specs.n, x->specs.cap) = spec;
	JSON_EACH(child, json_get(j, "dependencies"))
	{
		r = add_nested(rd, key, json_key(child), child);
		if (r)
			return r;
	}
	return 0;
}

enum { WALK = 0, TREE = 1, SKIP = 2 };

static int on_member(void *ctx, unsigned depth, struct str key, size_t index, struct err *e)
{
	struct reader *rd = ctx;
	(void)index;
	(void)e;
	if (depth > 1)
		return TREE;
	if (str_eq(key, S("packages"))) {
		/* Those of "dependencies" that stood before are the same packages. */
		rd->l.n = 0;
		map_init(&rd->l.keys, rd->l.arena);
		rd->flat = true;
		return WALK;
	}
	if (str_eq(key, S("lockfileVersion")))
		return TREE;
	return str_eq(key, S("dependencies")) && !rd->flat ? WALK : SKIP;
}

static int on_value(void *ctx, unsigned depth, struct str key, size_t index,
		    const struct json *tree, struct err *e)
{
	struct reader *rd = ctx;
	(void)index;
	if (depth == 1) {
		uint64_t version;
		if (!json_u64(tree, &version) || version < 1 || version > 3)
			return err_set(e, ERR_UNSUPPORTED, "a lockfileVersion that is not known");
		return 0;
	}
	if (!json_is_object(tree))
		return err_set(e, ERR_INVALID, "'%.*s' is no package", STR(key));
	return rd->flat ? add_flat(rd, key, tree) : add_nested(rd, S(""), key, tree);
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	static const struct json_handlers handlers = { .member = on_member, .value = on_value };
	struct reader rd = { .e = e };
	(void)state;
	lock_init(&rd.l, an, f, "package_lock", "npm");
	rd.l.resolve = resolve;
	CLEANUP(cleanup_stream)
	struct stream *in =
		whole->fd < 0 ? stream_mem(whole->mem)
			      : stream_fd(whole->fd, false, (off_t)whole->offset, whole->size);
	int r = json_read(in, &handlers, &rd, e);
	if (r == 0) {
		add_links(&rd);
		lock_finish(&rd.l);
	}
	buf_done(&rd.path);
	return r;
}

static int join(const struct fold *f, struct inventory *inv, struct err *e)
{
	(void)e;
	lock_join(f, inv, "package_lock", "package_json", "package.json", false);
	return 0;
}

static const char *const patterns[] = { "package-lock.json", "npm-shrinkwrap.json", NULL };

const struct analyzer analyzer_package_lock = {
	.name = "package_lock",
	.version = 1,
	.lockfile = true,
	.patterns = patterns,
	.want_whole = true,
	.wants = lock_wants,
	.end = end,
	.join = join,
};
