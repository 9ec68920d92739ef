/* A sink for the fuzzers of the rpm readers, and what must hold of it afterwards. */
#ifndef LAZARET_FUZZ_RPM_SINK_H
#define LAZARET_FUZZ_RPM_SINK_H

#include "analyze/rpm.h"

struct fuzz_sink {
	struct arena arena;
	struct limits limits;
	struct record_file file;
	struct rpm_sink sink;
	size_t size;
};

static inline void fuzz_sink_init(struct fuzz_sink *f, size_t size)
{
	*f = (struct fuzz_sink){ .size = size };
	limits_default(&f->limits);
	rpm_sink_init(&f->sink, &f->arena, &f->file, &f->limits, size);
}

static inline void fuzz_sink_done(struct fuzz_sink *f, int code, struct err *e)
{
	uint64_t paths = 0;
	if (code == 0 && f->file.n_packages + f->sink.troubles < f->sink.headers)
		abort();
	for (size_t i = 0; i < f->file.n_packages; i++) {
		const struct record_package *p = &f->file.packages[i];
		if (!p->name.n || !p->version.n || !p->source_name.n || !p->source_version.n)
			abort();
		for (size_t k = 0; k < p->n_owned; k++)
			paths += p->owned[k].path.n;
	}
	if (paths > RPM_PATH_BASE + RPM_PATH_FACTOR * f->size)
		abort();
	rpm_sink_result(&f->sink, code, e);
	arena_done(&f->arena);
}

#endif
