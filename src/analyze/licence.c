/* Licence texts of package records to SPDX expressions: SPDX 2.3 annex D with its deprecated identifiers, Fedora's names
 * before SPDX ("GPLv2+ and (BSD or MIT)"), Debian's short names ("GPL-2+ with OpenSSL exception"), Alpine's lists ("MIT BSD
 * GPL2+"), PyPI's classifiers, R's "GPL (>= 2)", titles and addresses as poms have them. One grammar reads them all:
 *
 *	list: choice { "," ["and" | "or"] choice }       choice: all { ("or" | "|" | "/") all }
 *	all: one { ("and" | "&" | "+") one }             one: ("(" list ")" | words) ["with" words]
 *
 * Where it stops making sense the text becomes a LicenseRef, so that nothing is lost and every result is an expression.
 * Hostile texts may be long, deep, or all different: length, depth and the number of leaves are bounded. Exceptions that
 * have no identifier are left out, which makes the licence look stricter than it is, never laxer. */
#include "analyze/licence_names.h"

enum { TEXT_MAX = 4000, DEPTH_MAX = 16, LEAVES_MAX = 200 };

/* Expressions as trees */
struct node {
	enum { LEAF, AND, OR } kind;
	struct str text; /* of a leaf, with its WITH */
	struct node **kids;
	size_t n, cap;
};

struct parser {
	struct licences *l;
	struct str rest;
	unsigned depth;
	size_t leaves;
	bool failed;
};

static struct node *leaf(struct parser *p, struct str text)
{
	struct node *n = ARENA_NEW(p->l->arena, struct node);
	n->text = text;
	p->failed |= ++p->leaves > LEAVES_MAX;
	return n;
}

static bool same(const struct node *a, const struct node *b)
{
	if (a->kind != b->kind || a->n != b->n || !str_eq(a->text, b->text))
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!same(a->kids[i], b->kids[i]))
			return false;
	return true;
}

/* Adds without doubles; what is of the same kind becomes one list. */
static void add_kid(struct arena *a, struct node *to, struct node *kid)
{
	if (kid->kind == to->kind) {
		for (size_t i = 0; i < kid->n; i++)
			add_kid(a, to, kid->kids[i]);
		return;
	}
	for (size_t i = 0; i < to->n; i++)
		if (same(to->kids[i], kid))
			return;
	*ARENA_PUSH(a, to->kids, to->n, to->cap) = kid;
}

static struct node *join(struct parser *p, int kind, struct node *left, struct node *right)
{
	if (!left || !right)
		return left ? left : right;
	struct node *n = ARENA_NEW(p->l->arena, struct node);
	n->kind = kind == AND ? AND : OR;
	add_kid(p->l->arena, n, left);
	add_kid(p->l->arena, n, right);
	return n->n == 1 ? n->kids[0] : n;
}

/* Tokens: '(' ')' ',' 'A'nd 'O'r 'W'ith, 'w' a word, 0 the end. */
static char token(struct str s, struct str *text)
{
	size_t i = 0;
	while (i < s.n && (unsigned char)s.p[i] <= ' ')
		i++;
	*text = (struct str){ s.p + i, MIN((size_t)1, s.n - i) };
	if (i == s.n)
		return 0;
	switch (s.p[i]) {
	case '(':
	case ')':
	case ',':
		return s.p[i];
	case ';':
		return ',';
	case '|':
	case '/':
		while (i + text->n < s.n && s.p[i + text->n] == s.p[i])
			text->n++;
		return 'O';
	case '&':
		while (i + text->n < s.n && s.p[i + text->n] == '&')
			text->n++;
		return 'A';
	default:
		break;
	}
	size_t end = i;
	bool address = false;
	while (end < s.n && (unsigned char)s.p[end] > ' ' && !strchr("(),;|&", s.p[end]) &&
	       (s.p[end] != '/' || address)) {
		address |= s.p[end] == ':' && end + 2 < s.n && s.p[end + 1] == '/';
		end++;
	}
	*text = (struct str){ s.p + i, end - i };
	if (str_eq_nocase(str_upto(str_from(s, i), 6), S("and/or"))) {
		text->n = 6;
		return 'O';
	}
	if (str_eq_nocase(*text, S("and")) || str_eq(*text, S("+")))
		return 'A';
	if (str_eq_nocase(*text, S("or")))
		return 'O';
	return str_eq_nocase(*text, S("with")) || str_eq_nocase(*text, S("w")) ? 'W' : 'w';
}

static char peek(const struct parser *p)
{
	struct str text;
	return token(p->rest, &text);
}

static void take(struct parser *p)
{
	struct str text;
	if (token(p->rest, &text))
		p->rest = str_from(p->rest, (size_t)(text.p + text.n - p->rest.p));
}

/* Words up to an operator; "or later" and its like belong to them. */
static struct str take_words(struct parser *p)
{
	static const char *const later[] = { "later", "newer", "greater", "above", "any", NULL };
	struct str start = str_trim(p->rest), text;
	const char *end = start.p;
	for (;;) {
		char t = token(p->rest, &text);
		bool goes_on = t == 'w';
		if (t == 'O' || t == 'A') {
			struct str after = str_from(p->rest, (size_t)(text.p + text.n - p->rest.p)),
				   word;
			if (token(after, &word) == 'w')
				for (size_t i = 0; later[i]; i++)
					goes_on |= str_eq_nocase(word, str_of(later[i]));
		}
		if (!goes_on || text.n == 0)
			break;
		take(p);
		end = text.p + text.n;
	}
	return (struct str){ start.p, (size_t)(end - start.p) };
}

static struct node *parse_list(struct parser *p);
static struct node *parse_known(struct parser *p, struct str expression);

/* "MIT BSD GPL2+": every word a licence. */
static struct node *parse_each(struct parser *p, struct str words)
{
	struct str rest = words, word;
	struct node *n = NULL;
	while (str_word(&rest, &word))
		if (licence_look_up(p->l, word).n == 0)
			return NULL;
	while (str_word(&words, &word))
		n = join(p, AND, n, parse_known(p, licence_look_up(p->l, word)));
	return n;
}

/* What look_up answers is in our own spelling: parsed only when it is more than one name. */
static struct node *parse_known(struct parser *p, struct str expression)
{
	if (str_find_char(expression, ' ') < 0 || str_find(expression, S(" OR ")) < 0)
		return leaf(p, expression);
	struct node *n = NULL;
	while (expression.n) {
		ssize_t at = str_find(expression, S(" OR "));
		struct str one = at < 0 ? expression : str_upto(expression, (size_t)at);
		n = join(p, OR, n, leaf(p, one));
		expression = at < 0 ? S("") : str_from(expression, (size_t)at + 4);
	}
	return n;
}

static struct str inside_parentheses(struct parser *p)
{
	struct str text;
	unsigned depth = 0;
	token(p->rest, &text);
	struct str rest = str_from(p->rest, (size_t)(text.p - p->rest.p));
	for (size_t i = 0; i < rest.n; i++) {
		depth += rest.p[i] == '(';
		depth -= rest.p[i] == ')';
		if (depth == 0) {
			p->rest = str_from(rest, i + 1);
			return (struct str){ rest.p + 1, i - 1 };
		}
	}
	p->failed = true;
	return S("");
}

/* "GNU GPL v2 (GPLv2)", "GPL (>= 2)": what stands in parentheses right behind a name explains it. */
static struct node *parse_name(struct parser *p)
{
	struct str words = take_words(p), known, explained = S("");
	const char *start = words.p;
	if (words.n == 0) {
		p->failed = true;
		return NULL;
	}
	if (peek(p) == '(') {
		explained = str_trim(inside_parentheses(p));
		if (str_starts(explained, S(">=")))
			known = licence_look_up(
				p->l, arena_printf(p->l->arena, "%.*s %.*s+", STR(words),
						   STR(str_trim(str_from(explained, 2)))));
		else
			known = licence_look_up(p->l, explained);
		if (known.n == 0)
			known = licence_look_up(p->l, words);
	} else {
		known = licence_look_up(p->l, words);
	}
	if (known.n)
		return parse_known(p, known);
	struct node *each = explained.n ? NULL : parse_each(p, words);
	if (each)
		return each;
	struct str all = { start,
			   (size_t)((explained.n ? explained.p + explained.n : words.p + words.n) -
				    start) };
	struct str ref = licence_ref(p->l, all);
	p->failed |= ref.n == 0;
	return leaf(p, ref);
}

static struct node *parse_one(struct parser *p)
{
	struct node *n;
	if (p->failed)
		return NULL;
	if (peek(p) == '(') {
		if (++p->depth > DEPTH_MAX) {
			p->failed = true;
			return NULL;
		}
		take(p);
		n = parse_list(p);
		p->failed |= peek(p) != ')';
		take(p);
		p->depth--;
	} else {
		n = parse_name(p);
	}
	while (!p->failed && peek(p) == 'W') {
		take(p);
		struct str words = take_words(p);
		if (n && n->kind == LEAF && str_find(n->text, S(" WITH ")) < 0) {
			struct str x = licence_exception(p->l, words, n->text);
			if (x.n)
				n->text = arena_printf(p->l->arena, "%.*s WITH %.*s", STR(n->text),
						       STR(x));
		}
	}
	return n;
}

static struct node *parse_all(struct parser *p)
{
	struct node *n = parse_one(p);
	while (!p->failed && peek(p) == 'A') {
		take(p);
		n = join(p, AND, n, parse_one(p));
	}
	return n;
}

static struct node *parse_choice(struct parser *p)
{
	struct node *n = parse_all(p);
	while (!p->failed && peek(p) == 'O') {
		take(p);
		n = join(p, OR, n, parse_all(p));
	}
	return n;
}

static struct node *parse_list(struct parser *p)
{
	struct node *n = parse_choice(p);
	while (!p->failed && peek(p) == ',') {
		int kind = AND;
		take(p);
		if (peek(p) == 'A' || peek(p) == 'O') {
			kind = peek(p) == 'O' ? OR : AND;
			take(p);
		}
		if (peek(p) == 0)
			break;
		n = join(p, kind, n, parse_choice(p));
	}
	return n;
}

static void print(struct buf *b, const struct node *n)
{
	if (n->kind == LEAF) {
		buf_add_str(b, n->text);
		return;
	}
	for (size_t i = 0; i < n->n; i++) {
		bool nested = n->kids[i]->kind != LEAF;
		if (i)
			buf_add_str(b, n->kind == AND ? S(" AND ") : S(" OR "));
		if (nested)
			buf_add_char(b, '(');
		print(b, n->kids[i]);
		if (nested)
			buf_add_char(b, ')');
	}
}

static struct str print_node(struct arena *a, const struct node *n)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	if (!n)
		return S("");
	print(&b, n);
	return arena_str(a, str_buf(&b));
}

/* "License :: OSI Approved :: MIT License": its last part, where that is a licence's name. */
static struct str last_part(struct str text)
{
	for (ssize_t at; (at = str_find(text, S("::"))) >= 0;)
		text = str_trim(str_from(text, (size_t)at + 2));
	return str_eq(text, S("OSI Approved")) ? S("") : text;
}

/* NULL when it says nothing. */
static struct node *parse_text(struct parser *p, struct str text)
{
	static const char *const nothing[] = { "unknown", "none",	 "noassertion", "n/a", "-",
					       "license", "see license", "other",	NULL };
	text = str_trim(text);
	bool classifier = str_starts(text, S("License ::"));
	if (classifier)
		text = last_part(text);
	/* What R's packages say of an additional file. */
	ssize_t file = str_find(text, S("+ file LICEN"));
	text = file > 0 ? str_trim(str_upto(text, (size_t)file)) : text;
	for (size_t i = 0; nothing[i]; i++)
		if (text.n == 0 || str_eq_nocase(text, str_of(nothing[i])))
			return NULL;
	struct str whole = str_find(text, S(">=")) < 0 ? licence_look_up(p->l, text) : S("");
	if (whole.n)
		return parse_known(p, whole);
	struct node *n = NULL;
	p->rest = text;
	bool whole_only = classifier && str_find_char(text, '/') >= 0;
	if (text.n <= TEXT_MAX && !whole_only && !str_starts(text, S("SEE LICENSE")))
		n = parse_list(p);
	else
		p->failed = true;
	if (p->failed || peek(p)) {
		struct str ref = licence_ref(p->l, text);
		n = ref.n ? leaf(p, ref) : NULL;
	}
	return n;
}

/* What is made on the way goes with it: a record may hold a hundred thousand long texts. */
static struct str join_texts(struct licences *l, int kind, const struct strs *texts)
{
	struct arena *kept = l->arena, scratch = { 0 };
	struct node *n = NULL;
	l->arena = &scratch;
	for (size_t i = 0; i < texts->n; i++) {
		struct parser p = { .l = l };
		n = join(&p, kind, n, parse_text(&p, texts->v[i]));
	}
	l->arena = kept;
	struct str made = print_node(kept, n);
	arena_done(&scratch);
	return made;
}

struct str licence_expression(struct licences *l, struct str text)
{
	struct str *known = map_get(&l->seen, text);
	if (known)
		return *known;
	const struct strs one = { &text, 1, 1 };
	known = ARENA_NEW(l->arena, struct str);
	*known = join_texts(l, AND, &one);
	*map_at(&l->seen, arena_str(l->arena, text)) = known;
	return *known;
}

struct str licence_of_package(struct licences *l, struct str type, const struct strs *texts)
{
	bool choice =
		str_eq(type, S("composer")) || str_eq(type, S("maven")) || str_eq(type, S("npm"));
	return texts->n == 1 ? licence_expression(l, texts->v[0])
			     : join_texts(l, choice ? OR : AND, texts);
}

struct str licence_all(struct licences *l, const struct strs *expressions)
{
	return join_texts(l, AND, expressions);
}

static enum licence_category category_of(struct licences *l, const struct node *n)
{
	enum licence_category best = LICENCE_UNKNOWN, worst = LICENCE_UNKNOWN;
	bool unknown = false;
	if (n->kind == LEAF)
		return licence_category_of_name(l, n->text);
	for (size_t i = 0; i < n->n; i++) {
		enum licence_category c = category_of(l, n->kids[i]);
		unknown |= c == LICENCE_UNKNOWN;
		worst = MAX(worst, c);
		if (c != LICENCE_UNKNOWN && (best == LICENCE_UNKNOWN || c < best))
			best = c;
	}
	if (n->kind == OR)
		return best;
	return unknown && worst < LICENCE_RESTRICTED ? LICENCE_UNKNOWN : worst;
}

enum licence_category licence_category_of(struct licences *l, struct str expression)
{
	struct arena *kept = l->arena, scratch = { 0 };
	struct parser p = { .l = l };
	l->arena = &scratch;
	struct node *n = parse_text(&p, expression);
	enum licence_category c = n ? category_of(l, n) : LICENCE_UNKNOWN;
	l->arena = kept;
	arena_done(&scratch);
	return c;
}
