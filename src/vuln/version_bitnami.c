/* Versions of Bitnami packages: Semantic Versioning, but what is behind '-' is the revision of the package, above the
 * version without one: 2.4.58-1 holds what was fixed in 2.4.58. Hostile input: as there. */
#include "vuln/version.h"
#include "vuln/version_semver.h"

enum { NUMBERS_MAX = 4 };

static bool is_valid(struct str v)
{
	return semver_valid(v, NUMBERS_MAX, 0);
}

static int compare(struct str a, struct str b)
{
	return semver_compare(a, b, SEMVER_REVISION);
}

const struct version_scheme version_bitnami = { .name = "bitnami",
						.valid = is_valid,
						.compare = compare };
