/* Maven versions, as the POM reference orders them: tokens between '.', '-' and changes from digit to other and back
 * (which count as '-'), each with its separator. In rising order: the qualifiers alpha, beta, milestone, rc, snapshot,
 * the end (also "", final, ga, release), sp, other qualifiers by text, numbers behind '-', numbers behind '.'.
 *
 * Maven 3.8 differs in two places where its own order goes in circles, and the POM reference is followed: there a word
 * behind a dot is below all that is behind a dash (1.foo < 1-alpha < 1 < 1.foo; alike since 3.9), and nothing but nulls
 * between two dashes counts (1-0-rc < 1 < 1-sp < 1-0-rc).
 *
 * Null tokens (0 and what equals the end) are dropped before '-', before a qualifier and at the end. So what is left of
 * them stands before a number, above the end either way, and the row compares from the left with the end as padding:
 * total for any bytes. Every text without blanks and control bytes is valid. */
#include "vuln/version.h"
#include "vuln/version_part.h"

enum rank {
	RANK_ALPHA,
	RANK_BETA,
	RANK_MILESTONE,
	RANK_RC,
	RANK_SNAPSHOT,
	RANK_END,
	RANK_SP,
	RANK_OTHER,
	RANK_DASH_NUMBER,
	RANK_DOT_NUMBER,
};
struct token {
	enum rank rank;
	struct str text; /* of a number or an other qualifier */
};
struct reader {
	struct str left;
	bool ended, dash; /* dash: before the next token */
	size_t keep; /* null tokens known to stand before a number */
};

static const struct qualifier {
	const char *text;
	enum rank rank;
} qualifiers[] = {
	{ "alpha", RANK_ALPHA }, { "beta", RANK_BETA }, { "milestone", RANK_MILESTONE },
	{ "rc", RANK_RC },	 { "cr", RANK_RC },	{ "snapshot", RANK_SNAPSHOT },
	{ "final", RANK_END },	 { "ga", RANK_END },	{ "release", RANK_END },
	{ "sp", RANK_SP },
};

static bool is_other(char c)
{
	return !part_is_digit(c) && c != '.' && c != '-';
}

static struct token qualifier(struct str text, bool digit_follows)
{
	static const struct qualifier letters[] = { { "a", RANK_ALPHA },
						    { "b", RANK_BETA },
						    { "m", RANK_MILESTONE } };
	for (size_t i = 0; digit_follows && i < COUNT(letters); i++)
		if (str_eq_nocase(text, str_of(letters[i].text)))
			return (struct token){ .rank = letters[i].rank };
	for (size_t i = 0; i < COUNT(qualifiers); i++)
		if (str_eq_nocase(text, str_of(qualifiers[i].text)))
			return (struct token){ .rank = qualifiers[i].rank };
	return (struct token){ .rank = RANK_OTHER, .text = text };
}

/* The next token as written. Sets ended behind the last. */
static struct token raw_token(struct reader *r)
{
	struct token t = { .rank = RANK_END };
	if (r->ended)
		return t;
	struct str text = part_cut(&r->left, part_is_digit);
	bool number = text.n > 0;
	if (!number)
		text = part_cut(&r->left, is_other);
	bool transition = r->left.n && r->left.p[0] != '.' && r->left.p[0] != '-';
	if (number || text.n == 0)
		t = (struct token){ r->dash ? RANK_DASH_NUMBER : RANK_DOT_NUMBER, text };
	else
		t = qualifier(text, transition);
	r->ended = r->left.n == 0;
	r->dash = transition || (r->left.n && r->left.p[0] == '-');
	if (!transition)
		r->left = str_from(r->left, 1);
	return t;
}

static bool is_null(struct token t)
{
	return t.rank == RANK_END || (t.rank >= RANK_DASH_NUMBER && part_is_zero(t.text));
}

static struct token next_token(struct reader *r)
{
	for (;;) {
		struct token t = raw_token(r);
		if (r->keep) {
			r->keep--;
			return t;
		}
		if (!is_null(t))
			return t;
		struct reader ahead = *r;
		struct token next;
		size_t nulls = 0;
		bool number = false;
		while (!ahead.ended) {
			next = raw_token(&ahead);
			number = next.rank == RANK_DOT_NUMBER;
			if (!number || !is_null(next))
				break;
			nulls++;
			number = false;
		}
		if (number) {
			r->keep = nulls;
			return t;
		}
		if (r->ended)
			return (struct token){ .rank = RANK_END };
	}
}

static int compare(struct str a, struct str b)
{
	struct reader x = { .left = a }, y = { .left = b };
	while (!x.ended || !y.ended) {
		struct token s = next_token(&x), t = next_token(&y);
		if (s.rank != t.rank)
			return s.rank < t.rank ? -1 : 1;
		int r = s.rank >= RANK_DASH_NUMBER ? part_compare_digits(s.text, t.text)
						   : part_compare_nocase(s.text, t.text);
		if (r)
			return r;
	}
	return 0;
}

static bool is_valid(struct str v)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] <= ' ' || v.p[i] == 0x7f)
			return false;
	return v.n && v.n <= VERSION_MAX;
}

const struct version_scheme version_maven = { .name = "maven",
					      .valid = is_valid,
					      .compare = compare };
