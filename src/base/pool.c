/* Threads that take the next job from a counter. Where no thread can be made, the caller's own does all the work. */
#include "base/pool.h"

#include "base/cleanup.h"

#include <pthread.h>
#include <sched.h>

enum { POOL_THREADS_MAX = 64 };

struct pool {
	pool_job *job;
	void *ctx;
	size_t next, n;
	bool stop;
	pthread_mutex_t lock;
	int failed;
	struct err why;
};

bool pool_stopped(const bool *stop)
{
	return __atomic_load_n(stop, __ATOMIC_RELAXED);
}

static void fail(struct pool *p, const struct err *e, int code)
{
	pthread_mutex_lock(&p->lock);
	if (!p->failed) {
		p->failed = code;
		p->why = *e;
	}
	pthread_mutex_unlock(&p->lock);
	__atomic_store_n(&p->stop, true, __ATOMIC_RELAXED);
}

static void *work(void *arg)
{
	struct pool *p = arg;
	while (!pool_stopped(&p->stop)) {
		struct err e = { 0 };
		size_t i = __atomic_fetch_add(&p->next, 1, __ATOMIC_RELAXED);
		if (i >= p->n)
			break;
		int r = p->job(p->ctx, i, &p->stop, &e);
		if (r < 0)
			fail(p, &e, r);
	}
	return NULL;
}

int pool_run(unsigned threads, size_t n, pool_job *job, void *ctx, struct err *e)
{
	struct pool p = { .job = job, .ctx = ctx, .n = n, .lock = PTHREAD_MUTEX_INITIALIZER };
	pthread_t id[POOL_THREADS_MAX];
	size_t started = 0, more = MIN((size_t)threads, n);
	more = MIN(more, (size_t)POOL_THREADS_MAX);
	while (started + 1 < more && pthread_create(&id[started], NULL, work, &p) == 0)
		started++;
	work(&p);
	for (size_t i = 0; i < started; i++)
		pthread_join(id[i], NULL);
	pthread_mutex_destroy(&p.lock);
	if (p.failed)
		*e = p.why;
	return p.failed;
}

unsigned pool_processors(void)
{
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof set, &set) != 0)
		return 1;
	return (unsigned)MAX(CPU_COUNT(&set), 1);
}
