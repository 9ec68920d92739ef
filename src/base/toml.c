/* TOML 1.0 (toml.io), read in one pass by recursive descent over the text, one function a grammar rule.
 *
 * Tables remember how they came to be, for that decides who may add to them: a header's own table once, one that only
 * stood on a header's way any number of times, one made by dotted keys only from the same section, an inline one never.
 *
 * Hostile input: deep nesting, key paths of thousands of parts, keys by the million (one hash over (table, key) finds
 * duplicates; the table's address in front keeps chosen keys from colliding), bytes that are no UTF-8. All of them end in
 * an error. Numbers and dates are checked for shape only and kept as text. */
#include "base/toml.h"

#include "base/map.h"

enum made { MADE_PLAIN, MADE_HEADER, MADE_IMPLICIT, MADE_DOTTED, MADE_INLINE, MADE_TABLES };

struct parser {
	struct arena *arena; /* of the tree */
	struct arena scratch; /* of the hash */
	struct map children; /* address of the table, key -> child */
	struct buf name; /* a key of the hash that is looked up */
	struct buf text; /* a string as it is decoded */
	struct str rest;
	unsigned line;
	size_t nodes;
	struct err *e;
};

static int bad(struct parser *p, const char *what)
{
	return err_set(p->e, ERR_INVALID, "line %u: %s", p->line, what);
}

static int next(const struct parser *p)
{
	return p->rest.n ? (unsigned char)p->rest.p[0] : -1;
}

static void take(struct parser *p, size_t n)
{
	p->rest = str_from(p->rest, n);
}

static bool take_if(struct parser *p, struct str what)
{
	if (!str_starts(p->rest, what))
		return false;
	take(p, what.n);
	return true;
}

static void skip_blank(struct parser *p)
{
	while (next(p) == ' ' || next(p) == '\t')
		take(p, 1);
}

static bool newline(struct parser *p)
{
	if (!take_if(p, S("\n")) && !take_if(p, S("\r\n")))
		return false;
	p->line++;
	return true;
}

static bool is_control(int c)
{
	return (c >= 0 && c < ' ' && c != '\t') || c == 0x7F;
}

/* Blanks and a comment, not the newline behind. */
static int skip_comment(struct parser *p)
{
	skip_blank(p);
	if (next(p) != '#')
		return 0;
	while (next(p) >= 0 && next(p) != '\n' && !str_starts(p->rest, S("\r\n"))) {
		if (is_control(next(p)))
			return bad(p, "a control character in a comment");
		take(p, 1);
	}
	return 0;
}

static int skip_lines(struct parser *p)
{
	int r;
	do
		r = skip_comment(p);
	while (r == 0 && newline(p));
	return r;
}

/* The tree */

static int new_node(struct parser *p, enum toml_kind kind, struct toml **out)
{
	if (++p->nodes > TOML_NODES_MAX)
		return err_set(p->e, ERR_LIMIT, "TOML has more than %d values", TOML_NODES_MAX);
	*out = ARENA_NEW(p->arena, struct toml);
	(*out)->kind = kind;
	(*out)->line = p->line;
	return 0;
}

static void append(struct toml *parent, struct toml *child)
{
	if (parent->last)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
}

static struct toml *find(struct parser *p, const struct toml *table, struct str key)
{
	p->name.n = 0;
	buf_add(&p->name, &table, sizeof table);
	buf_add_str(&p->name, key);
	return map_get(&p->children, str_buf(&p->name));
}

/* After find said that there is none. */
static int add(struct parser *p, struct toml *table, struct str key, struct toml *child)
{
	size_t n = sizeof table + key.n;
	char *name = arena_alloc(&p->scratch, n);
	memcpy(name, &table, sizeof table);
	if (key.n)
		memcpy(name + sizeof table, key.p, key.n);
	*map_at(&p->children, (struct str){ name, n }) = child;
	child->key = key;
	append(table, child);
	return 0;
}

static int add_table(struct parser *p, struct toml *table, struct str key, enum made made,
		     struct toml **out)
{
	struct toml *child = NULL;
	int r = new_node(p, TOML_TABLE, &child);
	if (r)
		return r;
	child->made = (unsigned char)made;
	*out = child;
	return add(p, table, key, child);
}

/* Strings */

static void add_utf8(struct buf *b, uint64_t c)
{
	if (c < 0x80) {
		buf_add_char(b, (char)c);
		return;
	}
	unsigned more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	static const unsigned char lead[] = { 0, 0xC0, 0xE0, 0xF0 };
	buf_add_char(b, (char)(lead[more] | c >> (6 * more)));
	while (more--)
		buf_add_char(b, (char)(0x80 | (c >> (6 * more) & 0x3F)));
}

static int unicode(struct parser *p, size_t digits)
{
	uint64_t c;
	if (p->rest.n < digits || !str_to_u64_base(str_upto(p->rest, digits), 16, 0x10FFFF, &c) ||
	    (c >= 0xD800 && c < 0xE000) || c == 0)
		return bad(p, "an escape that is no character");
	add_utf8(&p->text, c);
	take(p, digits);
	return 0;
}

/* Behind the backslash. */
static int escape(struct parser *p, bool lines)
{
	static const char from[] = "btnfre\"\\", to[] = "\b\t\n\f\r\033\"\\";
	int c = next(p);
	const char *at = c > 0 ? strchr(from, c) : NULL;
	if (at) {
		buf_add_char(&p->text, to[at - from]);
		take(p, 1);
		return 0;
	}
	if (c == 'u' || c == 'U' || c == 'x') {
		take(p, 1);
		return unicode(p, c == 'u' ? 4 : c == 'U' ? 8 : 2);
	}
	skip_blank(p);
	if (!lines || !newline(p))
		return bad(p, "an unknown escape in a string");
	do
		skip_blank(p);
	while (newline(p));
	return 0;
}

/* Three quotes in a row end a string of several lines; up to two more before them belong to it. */
static bool closes(struct parser *p, struct str quote)
{
	if (!take_if(p, quote))
		return false;
	for (unsigned i = 0; quote.n == 3 && i < 2 && next(p) == quote.p[0]; i++) {
		buf_add_char(&p->text, quote.p[0]);
		take(p, 1);
	}
	return true;
}

static int string(struct parser *p, struct str *out)
{
	char one = p->rest.p[0];
	struct str quote = one == '"' ? S("\"\"\"") : S("'''");
	bool lines = take_if(p, quote);
	p->text.n = 0;
	if (!lines) {
		quote.n = 1;
		take(p, 1);
	} else {
		newline(p);
	}
	while (!closes(p, quote)) {
		int c = next(p), r = 0;
		if (lines && newline(p)) {
			buf_add_char(&p->text, '\n');
		} else if (c < 0 || is_control(c)) {
			return bad(p, c < 0 ? "a string does not end"
					    : "a control character in a string");
		} else {
			take(p, 1);
			if (c == '\\' && one == '"')
				r = escape(p, lines);
			else
				buf_add_char(&p->text, (char)c);
		}
		if (r)
			return r;
	}
	*out = arena_str(p->arena, str_buf(&p->text));
	return 0;
}

/* Numbers, dates, words: everything up to what cannot be part of one. */

static bool digits(struct str s, unsigned base)
{
	static const char all[] = "0123456789abcdef";
	bool digit = false;
	for (size_t i = 0; i < s.n; i++) {
		int c = s.p[i] >= 'A' && s.p[i] <= 'F' ? s.p[i] + 32 : s.p[i];
		if (c == '_' && digit && i + 1 < s.n) {
			digit = false;
			continue;
		}
		if (c <= 0 || !memchr(all, c, base))
			return false;
		digit = true;
	}
	return digit;
}

static bool is_number(struct str s)
{
	static const struct {
		const char *prefix;
		unsigned base;
	} based[] = { { "0x", 16 }, { "0o", 8 }, { "0b", 2 } };
	for (size_t i = 0; i < COUNT(based); i++)
		if (str_starts(s, str_of(based[i].prefix)))
			return digits(str_from(s, 2), based[i].base);
	if (s.n && (s.p[0] == '+' || s.p[0] == '-'))
		s = str_from(s, 1);
	if (str_eq(s, S("inf")) || str_eq(s, S("nan")))
		return true;
	ssize_t at = str_find_char(s, 'e') >= 0 ? str_find_char(s, 'e') : str_find_char(s, 'E');
	if (at >= 0) {
		struct str power = str_from(s, (size_t)at + 1);
		if (power.n && (power.p[0] == '+' || power.p[0] == '-'))
			power = str_from(power, 1);
		if (!digits(power, 10))
			return false;
		s = str_upto(s, (size_t)at);
	}
	ssize_t dot = str_find_char(s, '.');
	if (dot >= 0 && !digits(str_from(s, (size_t)dot + 1), 10))
		return false;
	if (dot >= 0)
		s = str_upto(s, (size_t)dot);
	return digits(s, 10) && (s.n == 1 || s.p[0] != '0');
}

/* `form` with 0 for a digit, at the start of *s. */
static bool shape(struct str *s, const char *form)
{
	size_t n = strlen(form);
	if (s->n < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = s->p[i];
		if (form[i] == '0' ? c < '0' || c > '9' : c != form[i])
			return false;
	}
	*s = str_from(*s, n);
	return true;
}

static bool is_time(struct str *s)
{
	if (!shape(s, "00:00"))
		return false;
	if (shape(s, ":00") && s->n && s->p[0] == '.') {
		*s = str_from(*s, 1);
		if (!shape(s, "0"))
			return false;
		while (shape(s, "0"))
			;
	}
	return true;
}

static bool is_date(struct str s)
{
	if (!shape(&s, "0000-00-00"))
		return is_time(&s) && s.n == 0;
	if (s.n == 0)
		return true;
	if (!shape(&s, "T") && !shape(&s, "t") && !shape(&s, " "))
		return false;
	if (!is_time(&s))
		return false;
	return s.n == 0 || str_eq_nocase(s, S("Z")) ||
	       ((shape(&s, "+00:00") || shape(&s, "-00:00")) && s.n == 0);
}

static size_t word_length(struct str s)
{
	size_t n = 0;
	while (n < s.n && !strchr(" \t\r\n#,]}", s.p[n]))
		n++;
	return n;
}

static int word(struct parser *p, struct toml *t)
{
	size_t n = word_length(p->rest);
	struct str s = str_upto(p->rest, n), day = s;
	/* A date and its time may have a blank between. */
	if (shape(&day, "0000-00-00") && day.n == 0 && p->rest.n > n + 2 && p->rest.p[n] == ' ' &&
	    p->rest.p[n + 1] >= '0' && p->rest.p[n + 1] <= '9') {
		n += 1 + word_length(str_from(p->rest, n + 1));
		s = str_upto(p->rest, n);
	}
	if (str_eq(s, S("true")) || str_eq(s, S("false")))
		t->kind = TOML_BOOL;
	else if (is_number(s))
		t->kind = TOML_NUMBER;
	else if (is_date(s))
		t->kind = TOML_DATE;
	else
		return bad(p, "a value that is none");
	t->value = arena_str(p->arena, s);
	take(p, n);
	return 0;
}

/* Values, keys */

static int value(struct parser *p, unsigned depth, struct toml **out);

static int array(struct parser *p, struct toml *t, unsigned depth)
{
	take(p, 1);
	t->kind = TOML_ARRAY;
	for (;;) {
		struct toml *child = NULL;
		int r = skip_lines(p);
		if (r == 0 && take_if(p, S("]")))
			return 0;
		if (r == 0)
			r = value(p, depth + 1, &child);
		if (r == 0)
			append(t, child);
		if (r == 0)
			r = skip_lines(p);
		if (r)
			return r;
		if (!take_if(p, S(",")) && next(p) != ']')
			return bad(p, "an array does not end");
	}
}

static int pair(struct parser *p, struct toml *table, unsigned depth);

static int inline_table(struct parser *p, struct toml *t, unsigned depth)
{
	take(p, 1);
	t->kind = TOML_TABLE;
	for (;;) {
		int r = skip_lines(p);
		if (r == 0 && take_if(p, S("}")))
			break;
		if (r == 0)
			r = pair(p, t, depth + 1);
		if (r == 0)
			r = skip_lines(p);
		if (r)
			return r;
		if (!take_if(p, S(",")) && next(p) != '}')
			return bad(p, "an inline table does not end");
	}
	t->made = MADE_INLINE;
	return 0;
}

static int value(struct parser *p, unsigned depth, struct toml **out)
{
	struct toml *t = NULL;
	if (depth > TOML_DEPTH_MAX)
		return err_set(p->e, ERR_LIMIT, "line %u: TOML is nested deeper than %d", p->line,
			       TOML_DEPTH_MAX);
	int r = new_node(p, TOML_STRING, &t);
	if (r)
		return r;
	*out = t;
	switch (next(p)) {
	case '"':
	case '\'':
		return string(p, &t->value);
	case '[':
		return array(p, t, depth);
	case '{':
		return inline_table(p, t, depth);
	default:
		return word(p, t);
	}
}

static bool is_bare(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

static int key_part(struct parser *p, struct str *out)
{
	if (next(p) == '"' || next(p) == '\'') {
		if (str_starts(p->rest, S("\"\"\"")) || str_starts(p->rest, S("'''")))
			return bad(p, "a key of several lines");
		return string(p, out);
	}
	size_t n = 0;
	while (n < p->rest.n && is_bare((unsigned char)p->rest.p[n]))
		n++;
	if (n == 0)
		return bad(p, "a key is missing");
	*out = arena_str(p->arena, str_upto(p->rest, n));
	take(p, n);
	return 0;
}

/* A dot, with blanks around it. */
static bool dot(struct parser *p)
{
	skip_blank(p);
	if (!take_if(p, S(".")))
		return false;
	skip_blank(p);
	return true;
}

/* Walks a dotted key down from *table at *depth: the last part's table and name. `made`: what is made on the way. */
static int key_path(struct parser *p, struct toml **table, struct str *last, enum made made,
		    unsigned *depth)
{
	int r = key_part(p, last);
	while (r == 0 && dot(p)) {
		struct toml *child = find(p, *table, *last);
		if (++*depth > TOML_DEPTH_MAX)
			return err_set(p->e, ERR_LIMIT, "line %u: TOML is nested deeper than %d",
				       p->line, TOML_DEPTH_MAX);
		if (!child)
			r = add_table(p, *table, *last, made, &child);
		else if (made == MADE_IMPLICIT && child->made == MADE_TABLES)
			child = child->last;
		else if (child->kind != TOML_TABLE || child->made == MADE_INLINE ||
			 (made == MADE_DOTTED && child->made != MADE_DOTTED))
			r = bad(p, "a key goes through what cannot be added to");
		*table = child;
		if (r == 0)
			r = key_part(p, last);
	}
	return r;
}

static int pair(struct parser *p, struct toml *table, unsigned depth)
{
	struct str key = { 0 };
	struct toml *child = NULL;
	int r = key_path(p, &table, &key, MADE_DOTTED, &depth);
	if (r)
		return r;
	if (find(p, table, key))
		return bad(p, "a key is there twice");
	if (!take_if(p, S("=")))
		return bad(p, "no '=' behind a key");
	skip_blank(p);
	r = value(p, depth, &child);
	return r == 0 ? add(p, table, key, child) : r;
}

static int open_table(struct parser *p, struct toml *parent, struct str key, struct toml **out)
{
	struct toml *t = find(p, parent, key);
	if (!t)
		return add_table(p, parent, key, MADE_HEADER, out);
	if (t->made != MADE_IMPLICIT)
		return bad(p, "a table is there twice");
	t->made = MADE_HEADER;
	*out = t;
	return 0;
}

static int open_element(struct parser *p, struct toml *parent, struct str key, struct toml **out)
{
	struct toml *list = find(p, parent, key), *t = NULL;
	int r = 0;
	if (list && list->made != MADE_TABLES)
		return bad(p, "an array of tables has the name of something else");
	if (!list) {
		r = new_node(p, TOML_ARRAY, &list);
		if (r == 0)
			r = add(p, parent, key, list);
		if (r)
			return r;
		list->made = MADE_TABLES;
	}
	r = new_node(p, TOML_TABLE, &t);
	if (r)
		return r;
	t->made = MADE_HEADER;
	append(list, t);
	*out = t;
	return 0;
}

/* [table] or [[array of tables]] */
static int header(struct parser *p, struct toml *root, struct toml **out, unsigned *depth)
{
	bool element = take_if(p, S("[["));
	struct str key = { 0 };
	if (!element)
		take(p, 1);
	skip_blank(p);
	struct toml *parent = root;
	*depth = 1;
	int r = key_path(p, &parent, &key, MADE_IMPLICIT, depth);
	if (r)
		return r;
	if (!take_if(p, element ? S("]]") : S("]")))
		return bad(p, "a table's name does not end");
	return element ? open_element(p, parent, key, out) : open_table(p, parent, key, out);
}

static int document(struct parser *p, struct toml *root)
{
	struct toml *table = root;
	unsigned depth = 0; /* of the table */
	for (;;) {
		int r = skip_lines(p);
		if (r || p->rest.n == 0)
			return r;
		r = next(p) == '[' ? header(p, root, &table, &depth) : pair(p, table, depth);
		if (r == 0)
			r = skip_comment(p);
		if (r)
			return r;
		if (p->rest.n && !newline(p))
			return bad(p, "something behind the value");
	}
}

int toml_parse(struct arena *a, struct str text, const struct toml **out, struct err *e)
{
	struct parser p = { .arena = a, .rest = text, .line = 1, .e = e };
	struct toml *root = NULL;
	if (text.n > TOML_BYTES_MAX)
		return err_set(e, ERR_LIMIT, "TOML text of %zu bytes is larger than %d", text.n,
			       TOML_BYTES_MAX);
	if (!str_is_utf8(text))
		return err_set(e, ERR_INVALID, "TOML text is no UTF-8");
	take_if(&p, S("\xEF\xBB\xBF"));
	map_init(&p.children, &p.scratch);
	int r = new_node(&p, TOML_TABLE, &root);
	if (r == 0)
		r = document(&p, root);
	arena_done(&p.scratch);
	buf_done(&p.name);
	buf_done(&p.text);
	if (r == 0)
		*out = root;
	return r;
}

const struct toml *toml_get(const struct toml *table, struct str key)
{
	if (!table || table->kind != TOML_TABLE)
		return NULL;
	for (const struct toml *c = table->first; c; c = c->next)
		if (str_eq(c->key, key))
			return c;
	return NULL;
}

struct str toml_str(const struct toml *t)
{
	return t && t->kind == TOML_STRING ? t->value : (struct str){ 0 };
}

struct str toml_get_str(const struct toml *table, struct str key)
{
	return toml_str(toml_get(table, key));
}

bool toml_is_true(const struct toml *t)
{
	return t && t->kind == TOML_BOOL && str_eq(t->value, S("true"));
}
