/* Version schemes. compare is a total order even on garbage; an invalid version makes a finding "unknown", never "not
 * affected".
 *
 * To add one:
 *   1. write vuln/version_NAME.c with a `const struct version_scheme version_NAME`;
 *   2. add VERSION(NAME) to versions.def, and its name behind the last in advisory_code.c;
 *   3. add tests/data/version/NAME.cases (lines "a < b", "a = b", "! invalid") and tests/fuzz/fuzz_version_NAME.c. */
#ifndef LAZARET_VULN_VERSION_H
#define LAZARET_VULN_VERSION_H

#include "base/str.h"

enum { VERSION_MAX = 1024 };            /* bytes; longer ones are invalid */

struct version_scheme {
	const char *name;               /* "deb", "rpm", "apk" */
	bool (*valid)(struct str v);
	int (*compare)(struct str a, struct str b);     /* < 0, 0, > 0 */
};

extern const struct version_scheme *const version_schemes[];    /* NULL-terminated */
const struct version_scheme *version_scheme_find(struct str name);

#endif
