/* rpm versions: [epoch:]version[-release], compared as rpmvercmp does. A version is a row of runs of digits and runs of
 * letters; every other byte but '~' and '^' only separates. In rising order: '~', the end, '^', letters, digits. That
 * makes each version a row of ranked pieces compared from the left, so the order is total for any bytes.
 *
 * A missing epoch is 0; a missing release is the lowest. valid is what rpm takes in a version and a release. */
#include "vuln/version.h"
#include "vuln/version_part.h"

enum { EPOCH_MAX = 2147483647 };
enum rank { RANK_TILDE, RANK_END, RANK_CARET, RANK_ALPHA, RANK_DIGITS };

/* Cuts the next piece off s. */
static enum rank next_piece(struct str *s, struct str *piece)
{
	size_t i = 0;
	while (i < s->n && !part_is_digit(s->p[i]) && !part_is_alpha(s->p[i]) && s->p[i] != '~' &&
	       s->p[i] != '^')
		i++;
	*s = str_from(*s, i);
	*piece = (struct str){ 0 };
	if (s->n == 0)
		return RANK_END;
	if (s->p[0] == '~' || s->p[0] == '^') {
		enum rank rank = s->p[0] == '~' ? RANK_TILDE : RANK_CARET;
		*s = str_from(*s, 1);
		return rank;
	}
	bool digits = part_is_digit(s->p[0]);
	size_t n = 1;
	while (n < s->n && (digits ? part_is_digit(s->p[n]) : part_is_alpha(s->p[n])))
		n++;
	*piece = str_upto(*s, n);
	*s = str_from(*s, n);
	return digits ? RANK_DIGITS : RANK_ALPHA;
}

static int compare_part(struct str a, struct str b)
{
	for (;;) {
		struct str x, y;
		enum rank p = next_piece(&a, &x), q = next_piece(&b, &y);
		if (p != q)
			return p < q ? -1 : 1;
		if (p == RANK_END)
			return 0;
		int r = p == RANK_DIGITS ? part_compare_digits(x, y) : str_cmp(x, y);
		if (r)
			return r;
	}
}

struct parts {
	struct str epoch, version, release;
	bool has_release;
};

static struct parts split(struct str v)
{
	struct parts p = { 0 };
	size_t n = 0;
	while (n < v.n && part_is_digit(v.p[n]))
		n++;
	if (n < v.n && v.p[n] == ':') {
		p.epoch = str_upto(v, n);
		v = str_from(v, n + 1);
	}
	ssize_t dash = str_rfind_char(v, '-');
	p.version = dash < 0 ? v : str_upto(v, (size_t)dash);
	p.has_release = dash >= 0;
	if (dash >= 0)
		p.release = str_from(v, (size_t)dash + 1);
	return p;
}

static int rpm_compare(struct str a, struct str b)
{
	struct parts x = split(a), y = split(b);
	int r = part_compare_digits(x.epoch, y.epoch);
	if (r == 0)
		r = compare_part(x.version, y.version);
	if (r == 0)
		r = x.has_release - y.has_release;
	return r ? r : compare_part(x.release, y.release);
}

static bool all_allowed(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '\0' ||
		    !(part_is_digit(s.p[i]) || part_is_alpha(s.p[i]) || strchr("._+~^", s.p[i])))
			return false;
	return s.n > 0;
}

static bool rpm_valid(struct str v)
{
	uint64_t epoch;
	if (v.n == 0 || v.n > VERSION_MAX)
		return false;
	ssize_t colon = str_find_char(v, ':');
	if (colon > 0 && !str_to_u64(str_upto(v, (size_t)colon), EPOCH_MAX, &epoch))
		return false;
	v = str_from(v, (size_t)(colon + 1));
	ssize_t dash = str_rfind_char(v, '-');
	if (dash >= 0 && !all_allowed(str_from(v, (size_t)dash + 1)))
		return false;
	return all_allowed(dash < 0 ? v : str_upto(v, (size_t)dash));
}

const struct version_scheme version_rpm = { .name = "rpm",
					    .valid = rpm_valid,
					    .compare = rpm_compare };
