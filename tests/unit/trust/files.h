/* Files of tests, and cmocka. */
#ifndef LAZARET_TESTS_TRUST_FILES_H
#define LAZARET_TESTS_TRUST_FILES_H

#include "base/arena.h"
#include "base/stream.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static inline struct str read_in(struct arena *a, const char *dir, struct str name)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	struct err e = { 0 };
	struct str path = arena_printf(a, "%s/%.*s", dir, STR(name));
	int fd = open(path.p, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail_msg("%s", path.p);
	struct stream *s CLEANUP(cleanup_stream) = stream_fd(fd, true, -1, UINT64_MAX);
	assert_int_equal(stream_read_all(s, 64 << 20, &b, &e), 0);
	return arena_str(a, str_buf(&b));
}

/* A file below tests/data/trust. */
static inline struct str read_data(struct arena *a, const char *name)
{
	struct str dir = arena_printf(a, "%s/data/trust", getenv("LAZARET_TESTS"));
	return read_in(a, dir.p, str_of(name));
}

#endif
