/* Dart versions (pub_semver): Semantic Versioning, but the build counts: none is below any, and its identifiers are
 * ordered as those of a prerelease. Hostile input: as there. */
#include "vuln/version.h"
#include "vuln/version_semver.h"

enum { NUMBERS_MAX = 3 };

static bool is_valid(struct str v)
{
	return semver_valid(v, NUMBERS_MAX, 0);
}

static int compare(struct str a, struct str b)
{
	return semver_compare(a, b, SEMVER_BUILD);
}

const struct version_scheme version_pub = { .name = "pub", .valid = is_valid, .compare = compare };
