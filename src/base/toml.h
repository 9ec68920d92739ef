/* TOML 1.0 documents as a small tree (and what 1.1 adds: newlines in inline tables, \e, \x, times without
 * seconds). Strict: what the specification forbids is refused, keys given twice above all. Bounded in bytes, depth
 * and nodes; looking for duplicates takes a hash, so that time grows with the text alone. */
#ifndef LAZARET_BASE_TOML_H
#define LAZARET_BASE_TOML_H

#include "base/arena.h"
#include "base/err.h"

enum { TOML_BYTES_MAX = 64 << 20, TOML_DEPTH_MAX = 64, TOML_NODES_MAX = 1000000 };

enum toml_kind { TOML_STRING, TOML_NUMBER, TOML_BOOL, TOML_DATE, TOML_ARRAY, TOML_TABLE };
struct toml {
	enum toml_kind kind;
	unsigned char made;             /* how a table came to be; toml.c's own */
	unsigned line;                  /* from 1 */
	struct str key;                 /* of a table's child; empty in arrays */
	struct str value;               /* a string's text, decoded; others as written */
	struct toml *first, *last, *next;       /* children, siblings: in the order of the text */
};

/* The document's table. ERR_INVALID names the line; ERR_LIMIT. Nothing of `text` is borrowed. */
int toml_parse(struct arena *a, struct str text, const struct toml **out, struct err *e);
/* Look-ups on NULL, on another kind and on what is not there give NULL or empty, so that chains need no checks. */
const struct toml *toml_get(const struct toml *table, struct str key);
struct str toml_str(const struct toml *t);              /* empty unless a string */
struct str toml_get_str(const struct toml *table, struct str key);
bool toml_is_true(const struct toml *t);
#define TOML_EACH(child, parent) \
	for (const struct toml *child = (parent) ? (parent)->first : NULL; child; child = child->next)

#endif
