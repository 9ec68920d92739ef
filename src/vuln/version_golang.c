/* Go module versions: Semantic Versioning with a leading v. Pseudo-versions are prereleases, whose time orders them;
 * "+incompatible" and "+dirty" are builds and do not count. Hostile input: as there. */
#include "vuln/version.h"
#include "vuln/version_semver.h"

enum { NUMBERS_MAX = 3 };

static bool is_valid(struct str v)
{
	return semver_valid(v, NUMBERS_MAX, 0);
}

static int compare(struct str a, struct str b)
{
	return semver_compare(a, b, 0);
}

const struct version_scheme version_golang = { .name = "golang",
					       .valid = is_valid,
					       .compare = compare };
