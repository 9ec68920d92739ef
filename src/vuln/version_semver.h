/* The order of Semantic Versioning, for the schemes that vary it. */
#ifndef LAZARET_VULN_VERSION_SEMVER_H
#define LAZARET_VULN_VERSION_SEMVER_H

#include "base/str.h"

enum {
	SEMVER_NOCASE = 1, /* identifiers as small letters */
	SEMVER_BUILD = 2, /* what is behind '+' counts, and no build is below any */
	SEMVER_REVISION = 4, /* what is behind '-' comes after the version without it, not before */
};
/* A total order on any bytes. */
int semver_compare(struct str a, struct str b, unsigned flags);
/* Two prereleases, without '-': numbers below words, one that goes on above one that ends. */
int semver_compare_identifiers(struct str a, struct str b, unsigned flags);
/* What compare reads whole: numbers, prerelease and build of non-empty identifiers, `numbers` at most and each of the
 * first three up to `max` (0: any). */
bool semver_valid(struct str v, unsigned numbers, uint64_t max);

#endif
