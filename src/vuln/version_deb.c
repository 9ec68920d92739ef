/* Debian package versions, deb-version(7): [epoch:]upstream[-revision]. Digits compare as numbers of any length, the
 * rest byte by byte with '~' before the end, the end before letters, letters before anything else.
 *
 * compare orders garbage too: a colon behind anything but digits is no epoch, and bytes outside the allowed set sort
 * behind all others by their value. Nothing is copied or converted, so lengths cannot overflow.
 *
 * valid is what dpkg accepts (a version that starts with a letter draws only a warning there, so it is valid here). */
#include "vuln/version.h"
#include "vuln/version_part.h"

enum { EPOCH_MAX = 2147483647 };

/* What the i-th byte weighs outside of a number; a digit and the end weigh the same. */
static int weight(struct str s, size_t i)
{
	if (i >= s.n || part_is_digit(s.p[i]))
		return 0;
	if (s.p[i] == '~')
		return -1;
	return (unsigned char)s.p[i] + (part_is_alpha(s.p[i]) ? 0 : 256);
}

static int compare_part(struct str a, struct str b)
{
	while (a.n || b.n) {
		size_t i = 0;
		while ((i < a.n && !part_is_digit(a.p[i])) || (i < b.n && !part_is_digit(b.p[i]))) {
			int x = weight(a, i), y = weight(b, i);
			if (x != y)
				return x < y ? -1 : 1;
			i++;
		}
		a = str_from(a, i);
		b = str_from(b, i);
		int r = part_compare_digits(part_cut(&a, part_is_digit),
					    part_cut(&b, part_is_digit));
		if (r)
			return r;
	}
	return 0;
}

struct parts {
	struct str epoch, upstream, revision;
};

static struct parts split(struct str v)
{
	struct parts p = { 0 };
	struct str rest = v;
	p.epoch = part_cut(&rest, part_is_digit);
	if (rest.n && rest.p[0] == ':' && p.epoch.n)
		v = str_from(rest, 1);
	else
		p.epoch = (struct str){ 0 };
	ssize_t dash = str_rfind_char(v, '-');
	p.upstream = dash < 0 ? v : str_upto(v, (size_t)dash);
	if (dash >= 0)
		p.revision = str_from(v, (size_t)dash + 1);
	return p;
}

static int deb_compare(struct str a, struct str b)
{
	struct parts x = split(a), y = split(b);
	int r = part_compare_digits(x.epoch, y.epoch);
	if (r == 0)
		r = compare_part(x.upstream, y.upstream);
	return r ? r : compare_part(x.revision, y.revision);
}

static bool all_of(struct str s, const char *more)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '\0' ||
		    !(part_is_digit(s.p[i]) || part_is_alpha(s.p[i]) || strchr(more, s.p[i])))
			return false;
	return true;
}

static bool deb_valid(struct str v)
{
	uint64_t epoch;
	if (v.n == 0 || v.n > VERSION_MAX)
		return false;
	ssize_t colon = str_find_char(v, ':');
	if (colon >= 0 && !str_to_u64(str_upto(v, (size_t)colon), EPOCH_MAX, &epoch))
		return false;
	v = str_from(v, (size_t)(colon + 1));
	ssize_t dash = str_rfind_char(v, '-');
	if (dash >= 0 && ((size_t)dash + 1 == v.n || !all_of(str_from(v, (size_t)dash + 1), "+.~")))
		return false;
	v = dash < 0 ? v : str_upto(v, (size_t)dash);
	return v.n && all_of(v, "+.~-:");
}

const struct version_scheme version_deb = { .name = "deb",
					    .valid = deb_valid,
					    .compare = deb_compare };
