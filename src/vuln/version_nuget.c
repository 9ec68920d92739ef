/* NuGet versions: one to four numbers, missing ones are 0, then prerelease and build as in Semantic Versioning; letters
 * of any case are the same, and the build does not count. Hostile input: as there. */
#include "vuln/version.h"
#include "vuln/version_semver.h"

enum { NUMBERS_MAX = 4 };

static bool is_valid(struct str v)
{
	return semver_valid(v, NUMBERS_MAX, 0);
}

static int compare(struct str a, struct str b)
{
	return semver_compare(a, b, SEMVER_NOCASE);
}

const struct version_scheme version_nuget = { .name = "nuget",
					      .valid = is_valid,
					      .compare = compare };
