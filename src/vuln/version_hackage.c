/* Versions of Haskell packages (the Package Versioning Policy, Data.Version without tags): numbers between dots; one that
 * goes on is above one that ends.
 *
 * Garbage is a row of items as well, and the order total. Numbers may have any length. */
#include "vuln/version.h"
#include "vuln/version_part.h"

static bool is_valid(struct str v)
{
	if (v.n > VERSION_MAX)
		return false;
	while (part_cut(&v, part_is_digit).n) {
		if (v.n == 0)
			return true;
		if (v.p[0] != '.')
			return false;
		v = str_from(v, 1);
	}
	return false;
}

static int compare(struct str a, struct str b)
{
	return part_compare_row(a, b, ".");
}

const struct version_scheme version_hackage = { .name = "hackage",
						.valid = is_valid,
						.compare = compare };
