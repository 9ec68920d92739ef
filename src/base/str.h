/* Borrowed strings and owned buffers. A str is bytes with a length: not NUL-terminated, any byte allowed. Parsers
 * are written over str in pull style: each cut returns a piece and moves the rest forward. */
#ifndef LAZARET_BASE_STR_H
#define LAZARET_BASE_STR_H

#include "base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

struct str {
	const char *p;
	size_t n;
};
struct strs {                 /* an array of them, usually in an arena; grow it with ARENA_PUSH(a, v.v, v.n, v.cap) */
	struct str *v;
	size_t n, cap;
};
struct buf {                  /* owned, grows; a zeroed one is empty. Free with buf_done. */
	char *p;
	size_t n, cap;
};

#define S(lit) ((struct str){ "" lit, sizeof(lit) - 1 })
/* For printf: ("%.*s", STR(s)); cut at 10,000 bytes. */
#define STR(s) (int)((s).n > 10000 ? 10000 : (s).n), (s).n ? (s).p : ""

static inline struct str str_of(const char *s)
{
	return (struct str){ s, s ? strlen(s) : 0 };
}

static inline struct str str_buf(const struct buf *b)
{
	return (struct str){ b->p, b->n };
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Bytewise order, shorter first. */
int str_cmp(struct str a, struct str b);
bool str_eq_nocase(struct str a, struct str b);          /* ASCII */
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
/* Position of the first / last occurrence, or -1. */
ssize_t str_find(struct str s, struct str what);
ssize_t str_find_char(struct str s, char c);
ssize_t str_rfind_char(struct str s, char c);
/* The part from / up to a position, clamped. */
struct str str_from(struct str s, size_t at);
struct str str_upto(struct str s, size_t n);
/* Without ASCII white space at both ends. */
struct str str_trim(struct str s);
/* Cuts *s at the first c: returns what is before, leaves what is behind. Without c: returns all, leaves nothing. */
struct str str_cut(struct str *s, char c);
/* As str_cut at "\n", and drops a "\r" before it. False when nothing is left. */
bool str_line(struct str *s, struct str *line);
/* The next run of non-space bytes; false when there is none. */
bool str_word(struct str *s, struct str *word);
/* Whole string as a number; false on anything else, on overflow, or above max. */
bool str_to_u64(struct str s, uint64_t max, uint64_t *out);
bool str_to_u64_base(struct str s, unsigned base, uint64_t max, uint64_t *out);
/* Valid UTF-8 without NUL. */
bool str_is_utf8(struct str s);
/* Bytes of the character that s begins with, 0 when it is no UTF-8 (or NUL, or s is empty). */
size_t str_rune(struct str s, unsigned *value);
/* Control characters, C1's too, and those that turn the direction of writing: a terminal may obey them, a reader be
 * deceived. */
bool rune_is_risky(unsigned value);
/* Shell pattern on a whole path: '*' and '?' do not match '/', "**" matches anything, [] as in fnmatch. Linear in
 * practice, bounded by pattern x text. */
bool str_glob(struct str pattern, struct str text);
uint64_t str_hash(struct str s);

/* Buffers: growth aborts when memory is out; callers bound n first. */
void buf_reserve(struct buf *b, size_t more);
void buf_add(struct buf *b, const void *p, size_t n);
void buf_add_str(struct buf *b, struct str s);
void buf_add_char(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* For people: each risky character and each byte that is no UTF-8 becomes '?'. */
void buf_add_shown(struct buf *b, struct str s);
const char *buf_cstr(struct buf *b);             /* NUL-terminated, valid until the next change */
void buf_done(struct buf *b);

#endif
