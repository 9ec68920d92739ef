/* Ranges as node-semver 7 reads them (its README has the grammar): sets of comparators between "||"; a comparator is
 * [operator]partial, ^partial or ~partial, a set may also be "partial - partial". A partial version lacks numbers or has
 * x, X or * for them. All become plain comparators: "^1.2" is >=1.2.0 <2.0.0-0, where "-0" is the lowest prerelease.
 *
 * Hostile input: bytes and comparators are limited; numbers above 2^53 - 1, also those that come of adding 1, make a range
 * invalid, as there. npm_range_meets is quadratic in the comparators.
 *
 * Not read as there: a star behind a whole version ("1.2.3*") and a prerelease behind digits of the third number
 * ("1.2.31.x", loosely 1.2.3-1.x) are accidents of its patterns; here they are no versions. */
#include "vuln/npm_range.h"

#include "vuln/version_part.h"

#define NUMBER_MAX ((1ULL << 53) - 1)

enum { VERSION_LENGTH_MAX = 256 };
enum prefix { PREFIX_NONE, PREFIX_CARET, PREFIX_TILDE };
struct partial {
	struct npm_version version; /* zeros where nothing is given */
	unsigned given; /* numbers before the first that can be any */
	bool plain; /* nothing before it but one 'v' */
};

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool has_blank(struct str s)
{
	while (s.n && !is_blank(s.p[0]))
		s = str_from(s, 1);
	return s.n > 0;
}

static bool is_prefix(char c)
{
	return c == 'v' || c == '=' || is_blank(c);
}

static bool is_identifier(char c)
{
	return part_is_digit(c) || part_is_alpha(c) || c == '-';
}

static bool is_identifiers(char c)
{
	return is_identifier(c) || c == '.';
}

static bool leads_with_zero(struct str digits)
{
	return digits.n > 1 && digits.p[0] == '0';
}

static bool identifiers_valid(struct str s, bool zeros)
{
	for (bool more = true; more;) {
		more = str_find_char(s, '.') >= 0;
		struct str id = str_cut(&s, '.');
		if (!part_all(id, is_identifier) ||
		    (!zeros && part_all(id, part_is_digit) && leads_with_zero(id)))
			return false;
	}
	return true;
}

/* [-prerelease] behind the third number. */
static bool take_pre(struct str *s, bool loose, struct str *pre)
{
	struct str id = *s;
	bool dash = id.n && id.p[0] == '-';
	/* Loosely a '-' may lack, or be an identifier itself. */
	if (dash && (!loose || (id.n > 1 && is_identifier(id.p[1]))))
		id = str_from(id, 1);
	*pre = dash || loose ? part_cut(&id, is_identifiers) : S("");
	if (!dash && pre->n == 0)
		return true;
	*s = id;
	return identifiers_valid(*pre, loose);
}

static bool is_any(char c)
{
	return c == 'x' || c == 'X' || c == '*';
}

static bool take_number(struct str *s, bool loose, bool *any, uint64_t *out)
{
	*any = s->n && is_any(s->p[0]);
	if (*any) {
		*s = str_from(*s, 1);
		return true;
	}
	struct str digits = part_cut(s, part_is_digit);
	return (loose || !leads_with_zero(digits)) && str_to_u64(digits, NUMBER_MAX, out);
}

static bool take_partial(struct str *s, bool loose, struct partial *p)
{
	struct str before = part_cut(s, is_prefix), pre = { 0 };
	*p = (struct partial){ .plain = before.n == 0 || str_eq(before, S("v")) };
	bool any = false, more = true;
	for (unsigned i = 0; i < 3 && more; i++) {
		bool was_any = any;
		if (!take_number(s, loose, &any, &p->version.n[i]) || (was_any && !any))
			return false;
		p->given += !any;
		more = i < 2 ? str_starts(*s, S(".")) : take_pre(s, loose, &pre);
		if (i == 2 && !more)
			return false;
		*s = str_from(*s, i < 2 && more);
	}
	if (p->given == 3)
		p->version.pre = pre;
	if (!str_starts(*s, S("+")))
		return true;
	*s = str_from(*s, 1);
	return identifiers_valid(part_cut(s, is_identifiers), true);
}

bool npm_version_parse(struct str s, unsigned flags, struct npm_version *out)
{
	struct partial p;
	bool loose = flags & NPM_LOOSE;
	s = str_trim(s);
	if (s.n > VERSION_LENGTH_MAX || !take_partial(&s, loose, &p) || s.n || p.given < 3 ||
	    (!loose && !p.plain))
		return false;
	*out = p.version;
	return true;
}

/* What becomes of a set while it is read. */
struct reader {
	struct arena *a;
	struct npm_set set;
	struct str lowest; /* "0" where prereleases are versions like all others */
	size_t count; /* comparators of the whole range */
	bool loose, none; /* none: nothing can be in it */
	bool broken;
};

static void add(struct reader *r, enum npm_operator op, struct npm_version v)
{
	bool zero = v.n[0] == 0 && v.n[1] == 0 && v.n[2] == 0;
	if (op == NPM_GE && zero && str_eq(v.pre, r->lowest))
		op = NPM_ANY;
	if (op == NPM_ANY)
		v = (struct npm_version){ 0 };
	r->none = r->none || (op == NPM_LT && zero && str_eq(v.pre, S("0")));
	if (++r->count > NPM_COMPARATORS_MAX)
		r->broken = true;
	else
		*ARENA_PUSH(r->a, r->set.v, r->set.n, r->set.cap) =
			(struct npm_comparator){ op, v };
}

/* The version with 1 more at one number and nothing behind it. */
static struct npm_version above(struct reader *r, struct npm_version v, unsigned at, struct str pre)
{
	if (v.n[at] == NUMBER_MAX)
		r->broken = true;
	v.n[at]++;
	for (unsigned i = at + 1; i < 3; i++)
		v.n[i] = 0;
	v.pre = pre;
	return v;
}

static struct npm_version with_pre(struct npm_version v, struct str pre)
{
	v.pre = v.pre.n ? v.pre : pre;
	return v;
}

static void add_caret(struct reader *r, const struct partial *p)
{
	struct npm_version v = p->version;
	unsigned at = 0;
	if (p->given == 0) {
		add(r, NPM_ANY, v);
		return;
	}
	while (v.n[at] == 0 && at + 1 < p->given)
		at++;
	add(r, NPM_GE, p->given < 3 ? with_pre(v, r->lowest) : v);
	add(r, NPM_LT, above(r, v, at, S("0")));
}

static void add_tilde(struct reader *r, const struct partial *p)
{
	struct npm_version v = p->version;
	if (p->given == 0) {
		add(r, NPM_ANY, v);
		return;
	}
	add(r, NPM_GE, p->given < 3 ? with_pre(v, r->lowest) : v);
	add(r, NPM_LT, above(r, v, p->given > 1, S("0")));
}

static void add_plain(struct reader *r, enum npm_operator op, const struct partial *p)
{
	struct npm_version v = p->version;
	if (p->given == 3) {
		if (!r->loose && !p->plain)
			r->broken = true;
		add(r, op, v);
		return;
	}
	if (p->given == 0) {
		v.pre = S("0");
		add(r, op == NPM_LT || op == NPM_GT ? NPM_LT : NPM_ANY, v);
		return;
	}
	unsigned last = p->given - 1;
	switch (op) {
	case NPM_LT:
		add(r, NPM_LT, with_pre(v, S("0")));
		break;
	case NPM_LE:
		add(r, NPM_LT, above(r, v, last, S("0")));
		break;
	case NPM_GT:
		add(r, NPM_GE, above(r, v, last, r->lowest));
		break;
	case NPM_GE:
		add(r, NPM_GE, with_pre(v, r->lowest));
		break;
	default:
		add(r, NPM_GE, with_pre(v, r->lowest));
		add(r, NPM_LT, above(r, v, last, S("0")));
	}
}

/* "partial - partial" is the whole set. */
static bool hyphen(struct reader *r, struct str s)
{
	struct partial from, to;
	if (!take_partial(&s, r->loose, &from) || part_cut(&s, is_blank).n == 0 ||
	    !str_starts(s, S("-")))
		return false;
	s = str_from(s, 1);
	if (part_cut(&s, is_blank).n == 0 || !take_partial(&s, r->loose, &to) || s.n)
		return false;
	bool plain = from.given < 3 || from.plain;
	if (from.given)
		add(r, NPM_GE, with_pre(from.version, r->lowest));
	if (to.given == 3 && (to.version.pre.n || r->lowest.n == 0)) {
		plain = plain && (to.plain || to.version.pre.n);
		add(r, NPM_LE, to.version);
	} else if (to.given) {
		add(r, NPM_LT, above(r, to.version, to.given - 1, S("0")));
	}
	if (r->set.n == 0)
		add(r, NPM_ANY, to.version);
	r->broken = r->broken || (!plain && !r->loose);
	return true;
}

/* [<>]?=?, ^ or ~>?, with blanks between and behind; a '=' behind ^ and ~ says nothing. */
static enum npm_operator take_operator(struct str *s, enum prefix *prefix)
{
	char c = s->n ? s->p[0] : '\0';
	*prefix = c == '^' ? PREFIX_CARET : c == '~' ? PREFIX_TILDE : PREFIX_NONE;
	bool tilde = *prefix == PREFIX_TILDE;
	if (*prefix || c == '<' || c == '>')
		*s = str_from(*s, 1);
	bool apart = part_cut(s, is_blank).n > 0;
	if (tilde && str_starts(*s, S(">"))) {
		*s = str_from(*s, 1);
		part_cut(s, is_blank);
	}
	bool equal = str_starts(*s, S("="));
	*s = str_from(*s, equal);
	bool blanks = part_cut(s, is_blank).n > 0;
	/* "> =1" is read, "> = 1" is not. */
	if (apart && equal && blanks && !*prefix)
		*s = str_from(*s, s->n);
	if (c == '<')
		return equal ? NPM_LE : NPM_LT;
	if (c == '>')
		return equal ? NPM_GE : NPM_GT;
	return NPM_EQ;
}

static bool is_word(char c)
{
	return !is_blank(c);
}

static void read_comparator(struct reader *r, struct str *s)
{
	struct str rest = *s;
	struct partial p;
	enum prefix prefix;
	enum npm_operator op = take_operator(&rest, &prefix);
	struct str ahead = rest, before = part_cut(&ahead, is_prefix);
	if (has_blank(before) || !take_partial(&rest, r->loose, &p) ||
	    (rest.n && !is_blank(rest.p[0]))) {
		r->broken = r->broken || !r->loose;
		part_cut(s, is_word);
		return;
	}
	if (prefix == PREFIX_CARET)
		add_caret(r, &p);
	else if (prefix == PREFIX_TILDE)
		add_tilde(r, &p);
	else
		add_plain(r, op, &p);
	*s = rest;
}

static bool same(const struct npm_comparator *a, const struct npm_comparator *b)
{
	return a->op == b->op && npm_version_compare(&a->version, &b->version) == 0;
}

/* Without what says nothing: any beside others, and what was said before. */
static void tidy(struct npm_set *set)
{
	size_t n = 0;
	for (size_t i = 0; i < set->n; i++) {
		struct npm_comparator c = set->v[i];
		bool drop = c.op == NPM_ANY && (n || i + 1 < set->n);
		for (size_t k = 0; k < n && !drop; k++)
			drop = same(&set->v[k], &c);
		if (!drop)
			set->v[n++] = c;
	}
	set->n = n;
}

static void read_set(struct reader *r, struct str s)
{
	r->set = (struct npm_set){ 0 };
	r->none = false;
	s = str_trim(s);
	if (s.n == 0)
		add(r, NPM_ANY, (struct npm_version){ 0 });
	else if (!hyphen(r, s))
		for (; s.n && !r->broken; part_cut(&s, is_blank))
			read_comparator(r, &s);
	if (r->none) {
		r->set.v[0] = (struct npm_comparator){ NPM_LT, { .pre = S("0") } };
		r->set.n = 1;
	}
	tidy(&r->set);
}

/* Sets that hold nothing go, unless there is no other; one that holds everything is the whole range. */
static void choose_sets(struct npm_range *range)
{
	size_t n = 0;
	for (size_t i = 0; i < range->n; i++)
		if (!npm_set_is_none(&range->v[i]))
			range->v[n++] = range->v[i];
	range->n = n ? n : 1;
	for (size_t i = 0; i < n; i++)
		if (range->v[i].n == 1 && range->v[i].v[0].op == NPM_ANY) {
			range->v[0] = range->v[i];
			range->n = 1;
		}
}

bool npm_range_parse(struct arena *a, struct str text, unsigned flags, struct npm_range *out)
{
	struct reader r = { .a = a, .loose = flags & NPM_LOOSE };
	struct npm_range range = { .flags = flags };
	r.lowest = flags & NPM_PRERELEASE ? S("0") : S("");
	if (text.n > NPM_RANGE_MAX)
		return false;
	for (bool more = true; more && !r.broken;) {
		ssize_t at = str_find(text, S("||"));
		more = at >= 0;
		read_set(&r, more ? str_upto(text, (size_t)at) : text);
		text = str_from(text, (size_t)at + 2);
		if (r.set.n)
			*ARENA_PUSH(a, range.v, range.n, range.cap) = r.set;
	}
	if (r.broken || range.n == 0)
		return false;
	choose_sets(&range);
	*out = range;
	return true;
}
