/* The real sandbox: children that misbehave in every way we can think of. */
#include "base/child.h"

#include "base/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <cmocka.h>

static const struct child_limits small = { .memory = 256 << 20,
					   .cpu_seconds = 1,
					   .spool_bytes = 1 << 20 };

static int put(int out, const char *s)
{
	return write(out, s, strlen(s)) == (ssize_t)strlen(s) ? 0 : 90;
}

static int child_echo(int in, int out, int spool, struct str params)
{
	char piece[70000];
	ssize_t n;
	(void)spool;
	if (write(out, params.p, params.n) != (ssize_t)params.n)
		return 1;
	while ((n = read(in, piece, sizeof piece)) > 0)
		for (ssize_t at = 0; at < n;) {
			ssize_t w = write(out, piece + at, (size_t)(n - at));
			if (w <= 0)
				return 2;
			at += w;
		}
	return n < 0 ? 3 : 0;
}

/* Says every forbidden thing that it was allowed to do. */
static int child_escape(int in, int out, int spool, struct str params)
{
	(void)in;
	(void)spool;
	(void)params;
	if (socket(AF_INET, SOCK_STREAM, 0) >= 0 || socket(AF_UNIX, SOCK_STREAM, 0) >= 0)
		put(out, "socket ");
	if (open("/etc/passwd", O_RDONLY) >= 0 || open("/dev/null", O_RDONLY) >= 0)
		put(out, "open ");
	if (fork() >= 0)
		put(out, "fork ");
	if (kill(getppid(), SIGKILL) == 0 || kill(getpid(), 0) == 0)
		put(out, "kill ");
	char *argv[] = { NULL };
	if (execve("/bin/true", argv, argv) == 0 || errno != EPERM)
		put(out, "exec ");
	if (setresuid(0, 0, 0) == 0)
		put(out, "setuid ");
#ifndef LAZARET_SANITIZED
	if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
	    MAP_FAILED)
		put(out, "exec-memory ");
#endif
	if (dup(in) >= 0)
		put(out, "dup ");
	for (int fd = 4; fd < 200; fd++)
		if (write(fd, "", 0) == 0 || errno != EBADF)
			put(out, "fd ");
	if (getenv("PATH") || getenv("LAZARET_TESTS"))
		put(out, "environment ");
	return put(out, "done");
}

__attribute__((unused)) static int child_memory(int in, int out, int spool, struct str params)
{
	(void)in;
	(void)spool;
	(void)params;
	for (size_t i = 0; i < 4096; i++) {
		/* volatile: a compiler may leave out memory that nobody looks at. */
		char *volatile p = malloc(1 << 20);
		if (!p) {
			put(out, "refused");
			abort();
		}
		memset(p, 1, 1 << 20);
	}
	return 0;
}

static int child_cpu(int in, int out, int spool, struct str params)
{
	(void)in;
	(void)out;
	(void)spool;
	(void)params;
	for (volatile unsigned long i = 1; i; i++)
		;
	return 0;
}

static int child_hang(int in, int out, int spool, struct str params)
{
	char c;
	(void)out;
	(void)spool;
	(void)params;
	while (read(in, &c, 1) >= 0)
		;
	return 0;
}

static int child_flood(int in, int out, int spool, struct str params)
{
	static const char zero[65536];
	(void)in;
	(void)spool;
	(void)params;
	while (write(out, zero, sizeof zero) > 0)
		;
	return 0;
}

__attribute__((unused)) static int child_signal(int in, int out, int spool, struct str params)
{
	(void)in;
	(void)out;
	(void)spool;
	(void)params;
	abort();
}

static int child_deaf(int in, int out, int spool, struct str params)
{
	(void)in;
	(void)spool;
	(void)params;
	return put(out, "no");
}

static int child_status(int in, int out, int spool, struct str params)
{
	(void)in;
	(void)out;
	(void)spool;
	return params.p[0];
}

__attribute__((unused)) static int child_spool(int in, int out, int spool, struct str params)
{
	char piece[4096] = "spool", back[6] = "";
	(void)in;
	(void)params;
	if (pwrite(spool, piece, sizeof piece, 8192) != sizeof piece ||
	    pread(spool, back, 5, 8192) != 5)
		return 1;
	put(out, back);
	/* Beyond the limit: a signal. */
	return pwrite(spool, piece, sizeof piece, 1 << 20) > 0 ? put(out, "too far") : 2;
}

static int take_all(void *ctx, struct str piece, struct err *e)
{
	struct buf *b = ctx;
	if (b->n + piece.n > 8 << 20)
		return err_set(e, ERR_LIMIT, "the answer is too long");
	buf_add_str(b, piece);
	return 0;
}

static int64_t in_ms(int64_t ms)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec + ms * 1000000;
}

static void test_ends(void **state)
{
	static const struct {
		const char *name;
		child_main *run;
		const char *params, *answer, *error;
		int code;
		int64_t deadline_ms;
	} t[] = {
		{ "echo", child_echo, "params ", "params input", NULL, 0, 0 },
		{ "escape", child_escape, "", "done", NULL, 0, 0 },
#ifndef LAZARET_SANITIZED
		{ "memory", child_memory, "", "refused", "out of memory", ERR_IO, 0 },
		{ "signal", child_signal, "", "", "signal 6", ERR_IO, 0 },
		{ "spool", child_spool, "", "spool", "spool is full", ERR_IO, 0 },
#endif
		{ "cpu", child_cpu, "", "", "more than 1 processor seconds", ERR_IO, 0 },
		{ "hang", child_hang, "", "", "timeout", ERR_IO, 300 },
		{ "flood", child_flood, "", NULL, "too long", ERR_LIMIT, 0 },
		{ "deaf", child_deaf, "", "no", NULL, 0, 0 },
		{ "status", child_status, "\x07", "", "status 7", ERR_IO, 0 },
	};
	for (size_t i = 0; i < COUNT(t); i++) {
		struct err e = { 0 };
		struct buf got = { 0 };
		struct child_answer answer = { take_all, &got };
		CLEANUP(cleanup_stream) struct stream *in = stream_mem(S("input"));
		int64_t deadline = t[i].deadline_ms ? in_ms(t[i].deadline_ms) : 0;
		int r = child_run(*state, t[i].run, str_of(t[i].params), &small, in, &answer,
				  deadline, &e);
		if (r != t[i].code || (t[i].error && !strstr(e.text, t[i].error)))
			fail_msg("%s: code %d, '%s'", t[i].name, r, e.text);
		if (t[i].answer && !str_eq(str_buf(&got), str_of(t[i].answer)))
			fail_msg("%s: answer '%.*s'", t[i].name, STR(str_buf(&got)));
		buf_done(&got);
	}
}

/* More than any pipe holds, both ways at once. */
static void test_large(void **state)
{
	struct err e = { 0 };
	struct buf bytes = { 0 }, got = { 0 };
	for (uint32_t i = 0; i < 1500000; i++)
		buf_add(&bytes, &i, sizeof i);
	struct child_answer answer = { take_all, &got };
	CLEANUP(cleanup_stream) struct stream *in = stream_mem(str_buf(&bytes));
	assert_int_equal(child_run(*state, child_echo, S(""), &small, in, &answer, 0, &e), 0);
	assert_true(str_eq(str_buf(&got), str_buf(&bytes)));
	buf_done(&bytes);
	buf_done(&got);
}

/* A wrong digest is found although the child never read: nothing may look verified. */
static void test_verify_has_its_say(void **state)
{
	struct err e = { 0 };
	struct buf bytes = { 0 }, got = { 0 };
	struct child_answer answer = { take_all, &got };
	struct digest wrong;
	child_main *mains[] = { child_deaf, child_echo, child_flood };
	buf_reserve(&bytes, 4 << 20);
	memset(bytes.p, 'x', 4 << 20);
	bytes.n = 4 << 20;
	digest_of(DIGEST_SHA256, S("other"), &wrong);
	for (size_t i = 0; i < COUNT(mains); i++) {
		CLEANUP(cleanup_stream)
		struct stream *in = stream_verify(stream_mem(str_buf(&bytes)), &wrong, UINT64_MAX);
		got.n = 0;
		assert_int_equal(child_run(*state, mains[i], S(""), &small, in, &answer, 0, &e),
				 ERR_INVALID);
		assert_non_null(strstr(e.text, "digest differs"));
	}
	buf_done(&bytes);
	buf_done(&got);
}

static void *run_many(void *launcher)
{
	for (int i = 0; i < 8; i++) {
		struct err e = { 0 };
		struct buf got = { 0 };
		struct child_answer answer = { take_all, &got };
		CLEANUP(cleanup_stream) struct stream *in = stream_mem(S("input"));
		int r = child_run(launcher, child_echo, S("p"), &small, in, &answer, 0, &e);
		bool good = r == 0 && str_eq(str_buf(&got), S("pinput"));
		buf_done(&got);
		if (!good)
			return (void *)1;
	}
	return NULL;
}

static void test_threads(void **state)
{
	pthread_t t[6];
	for (size_t i = 0; i < COUNT(t); i++)
		assert_int_equal(pthread_create(&t[i], NULL, run_many, *state), 0);
	for (size_t i = 0; i < COUNT(t); i++) {
		void *bad;
		pthread_join(t[i], &bad);
		assert_null(bad);
	}
}

static void test_params_limit(void **state)
{
	static char params[CHILD_PARAMS_MAX + 1];
	struct err e = { 0 };
	struct buf got = { 0 };
	struct child_answer answer = { take_all, &got };
	memset(params, 'p', sizeof params);
	struct str p = { params, sizeof params };
	assert_int_equal(child_run(*state, child_echo, p, &small, NULL, &answer, 0, &e), ERR_LIMIT);
	p.n--;
	assert_int_equal(child_run(*state, child_echo, p, &small, NULL, &answer, 0, &e), 0);
	assert_int_equal(got.n, p.n);
	buf_done(&got);
}

/* What the kernel says about a confined process. */
static void test_confined(void **state)
{
	int line[2];
	char path[64], text[8192];
	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, line), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct err e;
		close(line[0]);
		if (child_confine(&small, &e) || write(line[1], "x", 1) != 1)
			_exit(1);
		_exit(read(line[1], text, 1) < 0);
	}
	close(line[1]);
	assert_int_equal(read(line[0], text, 1), 1);
	snprintf(path, sizeof path, "/proc/%d/status", pid);
	int fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	ssize_t n = read(fd, text, sizeof text - 1);
	assert_true(n > 0);
	text[n] = '\0';
	close(fd);
	close(line[0]);
	waitpid(pid, NULL, 0);
	assert_non_null(strstr(text, "\nSeccomp:\t2\n"));
	assert_non_null(strstr(text, "\nNoNewPrivs:\t1\n"));
	assert_non_null(strstr(text, "\nCapEff:\t0000000000000000\n"));
	if (geteuid() == 0)
		assert_non_null(strstr(text, "\nUid:\t65534\t65534\t65534\t65534\n"));
}

/* The starter dies without a word; the launcher and a hanging child must be gone soon after: the write end of a pipe
 * that only they hold is closed. */
static void test_dies_with_its_parent(void **state)
{
	int alive[2];
	char c;
	(void)state;
	assert_int_equal(pipe(alive), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct launcher *l;
		struct err e;
		close(alive[0]);
		if (launcher_open(&l, &e))
			_exit(1);
		close(alive[1]);
		child_run(l, child_hang, S(""), &small, NULL, NULL, in_ms(400), &e);
		kill(getpid(), SIGKILL);
	}
	close(alive[1]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	alarm(10);
	assert_int_equal(read(alive[0], &c, 1), 0);
	alarm(0);
	close(alive[0]);
}

static int open_launcher(void **state)
{
	struct err e;
	return launcher_open((struct launcher **)state, &e);
}

static int close_launcher(void **state)
{
	launcher_close(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_verify_has_its_say),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_params_limit),
		cmocka_unit_test(test_confined),
		cmocka_unit_test(test_dies_with_its_parent),
	};
	return cmocka_run_group_tests_name("base/child", tests, open_launcher, close_launcher);
}
