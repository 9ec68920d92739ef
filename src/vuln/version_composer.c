/* Versions of PHP packages as Composer compares them: normalized first (composer/semver), then ordered by PHP's
 * version_compare. A version has one to four numbers, and missing ones are 0, so 1.0 = 1.0.0 (version_compare alone, and
 * OSV's table with it, say 1.0 < 1.0.0; but the ranges of Packagist are constraints that Composer wrote and Composer reads,
 * and it normalizes both sides: a lock file's v1.0 is not below a range that begins at 1.0.0); or it is a date, which is not
 * filled. Behind it a stability with numbers of its own, and "dev". A numeric branch, "1.x-dev", is filled with 9999999.
 *
 * In rising order: unknown words, dev, alpha, beta, RC, the end, numbers, patch. A text that Composer refuses, and a
 * branch with a name ("dev-main", which no constraint but its own name meets), is not valid; it is split as
 * version_compare splits, between digits, words and separators, so everything is a row compared from the left, and the
 * order is total. Numbers may have any length (PHP's end at 2^63). */
#include "vuln/version.h"
#include "vuln/version_part.h"

enum {
	CLASSICAL_NUMBERS = 4,
	CLASSICAL_FIRST = 5,
	DATE_FIRST = 4,
	DATE_PAIRS = 6,
	DATE_FINALS = 2
};
enum rank {
	RANK_UNKNOWN,
	RANK_DEV,
	RANK_ALPHA,
	RANK_BETA,
	RANK_RC,
	RANK_END,
	RANK_NUMBER,
	RANK_PATCH
};
struct token {
	enum rank rank;
	struct str text; /* of a number or an unknown word */
};
/* What is left to read, in this order. */
struct reader {
	struct str numbers; /* with separators; 'x' and '*' stand for any */
	unsigned fill; /* numbers to come behind these */
	bool branch; /* any and fill are 9999999, not 0 */
	bool has_word, dev;
	struct token word;
	struct str word_numbers;
	struct str raw; /* all there is of what cannot be normalized */
};

static const struct stability {
	const char *text;
	enum rank rank;
} stabilities[] = {
	{ "stable", RANK_UNKNOWN }, { "beta", RANK_BETA },   { "b", RANK_BETA },
	{ "rc", RANK_RC },	    { "alpha", RANK_ALPHA }, { "a", RANK_ALPHA },
	{ "patch", RANK_PATCH },    { "pl", RANK_PATCH },    { "p", RANK_PATCH },
};

static bool is_dash(char c)
{
	return c == '.' || c == '-';
}

static bool is_any(char c)
{
	return c == 'x' || c == 'X' || c == '*';
}

static bool is_date_separator(char c)
{
	return is_dash(c) || c == ':';
}

static bool starts_nocase(struct str s, struct str prefix)
{
	return str_eq_nocase(str_upto(s, prefix.n), prefix);
}

/* [.-]?dev, and nothing behind it. */
static bool is_dev(struct str s)
{
	if (s.n && is_dash(s.p[0]))
		s = str_from(s, 1);
	return str_eq_nocase(s, S("dev"));
}

/* ([.-]?digits)* */
static struct str cut_numbers(struct str *s)
{
	size_t n = 0;
	for (;;) {
		size_t digits = n + (n < s->n && is_dash(s->p[n]));
		if (digits == s->n || !part_is_digit(s->p[digits]))
			break;
		for (n = digits; n < s->n && part_is_digit(s->p[n]);)
			n++;
	}
	struct str numbers = str_upto(*s, n);
	*s = str_from(*s, n);
	return numbers;
}

/* What may stand behind the numbers: [._-]?(stability numbers)?([.-]?dev)? */
static bool take_modifier(struct str s, struct reader *r)
{
	if (s.n && (is_dash(s.p[0]) || s.p[0] == '_') && !is_dev(s))
		s = str_from(s, 1);
	for (size_t i = 0; i < COUNT(stabilities) && !r->has_word; i++) {
		const struct stability *x = &stabilities[i];
		struct str word = str_upto(s, strlen(x->text));
		if (!starts_nocase(s, str_of(x->text)))
			continue;
		s = str_from(s, word.n);
		r->has_word = true;
		r->word = (struct token){ .rank = x->rank };
		r->word_numbers = cut_numbers(&s);
		r->dev = is_dev(s);
		/* As Composer has it: in small letters it is dropped with all behind it, otherwise it is a word. */
		if (x->rank == RANK_UNKNOWN) {
			r->word.text = S("stable");
			if (str_eq(word, r->word.text)) {
				r->has_word = false;
				r->word_numbers = S("");
				bool ok = s.n == 0 || r->dev;
				r->dev = false;
				return ok;
			}
		}
	}
	if (!r->has_word)
		r->dev = is_dev(s);
	return s.n == 0 || r->dev;
}

/* digits{1,5} and up to three ".digits" */
static bool classical(struct str v, struct reader *r)
{
	struct str rest = v, first = part_cut(&rest, part_is_digit);
	unsigned count = 1;
	if (first.n == 0 || first.n > CLASSICAL_FIRST)
		return false;
	while (count < CLASSICAL_NUMBERS && rest.n > 1 && rest.p[0] == '.' &&
	       part_is_digit(rest.p[1])) {
		rest = str_from(rest, 1);
		part_cut(&rest, part_is_digit);
		count++;
	}
	*r = (struct reader){ .numbers = str_upto(v, v.n - rest.n),
			      .fill = CLASSICAL_NUMBERS - count };
	return take_modifier(rest, r);
}

/* Two digits up to six times, then up to three digits twice, a separator before each. */
static bool date_tail(struct str s, unsigned pairs, unsigned finals)
{
	if (s.n == 0)
		return pairs > 0;
	if (is_date_separator(s.p[0]))
		s = str_from(s, 1);
	struct str rest = s;
	for (size_t n = 1; n <= 3 && rest.n && part_is_digit(rest.p[0]); n++) {
		rest = str_from(rest, 1);
		if (n == 2 && finals == 0 && pairs < DATE_PAIRS && date_tail(rest, pairs + 1, 0))
			return true;
		if (pairs && finals < DATE_FINALS && date_tail(rest, pairs, finals + 1))
			return true;
	}
	return false;
}

static bool date(struct str v, struct reader *r)
{
	size_t n = 0;
	while (n < v.n && (part_is_digit(v.p[n]) || (n && is_date_separator(v.p[n]) &&
						     n + 1 < v.n && part_is_digit(v.p[n + 1]))))
		n++;
	struct str numbers = str_upto(v, n);
	if (!part_all(str_upto(numbers, DATE_FIRST), part_is_digit) || n <= DATE_FIRST ||
	    !date_tail(str_from(numbers, DATE_FIRST), 0, 0))
		return false;
	*r = (struct reader){ .numbers = numbers };
	return take_modifier(str_from(v, n), r);
}

/* digits and up to three ".digits" or ".x", then "dev" */
static bool branch(struct str v, struct reader *r)
{
	if (v.n < 3 || !str_eq_nocase(str_from(v, v.n - 3), S("dev")))
		return false;
	v = str_upto(v, v.n - 3);
	if (v.n && is_dash(v.p[v.n - 1]))
		v = str_upto(v, v.n - 1);
	struct str rest = v;
	unsigned count = 1;
	if (part_cut(&rest, part_is_digit).n == 0)
		return false;
	for (; count < CLASSICAL_NUMBERS && rest.n > 1 && rest.p[0] == '.'; count++) {
		rest = str_from(rest, 1);
		if (is_any(rest.p[0]))
			rest = str_from(rest, 1);
		else if (part_cut(&rest, part_is_digit).n == 0)
			return false;
	}
	*r = (struct reader){
		.numbers = v, .fill = CLASSICAL_NUMBERS - count, .branch = true, .dev = true
	};
	return rest.n == 0;
}

static struct str without_flag(struct str v)
{
	static const char *const flags[] = { "@stable", "@rc", "@beta", "@alpha", "@dev" };
	for (size_t i = 0; i < COUNT(flags); i++) {
		size_t n = strlen(flags[i]);
		if (v.n >= n && str_eq_nocase(str_from(v, v.n - n), str_of(flags[i])))
			return str_upto(v, v.n - n);
	}
	return v;
}

static bool has_space(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] >= '\t' && s.p[i] <= '\r') || s.p[i] == ' ')
			return true;
	return false;
}

static bool normalize(struct str whole, struct reader *r)
{
	struct str v = without_flag(str_trim(whole));
	bool named = starts_nocase(v, S("dev-"));
	ssize_t plus = str_find_char(v, '+');
	if (!named && plus > 0 && (size_t)plus + 1 < v.n && !has_space(v))
		v = str_upto(v, (size_t)plus);
	if (v.n && part_lower(v.p[0]) == 'v')
		v = str_from(v, 1);
	if (!named && (classical(v, r) || date(v, r) || branch(v, r)))
		return true;
	*r = (struct reader){ .raw = whole };
	return false;
}

static bool is_word(char c)
{
	return !part_is_digit(c) && c != '.' && c != '-' && c != '_' && c != '+';
}

static struct token raw_token(struct reader *r)
{
	while (r->raw.n && !part_is_digit(r->raw.p[0]) && !is_word(r->raw.p[0]))
		r->raw = str_from(r->raw, 1);
	if (r->raw.n == 0)
		return (struct token){ .rank = RANK_END };
	struct str text = part_cut(&r->raw, part_is_digit);
	if (text.n)
		return (struct token){ RANK_NUMBER, text };
	text = part_cut(&r->raw, is_word);
	if (str_eq_nocase(text, S("dev")))
		return (struct token){ .rank = RANK_DEV };
	for (size_t i = 0; i < COUNT(stabilities); i++)
		if (str_eq_nocase(text, str_of(stabilities[i].text)))
			return (struct token){ stabilities[i].rank,
					       stabilities[i].rank ? S("") : S("stable") };
	return (struct token){ RANK_UNKNOWN, text };
}

static struct token next_token(struct reader *r)
{
	struct str any = r->branch ? S("9999999") : S("0");
	struct token word = r->word;
	if (r->numbers.n && is_date_separator(r->numbers.p[0]))
		r->numbers = str_from(r->numbers, 1);
	if (part_cut(&r->numbers, is_any).n)
		return (struct token){ RANK_NUMBER, any };
	if (r->numbers.n)
		return (struct token){ RANK_NUMBER, part_cut(&r->numbers, part_is_digit) };
	if (r->fill) {
		r->fill--;
		return (struct token){ RANK_NUMBER, any };
	}
	if (r->has_word) {
		r->has_word = false;
		return word;
	}
	part_cut(&r->word_numbers, is_dash);
	if (r->word_numbers.n)
		return (struct token){ RANK_NUMBER, part_cut(&r->word_numbers, part_is_digit) };
	if (r->dev) {
		r->dev = false;
		return (struct token){ .rank = RANK_DEV };
	}
	return raw_token(r);
}

static int compare(struct str a, struct str b)
{
	struct reader x, y;
	normalize(a, &x);
	normalize(b, &y);
	for (;;) {
		struct token s = next_token(&x), t = next_token(&y);
		if (s.rank != t.rank)
			return s.rank < t.rank ? -1 : 1;
		if (s.rank == RANK_END)
			return 0;
		int r = s.rank == RANK_NUMBER ? part_compare_digits(s.text, t.text)
					      : str_cmp(s.text, t.text);
		if (r)
			return r;
	}
}

static bool is_valid(struct str v)
{
	struct reader r;
	return v.n <= VERSION_MAX && normalize(v, &r);
}

const struct version_scheme version_composer = { .name = "composer",
						 .valid = is_valid,
						 .compare = compare };
