/* Semantic Versioning 2.0.0 as npm reads it loosely: [v=]numbers[-prerelease][+build]. Any count of numbers, missing
 * ones are 0; the '-' may be missing; a prerelease number may start with 0; the build does not count.
 *
 * Garbage has no numbers or a strange prerelease; each version is a row of numbers padded with 0 and a row of
 * identifiers, compared from the left, so the order is total. Numbers above 2^53 - 1 are ordered but not valid, as in
 * npm. */
#include "vuln/version_semver.h"
#include "vuln/version.h"
#include "vuln/version_part.h"

#define NUMBER_MAX ((1ULL << 53) - 1)

struct parts {
	struct str numbers, pre, build;
	bool has_pre, has_build;
	bool lone_dash; /* a '-' is the first identifier for want of another */
};

static bool is_prefix(char c)
{
	return c == 'v' || c == '=' || c == ' ' || c == '\t';
}

static bool is_identifier(char c)
{
	return part_is_digit(c) || part_is_alpha(c) || c == '-';
}

static struct parts split(struct str v)
{
	struct parts p = { 0 };
	v = str_trim(v);
	part_cut(&v, is_prefix);
	size_t n = 0;
	while (n < v.n && (part_is_digit(v.p[n]) || (v.p[n] == '.' && n && v.p[n - 1] != '.' &&
						     n + 1 < v.n && part_is_digit(v.p[n + 1]))))
		n++;
	p.numbers = str_upto(v, n);
	v = str_from(v, n);
	ssize_t plus = str_find_char(v, '+');
	p.has_build = plus >= 0;
	if (p.has_build) {
		p.build = str_from(v, (size_t)plus + 1);
		v = str_upto(v, (size_t)plus);
	}
	p.has_pre = v.n > 0;
	/* Where nothing else is behind it, the '-' is itself the identifier. */
	bool dash = v.n > 1 && v.p[0] == '-' && is_identifier(v.p[1]);
	p.pre = dash ? str_from(v, 1) : v;
	p.lone_dash = !dash && str_starts(v, S("-"));
	return p;
}

static int compare_numbers(struct str a, struct str b)
{
	int r = 0;
	while (r == 0 && (a.n || b.n))
		r = part_compare_digits(str_cut(&a, '.'), str_cut(&b, '.'));
	return r;
}

static int compare_identifier(struct str a, struct str b, unsigned flags)
{
	bool x = part_all(a, part_is_digit), y = part_all(b, part_is_digit);
	if (x != y)
		return x ? -1 : 1;
	if (x)
		return part_compare_digits(a, b);
	return flags & SEMVER_NOCASE ? part_compare_nocase(a, b) : str_cmp(a, b);
}

/* The next identifier; false behind the last. An empty one may be the last. */
static bool next_identifier(struct str *rest, bool *more, struct str *out)
{
	if (!*more)
		return false;
	*more = str_find_char(*rest, '.') >= 0;
	*out = str_cut(rest, '.');
	return true;
}

int semver_compare_identifiers(struct str a, struct str b, unsigned flags)
{
	bool more_a = true, more_b = true;
	for (;;) {
		struct str x, y;
		bool has_x = next_identifier(&a, &more_a, &x),
		     has_y = next_identifier(&b, &more_b, &y);
		if (!has_x || !has_y)
			return has_x - has_y;
		int r = compare_identifier(x, y, flags);
		if (r)
			return r;
	}
}

int semver_compare(struct str a, struct str b, unsigned flags)
{
	struct parts x = split(a), y = split(b);
	int r = compare_numbers(x.numbers, y.numbers);
	if (r == 0)
		r = flags & SEMVER_REVISION ? x.has_pre - y.has_pre : y.has_pre - x.has_pre;
	if (r == 0 && x.has_pre)
		r = semver_compare_identifiers(x.pre, y.pre, flags);
	if (r || !(flags & SEMVER_BUILD))
		return r;
	r = x.has_build - y.has_build;
	return r || !x.has_build ? r : semver_compare_identifiers(x.build, y.build, flags);
}

static bool identifiers_valid(struct str s)
{
	struct str id;
	for (bool more = true; next_identifier(&s, &more, &id);)
		if (!part_all(id, is_identifier))
			return false;
	return true;
}

static bool parts_valid(struct str v, unsigned numbers, uint64_t max, bool loose)
{
	struct parts p = split(v);
	uint64_t value;
	if (v.n > VERSION_MAX || p.numbers.n == 0)
		return false;
	for (unsigned i = 0; p.numbers.n; i++) {
		struct str digits = str_cut(&p.numbers, '.');
		if (i == numbers || (max && i < 3 && !str_to_u64(digits, max, &value)))
			return false;
	}
	if (p.has_pre && !loose && p.lone_dash)
		return false;
	return (!p.has_pre || identifiers_valid(p.pre)) &&
	       (!p.has_build || identifiers_valid(p.build));
}

bool semver_valid(struct str v, unsigned numbers, uint64_t max)
{
	return parts_valid(v, numbers, max, false);
}

static bool is_valid(struct str v)
{
	return parts_valid(v, VERSION_MAX, NUMBER_MAX, true);
}

static int compare(struct str a, struct str b)
{
	return semver_compare(a, b, 0);
}

const struct version_scheme version_semver = { .name = "semver",
					       .valid = is_valid,
					       .compare = compare };
