/* Licences: what package records and licence files say, as SPDX expressions (SPDX specification 2.3, annex D), and the
 * category of an expression. */
#ifndef LAZARET_ANALYZE_LICENCE_H
#define LAZARET_ANALYZE_LICENCE_H

#include "base/arena.h"
#include "base/map.h"

enum licence_category {
	LICENCE_UNKNOWN,
	LICENCE_UNENCUMBERED,
	LICENCE_PERMISSIVE,
	LICENCE_NOTICE,
	LICENCE_RECIPROCAL,
	LICENCE_RESTRICTED,
	LICENCE_FORBIDDEN,
};
const char *licence_category_name(enum licence_category c); /* "forbidden", "restricted", ... */

/* The names of licences, and what was made of texts before. One thread at a time. */
struct licences {
	struct arena *arena;
	struct map ids; /* an identifier in lower case -> its row */
	struct map keys; /* a normalized name -> its identifier */
	struct map seen; /* a text -> its expression */
};
void licences_init(struct licences *l, struct arena *a);

/* One text of a record: an SPDX expression, Fedora's and Debian's short names, a classifier, a title, an address. What is
 * not understood becomes LicenseRef-... made of its letters; empty when it says nothing ("", "UNKNOWN", "NOASSERTION").
 * The string lives in the arena. */
struct str licence_expression(struct licences *l, struct str text);
/* All of a package's, joined by OR where its type means a choice (composer, maven, npm), else by AND. */
struct str licence_of_package(struct licences *l, struct str type, const struct strs *texts);
/* OR: the best that is known, for one may choose it. AND: the worst; where one is not known the whole is unknown, unless what
 * is known is restricted or forbidden already. */
enum licence_category licence_category_of(struct licences *l, struct str expression);
/* The expression of several, AND between them; each once. */
struct str licence_all(struct licences *l, const struct strs *expressions);

/* The identifiers, NULL at index n and beyond; for tests. */
const char *licence_id(size_t i);
const char *licence_exception_id(size_t i);

struct fold;
struct inventory;
/* Fills inv->licence_texts, and package.licence of every package; package.licences too where its record has none and a text
 * that belongs to it says something. Packages must be where they stay: indexes are kept. See licence_text.c. */
void licence_collect(const struct fold *f, struct inventory *inv);

#endif
