/* Pieces of versions. Input is any bytes of any length; every loop is linear in it. */
#include "vuln/version_part.h"

bool part_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool part_is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

char part_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

struct str part_cut(struct str *s, bool (*is)(char))
{
	size_t n = 0;
	while (n < s->n && is(s->p[n]))
		n++;
	struct str piece = str_upto(*s, n);
	*s = str_from(*s, n);
	return piece;
}

bool part_all(struct str s, bool (*is)(char))
{
	return s.n && part_cut(&s, is).n && s.n == 0;
}

static struct str without_zeros(struct str s)
{
	while (s.n && s.p[0] == '0')
		s = str_from(s, 1);
	return s;
}

int part_compare_digits(struct str a, struct str b)
{
	a = without_zeros(a);
	b = without_zeros(b);
	if (a.n != b.n)
		return a.n < b.n ? -1 : 1;
	return str_cmp(a, b);
}

bool part_is_zero(struct str digits)
{
	return without_zeros(digits).n == 0;
}

int part_compare_nocase(struct str a, struct str b)
{
	for (size_t i = 0; i < a.n && i < b.n; i++) {
		unsigned char x = (unsigned char)part_lower(a.p[i]),
			      y = (unsigned char)part_lower(b.p[i]);
		if (x != y)
			return x < y ? -1 : 1;
	}
	return (a.n > b.n) - (a.n < b.n);
}

int part_compare_item(struct str a, struct str b)
{
	bool digit_a = a.n && part_is_digit(a.p[0]), digit_b = b.n && part_is_digit(b.p[0]);
	if (digit_a && digit_b) {
		int r = part_compare_digits(part_cut(&a, part_is_digit),
					    part_cut(&b, part_is_digit));
		return r ? r : str_cmp(a, b);
	}
	if (a.n && b.n && digit_a != digit_b)
		return digit_a ? -1 : 1;
	return str_cmp(a, b);
}

static struct str cut_item(struct str *s, const char *separators, bool *more)
{
	size_t n = 0;
	while (n < s->n && !(s->p[n] && strchr(separators, s->p[n])))
		n++;
	struct str item = str_upto(*s, n);
	*more = n < s->n;
	*s = str_from(*s, n + 1);
	return item;
}

int part_compare_row(struct str a, struct str b, const char *separators)
{
	bool more_a = true, more_b = true;
	while (more_a && more_b) {
		struct str x = cut_item(&a, separators, &more_a),
			   y = cut_item(&b, separators, &more_b);
		int r = part_compare_item(x, y);
		if (r)
			return r;
	}
	return more_a - more_b;
}
