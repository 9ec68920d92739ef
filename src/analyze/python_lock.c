/* Lockfiles of Python in TOML:
 *
 *	poetry.lock     [[package]] name, version, category or groups, optional, dependencies: a table by name
 *	uv.lock         [[package]] name, version, source, dependencies, optional-dependencies, dev-dependencies: lists of
 *	                { name, version where there are several }; projects have a source "virtual" or "editable"
 *	pdm.lock        [[package]] name, version, groups, dependencies: a list of specifiers
 *	pylock.toml     [[packages]] name, version, marker, dependencies: a list of { name, version } (PEP 751; pylock.X.toml)
 *
 * uv.lock says what each project asks for. The others do not: pyproject.toml beside them does, in the join; without it, groups
 * and markers tell development and extras as far as their names do.
 *
 * Hostile input: as base/toml.h bounds it; a name with many versions, needed by many (VARIANTS_MAX of them are linked). */
#include "analyze/purl.h"
#include "analyze/python.h"
#include "base/toml.h"

enum { VARIANTS_MAX = 8 };

struct variant { /* entries of one name */
	struct lock_entry *entry;
	struct variant *next;
};
struct reader {
	struct lock l;
	struct map names; /* normalized -> struct variant */
	const struct toml *doc;
	struct err *e;
};
typedef int take_fn(struct reader *rd, struct lock_entry *x, const struct toml *t);

static void need(struct reader *rd, struct lock_entry *from, struct str name, struct str version,
		 enum lock_kind kind)
{
	unsigned n = 0;
	name = purl_pypi_name(rd->l.arena, name);
	const struct variant *v = map_get(&rd->names, name);
	if (!v && name.n)
		lock_need(&rd->l, from, name, S(""), kind);
	for (; v && n < VARIANTS_MAX; v = v->next)
		if (!version.n || str_eq(version, v->entry->version)) {
			lock_need(&rd->l, from, v->entry->key, S(""), kind);
			n++;
		}
}

/* A list of specifiers or of tables with a name. */
static void need_list(struct reader *rd, struct lock_entry *from, const struct toml *list,
		      enum lock_kind kind)
{
	struct requirement r;
	TOML_EACH(t, list)
	if (t->kind == TOML_TABLE)
		need(rd, from, toml_get_str(t, S("name")), toml_get_str(t, S("version")), kind);
	else if (python_requirement(toml_str(t), &r))
		need(rd, from, r.name, S(""), kind);
}

static void need_lists(struct reader *rd, struct lock_entry *from, const struct toml *table,
		       enum lock_kind kind)
{
	TOML_EACH(list, table)
	need_list(rd, from, list, kind);
}

static bool lists(const struct toml *list, struct str word)
{
	TOML_EACH(t, list)
	if (str_eq(toml_str(t), word))
		return true;
	return false;
}

static void source(struct reader *rd, struct lock_entry *x, struct str url)
{
	if (url.n)
		lock_attr(&rd->l, x, S("source"), url);
}

static int poetry(struct reader *rd, struct lock_entry *x, const struct toml *t)
{
	const struct toml *groups = toml_get(t, S("groups"));
	x->dev = str_eq(toml_get_str(t, S("category")), S("dev")) ||
		 (groups && groups->first && !lists(groups, S("main")));
	x->optional = toml_is_true(toml_get(t, S("optional")));
	const struct toml *from = toml_get(t, S("source"));
	if (str_eq(toml_get_str(from, S("type")), S("git")) ||
	    str_eq(toml_get_str(from, S("type")), S("url")))
		source(rd, x, toml_get_str(from, S("url")));
	TOML_EACH(d, toml_get(t, S("dependencies")))
	{
		bool extra = d->kind == TOML_TABLE && toml_is_true(toml_get(d, S("optional")));
		need(rd, x, d->key, S(""), extra ? LOCK_OPTIONAL : LOCK_NEEDED);
	}
	return 0;
}

static int uv(struct reader *rd, struct lock_entry *x, const struct toml *t)
{
	const struct toml *from = toml_get(t, S("source")),
			  *members = toml_get(toml_get(rd->doc, S("manifest")), S("members"));
	x->root = str_eq(toml_get_str(from, S("virtual")), S(".")) ||
		  str_eq(toml_get_str(from, S("editable")), S(".")) || lists(members, x->name);
	source(rd, x, toml_get_str(from, S("git")));
	source(rd, x, toml_get_str(from, S("url")));
	need_list(rd, x, toml_get(t, S("dependencies")), LOCK_NEEDED);
	/* Of other packages only extras that somebody asks for are in the file. */
	need_lists(rd, x, toml_get(t, S("optional-dependencies")),
		   x->root ? LOCK_OPTIONAL : LOCK_NEEDED);
	need_lists(rd, x, toml_get(t, S("dev-dependencies")), LOCK_DEV);
	rd->l.marks = true;
	x->specs.n = 0; /* the file says it all */
	return 0;
}

static bool sounds_like_development(struct str group)
{
	static const struct str words[] = { S("dev"), S("test"), S("lint"), S("doc"), S("typing") };
	for (size_t i = 0; i < COUNT(words); i++)
		if (str_find(group, words[i]) >= 0)
			return true;
	return false;
}

static int pdm(struct reader *rd, struct lock_entry *x, const struct toml *t)
{
	const struct toml *groups = toml_get(t, S("groups"));
	if (groups && groups->first && !lists(groups, S("default"))) {
		x->dev = true;
		TOML_EACH(g, groups)
		x->dev &= sounds_like_development(toml_str(g));
		x->optional = !x->dev;
	}
	source(rd, x, toml_get_str(t, S("git")));
	source(rd, x, toml_get_str(t, S("url")));
	need_list(rd, x, toml_get(t, S("dependencies")), LOCK_NEEDED);
	return 0;
}

static int pylock(struct reader *rd, struct lock_entry *x, const struct toml *t)
{
	struct str marker = toml_get_str(t, S("marker"));
	x->dev = str_find(marker, S("in dependency_groups")) >= 0;
	x->optional = !x->dev && str_find(marker, S("in extras")) >= 0;
	source(rd, x, toml_get_str(toml_get(t, S("vcs")), S("url")));
	source(rd, x, toml_get_str(toml_get(t, S("archive")), S("url")));
	need_list(rd, x, toml_get(t, S("dependencies")), LOCK_NEEDED);
	return 0;
}

/* The entry, under a key of its own and its name. */
static int add(struct reader *rd, const struct toml *t, struct lock_entry **out)
{
	struct arena *a = rd->l.arena;
	struct str name = toml_get_str(t, S("name")), version = toml_get_str(t, S("version"));
	if (!name.n)
		return err_set(rd->e, ERR_INVALID, "line %u: a package without a name", t->line);
	int r = lock_add(&rd->l, name, version, out, rd->e);
	if (r)
		return r;
	struct lock_entry *x = *out;
	struct str plain = purl_pypi_name(a, name);
	lock_key(&rd->l, arena_printf(a, "%.*s %.*s", STR(plain), STR(version)), x);
	*ARENA_PUSH(a, x->specs.v, x->specs.n, x->specs.cap) = plain;
	void **at = map_at(&rd->names, plain);
	struct variant *v = ARENA_NEW(a, struct variant);
	*v = (struct variant){ x, *at };
	*at = v;
	return 0;
}

static int read_packages(struct reader *rd, const struct toml *list, take_fn *take)
{
	size_t i = 0;
	int r = 0;
	TOML_EACH(t, list)
	{
		struct lock_entry *x = NULL;
		r = add(rd, t, &x);
		if (r)
			return r;
	}
	TOML_EACH(t, list)
	{
		r = take(rd, rd->l.v[i++], t);
		if (r)
			return r;
	}
	return 0;
}

static int read_lock(struct reader *rd, struct str path)
{
	struct str name = str_from(path, (size_t)(str_rfind_char(path, '/') + 1));
	bool pep = str_ends(name, S(".toml"));
	take_fn *take = pep			      ? pylock
			: str_eq(name, S("uv.lock"))  ? uv
			: str_eq(name, S("pdm.lock")) ? pdm
						      : poetry;
	const struct toml *list = toml_get(rd->doc, pep ? S("packages") : S("package"));
	const char *const heads[] = { "metadata", "version", "lock-version" };
	bool known = list && list->kind == TOML_ARRAY;
	for (size_t i = 0; i < COUNT(heads) && !list; i++)
		known = known || toml_get(rd->doc, str_of(heads[i]));
	if (!known)
		return err_set(rd->e, ERR_INVALID, "it has no packages");
	return read_packages(rd, list, take);
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	struct reader rd = { .e = e };
	struct str text;
	(void)state;
	lock_init(&rd.l, an, f, "python_lock", "pypi");
	map_init(&rd.names, an->arena);
	int r = listing_text(&rd.l.list, whole, &text, e);
	if (r == 0)
		r = toml_parse(an->arena, text, &rd.doc, e);
	if (r == 0)
		r = read_lock(&rd, f->path);
	if (r == 0)
		lock_finish(&rd.l);
	return r;
}

static int join(const struct fold *f, struct inventory *inv, struct err *e)
{
	(void)e;
	lock_join(f, inv, "python_lock", "pyproject", "pyproject.toml", true);
	return 0;
}

static const char *const patterns[] = { "poetry.lock", "uv.lock",	"pdm.lock",
					"pylock.toml", "pylock.*.toml", NULL };

const struct analyzer analyzer_python_lock = {
	.name = "python_lock",
	.version = 1,
	.lockfile = true,
	.patterns = patterns,
	.want_whole = true,
	.wants = lock_wants,
	.end = end,
	.join = join,
};
