/* Alpine package versions, apk-package(5): digits{.digits}{letter}{_suffix{digits}}{~hex}{-r digits}. Each part that
 * one side has and the other lacks decides by its kind: the suffixes alpha, beta, pre and rc before the end, all
 * others behind it. A number behind a dot that starts with 0 compares as a decimal fraction, as text.
 *
 * compare reads garbage up to where it stops being a version; two that are equal up to there are ordered by the bytes
 * that are left, except that all tails behind a bad '-' count as equal. Numbers may have any length. valid follows
 * apk-tools. */
#include "vuln/version.h"
#include "vuln/version_part.h"

/* In rising order, of which one follows equal parts. */
enum rank {
	RANK_BEFORE, /* suffix that comes before the release */
	RANK_INVALID,
	RANK_END,
	RANK_REVISION,
	RANK_HASH,
	RANK_SUFFIX_NUMBER,
	RANK_AFTER, /* suffix that comes behind it */
	RANK_LETTER,
	RANK_DIGITS,
};
struct token {
	enum rank rank;
	struct str text; /* digits, letter, hash; what is left of an invalid version */
	unsigned suffix;
};
struct reader {
	struct str left;
	bool started, had_letter, had_suffix, last_suffix, had_hash, had_revision, broken;
};

static const struct suffix {
	const char *text;
	bool before;
} suffixes[] = {
	{ "alpha", true }, { "beta", true }, { "pre", true }, { "rc", true }, { "cvs", false },
	{ "svn", false },  { "git", false }, { "hg", false }, { "p", false },
};

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_hex(char c)
{
	return part_is_digit(c) || (c >= 'a' && c <= 'f');
}

static struct token invalid_token(const struct reader *r)
{
	struct token t = { .rank = RANK_INVALID };
	if (r->left.n && r->left.p[0] != '-')
		t.text = r->left;
	return t;
}

/* A token with text behind `skip` bytes of introduction; invalid when the text is missing. */
static struct token take(struct reader *r, enum rank rank, size_t skip, bool (*is)(char))
{
	struct str rest = str_from(r->left, skip);
	struct token t = { .rank = rank, .text = part_cut(&rest, is) };
	if (t.text.n == 0)
		return invalid_token(r);
	r->left = rest;
	return t;
}

static struct token take_suffix(struct reader *r)
{
	struct str rest = str_from(r->left, 1), word = part_cut(&rest, is_lower);
	for (unsigned i = 0; i < COUNT(suffixes); i++) {
		if (!str_eq(word, str_of(suffixes[i].text)))
			continue;
		r->left = rest;
		r->had_suffix = r->last_suffix = true;
		return (struct token){ .rank = suffixes[i].before ? RANK_BEFORE : RANK_AFTER,
				       .suffix = i };
	}
	return invalid_token(r);
}

/* "-r" without a number is no valid revision and compares as 0. */
static struct token take_revision(struct reader *r)
{
	struct str rest = str_from(r->left, 2);
	r->had_revision = true;
	if (rest.n == 0 || rest.p[0] == '-') {
		r->broken = true;
		r->left = rest;
		return (struct token){ .rank = RANK_REVISION };
	}
	return take(r, RANK_REVISION, 2, part_is_digit);
}

static struct token next_token(struct reader *r)
{
	const struct token invalid = invalid_token(r);
	bool after_suffix = r->last_suffix;
	r->last_suffix = false;
	if (r->left.n == 0)
		return r->started ? (struct token){ .rank = RANK_END } : invalid;
	char c = r->left.p[0];
	bool in_numbers = !r->had_letter && !r->had_suffix,
	     in_tail = r->had_hash || r->had_revision;
	if (!r->started) {
		r->started = true;
		return take(r, RANK_DIGITS, 0, part_is_digit);
	}
	if (after_suffix && part_is_digit(c))
		return take(r, RANK_SUFFIX_NUMBER, 0, part_is_digit);
	if (c == '.' && in_numbers && !in_tail)
		return take(r, RANK_DIGITS, 1, part_is_digit);
	if (is_lower(c) && in_numbers && !in_tail) {
		r->had_letter = true;
		struct token letter = { .rank = RANK_LETTER, .text = str_upto(r->left, 1) };
		r->left = str_from(r->left, 1);
		return letter;
	}
	if (c == '_' && !in_tail)
		return take_suffix(r);
	if (c == '~' && !in_tail) {
		r->had_hash = true;
		return take(r, RANK_HASH, 1, is_hex);
	}
	if (str_starts(r->left, S("-r")) && !r->had_revision)
		return take_revision(r);
	return invalid;
}

static int compare_tokens(struct token a, struct token b, bool first)
{
	switch (a.rank) {
	case RANK_DIGITS:
		if (!first && (a.text.p[0] == '0' || b.text.p[0] == '0'))
			return str_cmp(a.text, b.text);
		return part_compare_digits(a.text, b.text);
	case RANK_REVISION:
	case RANK_SUFFIX_NUMBER:
		return part_compare_digits(a.text, b.text);
	case RANK_BEFORE:
	case RANK_AFTER:
		return (a.suffix > b.suffix) - (a.suffix < b.suffix);
	default:
		return str_cmp(a.text, b.text);
	}
}

static int apk_compare(struct str a, struct str b)
{
	struct reader x = { .left = a }, y = { .left = b };
	for (bool first = true;; first = false) {
		struct token s = next_token(&x), t = next_token(&y);
		if (s.rank != t.rank)
			return s.rank < t.rank ? -1 : 1;
		int r = compare_tokens(s, t, first);
		if (r || s.rank == RANK_END || s.rank == RANK_INVALID)
			return r;
	}
}

static bool apk_valid(struct str v)
{
	struct reader r = { .left = v };
	struct token t = { .rank = RANK_DIGITS };
	if (v.n > VERSION_MAX)
		return false;
	while (t.rank != RANK_END && t.rank != RANK_INVALID)
		t = next_token(&r);
	return t.rank == RANK_END && !r.broken;
}

const struct version_scheme version_apk = { .name = "apk",
					    .valid = apk_valid,
					    .compare = apk_compare };
