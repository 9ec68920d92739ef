/* The record cache: what layers hold, by a key that covers everything the record depends on. Files under
 * DIR/layers/ab/..., shared by any number of processes without locks: published by rename, a torn or foreign file is a
 * miss. It is a cache: nothing in it is needed, and losing it at any moment is fine. */
#ifndef LAZARET_ANALYZE_CACHE_H
#define LAZARET_ANALYZE_CACHE_H

#include "base/arena.h"
#include "base/digest.h"

struct cache;

/* Makes the folder (mode 0700) when it is not there. ERR_INVALID when it, or what it holds on the way, is a symbolic link
 * or belongs to somebody else or can be written by others; other codes when it cannot be made or opened. max: bytes of
 * all records; older ones go first. */
int cache_open(struct str dir, uint64_t max, struct cache **out, struct err *e);
/* Removes the oldest records when this process has added some and all are larger than `max`. NULL is allowed. */
void cache_close(struct cache *c);

/* True with the record's bytes in `a`. A hit counts as a use (noted once an hour at most). Thread safe. */
bool cache_get(struct cache *c, const struct digest *key, struct arena *a, uint64_t max_bytes, struct str *out);
/* Keeps a record; trouble is not told, the next scan just does not find it. Thread safe. */
void cache_put(struct cache *c, const struct digest *key, struct str bytes);
/* Removes all records; *bytes is what was freed. No folder: nothing to do. */
int cache_clear(struct str dir, uint64_t *bytes, struct err *e);

#endif
