/* The worker pool: a number of jobs over a few threads, in order, until one fails. */
#ifndef LAZARET_BASE_POOL_H
#define LAZARET_BASE_POOL_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* One job; called from any of the threads. *stop becomes true when another job has failed: a long one looks at it. */
typedef int pool_job(void *ctx, size_t i, const bool *stop, struct err *e);

/* Runs jobs 0..n-1, begun in this order, by at most `threads` threads (the caller's is one of them). After a failure none
 * is begun any more. Returns 0, or the code of the job that failed first. Read *stop with pool_stopped. */
int pool_run(unsigned threads, size_t n, pool_job *job, void *ctx, struct err *e);
bool pool_stopped(const bool *stop);
/* Processors this process may use, at least 1. */
unsigned pool_processors(void);

#endif
