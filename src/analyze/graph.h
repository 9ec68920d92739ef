/* Who needs whom: package.needs, from what packages say they depend on. */
#ifndef LAZARET_ANALYZE_GRAPH_H
#define LAZARET_ANALYZE_GRAPH_H

#include "analyze/inventory.h"

enum {
	GRAPH_EDGES_MAX = 8000000, /* needs of one inventory */
	GRAPH_LOOKED_MAX = 256, /* packages of one name that are looked at for one dependency */
	GRAPH_WORK_MAX = 20000000, /* looks in all */
};

/* Fills `needs` of packages that are sorted already. What is not there is no edge; where several packages would do, the one that
 * fits best: of the same file, else the nearest. Beyond the limits a line in not_examined says that the graph is not whole. */
void graph_fill(struct inventory *inv);

#endif
