/* Versions of Conan 2 recipes: items between dots, [-prerelease] from the first '-', [+build] from the last '+', each a row
 * of items too. Zeros at the end of a row do not count, a prerelease is below its release, no build is below any.
 *
 * Conan compares a number with a word as texts, which is no order ("5a" < "9" < "10" < "5a"). Here an item that starts
 * with digits goes by their value first: "9d" is above "9" and below "10", as those who number so mean it. */
#include "vuln/version.h"
#include "vuln/version_part.h"

struct parts {
	struct str main, pre, build;
	bool has_pre, has_build;
};

static struct str without_zeros(struct str row)
{
	for (;;) {
		ssize_t dot = str_rfind_char(row, '.');
		struct str last = str_from(row, (size_t)(dot + 1));
		if (!part_all(last, part_is_digit) || !part_is_zero(last))
			return row;
		row = str_upto(row, dot < 0 ? 0 : (size_t)dot);
	}
}

static struct parts split(struct str v)
{
	struct parts p = { 0 };
	ssize_t plus = str_rfind_char(v, '+');
	p.has_build = plus >= 0;
	if (p.has_build) {
		p.build = without_zeros(str_from(v, (size_t)plus + 1));
		v = str_upto(v, (size_t)plus);
	}
	ssize_t dash = str_find_char(v, '-');
	p.has_pre = dash >= 0;
	if (p.has_pre) {
		p.pre = without_zeros(str_from(v, (size_t)dash + 1));
		v = str_upto(v, (size_t)dash);
	}
	p.main = without_zeros(v);
	return p;
}

static int compare(struct str a, struct str b)
{
	struct parts x = split(a), y = split(b);
	int r = part_compare_row(x.main, y.main, ".");
	if (r == 0)
		r = y.has_pre - x.has_pre;
	if (r == 0)
		r = part_compare_row(x.pre, y.pre, ".");
	if (r == 0)
		r = x.has_build - y.has_build;
	return r ? r : part_compare_row(x.build, y.build, ".");
}

static bool is_valid(struct str v)
{
	for (size_t i = 0; i < v.n; i++)
		if (!part_is_digit(v.p[i]) && !part_is_alpha(v.p[i]) &&
		    (i == 0 || !v.p[i] || !strchr("._+-", v.p[i])))
			return false;
	return v.n && v.n <= VERSION_MAX;
}

const struct version_scheme version_conan = { .name = "conan",
					      .valid = is_valid,
					      .compare = compare };
