/* Ecosystems of languages: what OSV calls one, what a purl calls it, and how it orders versions and spells names. The
 * feed writes advisories under (ns, ecosystem_normalise(name)); who looks one up does the same. */
#ifndef LAZARET_VULN_ECOSYSTEM_H
#define LAZARET_VULN_ECOSYSTEM_H

#include "base/arena.h"
#include "base/str.h"

enum normalise {
	NORMALISE_NOTHING,
	NORMALISE_LOWER,
	NORMALISE_PYPI, /* PEP 503: small letters, runs of "-_." are one "-" */
	NORMALISE_URL, /* small letters, without scheme, user, ".git" and last '/' */
};
struct ecosystem {
	const char *osv; /* before the ':', "PyPI"; may stand in two rows, the first is its own */
	const char *purl_type; /* "pypi" */
	const char *ns; /* namespace in the advisory database */
	const char *scheme; /* of version.h */
	enum normalise normalise;
	bool published; /* OSV has a bulk export of it */
};

extern const struct ecosystem ecosystems[]; /* ends with one whose osv is NULL */

/* NULL: none. A name of OSV may have a suffix ("Maven:https://..."); both ignore the case. */
const struct ecosystem *ecosystem_by_osv(struct str name);
const struct ecosystem *ecosystem_by_purl_type(struct str type);
/* A full name ("group:artifact", "@scope/name", "vendor/package") as the database has it; in the arena. */
struct str ecosystem_normalise(struct arena *a, const struct ecosystem *e, struct str name);

#endif
