/* A line on a terminal while long work goes on; nothing in a pipe or under --quiet. Thread safe. */
#ifndef LAZARET_CMD_PROGRESS_H
#define LAZARET_CMD_PROGRESS_H

#include "cmd/command.h"

#include <pthread.h>

struct progress {
	pthread_mutex_t lock;
	bool on, shown;
	int64_t last; /* CLOCK_MONOTONIC nanoseconds of the last line */
};
void progress_start(struct progress *p, const struct args *a);
/* The callbacks of source_options and scan_options; ctx is a struct progress. */
void progress_layer(void *ctx, size_t layer, size_t n_layers, const char *what, uint64_t done,
		    uint64_t total);
void progress_text(void *ctx, const char *text);
/* Takes the line away, until there is something new. */
void progress_clear(struct progress *p);
void progress_stop(struct progress *p);

#endif
