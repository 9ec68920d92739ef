/* JSON (RFC 8259). Two ways to read, one to write.
 *
 * Trees: json_parse for documents under JSON_TREE_MAX bytes; depth is limited; a duplicate key: the first counts.
 * Look-ups on NULL or on a value of another type give NULL, empty or the default, so that chains need no checks.
 * Strings are borrowed from the tree; they live until json_free. A NUL inside a string is refused at parse.
 *
 * Events: json_read walks a stream of any size in constant memory and calls back; a callback may ask for one value
 * as a tree (json_read_tree), which is how large arrays and objects are read member by member.
 *
 * Writing: struct json_out puts text into a buf; commas, escapes and indentation are its business. Text that is no
 * valid UTF-8 is written with U+FFFD in place of each bad byte, and of each NUL, which nobody would read back. */
#ifndef LAZARET_BASE_JSON_H
#define LAZARET_BASE_JSON_H

#include "base/err.h"
#include "base/str.h"

enum { JSON_TREE_MAX = 4 << 20, JSON_DEPTH_MAX = 64 };

struct json;                                    /* a value; its type is private to json.c */
/* ERR_LIMIT beyond JSON_TREE_MAX or JSON_DEPTH_MAX, ERR_INVALID with the offset for what is no JSON (trailing bytes
 * too). *out is freed with json_free. */
int json_parse(struct str text, struct json **out, struct err *e);
/* The same for documents that hold large texts: up to max bytes. */
int json_parse_upto(struct str text, size_t max, struct json **out, struct err *e);
void json_free(struct json *j);
void cleanup_json(struct json **j);

const struct json *json_get(const struct json *object, const char *key);
const struct json *json_at(const struct json *array, size_t i);         /* linear in i; prefer the loop below */
size_t json_count(const struct json *array_or_object);
const struct json *json_first(const struct json *array_or_object);      /* children, in order */
const struct json *json_next(const struct json *child);
#define JSON_EACH(child, parent) \
	for (const struct json *child = json_first(parent); child; child = json_next(child))
struct str json_key(const struct json *child);                          /* of an object's child */
struct str json_str(const struct json *j);                              /* empty unless a string */
struct str json_get_str(const struct json *object, const char *key);
bool json_is_object(const struct json *j);
bool json_is_array(const struct json *j);
bool json_is_string(const struct json *j);
bool json_is_null(const struct json *j);                                /* the value null; not NULL */
bool json_bool(const struct json *j, bool otherwise);
double json_double(const struct json *j, double otherwise);
/* A whole number 0..2^53; false for anything else. */
bool json_u64(const struct json *j, uint64_t *out);

/* Event reading. */
struct stream;
struct json_reader;
struct json_handlers {
	/* An object member or an array element begins, at `depth` (1: inside the outermost value). key is empty in
	 * arrays. Return 1 to have the value as a tree in `value` (its text at most JSON_TREE_MAX), 0 to walk into
	 * it, 2 to skip it, or a code to stop. */
	int (*member)(void *ctx, unsigned depth, struct str key, size_t index, struct err *e);
	int (*value)(void *ctx, unsigned depth, struct str key, size_t index, const struct json *tree, struct err *e);
	/* Optional: an object or array that was walked into ends. */
	int (*end)(void *ctx, unsigned depth, struct err *e);
};
/* Walks the whole document; scalars that are walked into are dropped. Returns 0 or a code. A value too large for a
 * tree is ERR_LIMIT with its key in the text. */
int json_read(struct stream *s, const struct json_handlers *h, void *ctx, struct err *e);

/* Writing. */
struct json_out {
	struct buf *b;
	unsigned depth;
	unsigned indent;                        /* spaces a level; 0: one line */
	bool need_comma, after_key;
	bool html;                              /* <, > and & are escaped too, as Go's encoder does: for what is signed */
};
void json_out_init(struct json_out *o, struct buf *b, unsigned indent);
void json_begin_object(struct json_out *o);
void json_end_object(struct json_out *o);
void json_begin_array(struct json_out *o);
void json_end_array(struct json_out *o);
void json_put_key(struct json_out *o, const char *key);
void json_put_str(struct json_out *o, struct str s);
void json_put_u64(struct json_out *o, uint64_t v);
void json_put_double(struct json_out *o, double v, int decimals);       /* fixed notation, trailing zeros cut */
void json_put_bool(struct json_out *o, bool v);
void json_put_null(struct json_out *o);
void json_put_raw(struct json_out *o, struct str json);                 /* a value that is JSON already, as it is */
/* A value that was read, with all that is in it; numbers with a fraction to nine digits behind the point. */
void json_put_value(struct json_out *o, const struct json *j);
/* key and string in one; _opt leaves it out when the string is empty. */
void json_put_member(struct json_out *o, const char *key, struct str value);
void json_put_member_opt(struct json_out *o, const char *key, struct str value);

#endif
