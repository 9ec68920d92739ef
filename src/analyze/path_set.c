/* A set of 64-bit path hashes, by open addressing: a million names in 16 MiB. Zero marks a free slot; a path whose hash
 * is zero is kept as 2. Multiplication by a random odd key spreads hashes that were chosen to fall together. */
#include "analyze/walk.h"

#include <stdlib.h>
#include <sys/random.h>

enum { FIRST_BITS = 10 };

static size_t place(const struct path_set *s, uint64_t hash)
{
	size_t i = (size_t)(((hash >> 1) * s->key) >> s->shift);
	while (s->slots[i] && s->slots[i] >> 1 != hash >> 1)
		i = (i + 1) & (s->cap - 1);
	return i;
}

static void grow(struct path_set *s)
{
	struct path_set old = *s;
	if (!s->key) {
		if (getrandom(&s->key, sizeof s->key, GRND_NONBLOCK) < 0)
			s->key = 0x9E3779B97F4A7C15u;
		s->key |= 1;
		s->shift = 64 - FIRST_BITS + 1;
	}
	s->shift--;
	s->cap = old.cap ? old.cap * 2 : (size_t)1 << FIRST_BITS;
	s->slots = calloc(s->cap, sizeof *s->slots);
	if (!s->slots)
		abort();
	for (size_t i = 0; i < old.cap; i++)
		if (old.slots[i])
			s->slots[place(s, old.slots[i])] = old.slots[i];
	free(old.slots);
}

enum path_was path_set_put(struct path_set *s, uint64_t hash, bool is_dir)
{
	if (s->n * 4 >= s->cap * 3)
		grow(s);
	hash &= ~1ULL;
	if (hash == 0)
		hash = 2;
	size_t i = place(s, hash);
	enum path_was was = !s->slots[i] ? PATH_NEW : s->slots[i] & 1 ? PATH_DIR : PATH_OTHER;
	s->n += was == PATH_NEW;
	s->slots[i] = hash | is_dir;
	return was;
}

bool path_set_has(const struct path_set *s, uint64_t hash)
{
	hash = hash > 1 ? hash : 2;
	return s->cap && s->slots[place(s, hash)];
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

uint64_t *path_set_take(struct path_set *s, size_t *n)
{
	size_t k = 0;
	for (size_t i = 0; i < s->cap; i++)
		if (s->slots[i])
			s->slots[k++] = s->slots[i];
	if (k)
		qsort(s->slots, k, sizeof *s->slots, by_value);
	uint64_t *all = s->slots;
	*s = (struct path_set){ 0 };
	*n = k;
	return all;
}

void path_set_done(struct path_set *s)
{
	free(s->slots);
	*s = (struct path_set){ 0 };
}
