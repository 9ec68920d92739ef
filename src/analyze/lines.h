/* Lines out of a body that comes in chunks of any size. A line that lies whole in a chunk is handed on in place; one
 * that does not is put together in a buffer of the arena, at most max bytes of it. */
#ifndef LAZARET_ANALYZE_LINES_H
#define LAZARET_ANALYZE_LINES_H

#include "base/arena.h"
#include "base/err.h"

struct lines {
	struct arena *arena;
	size_t max; /* bytes of a line; the rest of a longer one is dropped and `cut` is set */
	int (*line)(void *ctx, struct str line,
		    struct err *e); /* without "\n" and a "\r" before it */
	void *ctx;
	/* While line runs: the line was longer than max; it lies in our buffer and is gone when line returns. */
	bool cut, joined;
	char *part;
	size_t n, cap;
	bool open; /* the buffer holds the beginning of a line */
};

/* Returns 0 or what line returned when that was negative. */
int lines_feed(struct lines *l, struct str chunk, struct err *e);
/* The last line, when it has no newline. */
int lines_end(struct lines *l, struct err *e);

#endif
