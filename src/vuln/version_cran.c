/* Versions of R packages (package_version of R): numbers between '.' and '-', which mean the same; one that goes on is
 * above one that ends, so 1.0.0 is above 1.0.
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
		if (v.p[0] != '.' && v.p[0] != '-')
			return false;
		v = str_from(v, 1);
	}
	return false;
}

static int compare(struct str a, struct str b)
{
	return part_compare_row(a, b, ".-");
}

const struct version_scheme version_cran = { .name = "cran",
					     .valid = is_valid,
					     .compare = compare };
