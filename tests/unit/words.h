/* What the engine of secrets must hit: every word of every rule, looked for by itself. */
#ifndef LAZARET_TESTS_WORDS_H
#define LAZARET_TESTS_WORDS_H

#include "analyze/secret_engine.h"

#include <stdio.h>
#include <stdlib.h>

struct words_hit {
	uint64_t end;
	size_t rule; /* 2 x its index; one more for one of its words */
};

struct words_hits {
	struct words_hit *v;
	size_t n, cap;
	bool unordered; /* of one rule */
	uint64_t *last; /* by rule */
};

struct words {
	struct arena arena;
	struct secret_rules rules;
	struct secret_engine *engine;
	uint64_t random;
};

static inline unsigned words_draw(struct words *w, size_t n)
{
	w->random = w->random * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)((w->random >> 33) % n);
}

static inline void words_open(struct words *w, const char *config)
{
	struct err e = { 0 };
	struct buf b = { 0 };
	*w = (struct words){ 0 };
	if (secret_rules_read(&w->arena, str_of(config), &w->rules, &e) ||
	    secret_engine_compile(&w->rules, &b, &e) ||
	    secret_engine_open(str_buf(&b), &w->engine, &e)) {
		fprintf(stderr, "%s\n", e.text);
		abort();
	}
	buf_done(&b);
}

static inline void words_close(struct words *w)
{
	secret_engine_close(w->engine);
	arena_done(&w->arena);
}

static inline void words_add(void *ctx, size_t rule, bool word, uint64_t end)
{
	struct words_hits *h = ctx;
	if (h->n == h->cap) {
		h->cap = h->cap ? 2 * h->cap : 1024;
		h->v = realloc(h->v, h->cap * sizeof *h->v);
		if (!h->v)
			abort();
	}
	rule = 2 * rule + word;
	if (h->last && end < h->last[rule])
		h->unordered = true;
	if (h->last)
		h->last[rule] = end;
	h->v[h->n++] = (struct words_hit){ end, rule };
}

static inline int words_order(const void *a, const void *b)
{
	const struct words_hit *x = a, *y = b;
	if (x->end != y->end)
		return x->end < y->end ? -1 : 1;
	return x->rule < y->rule ? -1 : x->rule > y->rule;
}

/* Two words of a rule may end together. */
static inline void words_sort(struct words_hits *h)
{
	size_t n = 0;
	if (h->n)
		qsort(h->v, h->n, sizeof *h->v, words_order);
	for (size_t i = 0; i < h->n; i++)
		if (!n || words_order(&h->v[n - 1], &h->v[i]) != 0)
			h->v[n++] = h->v[i];
	h->n = n;
}

static inline void words_lower(struct str s, char *out)
{
	for (size_t i = 0; i < s.n; i++)
		out[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] + 32 : s.p[i]);
}

static inline void words_find(struct str body, struct str word, size_t rule, bool second,
			      struct words_hits *out)
{
	struct str rest = body;
	const char *p;
	while (word.n && (p = memmem(rest.p, rest.n, word.p, word.n))) {
		words_add(out, rule, second, (uint64_t)(p - body.p) + word.n);
		rest = str_from(rest, (size_t)(p - rest.p) + 1);
	}
}

static inline void words_naive(const struct words *w, struct str body, struct words_hits *out)
{
	char *copy = malloc(body.n + 1), small[512];
	if (!copy)
		abort();
	words_lower(body, copy);
	struct str lower = { copy, body.n };
	for (size_t i = 0; i < w->rules.n; i++) {
		const struct secret_rule *r = &w->rules.v[i];
		struct str rest = r->keyword, word;
		while (rest.n) {
			word = str_cut(&rest, '|');
			bool any_case = str_starts(word, S("i:"));
			word = str_from(word, any_case ? 2 : 0);
			if (word.n > sizeof small)
				abort();
			words_lower(word, small);
			words_find(any_case ? lower : body,
				   any_case ? (struct str){ small, word.n } : word, i, false, out);
		}
		for (size_t k = 0; k < r->words.n; k++) {
			words_lower(str_upto(r->words.v[k], sizeof small), small);
			words_find(lower, (struct str){ small, r->words.v[k].n }, i, true, out);
		}
	}
	free(copy);
	words_sort(out);
}

/* In pieces of 1 to `piece` bytes, each in memory of its own that begins anywhere; 0: in one call. */
static inline void words_scan(struct words *w, struct str body, size_t piece,
			      struct words_hits *out)
{
	enum { PLACES = 64 };
	const struct secret_engine_sink sink = { words_add, out };
	struct err e;
	out->last = calloc(2 * w->rules.n + 2, sizeof *out->last);
	if (!out->last)
		abort();
	while (body.n) {
		size_t n = piece ? MIN((size_t)words_draw(w, piece) + 1, body.n) : body.n;
		size_t place = words_draw(w, PLACES);
		char *copy = malloc(place + n);
		if (!copy)
			abort();
		memcpy(copy + place, body.p, n);
		if (secret_engine_scan(w->engine, (struct str){ copy + place, n }, &sink, &e))
			abort();
		free(copy);
		body = str_from(body, n);
	}
	if (secret_engine_end(w->engine, &e))
		abort();
	words_sort(out);
	free(out->last);
}

/* Whether one call and pieces hit what the naive search hits, each rule's in order. */
static inline bool words_same(struct words *w, struct str body, size_t piece)
{
	struct words_hits h[3] = { 0 };
	bool same = true;
	words_naive(w, body, &h[0]);
	words_scan(w, body, 0, &h[1]);
	words_scan(w, body, piece, &h[2]);
	for (int i = 1; i < 3; i++)
		same = same && !h[i].unordered && h[i].n == h[0].n &&
		       (h[0].n == 0 || memcmp(h[i].v, h[0].v, h[0].n * sizeof *h[0].v) == 0);
	for (int i = 0; i < 3; i++)
		free(h[i].v);
	return same;
}

/* Words, their beginnings, their ends, in other case, with a byte changed, and noise between. */
static inline void words_grow(struct words *w, size_t size, struct buf *out)
{
	while (out->n < size) {
		const struct secret_rule *r = &w->rules.v[words_draw(w, w->rules.n)];
		struct str rest = r->keyword, word = { 0 };
		size_t at = out->n;
		for (unsigned k = words_draw(w, 8) + 1; k && rest.n; k--)
			word = str_cut(&rest, '|');
		if (str_starts(word, S("i:")))
			word = str_from(word, 2);
		if (r->words.n && words_draw(w, 2))
			word = r->words.v[words_draw(w, r->words.n)];
		unsigned how = words_draw(w, 16);
		if (how == 0 && word.n)
			word = str_from(word, words_draw(w, word.n));
		if (how == 1 && word.n)
			word = str_upto(word, words_draw(w, word.n));
		buf_add_str(out, word);
		for (size_t i = at; i < out->n; i++)
			if ((how == 2 || how == 3) && ((out->p[i] | 32) >= 'a') &&
			    ((out->p[i] | 32) <= 'z') && words_draw(w, 2))
				out->p[i] ^= 32;
		if (how == 4 && word.n)
			out->p[at + words_draw(w, word.n)] ^= (char)(1 << words_draw(w, 8));
		for (unsigned k = how > 12 ? words_draw(w, 40) : words_draw(w, 3); k; k--)
			buf_add_char(out, (char)words_draw(w, 256));
	}
}

#endif
