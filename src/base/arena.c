/* Arena: blocks from malloc, bump allocation, freed together. Large requests get a block of their own. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 16, FIRST_BLOCK = 4096, MAX_BLOCK = 1 << 20 };

struct arena_block {
	struct arena_block *next;
	size_t size;
};

void arena_init(struct arena *a)
{
	*a = (struct arena){ 0 };
}

void arena_done(struct arena *a)
{
	struct arena_block *b = a->head;
	while (b) {
		struct arena_block *next = b->next;
		free(b);
		b = next;
	}
	*a = (struct arena){ 0 };
}

void arena_reset(struct arena *a)
{
	struct arena_block *b = a->head;
	/* A block for one large request is not where `p` points into. */
	while (b && (char *)(b + 1) + b->size != a->end) {
		struct arena_block *next = b->next;
		free(b);
		b = next;
	}
	struct arena_block *kept = b;
	for (b = kept ? kept->next : NULL; b;) {
		struct arena_block *next = b->next;
		free(b);
		b = next;
	}
	if (!kept) {
		*a = (struct arena){ 0 };
		return;
	}
	kept->next = NULL;
	a->head = kept;
	a->p = (char *)(kept + 1);
	a->total = kept->size;
}

void arena_merge(struct arena *into, struct arena *from)
{
	struct arena_block **last = &from->head;
	while (*last)
		last = &(*last)->next;
	*last = into->head;
	into->head = from->head;
	into->total += from->total;
	*from = (struct arena){ 0 };
}

static char *new_block(struct arena *a, size_t size)
{
	struct arena_block *b = malloc(sizeof *b + size);
	if (!b)
		abort();
	b->size = size;
	b->next = a->head;
	a->head = b;
	a->total += size;
	return (char *)(b + 1);
}

void *arena_alloc(struct arena *a, size_t n)
{
	if (n > SIZE_MAX / 2)
		abort();
	n = (MAX(n, (size_t)1) + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if ((size_t)(a->end - a->p) >= n) {
		void *p = a->p;
		a->p += n;
		return p;
	}
	size_t size = a->head ? MIN(a->total, (size_t)MAX_BLOCK) : (size_t)FIRST_BLOCK;
	if (n > size / 4)
		return new_block(a, n);
	a->p = new_block(a, size);
	a->end = a->p + size;
	void *p = a->p;
	a->p += n;
	return p;
}

void *arena_zalloc(struct arena *a, size_t n)
{
	return memset(arena_alloc(a, n), 0, n);
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
	size_t bytes;
	if (!size_mul(n, size, &bytes))
		abort();
	return arena_zalloc(a, bytes);
}

struct str arena_str(struct arena *a, struct str s)
{
	return (struct str){ arena_cstr(a, s), s.n };
}

char *arena_cstr(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);
	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return p;
}

struct str arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	struct str s = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return s;
}

struct str arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	va_list again;
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	if (n < 0)
		abort();
	char *p = arena_alloc(a, (size_t)n + 1);
	vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return (struct str){ p, (size_t)n };
}

void *arena_grow(struct arena *a, void *items, size_t n, size_t *cap, size_t size)
{
	if (n == *cap) {
		size_t bigger = *cap ? *cap * 2 : 8;
		void *p = arena_array(a, bigger, size);
		if (n)
			memcpy(p, items, n * size);
		items = p;
		*cap = bigger;
	}
	memset((char *)items + n * size, 0, size);
	return items;
}
