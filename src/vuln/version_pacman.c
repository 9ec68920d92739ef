/* Versions of Arch Linux packages, as vercmp of pacman orders them: [epoch:]version[-release]. A version is a row of runs
 * of digits and runs of letters; how many other bytes stand before a run counts, which bytes does not. In rising order:
 * letters at once, the end, digits at once, then fewer before more separators, and behind as many: letters, the end,
 * digits.
 *
 * Two rules of vercmp give no order, and are these here: separators at the end count by their number (there: all alike,
 * so that "1.0." < "1.0.1" < "1.0..a" < "1.0."), and a missing release is the lowest (there: equal to every release). */
#include "vuln/version.h"
#include "vuln/version_part.h"

enum { EPOCH_MAX = 2147483647 };
enum rank { RANK_ALPHA, RANK_END, RANK_DIGITS };
struct piece {
	size_t separators;
	enum rank rank;
	struct str text;
};

static bool is_separator(char c)
{
	return !part_is_digit(c) && !part_is_alpha(c);
}

static struct piece next_piece(struct str *s)
{
	struct piece p = { .separators = part_cut(s, is_separator).n, .rank = RANK_END };
	if (s->n == 0)
		return p;
	p.rank = part_is_digit(s->p[0]) ? RANK_DIGITS : RANK_ALPHA;
	p.text = part_cut(s, p.rank == RANK_DIGITS ? part_is_digit : part_is_alpha);
	return p;
}

static int compare_part(struct str a, struct str b)
{
	for (;;) {
		struct piece x = next_piece(&a), y = next_piece(&b);
		if (x.separators != y.separators)
			return x.separators < y.separators ? -1 : 1;
		if (x.rank != y.rank)
			return x.rank < y.rank ? -1 : 1;
		if (x.rank == RANK_END)
			return 0;
		int r = x.rank == RANK_DIGITS ? part_compare_digits(x.text, y.text)
					      : str_cmp(x.text, y.text);
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
	struct str rest = v, digits = part_cut(&rest, part_is_digit);
	if (rest.n && rest.p[0] == ':') {
		p.epoch = digits;
		v = str_from(rest, 1);
	}
	ssize_t dash = str_rfind_char(v, '-');
	p.version = dash < 0 ? v : str_upto(v, (size_t)dash);
	p.has_release = dash >= 0;
	if (dash >= 0)
		p.release = str_from(v, (size_t)dash + 1);
	return p;
}

static int compare(struct str a, struct str b)
{
	struct parts x = split(a), y = split(b);
	int r = part_compare_digits(x.epoch, y.epoch);
	if (r == 0)
		r = compare_part(x.version, y.version);
	if (r == 0)
		r = x.has_release - y.has_release;
	return r ? r : compare_part(x.release, y.release);
}

static bool is_version(char c)
{
	return c > ' ' && c < 0x7f && !strchr("/:-", c);
}

static bool is_release(char c)
{
	return part_is_digit(c) || c == '.';
}

static bool is_valid(struct str v)
{
	struct parts p = split(v);
	uint64_t epoch;
	if (v.n > VERSION_MAX || (p.epoch.n && !str_to_u64(p.epoch, EPOCH_MAX, &epoch)))
		return false;
	return part_all(p.version, is_version) &&
	       (!p.has_release || part_all(p.release, is_release));
}

const struct version_scheme version_pacman = { .name = "pacman",
					       .valid = is_valid,
					       .compare = compare };
