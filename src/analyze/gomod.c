/* go.mod and go.sum ("Go Modules Reference"): what a project asks for. go.mod: lines "verb words", or "verb (", lines of
 * words, ")"; comments from "//" on, words in quotes or backquotes. replace counts (a folder as replacement leaves the version
 * unknown), a required version that is excluded too: the go command then takes a higher one, which is not in the file.
 *
 * Since Go 1.17 go.mod lists everything that is built. Before, only direct requirements are sure and the others come from
 * the go.sum beside it; where go.sum stands alone everything does. Of several versions there the last, which is the highest.
 *
 * The standard library: the `toolchain` line, or a `go` line from 1.21 on, since when that is the least version that may
 * build it. Hostile input: long lines and texts (limits). Not supported: go.work, vendor/modules.txt. */
#include "analyze/golang.h"
#include "base/map.h"

enum { WORDS = 6 };
/* Marks what go.sum has no code of: its requirements were read, it is not built. */
static const struct str bare_key = { "only-go.mod", 11 };

struct require {
	struct str path, version;
	bool indirect, excluded;
	struct str local, was;
};
struct gomod {
	struct arena *a;
	struct str module, go, toolchain, block;
	struct require *v;
	size_t n, cap;
	struct map by_path; /* struct require, number + 1 */
	struct line *later; /* replace and exclude: they may stand before their require */
	size_t n_later, later_cap;
};
struct line {
	struct str verb, words[WORDS];
	size_t n;
	bool indirect;
};

static struct str next_word(struct str *s)
{
	*s = str_trim(*s);
	if (s->n && (s->p[0] == '"' || s->p[0] == '`')) {
		char quote = s->p[0];
		*s = str_from(*s, 1);
		return str_cut(s, quote);
	}
	struct str word = S("");
	return str_word(s, &word) ? word : S("");
}

static void split_line(struct str text, struct line *l)
{
	ssize_t comment = str_find(text, S("//"));
	struct str rest = comment < 0 ? S("") : str_trim(str_from(text, (size_t)comment + 2));
	l->indirect = str_eq(rest, S("indirect")) || str_starts(rest, S("indirect;"));
	if (comment >= 0)
		text = str_upto(text, (size_t)comment);
	while (l->n < WORDS) {
		struct str word = next_word(&text);
		if (word.n == 0)
			return;
		l->words[l->n++] = word;
	}
}

static void add_require(struct gomod *m, const struct line *l)
{
	if (l->n < 2)
		return;
	void **slot = map_at(&m->by_path, l->words[0]);
	struct require *r =
		*slot ? &m->v[(size_t)(uintptr_t)*slot - 1] : ARENA_PUSH(m->a, m->v, m->n, m->cap);
	if (!*slot)
		*slot = (void *)(uintptr_t)m->n;
	*r = (struct require){ .path = l->words[0],
			       .version = l->words[1],
			       .indirect = l->indirect };
}

/* "A [v] => B [w]" */
static void apply_replace(struct gomod *m, const struct line *l)
{
	size_t arrow = 1;
	while (arrow < l->n && !str_eq(l->words[arrow], S("=>")))
		arrow++;
	void *slot = map_get(&m->by_path, l->words[0]);
	if (!slot || arrow + 1 >= l->n || arrow > 2)
		return;
	struct require *r = &m->v[(size_t)(uintptr_t)slot - 1];
	if (r->was.n || r->local.n || (arrow == 2 && !str_eq(l->words[1], r->version)))
		return;
	if (arrow + 2 < l->n) {
		r->was = arena_printf(m->a, "%.*s@%.*s", STR(r->path), STR(r->version));
		r->path = l->words[arrow + 1];
		r->version = l->words[arrow + 2];
	} else {
		r->local = l->words[arrow + 1];
		r->version = S("");
	}
}

static void apply_exclude(struct gomod *m, const struct line *l)
{
	void *slot = l->n == 2 ? map_get(&m->by_path, l->words[0]) : NULL;
	struct require *r = slot ? &m->v[(size_t)(uintptr_t)slot - 1] : NULL;
	if (!r || !str_eq(r->version, l->words[1]) || r->was.n)
		return;
	r->excluded = true;
	r->version = S("");
}

static void read_line(struct gomod *m, struct str text)
{
	struct line l = { 0 };
	split_line(text, &l);
	if (l.n == 0)
		return;
	if (str_eq(l.words[0], S(")"))) {
		m->block = S("");
		return;
	}
	l.verb = m->block;
	if (m->block.n == 0) {
		l.verb = l.words[0];
		memmove(l.words, l.words + 1, sizeof *l.words * --l.n);
		if (l.n && str_eq(l.words[0], S("("))) {
			m->block = l.verb;
			return;
		}
	}
	if (str_eq(l.verb, S("require")))
		add_require(m, &l);
	else if (str_eq(l.verb, S("replace")) || str_eq(l.verb, S("exclude")))
		*ARENA_PUSH(m->a, m->later, m->n_later, m->later_cap) = l;
	else if (l.n && str_eq(l.verb, S("module")))
		m->module = l.words[0];
	else if (l.n && str_eq(l.verb, S("go")))
		m->go = l.words[0];
	else if (l.n && str_eq(l.verb, S("toolchain")))
		m->toolchain = l.words[0];
}

/* At least Go 1.`minor`; no go line means 1.16. */
static bool at_least(struct str go, uint64_t minor)
{
	uint64_t major = 0, v = 0;
	size_t n = 0;
	struct str rest = go, first = str_cut(&rest, '.');
	while (n < rest.n && rest.p[n] >= '0' && rest.p[n] <= '9')
		n++;
	return str_to_u64(first, 1000, &major) && str_to_u64(str_upto(rest, n), 1000000, &v) &&
	       (major > 1 || (major == 1 && v >= minor));
}

static void add_packages(struct gomod *m, struct record_file *f)
{
	bool complete = at_least(m->go, 17);
	struct str stdlib = golang_stdlib_version(m->a, m->toolchain);
	if (stdlib.n == 0 && at_least(m->go, 21))
		stdlib = golang_stdlib_version(m->a, arena_printf(m->a, "go%.*s", STR(m->go)));
	if (m->module.n)
		golang_add(m->a, f, m->module, S(""), "root");
	if (stdlib.n)
		golang_add(m->a, f, S("stdlib"), stdlib, "direct");
	for (size_t i = 0; i < m->n; i++) {
		const struct require *r = &m->v[i];
		if (r->indirect && !complete)
			continue;
		struct record_package *p = golang_add(m->a, f, r->path, r->version,
						      r->indirect ? "indirect" : "direct");
		if (r->was.n)
			record_package_attr(m->a, p, S("replaces"), r->was);
		if (r->local.n)
			record_package_attr(m->a, p, S("replaced-by"), r->local);
		if (r->excluded)
			record_package_attr(m->a, p, S("excluded"), S("true"));
	}
	if (complete)
		record_add_attr(m->a, f, S("complete"), S("true"));
}

static bool is_text(struct str s)
{
	return s.n == 0 || !memchr(s.p, '\0', s.n);
}

static int read_mod(struct analysis *an, struct record_file *f, struct str text, struct err *e)
{
	struct gomod m = { .a = an->arena };
	struct str line;
	map_init(&m.by_path, an->arena);
	while (str_line(&text, &line))
		read_line(&m, line);
	for (size_t i = 0; i < m.n_later; i++) {
		if (str_eq(m.later[i].verb, S("replace")) && m.later[i].n)
			apply_replace(&m, &m.later[i]);
	}
	for (size_t i = 0; i < m.n_later; i++) {
		if (str_eq(m.later[i].verb, S("exclude")) && m.later[i].n)
			apply_exclude(&m, &m.later[i]);
	}
	if (m.module.n == 0 && m.n == 0)
		return err_set(e, ERR_INVALID, "no go.mod: it has neither module nor require");
	add_packages(&m, f);
	return 0;
}

/* Of versions of which the code was fetched the last; where only the go.mod was, that one's. */
static void add_sum(struct arena *a, struct record_file *f, struct map *seen, struct str path,
		    struct str version)
{
	bool bare = str_ends(version, S("/go.mod"));
	void **slot = map_at(seen, path);
	struct record_package *p = *slot ? &f->packages[(size_t)(uintptr_t)*slot - 1]
					 : golang_add(a, f, path, S(""), NULL);
	bool was_bare = record_attr(p->attrs, p->n_attrs, bare_key).n > 0;
	if (!*slot)
		*slot = (void *)(uintptr_t)f->n_packages;
	else if (bare && !was_bare)
		return;
	p->version = p->source_version = bare ? str_upto(version, version.n - 7) : version;
	p->n_attrs = 0;
	if (bare)
		record_package_attr(a, p, bare_key, S("true"));
}

static int read_sum(struct analysis *an, struct record_file *f, struct str text, struct err *e)
{
	struct map seen; /* number of the package, + 1 */
	struct str line;
	size_t number = 0;
	map_init(&seen, an->arena);
	while (str_line(&text, &line)) {
		struct str path, version, sum;
		number++;
		if (str_trim(line).n == 0)
			continue;
		if (!str_word(&line, &path) || !str_word(&line, &version) || !str_word(&line, &sum))
			return err_set(e, ERR_INVALID, "line %zu is no path, version and sum",
				       number);
		add_sum(an->arena, f, &seen, path, version);
	}
	return 0;
}

static int gomod_end(struct analysis *an, void *state, const struct file *f,
		     const struct whole *whole, struct err *e)
{
	(void)state;
	struct record_file *rf = record_add_file(an->arena, an->record, f->path, "gomod", f->size);
	if (whole->size > GO_TEXT_MAX)
		return err_set(e, ERR_LIMIT, "larger than %d bytes", GO_TEXT_MAX);
	char *p = arena_alloc(an->arena, (size_t)whole->size + 1);
	int r = whole_read(whole, 0, p, (size_t)whole->size, e);
	struct str text = { p, (size_t)whole->size };
	if (r == 0 && !is_text(text))
		r = err_set(e, ERR_INVALID, "no text");
	if (r)
		return r;
	return str_ends(f->path, S(".sum")) ? read_sum(an, rf, text, e) : read_mod(an, rf, text, e);
}

/* The go.sum beside a go.mod adds to one that is not complete, and nothing to one that is. */
static void join_sum(struct arena *a, const struct record_file *mod, struct record_file *sum)
{
	struct map have;
	size_t n = 0;
	map_init(&have, a);
	for (size_t i = 0; i < mod->n_packages; i++) {
		const struct record_package *p = &mod->packages[i];
		struct str was = record_attr(p->attrs, p->n_attrs, S("replaces"));
		*map_at(&have, p->name) = &have;
		if (was.n)
			*map_at(&have, str_cut(&was, '@')) = &have;
	}
	for (size_t i = 0; i < sum->n_packages; i++) {
		const struct record_package *p = &sum->packages[i];
		if (map_get(&have, p->name) || record_attr(p->attrs, p->n_attrs, bare_key).n)
			continue;
		sum->packages[n] = *p;
		record_package_attr(a, &sum->packages[n++], S("relation"), S("indirect"));
	}
	bool complete = record_attr(mod->attrs, mod->n_attrs, S("complete")).n > 0;
	sum->n_packages = complete ? 0 : n;
}

static int gomod_finish(struct analysis *an, struct err *e)
{
	struct layer_record *rec = an->record;
	struct map mods;
	(void)e;
	map_init(&mods, an->arena);
	for (size_t i = 0; i < rec->n_files; i++)
		if (str_ends(rec->files[i].path, S("go.mod")) && rec->files[i].unreadable.n == 0)
			*map_at(&mods, str_upto(rec->files[i].path, rec->files[i].path.n - 3)) =
				&rec->files[i];
	for (size_t i = 0; i < rec->n_files; i++) {
		struct record_file *f = &rec->files[i];
		const struct record_file *mod =
			str_ends(f->path, S("go.sum"))
				? map_get(&mods, str_upto(f->path, f->path.n - 3))
				: NULL;
		if (mod)
			join_sum(an->arena, mod, f);
	}
	return 0;
}

static const char *const patterns[] = { "go.mod", "go.sum", NULL };

const struct analyzer analyzer_gomod = {
	.name = "gomod",
	.version = 1,
	.lockfile = true,
	.patterns = patterns,
	.want_whole = true,
	.end = gomod_end,
	.finish = gomod_finish,
};
