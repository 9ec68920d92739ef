/* Package URLs (purl specification 1.0): what SBOMs, VEX statements and ignore files name packages by. */
#ifndef LAZARET_ANALYZE_PURL_H
#define LAZARET_ANALYZE_PURL_H

#include "base/arena.h"
#include "base/err.h"

enum { PURL_MAX = 4096, PURL_QUALIFIERS = 32 }; /* bytes; qualifiers of one */

struct purl {                           /* decoded; absent parts are empty */
	struct str type, ns, name, version, subpath;    /* type in lower case; ns with '/' between its parts */
	struct purl_qualifier {
		struct str key, value;
	} qualifiers[PURL_QUALIFIERS];  /* by key */
	size_t n_qualifiers;
};

/* Strings are in `a`. The type's own rules (case of names, '_' and '-' of PyPI) are applied. ERR_INVALID, ERR_LIMIT. */
int purl_parse(struct arena *a, struct str text, struct purl *out, struct err *e);
/* Canonical text. */
struct str purl_text(struct arena *a, const struct purl *p);
struct str purl_qualifier(const struct purl *p, const char *key);       /* empty when absent */
/* Adds one (no second of the same key, please); nothing when the value is empty or there are too many. */
void purl_set_qualifier(struct purl *p, const char *key, struct str value);
/* Does a pattern (of a VEX statement, an ignore rule) name this package? Type, ns and name must be equal; version, subpath
 * and qualifiers only where the pattern has them. */
bool purl_matches(const struct purl *pattern, const struct purl *package);
/* The same for texts; equal texts match even where they do not parse. */
bool purl_text_matches(struct str pattern, struct str package);
/* How this type writes a package's whole name ("@scope/name", "group:artifact", "vendor/name"), and back. */
struct str purl_package_name(struct arena *a, const struct purl *p);
void purl_set_package_name(struct arena *a, struct purl *p, struct str name);
/* A Python project's name as its index compares it: lower case, runs of '-', '_' and '.' are one '-'. */
struct str purl_pypi_name(struct arena *a, struct str name);

#endif
