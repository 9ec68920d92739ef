/* An arena: many small allocations with one life. Allocation never fails (true out-of-memory aborts); everything
 * is freed at once by arena_done. One arena belongs to one unit of work (request, layer, image, batch) and to one
 * thread at a time. */
#ifndef LAZARET_BASE_ARENA_H
#define LAZARET_BASE_ARENA_H

#include <stdarg.h>
#include "base/str.h"

#include <stddef.h>

struct arena_block;
struct arena {
	struct arena_block *head;
	char *p, *end;
	size_t total;         /* bytes taken from the system so far */
};

/* A zeroed struct arena is a valid empty one. */
void arena_init(struct arena *a);
void arena_done(struct arena *a);
/* Everything in it is gone; its last block is kept for what comes. */
void arena_reset(struct arena *a);
/* What `from` holds lives as long as `into` from now on; `from` is empty then. */
void arena_merge(struct arena *into, struct arena *from);
/* Memory aligned for any type, not initialized / zeroed; valid until arena_done. */
void *arena_alloc(struct arena *a, size_t n);
void *arena_zalloc(struct arena *a, size_t n);
/* n * size with an overflow check that aborts. */
void *arena_array(struct arena *a, size_t n, size_t size);
/* Copies. arena_str keeps n and adds a NUL behind it (not counted). */
struct str arena_str(struct arena *a, struct str s);
char *arena_cstr(struct arena *a, struct str s);
struct str arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
struct str arena_vprintf(struct arena *a, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

#define ARENA_NEW(a, type) ((type *)arena_zalloc((a), sizeof(type)))

/* Room for one more element at the end of a growing array in the arena: returns a zeroed slot and counts it. The
 * triple is (pointer, count, capacity), all fields of the caller's struct. */
void *arena_grow(struct arena *a, void *items, size_t n, size_t *cap, size_t size);
#define ARENA_PUSH(a, items, n, cap) \
	({ \
		(items) = arena_grow((a), (items), (n), &(cap), sizeof *(items)); \
		&(items)[(n)++]; \
	})

#endif
