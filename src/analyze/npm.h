/* What the readers of JavaScript's files share. */
#ifndef LAZARET_ANALYZE_NPM_H
#define LAZARET_ANALYZE_NPM_H

#include "analyze/lock.h"
#include "base/json.h"

/* "NAME@REST" of which NAME may begin with an '@' and REST may be empty: false when there is no '@' behind the name. */
static inline bool npm_split(struct str s, struct str *name, struct str *rest)
{
	ssize_t at = str_find_char(str_from(s, 1), '@');
	if (at < 0)
		return false;
	*name = str_upto(s, (size_t)at + 1);
	*rest = str_from(s, (size_t)at + 2);
	return true;
}

/* The members of a package.json, lock or importer that ask for packages, and how. */
static const struct {
	const char *key;
	enum lock_kind kind;
} npm_needs[] = {
	{ "dependencies", LOCK_NEEDED },
	{ "optionalDependencies", LOCK_OPTIONAL },
	{ "devDependencies", LOCK_DEV },
};

/* package_tree.c: after the fold, what installed packages need is what node would find from where they are. */
void package_tree_join(const struct fold *f, struct inventory *inv);

#endif
