/* Python versions, PEP 440: [epoch!]numbers[pre][post][dev][+local], in all the spellings it normalizes.
 *
 * What is none (what setuptools took before PEP 440) is not valid, and is below all that are; two such are rows of
 * numbers and words compared from the left, where the end counts as the word "final". So the order is total. Numbers
 * may have any length. */
#include "vuln/version.h"
#include "vuln/version_part.h"

/* In rising order; PRE_DEV is no pre and no post but a dev. */
enum pre { PRE_DEV, PRE_ALPHA, PRE_BETA, PRE_RC, PRE_NONE };
struct parsed {
	struct str epoch, release, pre_number, post, dev, local;
	enum pre pre;
	bool has_post, has_dev, has_local;
};

static const struct word {
	const char *text;
	enum pre pre;
} pre_words[] = {
	{ "alpha", PRE_ALPHA }, { "a", PRE_ALPHA }, { "beta", PRE_BETA }, { "b", PRE_BETA },
	{ "preview", PRE_RC },	{ "pre", PRE_RC },  { "rc", PRE_RC },	  { "c", PRE_RC },
};
static const char *const post_words[] = { "post", "rev", "r" };

static bool is_separator(char c)
{
	return c == '.' || c == '-' || c == '_';
}

static bool is_local(char c)
{
	return part_is_digit(c) || part_is_alpha(c);
}

/* [sep]word[sep][digits]; false leaves *s. */
static bool take_word(struct str *s, const char *word, struct str *digits)
{
	struct str rest = *s, want = str_of(word);
	if (rest.n && is_separator(rest.p[0]))
		rest = str_from(rest, 1);
	if (!str_eq_nocase(str_upto(rest, want.n), want))
		return false;
	rest = str_from(rest, want.n);
	struct str behind = rest;
	if (behind.n && is_separator(behind.p[0]))
		behind = str_from(behind, 1);
	*digits = part_cut(&behind, part_is_digit);
	*s = behind;
	return true;
}

static struct str take_release(struct str *v)
{
	size_t n = 0;
	while (n < v->n && (part_is_digit(v->p[n]) ||
			    (v->p[n] == '.' && n && n + 1 < v->n && part_is_digit(v->p[n + 1]))))
		n++;
	struct str release = str_upto(*v, n);
	*v = str_from(*v, n);
	return release;
}

static void take_pre(struct str *v, struct parsed *p)
{
	p->pre = PRE_NONE;
	for (size_t i = 0; i < COUNT(pre_words); i++) {
		if (take_word(v, pre_words[i].text, &p->pre_number)) {
			p->pre = pre_words[i].pre;
			return;
		}
	}
}

static void take_post(struct str *v, struct parsed *p)
{
	if (v->n > 1 && v->p[0] == '-' && part_is_digit(v->p[1])) {
		*v = str_from(*v, 1);
		p->post = part_cut(v, part_is_digit);
		p->has_post = true;
	}
	for (size_t i = 0; i < COUNT(post_words) && !p->has_post; i++)
		p->has_post = take_word(v, post_words[i], &p->post);
}

static size_t separator_at(struct str s)
{
	size_t n = 0;
	while (n < s.n && !is_separator(s.p[n]))
		n++;
	return n;
}

static bool local_valid(struct str s)
{
	for (;;) {
		size_t n = separator_at(s);
		if (!part_all(str_upto(s, n), is_local))
			return false;
		if (n == s.n)
			return true;
		s = str_from(s, n + 1);
	}
}

static bool parse(struct str v, struct parsed *p)
{
	*p = (struct parsed){ 0 };
	v = str_trim(v);
	if (v.n && part_lower(v.p[0]) == 'v')
		v = str_from(v, 1);
	struct str rest = v, digits = part_cut(&rest, part_is_digit);
	if (digits.n && rest.n && rest.p[0] == '!') {
		p->epoch = digits;
		v = str_from(rest, 1);
	}
	p->release = take_release(&v);
	if (p->release.n == 0)
		return false;
	take_pre(&v, p);
	take_post(&v, p);
	p->has_dev = take_word(&v, "dev", &p->dev);
	if (p->pre == PRE_NONE && !p->has_post && p->has_dev)
		p->pre = PRE_DEV;
	p->has_local = v.n && v.p[0] == '+';
	if (!p->has_local)
		return v.n == 0;
	p->local = str_from(v, 1);
	return local_valid(p->local);
}

static int compare_release(struct str a, struct str b)
{
	int r = 0;
	while (r == 0 && (a.n || b.n))
		r = part_compare_digits(str_cut(&a, '.'), str_cut(&b, '.'));
	return r;
}

static int compare_local(struct str a, struct str b)
{
	while (a.n && b.n) {
		struct str x = str_upto(a, separator_at(a)), y = str_upto(b, separator_at(b));
		bool p = part_all(x, part_is_digit), q = part_all(y, part_is_digit);
		if (p != q)
			return p ? 1 : -1;
		int r = p ? part_compare_digits(x, y) : part_compare_nocase(x, y);
		if (r)
			return r;
		a = str_from(a, x.n + 1);
		b = str_from(b, y.n + 1);
	}
	return (a.n > 0) - (b.n > 0);
}

static int compare_parsed(const struct parsed *x, const struct parsed *y)
{
	int r = part_compare_digits(x->epoch, y->epoch);
	if (r == 0)
		r = compare_release(x->release, y->release);
	if (r == 0)
		r = (x->pre > y->pre) - (x->pre < y->pre);
	if (r == 0)
		r = part_compare_digits(x->pre_number, y->pre_number);
	if (r == 0)
		r = x->has_post - y->has_post;
	if (r == 0)
		r = part_compare_digits(x->post, y->post);
	if (r == 0)
		r = y->has_dev - x->has_dev;
	if (r == 0)
		r = part_compare_digits(x->dev, y->dev);
	if (r == 0)
		r = x->has_local - y->has_local;
	return r ? r : compare_local(x->local, y->local);
}

static struct str old_piece(struct str *s)
{
	while (s->n && !part_is_digit(s->p[0]) && !part_is_alpha(s->p[0]))
		*s = str_from(*s, 1);
	struct str digits = part_cut(s, part_is_digit);
	if (digits.n)
		return digits;
	struct str word = part_cut(s, part_is_alpha);
	return word.n ? word : S("final");
}

static int compare_old(struct str a, struct str b)
{
	int r = 0;
	while (r == 0 && (a.n || b.n)) {
		struct str x = old_piece(&a), y = old_piece(&b);
		bool p = part_is_digit(x.p[0]), q = part_is_digit(y.p[0]);
		if (p != q)
			r = p ? 1 : -1;
		else
			r = p ? part_compare_digits(x, y) : part_compare_nocase(x, y);
	}
	return r;
}

static int compare(struct str a, struct str b)
{
	struct parsed x, y;
	bool p = parse(a, &x), q = parse(b, &y);
	if (p != q)
		return p ? 1 : -1;
	return p ? compare_parsed(&x, &y) : compare_old(a, b);
}

static bool is_valid(struct str v)
{
	struct parsed p;
	return v.n <= VERSION_MAX && parse(v, &p);
}

const struct version_scheme version_pep440 = { .name = "pep440",
					       .valid = is_valid,
					       .compare = compare };
