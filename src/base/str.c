/* Strings and buffers. No locale anywhere: bytes and ASCII only. */
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

int str_cmp(struct str a, struct str b)
{
	size_t n = MIN(a.n, b.n);
	int r = n ? memcmp(a.p, b.p, n) : 0;
	return r ? r : (a.n > b.n) - (a.n < b.n);
}

bool str_eq_nocase(struct str a, struct str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

bool str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && str_eq(str_upto(s, prefix.n), prefix);
}

bool str_ends(struct str s, struct str suffix)
{
	return s.n >= suffix.n && str_eq(str_from(s, s.n - suffix.n), suffix);
}

ssize_t str_find(struct str s, struct str what)
{
	if (what.n == 0)
		return 0;
	const char *p = s.n ? memmem(s.p, s.n, what.p, what.n) : NULL;
	return p ? p - s.p : -1;
}

ssize_t str_find_char(struct str s, char c)
{
	const char *p = s.n ? memchr(s.p, c, s.n) : NULL;
	return p ? p - s.p : -1;
}

ssize_t str_rfind_char(struct str s, char c)
{
	const char *p = s.n ? memrchr(s.p, c, s.n) : NULL;
	return p ? p - s.p : -1;
}

struct str str_from(struct str s, size_t at)
{
	if (at >= s.n)
		return (struct str){ s.p ? s.p + s.n : NULL, 0 };
	return (struct str){ s.p + at, s.n - at };
}

struct str str_upto(struct str s, size_t n)
{
	return (struct str){ s.p, MIN(n, s.n) };
}

struct str str_trim(struct str s)
{
	while (s.n && is_space(s.p[0]))
		s = (struct str){ s.p + 1, s.n - 1 };
	while (s.n && is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

struct str str_cut(struct str *s, char c)
{
	ssize_t at = str_find_char(*s, c);
	struct str piece = *s;
	if (at < 0) {
		*s = str_from(*s, s->n);
		return piece;
	}
	piece.n = (size_t)at;
	*s = str_from(*s, (size_t)at + 1);
	return piece;
}

bool str_line(struct str *s, struct str *line)
{
	if (s->n == 0)
		return false;
	*line = str_cut(s, '\n');
	if (line->n && line->p[line->n - 1] == '\r')
		line->n--;
	return true;
}

bool str_word(struct str *s, struct str *word)
{
	size_t i = 0;
	while (i < s->n && is_space(s->p[i]))
		i++;
	size_t start = i;
	while (i < s->n && !is_space(s->p[i]))
		i++;
	if (i == start) {
		*s = str_from(*s, i);
		return false;
	}
	*word = (struct str){ s->p + start, i - start };
	*s = str_from(*s, i);
	return true;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = lower(c);
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 10;
	return 99;
}

bool str_to_u64_base(struct str s, unsigned base, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;
	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		int d = digit_value(s.p[i]);
		if (d >= (int)base || __builtin_mul_overflow(v, (uint64_t)base, &v) ||
		    __builtin_add_overflow(v, (uint64_t)d, &v) || v > max)
			return false;
	}
	*out = v;
	return true;
}

bool str_to_u64(struct str s, uint64_t max, uint64_t *out)
{
	return str_to_u64_base(s, 10, max, out);
}

/* Length of the valid sequence at the start of s, 0 when there is none (RFC 3629). */
static size_t utf8_sequence(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	if (p[0] < 0x80)
		return p[0] ? 1 : 0;
	size_t n = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
	if (p[0] < 0xC2 || p[0] > 0xF4 || s.n < n)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) ||
	    (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F))
		return 0;
	return n;
}

size_t str_rune(struct str s, unsigned *value)
{
	size_t n = s.n ? utf8_sequence(s) : 0;
	unsigned v = n ? (unsigned char)s.p[0] & (n == 1 ? 0x7Fu : 0xFFu >> (n + 1)) : 0;
	for (size_t i = 1; i < n; i++)
		v = v << 6 | ((unsigned char)s.p[i] & 0x3Fu);
	*value = v;
	return n;
}

bool rune_is_risky(unsigned v)
{
	return v < 0x20 || (v >= 0x7F && v < 0xA0) || v == 0x061C || v == 0x200E || v == 0x200F ||
	       (v >= 0x2028 && v <= 0x202E) || (v >= 0x2066 && v <= 0x2069);
}

void buf_add_shown(struct buf *b, struct str s)
{
	unsigned v;
	while (s.n) {
		size_t n = str_rune(s, &v);
		if (n == 0 || rune_is_risky(v))
			buf_add_char(b, '?');
		else
			buf_add(b, s.p, n);
		s = str_from(s, MAX(n, (size_t)1));
	}
}

bool str_is_utf8(struct str s)
{
	while (s.n) {
		size_t n = utf8_sequence(s);
		if (n == 0)
			return false;
		s = str_from(s, n);
	}
	return true;
}

/* Matches one bracket expression at pattern[*i]; moves *i behind it. A '[' without ']' is an ordinary byte. */
static bool match_bracket(struct str pattern, size_t *i, char c)
{
	size_t j = *i + 1;
	bool negate = j < pattern.n && (pattern.p[j] == '!' || pattern.p[j] == '^');
	if (negate)
		j++;
	bool hit = false, first = true;
	for (; j < pattern.n && (first || pattern.p[j] != ']'); j++, first = false) {
		char lo = pattern.p[j], hi = lo;
		if (j + 2 < pattern.n && pattern.p[j + 1] == '-' && pattern.p[j + 2] != ']') {
			hi = pattern.p[j + 2];
			j += 2;
		}
		hit |= lo <= c && c <= hi;
	}
	if (j >= pattern.n) {
		(*i)++;
		return c == '[';
	}
	*i = j + 1;
	return c != '/' && hit != negate;
}

/* One pattern byte against one text byte; moves *i behind the pattern part. */
static bool match_one(struct str pattern, size_t *i, char c)
{
	switch (pattern.p[*i]) {
	case '?':
		(*i)++;
		return c != '/';
	case '[':
		return match_bracket(pattern, i, c);
	case '\\':
		if (*i + 1 < pattern.n)
			(*i)++;
		break;
	}
	return pattern.p[(*i)++] == c;
}

bool str_glob(struct str pattern, struct str text)
{
	/* Two backtrack points: the last '*' (stops at '/') and the last "**" (stops nowhere). */
	size_t i = 0, j = 0;
	size_t star_i = SIZE_MAX, star_j = 0, deep_i = SIZE_MAX, deep_j = 0;
	while (j < text.n || i < pattern.n) {
		if (i < pattern.n && pattern.p[i] == '*') {
			if (i + 1 < pattern.n && pattern.p[i + 1] == '*') {
				deep_i = i += 2;
				deep_j = j;
				star_i = SIZE_MAX;
				/* "**" and a slash also match no directory at all. */
				if (i < pattern.n && pattern.p[i] == '/' &&
				    (j == 0 || text.p[j - 1] == '/'))
					i++;
			} else {
				star_i = ++i;
				star_j = j;
			}
			continue;
		}
		size_t next = i;
		if (i < pattern.n && j < text.n && match_one(pattern, &next, text.p[j])) {
			i = next;
			j++;
		} else if (star_i != SIZE_MAX && star_j < text.n && text.p[star_j] != '/') {
			i = star_i;
			j = ++star_j;
		} else if (deep_i != SIZE_MAX && deep_j < text.n) {
			i = deep_i;
			j = ++deep_j;
			star_i = SIZE_MAX;
		} else {
			return false;
		}
	}
	return true;
}

uint64_t str_hash(struct str s)
{
	/* Eight bytes at a time, multiply and fold; good spread for table look-up, no defence against collisions. */
	uint64_t h = 0x9E3779B97F4A7C15u ^ s.n;
	while (s.n >= 8) {
		uint64_t w;
		memcpy(&w, s.p, 8);
		__uint128_t m = (__uint128_t)(h ^ w) * 0xD6E8FEB86659FD93u;
		h = (uint64_t)m ^ (uint64_t)(m >> 64);
		s = (struct str){ s.p + 8, s.n - 8 };
	}
	uint64_t w = 0;
	if (s.n)
		memcpy(&w, s.p, s.n);
	__uint128_t m = (__uint128_t)(h ^ w) * 0xA0761D6478BD642Fu;
	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

void buf_reserve(struct buf *b, size_t more)
{
	size_t need;
	if (!size_add(b->n, more, &need) || need > SIZE_MAX / 4)
		abort();
	if (need <= b->cap)
		return;
	size_t cap = MAX(need, b->cap + b->cap / 2);
	cap = MAX(cap, (size_t)64);
	char *p = realloc(b->p, cap);
	if (!p)
		abort();
	b->p = p;
	b->cap = cap;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
	buf_reserve(b, n);
	if (n)
		memcpy(b->p + b->n, p, n);
	b->n += n;
}

void buf_add_str(struct buf *b, struct str s)
{
	buf_add(b, s.p, s.n);
}

void buf_add_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	buf_reserve(b, (size_t)n + 1);
	vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
	va_end(again);
	b->n += (size_t)n;
}

const char *buf_cstr(struct buf *b)
{
	buf_reserve(b, 1);
	b->p[b->n] = '\0';
	return b->p;
}

void buf_done(struct buf *b)
{
	free(b->p);
	*b = (struct buf){ 0 };
}
