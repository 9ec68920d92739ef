/* Sandboxed children. A launcher is one single-threaded process forked before any thread is started; it forks one child
 * a job, never reused. A child gets a pipe in, a pipe out and one unlinked spool file; it opens nothing, has no network
 * (seccomp), no file system (landlock, where the kernel has it), an unprivileged uid when we are root, limits on
 * memory, processor time and file size. What it writes is hostile input. */
#ifndef LAZARET_BASE_CHILD_H
#define LAZARET_BASE_CHILD_H

#include "base/err.h"
#include "base/str.h"

struct stream;
struct launcher;

enum { CHILD_PARAMS_MAX = 64 * 1024 };

struct child_limits {
	uint64_t memory; /* bytes of address space; ignored by sanitizer builds */
	uint64_t cpu_seconds;
	uint64_t spool_bytes; /* size of the spool file; 0: no spool */
	const char *memory_name,
		*seconds_name; /* what the user calls them, for messages; or NULL */
};

/* What a child runs: reads `in`, writes `out`, may use `spool` (-1: none); the return value is its exit status (0..100).
 * params are the bytes its starter passed, at most CHILD_PARAMS_MAX. It must be a function of this program, known
 * before launcher_open: launcher and caller are the same image, so its address is sent as it is. */
typedef int child_main(int in, int out, int spool, struct str params);

/* Forks the launcher; call it before any thread exists. */
int launcher_open(struct launcher **out, struct err *e);
void launcher_close(struct launcher *l);

/* Receives the child's answer piece by piece; a negative return ends the exchange with that code. */
struct child_answer {
	int (*take)(void *ctx, struct str piece, struct err *e);
	void *ctx;
};
/* One whole job, thread safe: starts `run` in a new child, writes all of `in` (NULL: nothing) to it and takes its answer
 * at the same time (no deadlock, whatever it does). deadline: CLOCK_MONOTONIC nanoseconds, 0: none. Returns 0; the code
 * of `in` when that failed (it is drained even when the child stopped reading, so that a verify has its say); the code
 * of take; ERR_IO "timeout" past the deadline, or with how the child ended when it did not exit with 0
 * ("ended by signal 9 (out of memory?)", "used more than N processor seconds", ...), ERR_UNSUPPORTED when none could be
 * started. The child is gone afterwards. */
int child_run(struct launcher *l, child_main *run, struct str params,
	      const struct child_limits *limits, struct stream *in,
	      const struct child_answer *answer, int64_t deadline, struct err *e);

/* Puts the calling process (a child just forked) into the sandbox; 0 or a code. For the tests too. */
int child_confine(const struct child_limits *limits, struct err *e);

#endif
