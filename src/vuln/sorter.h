/* Sorting more (key, value) pairs than memory should hold: sorted runs in one unlinked file, merged at the end. */
#ifndef LAZARET_VULN_SORTER_H
#define LAZARET_VULN_SORTER_H

#include "base/err.h"
#include "base/str.h"

struct sorter;
/* dir: where the unlinked file lies; memory: bytes held before a run is written (rounded up to a mebibyte). */
int sorter_open(struct str dir, size_t memory, struct sorter **out, struct err *e);
void sorter_close(struct sorter *s);
void cleanup_sorter(struct sorter **s);
/* Copies both. At most 64 MiB each. */
int sorter_add(struct sorter *s, struct str key, struct str value, struct err *e);
/* After the last add: the pairs in bytewise order of keys, equal keys in the order they were added. Returns 1, or 0 at
 * the end, or a code; key and value live until the next call. */
int sorter_next(struct sorter *s, struct str *key, struct str *value, struct err *e);

#endif
