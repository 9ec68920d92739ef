/* The one hash map: byte strings to pointers, in an arena; grows, never shrinks, keeps insertion order out of it.
 * Keys are borrowed: they must live as long as the map. */
#ifndef LAZARET_BASE_MAP_H
#define LAZARET_BASE_MAP_H

#include "base/arena.h"

struct map_slot {
	struct str key;
	uint64_t hash;
	void *value;
	bool used;
};
struct map {
	struct arena *arena;
	struct map_slot *slots;
	size_t n, cap;
};

void map_init(struct map *m, struct arena *a);
/* The value of the key, or NULL. */
void *map_get(const struct map *m, struct str key);
/* The place of the key's value, made (NULL inside) when new. Valid until the next map_at. */
void **map_at(struct map *m, struct str key);

#endif
