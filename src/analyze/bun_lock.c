/* bun.lock (bun.sh, "lockfile"): JSON with comments and trailing commas. "workspaces" says by folder what each project
 * asks for; "packages" is a table by the path of names under which node would look ("b", or "a/b" where a has a b of its own):
 *
 *	"a": ["a@1.0.0", "REGISTRY", { "dependencies": { "b": "^1" }, "optionalDependencies": {} }, "sha512-..."]
 *
 * with "NAME@workspace:FOLDER", "NAME@git+...", and so on as the first element for what comes from elsewhere.
 *
 * Hostile input: the text is made plain JSON first, in one pass without growing; then it is read as events. bun.lockb, the
 * binary form, is not read: that is said. */
#include "analyze/npm.h"

#include "base/stream.h"

enum { CLIMB_MAX = 64 };

struct reader {
	struct lock l;
	struct buf key;
	enum { IN_OTHER, IN_WORKSPACES, IN_PACKAGES } section;
	struct err *e;
};

/* Comments become blanks, commas before a closing bracket too. */
static void make_plain(char *p, size_t n)
{
	size_t comma = SIZE_MAX;
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '"') {
			for (i++; i < n && p[i] != '"'; i++)
				i += p[i] == '\\';
			comma = SIZE_MAX;
		} else if (p[i] == '/' && i + 1 < n && p[i + 1] == '/') {
			while (i < n && p[i] != '\n')
				p[i++] = ' ';
		} else if (p[i] == '/' && i + 1 < n && p[i + 1] == '*') {
			ssize_t stop = str_find((struct str){ p + i, n - i }, S("*/"));
			size_t m = stop < 0 ? n - i : (size_t)stop + 2;
			memset(p + i, ' ', m);
			i += m - 1;
		} else if (p[i] == ',') {
			comma = i;
		} else if (p[i] == '}' || p[i] == ']') {
			if (comma != SIZE_MAX)
				p[comma] = ' ';
			comma = SIZE_MAX;
		} else if (!strchr(" \t\r\n", p[i])) {
			comma = SIZE_MAX;
		}
	}
}

static struct str parent(struct str key)
{
	ssize_t slash = str_rfind_char(key, '/');
	if (slash < 0)
		return S("");
	key = str_upto(key, (size_t)slash);
	/* the scope of the last name */
	ssize_t before = str_rfind_char(key, '/');
	struct str last = str_from(key, (size_t)(before + 1));
	if (last.n && last.p[0] == '@' && str_find_char(last, '/') < 0)
		return before < 0 ? S("") : str_upto(key, (size_t)before);
	return key;
}

/* PATH/NAME for the longest PATH that starts the entry's own. */
static struct lock_entry *resolve(struct lock *l, const struct lock_entry *from,
				  const struct lock_need *need)
{
	struct reader *rd = (struct reader *)l;
	struct str path = from->key;
	for (unsigned i = 0; i < CLIMB_MAX; i++) {
		rd->key.n = 0;
		buf_addf(&rd->key, "%.*s%s%.*s", STR(path), path.n ? "/" : "", STR(need->what));
		struct lock_entry *found = lock_find(l, str_buf(&rd->key));
		if (found || !path.n)
			return found;
		path = parent(path);
	}
	return NULL;
}

static void add_needs(struct reader *rd, struct lock_entry *x, const struct json *j)
{
	for (size_t i = 0; i < COUNT(npm_needs); i++)
		JSON_EACH(need, json_get(j, npm_needs[i].key))
	lock_need(&rd->l, x, arena_str(rd->l.arena, json_key(need)), S(""), npm_needs[i].kind);
	JSON_EACH(need, json_get(j, "peerDependencies"))
	lock_need(&rd->l, x, arena_str(rd->l.arena, json_key(need)), S(""), LOCK_OPTIONAL);
}

/* A project. Where a package of its own name is needed, it is looked for below that name first. */
static int add_workspace(struct reader *rd, const struct json *j)
{
	struct lock_entry *root = NULL;
	int r = lock_add(&rd->l, S(""), S(""), &root, rd->e);
	if (r)
		return r;
	struct str name = json_get_str(j, "name");
	root->key = arena_str(rd->l.arena, name);
	root->root = root->hidden = true;
	add_needs(rd, root, j);
	return 0;
}

static int add_package(struct reader *rd, struct str key, const struct json *j)
{
	struct str name, version, said = json_str(json_at(j, 0));
	struct lock_entry *x = NULL;
	if (!json_is_array(j) || !npm_split(said, &name, &version))
		return err_set(rd->e, ERR_INVALID, "'%.*s' is no package", STR(key));
	if (str_starts(version, S("workspace:")))
		return 0;
	bool plain = str_find_char(version, ':') < 0 && str_find_char(version, '/') < 0;
	int r = lock_add(&rd->l, arena_str(rd->l.arena, name),
			 plain ? arena_str(rd->l.arena, version) : S(""), &x, rd->e);
	if (r)
		return r;
	if (!plain)
		lock_attr(&rd->l, x, S("source"), arena_str(rd->l.arena, version));
	lock_key(&rd->l, arena_str(rd->l.arena, key), x);
	JSON_EACH(part, j)
	if (json_is_object(part))
		add_needs(rd, x, part);
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
	rd->section = str_eq(key, S("workspaces")) ? IN_WORKSPACES
		      : str_eq(key, S("packages")) ? IN_PACKAGES
						   : IN_OTHER;
	if (str_eq(key, S("lockfileVersion")))
		return TREE;
	return rd->section == IN_OTHER ? SKIP : WALK;
}

static int on_value(void *ctx, unsigned depth, struct str key, size_t index,
		    const struct json *tree, struct err *e)
{
	struct reader *rd = ctx;
	uint64_t version;
	(void)index;
	if (depth > 1)
		return rd->section == IN_PACKAGES ? add_package(rd, key, tree)
						  : add_workspace(rd, tree);
	if (!json_u64(tree, &version) || version > 1)
		return err_set(e, ERR_UNSUPPORTED, "a lockfileVersion that is not known");
	return 0;
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	static const struct json_handlers handlers = { .member = on_member, .value = on_value };
	struct reader rd = { .e = e };
	struct str text;
	(void)state;
	lock_init(&rd.l, an, f, "bun_lock", "npm");
	rd.l.resolve = resolve;
	rd.l.marks = true;
	if (str_ends(f->path, S("bun.lockb")))
		return err_set(e, ERR_UNSUPPORTED,
			       "the binary lockfile of bun is not read: `bun install "
			       "--save-text-lockfile` writes it as text");
	int r = listing_text(&rd.l.list, whole, &text, e);
	if (r)
		return r;
	char *copy = arena_cstr(an->arena, text);
	make_plain(copy, text.n);
	CLEANUP(cleanup_stream) struct stream *in = stream_mem((struct str){ copy, text.n });
	r = json_read(in, &handlers, &rd, e);
	if (r == 0)
		lock_finish(&rd.l);
	buf_done(&rd.key);
	return r;
}

static const char *const patterns[] = { "bun.lock", "bun.lockb", NULL };

const struct analyzer analyzer_bun_lock = {
	.name = "bun_lock",
	.version = 1,
	.lockfile = true,
	.patterns = patterns,
	.want_whole = true,
	.wants = lock_wants,
	.end = end,
};
