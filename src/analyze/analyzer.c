/* The list of analyzers, and reading the body of a file given whole. */
#include "analyze/analyzer.h"

#include <errno.h>
#include <unistd.h>

#define ANALYZER(name) extern const struct analyzer analyzer_##name;
#include "analyze/analyzers.def"
#undef ANALYZER

const struct analyzer *const analyzers[] = {
#define ANALYZER(name) &analyzer_##name,
#include "analyze/analyzers.def"
#undef ANALYZER
	NULL,
};

const struct analyzer *const *analyzers_chosen(struct arena *a, const struct analysis_options *o)
{
	const struct analyzer **list = arena_array(a, COUNT(analyzers), sizeof *list);
	unsigned asked = o->scanners ? o->scanners : SCAN_PACKAGES;
	size_t n = 0;
	/* Packages are what has licences. */
	if (asked & SCAN_LICENCES)
		asked |= SCAN_PACKAGES;
	for (size_t i = 0; analyzers[i]; i++) {
		unsigned runs = analyzers[i]->scanners ? analyzers[i]->scanners : SCAN_PACKAGES;
		if (o->databases_only && !analyzers[i]->database)
			runs &= ~(unsigned)SCAN_PACKAGES;
		if ((runs & asked) && (o->lockfiles || !analyzers[i]->lockfile))
			list[n++] = analyzers[i];
	}
	return list;
}

const struct analyzer *analyzer_find(struct str name)
{
	for (size_t i = 0; analyzers[i]; i++)
		if (str_eq(str_of(analyzers[i]->name), name))
			return analyzers[i];
	return NULL;
}

bool analysis_full(const struct analysis *an)
{
	return an->arena->total > an->limits->layer_memory / 4;
}

int whole_read(const struct whole *w, uint64_t at, void *p, size_t n, struct err *e)
{
	if (at > w->size || n > w->size - at)
		return err_set(e, ERR_INVALID, "ends at byte %llu, %zu wanted at %llu",
			       (unsigned long long)w->size, n, (unsigned long long)at);
	if (w->fd < 0) {
		if (n) /* an empty body has no address */
			memcpy(p, w->mem.p + at, n);
		return 0;
	}
	while (n) {
		ssize_t got = pread(w->fd, p, n, (off_t)(w->offset + at));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return err_sys(e, "read the spool");
		p = (char *)p + got;
		at += (uint64_t)got;
		n -= (size_t)got;
	}
	return 0;
}
