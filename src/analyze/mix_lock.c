/* mix.lock of Elixir: one map literal,
 *
 *	%{
 *	  "name": {:hex, :name, "1.2.3", "checksum", [:mix], [{:other, "~> 1.0", [hex: :other, optional: true]}], "hexpm", "sum"},
 *	  "forked": {:git, "https://...", "commit", [branch: "main"]},
 *	}
 *
 * read as the terms it is made of: strings, atoms, lists, tuples, keywords. The file names no root: what nothing in it
 * needs, the project asks for itself.
 *
 * Hostile input: nesting (TERM_DEPTH), endless strings (the text's end). A checkout of git has no version: a note. */
#include "analyze/lock.h"

enum { TERM_DEPTH = 16 };

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_STRING, TOKEN_ATOM, TOKEN_KEY, TOKEN_PUNCT };
struct token {
	enum token_kind kind;
	char c; /* of TOKEN_PUNCT */
	struct str text;
};
struct reader {
	struct listing l;
	struct str rest;
	struct token t;
};

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("_@.-!?", c)) || (unsigned char)c >= 0x80;
}

static struct str take_word(struct str *s)
{
	size_t n = 0;
	while (n < s->n && is_word(s->p[n]))
		n++;
	struct str word = str_upto(*s, n);
	*s = str_from(*s, n);
	return word;
}

/* Behind the opening quote; escapes stay as they stand, no name or version has one. */
static bool take_string(struct str *s, struct str *out)
{
	size_t n = 0;
	while (n < s->n && s->p[n] != '"')
		n += s->p[n] == '\\' ? 2 : 1;
	if (n >= s->n)
		return false;
	*out = str_upto(*s, n);
	*s = str_from(*s, n + 1);
	return true;
}

static void skip_space(struct str *s)
{
	while (s->n) {
		if (s->p[0] == '#')
			str_cut(s, '\n');
		else if (strchr(" \t\r\n", s->p[0]) && s->p[0])
			*s = str_from(*s, 1);
		else
			return;
	}
}

static int next(struct reader *r, struct err *e)
{
	struct str *s = &r->rest;
	skip_space(s);
	r->t = (struct token){ 0 };
	if (s->n == 0)
		return 0;
	char c = s->p[0];
	bool atom = c == ':' && s->n > 1 && (s->p[1] == '"' || is_word(s->p[1]));
	if (atom)
		*s = str_from(*s, 1);
	if (s->p[0] == '"') {
		*s = str_from(*s, 1);
		r->t.kind = TOKEN_STRING;
		if (!take_string(s, &r->t.text))
			return err_set(e, ERR_INVALID, "mix.lock: a string does not end");
	} else if (is_word(s->p[0])) {
		r->t.kind = TOKEN_WORD;
		r->t.text = take_word(s);
	} else {
		r->t = (struct token){ .kind = TOKEN_PUNCT, .c = c };
		*s = str_from(*s, 1);
		return 0;
	}
	if (atom) {
		r->t.kind = TOKEN_ATOM;
	} else if (str_starts(*s, S(":"))) {
		r->t.kind = TOKEN_KEY;
		*s = str_from(*s, 1);
	}
	return 0;
}

static bool is(const struct reader *r, char c)
{
	return r->t.kind == TOKEN_PUNCT && r->t.c == c;
}

static int expect(struct reader *r, char c, struct err *e)
{
	return is(r, c) ? next(r, e)
			: err_set(e, ERR_INVALID,
				  "mix.lock: '%c' is missing %zu bytes before the end", c,
				  r->rest.n);
}

/* Passes over one term; its text when it is a single word. */
static int term(struct reader *r, struct str *text, unsigned depth, struct err *e)
{
	char close = is(r, '{') ? '}' : is(r, '[') ? ']' : '\0';
	int code;
	*text = r->t.text;
	if (depth > TERM_DEPTH)
		return err_set(e, ERR_LIMIT, "mix.lock: nested deeper than %d", TERM_DEPTH);
	if (!close && (r->t.kind == TOKEN_PUNCT || r->t.kind == TOKEN_END))
		return err_set(e, ERR_INVALID,
			       "mix.lock: a term is missing %zu bytes before the end", r->rest.n);
	if ((code = next(r, e)))
		return code;
	while (close && !is(r, close)) {
		struct str inner;
		if (r->t.kind == TOKEN_KEY && (code = next(r, e)))
			return code;
		if ((code = term(r, &inner, depth + 1, e)))
			return code;
		if (!is(r, close) && (code = expect(r, ',', e)))
			return code;
	}
	return close ? next(r, e) : 0;
}

/* {:name, "requirement", [hex: :other, ...]} */
static int dependency(struct reader *r, struct record_package *p, struct err *e)
{
	struct str name, value, key;
	int code = expect(r, '{', e);
	if (code || (code = term(r, &name, 1, e)))
		return code;
	while (is(r, ',')) {
		if ((code = next(r, e)))
			return code;
		bool options = is(r, '[');
		if (!options) {
			if ((code = term(r, &value, 1, e)))
				return code;
			continue;
		}
		if ((code = next(r, e)))
			return code;
		while (r->t.kind == TOKEN_KEY) {
			key = r->t.text;
			if ((code = next(r, e)) || (code = term(r, &value, 1, e)))
				return code;
			if (str_eq(key, S("hex")))
				name = value;
			if (is(r, ',') && (code = next(r, e)))
				return code;
		}
		if ((code = expect(r, ']', e)))
			return code;
	}
	listing_need(&r->l, p, name, S(""));
	return expect(r, '}', e);
}

static int dependencies(struct reader *r, struct record_package *p, struct err *e)
{
	int code = expect(r, '[', e);
	while (code == 0 && !is(r, ']')) {
		code = dependency(r, p, e);
		if (code == 0 && !is(r, ']'))
			code = expect(r, ',', e);
	}
	return code ? code : next(r, e);
}

enum { HEX_NAME = 1, HEX_VERSION, HEX_CHECKSUM, HEX_MANAGERS, HEX_DEPENDENCIES, FIELDS };

/* "name": {:hex, :name, "version", ...} */
static int entry(struct reader *r, struct err *e)
{
	struct str key = r->t.text, field[FIELDS] = { 0 }, more;
	struct record_package *p = &r->l.scrap;
	bool arrow = r->t.kind == TOKEN_STRING; /* "name" => {...}, until Elixir 1.4 */
	if (!arrow && r->t.kind != TOKEN_KEY)
		return err_set(e, ERR_INVALID,
			       "mix.lock: a name is missing %zu bytes before the end", r->rest.n);
	int code = next(r, e);
	if (code || (arrow && ((code = expect(r, '=', e)) || (code = expect(r, '>', e)))))
		return code;
	if ((code = expect(r, '{', e)))
		return code;
	for (size_t i = 0; code == 0 && !is(r, '}'); i++) {
		bool hex = str_eq(field[0], S("hex"));
		if (i == HEX_CHECKSUM && hex)
			p = listing_add(&r->l, field[HEX_NAME], field[HEX_VERSION]);
		if (i == HEX_DEPENDENCIES && hex && is(r, '['))
			code = dependencies(r, p, e);
		else
			code = term(r, i < FIELDS ? &field[i] : &more, 0, e);
		if (code == 0 && !is(r, '}'))
			code = expect(r, ',', e);
	}
	if (code)
		return code;
	if (!str_eq(field[0], S("hex")))
		listing_note(&r->l, "%.*s: not from a registry (%.*s), no version is pinned",
			     STR(key), STR(field[0]));
	else if (!field[HEX_CHECKSUM].n) /* an entry of the oldest versions ends here */
		listing_add(&r->l, field[HEX_NAME], field[HEX_VERSION]);
	return next(r, e);
}

static int map_of_entries(struct reader *r, struct err *e)
{
	int code = next(r, e);
	if (code || (code = expect(r, '%', e)) || (code = expect(r, '{', e)))
		return code;
	while (code == 0 && !is(r, '}')) {
		code = entry(r, e);
		if (code == 0 && !is(r, '}'))
			code = expect(r, ',', e);
	}
	return code ? code : next(r, e);
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	struct reader r = { 0 };
	(void)state;
	listing_begin(&r.l, an, f, "mix_lock", "hex");
	int code = listing_text(&r.l, whole, &r.rest, e);
	if (code == 0)
		code = map_of_entries(&r, e);
	if (code < 0)
		return code;
	if (r.t.kind != TOKEN_END)
		return err_set(e, ERR_INVALID, "mix.lock: something stands behind the map");
	listing_relate_unneeded(&r.l);
	return listing_end(&r.l, e);
}

static const char *const patterns[] = { "mix.lock", NULL };

const struct analyzer analyzer_mix_lock = {
	.name = "mix_lock",
	.version = 1,
	.lockfile = true,
	.patterns = patterns,
	.want_whole = true,
	.wants = lock_wants,
	.end = end,
};
