/* Versions of Ruby gems, Gem::Version: a row of numbers and words; '-' stands for ".pre.". A word is below a number,
 * and the end is 0; zeros before the first word do not count.
 *
 * Other bytes only separate, so the row compares from the left, padded with 0, and the order is total. Numbers may have
 * any length. */
#include "vuln/version.h"
#include "vuln/version_part.h"

struct reader {
	struct str left;
	bool pre; /* a '-' was read, "pre" comes next */
	bool had_word;
	size_t keep; /* zeros known to stand before a number */
};

/* An empty piece is the end. */
static struct str raw_piece(struct reader *r)
{
	while (!r->pre && r->left.n && !part_is_digit(r->left.p[0]) &&
	       !part_is_alpha(r->left.p[0])) {
		r->pre = r->left.p[0] == '-';
		r->left = str_from(r->left, 1);
	}
	if (r->pre) {
		r->pre = false;
		return S("pre");
	}
	struct str digits = part_cut(&r->left, part_is_digit);
	return digits.n ? digits : part_cut(&r->left, part_is_alpha);
}

static bool is_number(struct str piece)
{
	return piece.n && part_is_digit(piece.p[0]);
}

static struct str next_piece(struct reader *r)
{
	for (;;) {
		struct str piece = raw_piece(r);
		if (r->keep) {
			r->keep--;
			return piece;
		}
		if (!is_number(piece))
			r->had_word = true;
		if (r->had_word || !part_is_zero(piece))
			return piece;
		struct reader ahead = *r;
		struct str next = raw_piece(&ahead);
		size_t zeros = 0;
		for (; is_number(next) && part_is_zero(next); zeros++)
			next = raw_piece(&ahead);
		if (is_number(next)) {
			r->keep = zeros;
			return piece;
		}
	}
}

static int compare(struct str a, struct str b)
{
	struct reader x = { .left = a }, y = { .left = b };
	for (;;) {
		struct str s = next_piece(&x), t = next_piece(&y);
		if (s.n == 0 && t.n == 0)
			return 0;
		bool p = s.n == 0 || is_number(s), q = t.n == 0 || is_number(t);
		if (p != q)
			return p ? 1 : -1;
		int r = p ? part_compare_digits(s, t) : str_cmp(s, t);
		if (r)
			return r;
	}
}

static bool is_segment(char c)
{
	return part_is_digit(c) || part_is_alpha(c);
}

static bool is_dashed(char c)
{
	return is_segment(c) || c == '-';
}

static bool is_valid(struct str v)
{
	size_t whole = v.n;
	v = str_trim(v);
	if (whole > VERSION_MAX || part_cut(&v, part_is_digit).n == 0)
		return false;
	bool dashed = false;
	while (v.n) {
		dashed = dashed || v.p[0] == '-';
		if (v.p[0] != '.' && v.p[0] != '-')
			return false;
		v = str_from(v, 1);
		if (part_cut(&v, dashed ? is_dashed : is_segment).n == 0)
			return false;
	}
	return true;
}

const struct version_scheme version_gem = { .name = "gem", .valid = is_valid, .compare = compare };
