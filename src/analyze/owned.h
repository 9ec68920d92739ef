/* Packages that a distribution's package owns, by proof: the file a package was read from is one that the distribution's
 * package recorded, and it is unchanged since. See ARCHITECTURE.md, "Child, fold, joins". */
#ifndef LAZARET_ANALYZE_OWNED_H
#define LAZARET_ANALYZE_OWNED_H

#include "analyze/fold.h"

/* Sets owner and is_owned of the inventory's packages. Packages must be sorted already: indexes are taken. A recorded
 * digest proves by being equal; where the database records none, the layer from which that version of the owner is there
 * must be the one that wrote the file last. Directories prove nothing. */
void owned_prove(const struct fold *f, struct inventory *inv);

#endif
