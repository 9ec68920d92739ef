/* yarn.lock: version 1 (classic.yarnpkg.com, "yarn.lock") and the YAML of Yarn 2 and later ("berry"). Both are lines with
 * two blanks a level, so one reader takes both:
 *
 *	"a@^1", b@~2:                   "a@npm:^1, b@npm:~2":
 *	  version "1.0.0"                 version: 1.0.0
 *	  dependencies:                   resolution: "a@npm:1.0.0"
 *	    c "^3"                        dependencies:
 *	                                    c: ^3
 *
 * A package is known by all that was asked for ("a@^1"), and needs name the same, so the graph is there. Berry lists the
 * workspace's own projects, which tell what is direct; version 1 does not, and the package.json beside it does in the join.
 *
 * A patched package is listed as the one it patches, which Yarn always keeps beside it.
 *
 * Hostile input: lines of any length and order. An entry without a version is an error: it would be a package missed.
 * Not kept: checksums, `dependenciesMeta` but for what is built or optional there. */
#include "analyze/npm.h"

enum section { IN_NOTHING, IN_NEEDS, IN_OPTIONAL };

struct reader {
	struct lock l;
	struct lock_entry *entry;
	struct str keys; /* of the entry: the line as it is */
	struct str resolution; /* berry */
	enum section section;
	size_t line;
	bool berry, long_key;
	struct err *e;
};

static int bad(struct reader *rd, const char *what)
{
	return err_set(rd->e, ERR_INVALID, "line %zu: %s", rd->line, what);
}

/* Cuts a word: quoted, or up to one of `stop`. */
static struct str word(struct str *rest, const char *stop)
{
	struct str s = *rest;
	if (s.n && s.p[0] == '"') {
		s = str_from(s, 1);
		struct str inside = str_cut(&s, '"');
		*rest = s;
		return inside;
	}
	size_t n = 0;
	while (n < s.n && !strchr(stop, s.p[n]))
		n++;
	*rest = str_from(s, n);
	return str_upto(s, n);
}

/* The next spec of a line of keys. In berry's, one pair of quotes is around them all. */
static bool next_key(struct str *keys, struct str *key)
{
	while (keys->n && (keys->p[0] == ',' || keys->p[0] == ' ' || keys->p[0] == ':'))
		*keys = str_from(*keys, 1);
	if (!keys->n)
		return false;
	*key = keys->p[0] == '"' ? word(keys, "") : str_trim(word(keys, ","));
	return key->n > 0;
}

/* "a@npm:^1" as "a@^1": how needs name it. */
static struct str plain(struct reader *rd, struct str name, struct str range)
{
	if (str_starts(range, S("npm:")) && str_find_char(range, '@') < 0)
		range = str_from(range, 4);
	return arena_printf(rd->l.arena, "%.*s %.*s", STR(name), STR(range));
}

static int add_key(struct reader *rd, struct str key, struct str *name)
{
	struct str range;
	if (!npm_split(key, name, &range))
		return bad(rd, "no NAME@RANGE");
	struct lock_entry *x = rd->entry;
	struct str spec = plain(rd, *name, range), alias, rest;
	lock_key(&rd->l, spec, x);
	if (!rd->berry)
		*ARENA_PUSH(rd->l.arena, x->specs.v, x->specs.n, x->specs.cap) = spec;
	if (str_starts(range, S("npm:")) && npm_split(str_from(range, 4), &alias, &rest))
		*name = alias;
	return 0;
}

/* Berry: "NAME@npm:VERSION", "NAME@workspace:FOLDER", "NAME@patch:..." */
static int take_resolution(struct reader *rd, struct str *name)
{
	struct str rest;
	if (!rd->resolution.n)
		return 0;
	if (!npm_split(rd->resolution, name, &rest))
		return bad(rd, "a resolution that names nothing");
	if (str_starts(rest, S("workspace:")))
		rd->entry->root = rd->entry->hidden = true;
	else if (str_starts(rest, S("patch:")))
		rd->entry->hidden = true;
	else if (!str_starts(rest, S("npm:")))
		lock_attr(&rd->l, rd->entry, S("source"), rest);
	return 0;
}

static int end_entry(struct reader *rd)
{
	struct lock_entry *x = rd->entry;
	struct str keys = rd->keys, key, name = { 0 }, inner;
	int r = 0;
	if (!x)
		return 0;
	while (r == 0 && next_key(&keys, &key))
		while (r == 0 && key.n) {
			inner = str_trim(rd->berry ? str_cut(&key, ',') : str_cut(&key, '\0'));
			if (inner.n)
				r = add_key(rd, inner, &name);
		}
	if (r == 0)
		r = take_resolution(rd, &name);
	if (r)
		return r;
	if (!x->version.n || !name.n)
		return bad(rd, "the entry before has no version");
	if (name.n > LISTING_NAME_MAX || x->version.n > LISTING_NAME_MAX)
		return bad(rd, "a name or version is too long");
	x->name = name;
	return 0;
}

static int begin_entry(struct reader *rd, struct str line)
{
	int r = end_entry(rd);
	rd->entry = NULL;
	rd->resolution = (struct str){ 0 };
	rd->section = IN_NOTHING;
	if (str_eq(line, S("__metadata:"))) {
		rd->berry = true;
		return r;
	}
	/* A key of more than 1024 bytes: "? KEY", then a line ":". */
	rd->long_key = str_starts(line, S("? "));
	if (rd->long_key)
		line = str_from(line, 2);
	else if (!str_ends(line, S(":")))
		return r ? r : bad(rd, "neither an entry nor a part of one");
	else
		line.n--;
	rd->keys = line;
	return r ? r : lock_add(&rd->l, S(""), S(""), &rd->entry, rd->e);
}

/* NAME "VALUE", NAME: VALUE, NAME: */
static bool pair(struct str line, struct str *name, struct str *value)
{
	*name = word(&line, " :");
	if (line.n && line.p[0] == ':')
		line = str_from(line, 1);
	line = str_trim(line);
	*value = word(&line, "");
	return name->n > 0;
}

static void field(struct reader *rd, struct str name, struct str value)
{
	rd->section = IN_NOTHING;
	if (str_eq(name, S("version")))
		rd->entry->version = value;
	else if (str_eq(name, S("resolution")))
		rd->resolution = value;
	else if (str_eq(name, S("dependencies")))
		rd->section = IN_NEEDS;
	else if (str_eq(name, S("optionalDependencies")))
		rd->section = IN_OPTIONAL;
}

static int on_line(struct reader *rd, struct str line)
{
	struct str name, value;
	size_t blanks = 0;
	while (blanks < line.n && line.p[blanks] == ' ')
		blanks++;
	line = str_trim(line);
	if (!line.n || line.p[0] == '#')
		return 0;
	if (blanks == 0 && rd->long_key && str_eq(str_upto(line, 1), S(":"))) {
		/* what follows the colon on its line is the entry's first field */
		line = str_trim(str_from(line, 1));
		blanks = 2;
		if (!line.n)
			return 0;
	}
	if (blanks == 0)
		return begin_entry(rd, line);
	if (!rd->entry)
		return rd->berry ? 0 : bad(rd, "a field of no entry");
	if (!pair(line, &name, &value))
		return bad(rd, "no field");
	if (blanks == 2)
		field(rd, name, value);
	else if (blanks == 4 && rd->section != IN_NOTHING)
		lock_need(&rd->l, rd->entry, plain(rd, name, value), S(""),
			  rd->section == IN_OPTIONAL ? LOCK_OPTIONAL : LOCK_NEEDED);
	return 0;
}

/* A patched package stands beside the one that it patches, and is the same package: one, that both names mean. */
static void join_patched(struct reader *rd)
{
	struct map names;
	map_init(&names, rd->l.arena);
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < rd->l.n; i++) {
			struct lock_entry *x = rd->l.v[i];
			struct str name = plain(rd, x->name, x->version);
			if (x->root || x->hidden != (pass == 1))
				continue;
			if (pass == 0)
				*map_at(&names, name) = x;
			else
				x->hidden = !map_get(&names, name);
		}
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	struct reader rd = { .e = e };
	struct str text, line;
	(void)state;
	lock_init(&rd.l, an, f, "yarn_lock", "npm");
	int r = listing_text(&rd.l.list, whole, &text, e);
	if (r == 0)
		text = arena_str(an->arena, text); /* entries borrow from it */
	while (r == 0 && str_line(&text, &line)) {
		rd.line++;
		r = on_line(&rd, line);
	}
	if (r == 0)
		r = end_entry(&rd);
	if (r == 0) {
		join_patched(&rd);
		lock_finish(&rd.l);
	}
	return r;
}

static int join(const struct fold *f, struct inventory *inv, struct err *e)
{
	(void)e;
	lock_join(f, inv, "yarn_lock", "package_json", "package.json", true);
	return 0;
}

static const char *const patterns[] = { "yarn.lock", NULL };

const struct analyzer analyzer_yarn_lock = {
	.name = "yarn_lock",
	.version = 1,
	.lockfile = true,
	.patterns = patterns,
	.want_whole = true,
	.wants = lock_wants,
	.end = end,
	.join = join,
};
