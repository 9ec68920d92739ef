/* Progress: one line, written over itself at most ten times a second. */
#include "cmd/progress.h"
#include "base/time.h"

#include <stdio.h>
#include <unistd.h>

enum { INTERVAL = 100 * 1000 * 1000 };

void progress_start(struct progress *p, const struct args *a)
{
	*p = (struct progress){ .on = isatty(STDERR_FILENO) && !args_flag(a, "quiet") };
	pthread_mutex_init(&p->lock, NULL);
}

static void show(struct progress *p, bool always, const char *text)
{
	pthread_mutex_lock(&p->lock);
	int64_t now = time_monotonic();
	if (always || now - p->last >= INTERVAL) {
		fprintf(stderr, "\r\x1b[K%.200s", text);
		p->last = now;
		p->shown = true;
	}
	pthread_mutex_unlock(&p->lock);
}

void progress_layer(void *ctx, size_t layer, size_t n_layers, const char *what, uint64_t done,
		    uint64_t total)
{
	struct progress *p = ctx;
	char text[200];
	if (!p->on)
		return;
	if (total)
		snprintf(text, sizeof text, "layer %zu of %zu: %s %llu of %llu MiB", layer + 1,
			 n_layers, what, (unsigned long long)(done >> 20),
			 (unsigned long long)(total >> 20));
	else
		snprintf(text, sizeof text, "layer %zu of %zu: %s", layer + 1, n_layers, what);
	show(p, false, text);
}

void progress_text(void *ctx, const char *text)
{
	struct progress *p = ctx;
	if (p->on)
		show(p, true, text);
}

void progress_clear(struct progress *p)
{
	pthread_mutex_lock(&p->lock);
	if (p->shown)
		fputs("\r\x1b[K", stderr);
	p->shown = false;
	pthread_mutex_unlock(&p->lock);
}

void progress_stop(struct progress *p)
{
	progress_clear(p);
	pthread_mutex_destroy(&p->lock);
}
