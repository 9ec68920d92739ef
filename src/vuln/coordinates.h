/* Java archives that name themselves badly or not at all, named by the database: SHA-1 to Maven coordinates. */
#ifndef LAZARET_VULN_COORDINATES_H
#define LAZARET_VULN_COORDINATES_H

#include "analyze/inventory.h"
#include "vuln/advisory_db.h"

#define COORDINATES_NAMESPACE "maven-sha1"
/* The digest as the database's package name: its hex. */
struct str coordinates_key(struct arena *a, const struct digest *sha1);

/* Packages of type maven that were named by a manifest or a file name get the coordinates of their archive's SHA-1, where
 * the database has it; archives that nothing names become packages. The inventory stays sorted, and indexes into it right. */
int coordinates_resolve(struct inventory *inv, struct advisory_db *db, struct err *e);

#endif
