/* See lines.h. A hostile body may be one line of gigabytes: no more than max bytes of it are ever kept. */
#include "analyze/lines.h"

#include "base/cleanup.h"

enum { FIRST = 256 };

static void keep(struct lines *l, struct str piece)
{
	size_t room = l->max > l->n ? l->max - l->n : 0;
	if (piece.n > room) {
		l->cut = true;
		piece.n = room;
	}
	if (piece.n > l->cap - l->n) {
		size_t cap = MAX(l->cap ? l->cap * 2 : (size_t)FIRST, l->n + piece.n);
		char *p = arena_alloc(l->arena, cap);
		if (l->n)
			memcpy(p, l->part, l->n);
		l->part = p;
		l->cap = cap;
	}
	if (piece.n)
		memcpy(l->part + l->n, piece.p, piece.n);
	l->n += piece.n;
	l->open = true;
}

static int hand_on(struct lines *l, struct str line, bool joined, struct err *e)
{
	if (line.n > l->max) {
		l->cut = true;
		line.n = l->max;
	}
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	l->joined = joined;
	int r = l->line(l->ctx, line, e);
	l->cut = l->open = false;
	l->n = 0;
	return r < 0 ? r : 0;
}

int lines_feed(struct lines *l, struct str chunk, struct err *e)
{
	while (chunk.n) {
		ssize_t at = str_find_char(chunk, '\n');
		struct str piece = at < 0 ? chunk : str_upto(chunk, (size_t)at);
		if (at < 0 || l->open)
			keep(l, piece);
		if (at < 0)
			return 0;
		bool joined = l->open;
		int r = hand_on(l, joined ? (struct str){ l->part, l->n } : piece, joined, e);
		if (r < 0)
			return r;
		chunk = str_from(chunk, (size_t)at + 1);
	}
	return 0;
}

int lines_end(struct lines *l, struct err *e)
{
	return l->open ? hand_on(l, (struct str){ l->part, l->n }, true, e) : 0;
}
