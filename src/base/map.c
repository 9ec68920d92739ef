/* Open addressing with linear probing, kept under 3/4 full. */
#include "base/map.h"

void map_init(struct map *m, struct arena *a)
{
	*m = (struct map){ .arena = a };
}

static struct map_slot *probe(const struct map *m, struct str key, uint64_t hash)
{
	size_t i = hash & (m->cap - 1);
	while (m->slots[i].used && !(m->slots[i].hash == hash && str_eq(m->slots[i].key, key)))
		i = (i + 1) & (m->cap - 1);
	return &m->slots[i];
}

void *map_get(const struct map *m, struct str key)
{
	return m->cap ? probe(m, key, str_hash(key))->value : NULL;
}

static void grow(struct map *m)
{
	struct map old = *m;
	m->cap = old.cap ? old.cap * 2 : 16;
	m->slots = arena_array(m->arena, m->cap, sizeof *m->slots);
	for (size_t i = 0; i < old.cap; i++)
		if (old.slots[i].used)
			*probe(m, old.slots[i].key, old.slots[i].hash) = old.slots[i];
}

void **map_at(struct map *m, struct str key)
{
	if ((m->n + 1) * 4 > m->cap * 3)
		grow(m);
	uint64_t hash = str_hash(key);
	struct map_slot *s = probe(m, key, hash);
	if (!s->used) {
		*s = (struct map_slot){ .key = key, .hash = hash, .used = true };
		m->n++;
	}
	return &s->value;
}
