/* Distributions: what an os-release means, which advisories concern it, how its versions are ordered, when it ends. */
#ifndef LAZARET_ANALYZE_DISTRO_H
#define LAZARET_ANALYZE_DISTRO_H

#include "analyze/inventory.h"

/* Fills version, codename, advisory_namespace, scheme and eol from id and version_id (and codename for a Debian
 * testing without a version). Leaves them empty for a distribution we do not know. */
void distro_complete(struct arena *a, struct distribution *d);
/* "debian:12", "alpine:3.19" (also '/' or '-' between) as the user types it for --distro. */
int distro_parse(struct arena *a, struct str s, struct distribution *out, struct err *e);
/* The advisory namespace of an OSV ecosystem ("Debian:12", "Alpine:v3.19", "Ubuntu:22.04:LTS", "Rocky Linux:9",
 * "Red Hat:enterprise_linux:9::baseos", ...) and of a Debian codename. Empty: not a distribution we know. */
struct str distro_of_ecosystem(struct arena *a, struct str ecosystem);
struct str distro_of_codename(struct arena *a, struct str id, struct str codename);
/* The version scheme of a namespace; NULL when not known. */
const char *distro_scheme(struct str advisory_namespace);

#endif
