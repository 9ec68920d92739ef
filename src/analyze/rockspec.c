/* Installed rocks of Lua: rocks/NAME/VERSION/NAME-VERSION.rockspec below a LuaRocks tree. A rockspec is a Lua program, by
 * rule of assignments only: package = "x" version = "1.0-1" description = { license = "MIT" } dependencies = { "lua >= 5.1",
 * "y" }. Nothing is run: strings, braces and names are looked at, all else is passed over.
 *
 * Hostile input: any bytes, long strings and comments that do not end. Without a package and a version as literals at
 * the top the file is unreadable. */
#include "analyze/listing.h"

struct reader {
	struct listing l;
	struct str rest;
	struct str name, version, licence; /* found so far */
	struct strs needs;
	struct str top,
		key; /* "description" of the table we are in; the name before the last '=' */
	size_t depth;
	bool assigns; /* '=' came last */
};

/* "[[", "[=[": how many '=', or -1. */
static int long_bracket(struct str s)
{
	size_t n = 1;
	if (!s.n || s.p[0] != '[')
		return -1;
	while (n < s.n && s.p[n] == '=')
		n++;
	return n < s.n && s.p[n] == '[' && n < 100 ? (int)n - 1 : -1;
}

static bool take_long(struct str *s, struct str *out)
{
	char close[104] = "]";
	int level = long_bracket(*s);
	memset(close + 1, '=', (size_t)level);
	close[level + 1] = ']';
	struct str body = str_from(*s, (size_t)level + 2);
	ssize_t at = str_find(body, (struct str){ close, (size_t)level + 2 });
	*out = str_upto(body, at < 0 ? body.n : (size_t)at);
	*s = str_from(body, at < 0 ? body.n : (size_t)at + (size_t)level + 2);
	return at >= 0;
}

static bool take_quoted(struct str *s, struct str *out)
{
	char quote = s->p[0];
	size_t n = 1;
	while (n < s->n && s->p[n] != quote && s->p[n] != '\n')
		n += s->p[n] == '\\' ? 2 : 1;
	bool closed = n < s->n && s->p[n] == quote;
	*out = str_from(str_upto(*s, n), 1);
	*s = str_from(*s, n + 1);
	return closed;
}

static void skip_comment(struct str *s)
{
	struct str ignored;
	*s = str_from(*s, 2);
	if (long_bracket(*s) >= 0)
		take_long(s, &ignored);
	else
		str_cut(s, '\n');
}

static void on_string(struct reader *r, struct str text)
{
	struct arena *a = r->l.an->arena;
	if (r->assigns && r->depth == 0 && str_eq(r->key, S("package")))
		r->name = text;
	else if (r->assigns && r->depth == 0 && str_eq(r->key, S("version")))
		r->version = text;
	else if (r->assigns && r->depth == 1 && str_eq(r->top, S("description")) &&
		 str_eq(r->key, S("license")))
		r->licence = text;
	else if (!r->assigns && r->depth == 1 && str_eq(r->top, S("dependencies")))
		*ARENA_PUSH(a, r->needs.v, r->needs.n, r->needs.cap) = text;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (c >= '0' && c <= '9');
}

static void take_word(struct reader *r)
{
	size_t n = 0;
	while (n < r->rest.n && is_letter(r->rest.p[n]))
		n++;
	r->key = str_upto(r->rest, n);
	r->rest = str_from(r->rest, n);
}

static void on_punct(struct reader *r, char c)
{
	if (c == '{' && r->depth++ == 0)
		r->top = r->key;
	else if (c == '}' && r->depth)
		r->depth--;
	r->assigns = c == '=';
	r->rest = str_from(r->rest, 1);
}

static int read_all(struct reader *r, struct err *e)
{
	while (r->rest.n) {
		char c = r->rest.p[0];
		bool quoted = c == '"' || c == '\'', bracket = long_bracket(r->rest) >= 0;
		struct str text;
		if (str_starts(r->rest, S("--"))) {
			skip_comment(&r->rest);
		} else if (quoted || bracket) {
			if (!(quoted ? take_quoted : take_long)(&r->rest, &text))
				return err_set(e, ERR_INVALID, "rockspec: a string does not end");
			on_string(r, text);
			r->assigns = false;
		} else if (is_letter(c)) {
			take_word(r);
			r->assigns = false;
		} else if (strchr(" \t\r\n", c) && c) {
			r->rest = str_from(r->rest, 1);
		} else {
			on_punct(r, c);
		}
	}
	return 0;
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	struct reader r = { 0 };
	(void)state;
	listing_begin(&r.l, an, f, "rockspec", "luarocks");
	int code = listing_text(&r.l, whole, &r.rest, e);
	if (code == 0)
		code = read_all(&r, e);
	if (code < 0)
		return code;
	if (!r.name.n || !r.version.n)
		return err_set(e, ERR_INVALID, "rockspec: it states no %s",
			       r.name.n ? "version" : "package");
	struct record_package *p = listing_add(&r.l, r.name, r.version);
	listing_licence(&r.l, p, r.licence);
	for (size_t i = 0; i < r.needs.n; i++) {
		struct str rest = r.needs.v[i], name;
		if (str_word(&rest, &name) && !str_eq(name, S("lua")))
			listing_need(&r.l, p, name, S(""));
	}
	return r.l.file->n_packages ? 0 : err_set(e, ERR_INVALID, "rockspec: no plain name");
}

static const char *const patterns[] = { "**/rocks/*/*/*.rockspec", "**/rocks-*/*/*/*.rockspec",
					NULL };

const struct analyzer analyzer_rockspec = {
	.name = "rockspec",
	.version = 1,
	.digests = true,
	.patterns = patterns,
	.want_whole = true,
	.end = end,
};
