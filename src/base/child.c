/* Sandboxed children: the starter's side and the launcher.
 *
 * A job is one message to the launcher: what to run, with three descriptors (the child's input, its output, and our line
 * about the job). The launcher forks, reaps, and says on that line how the child ended; closing or shutting down our end
 * kills the child. The launcher ends, and its children with it, when we do (end of the control socket, and PDEATHSIG).
 *
 * What a hostile child may try: endless output (the taker's bound), no reading (the input is drained all the same), no
 * end (processor seconds, deadline), much memory (RLIMIT_AS), and what child_sandbox.c takes away. */
#include "base/child.h"

#include "base/cleanup.h"
#include "base/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

enum {
	JOBS_MAX = 128, /* children at once */
	PIPE_BYTES = 1 << 20,
	ANSWER_BYTES = 64 * 1024,
	CHILD_IN = 0,
	CHILD_OUT = 1,
	CHILD_ERR = 2,
	CHILD_SPOOL = 3,
	CHILD_LINE = 4,
};

struct launcher {
	int control;
	pid_t pid;
};

struct request {
	child_main *run;
	struct child_limits limits;
	size_t n_params;
	char params[CHILD_PARAMS_MAX];
};

/* On the line of a job: why it could not start, and how it ended. */
struct report {
	enum { REPORT_NOT_STARTED, REPORT_ENDED } kind;
	int status; /* as waitpid gives it */
	double cpu_seconds;
	struct err why;
};

/* The launcher's side */

struct job {
	pid_t pid;
	int line;
	bool killed;
};
struct launching {
	int control, signals, null;
	char spool_dir[4096];
	struct job jobs[JOBS_MAX];
	size_t n_jobs;
	struct request request;
};

static void tell(int line, const struct report *r)
{
	while (send(line, r, sizeof *r, MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
}

static void tell_not_started(int line, const struct err *why)
{
	struct report r = { .kind = REPORT_NOT_STARTED, .why = *why };
	tell(line, &r);
}

/* An unlinked file on a disk: never in memory, so that a large spool is no way around the memory limit. */
static int open_spool(const char *dir, struct err *e)
{
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
		char name[sizeof((struct launching *)0)->spool_dir + 32];
		snprintf(name, sizeof name, "%s/lazaret-XXXXXX", dir);
		fd = mkostemp(name, O_CLOEXEC);
		if (fd >= 0)
			unlink(name);
	}
	return fd >= 0 ? fd : err_sys(e, "make a spool file in %s", dir);
}

static void reset_signals(void)
{
	sigset_t none;
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	/* A Ctrl-C is for our starter, who ends us. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Moves the job's descriptors to their fixed places and closes all others. */
static int place_fds(int in, int out, int null, int spool, int line, struct err *e)
{
	int from[] = { in, out, null, spool < 0 ? null : spool, line };
	for (size_t i = 0; i < COUNT(from); i++)
		if ((from[i] = fcntl(from[i], F_DUPFD, 64)) < 0)
			return err_sys(e, "move a descriptor");
#ifdef LAZARET_SANITIZED
	/* The sanitizer's report must come out somewhere. */
	from[CHILD_ERR] = fcntl(STDERR_FILENO, F_DUPFD, 64);
#endif
	for (size_t i = 0; i < COUNT(from); i++)
		if (dup2(from[i], (int)i) < 0)
			return err_sys(e, "move a descriptor");
	if (spool < 0)
		close(CHILD_SPOOL);
	close_range(CHILD_LINE + 1, ~0U, 0);
	return 0;
}

static _Noreturn void child_start(struct launching *la, int in, int out, int line, pid_t parent)
{
	struct err e;
	struct str params = { la->request.params, la->request.n_params };
	int spool = -1;
	if (la->request.limits.spool_bytes && (spool = open_spool(la->spool_dir, &e)) < 0)
		goto failed;
	if (place_fds(in, out, la->null, spool, line, &e))
		goto failed;
	line = CHILD_LINE;
	if (spool >= 0)
		spool = CHILD_SPOOL;
	reset_signals();
	if (child_confine(&la->request.limits, &e))
		goto failed;
	/* It may have gone before PDEATHSIG was set. */
	if (getppid() != parent)
		_exit(101);
	close(CHILD_LINE);
	_exit(la->request.run(CHILD_IN, CHILD_OUT, spool, params));
failed:
	tell_not_started(line, &e);
	_exit(101);
}

static void start_job(struct launching *la, const int *fds)
{
	struct err e;
	pid_t self = getpid(), pid = -1;
	if (la->n_jobs == JOBS_MAX)
		err_set(&e, ERR_IO, "more than %d children at once", JOBS_MAX);
	else if ((pid = fork()) < 0)
		err_sys(&e, "fork");
	if (pid == 0)
		child_start(la, fds[0], fds[1], fds[2], self);
	close(fds[0]);
	close(fds[1]);
	if (pid < 0) {
		tell_not_started(fds[2], &e);
		close(fds[2]);
		return;
	}
	la->jobs[la->n_jobs++] = (struct job){ .pid = pid, .line = fds[2] };
}

/* False when the starter is gone. */
static bool take_request(struct launching *la)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(3 * sizeof(int))];
	} control;
	struct iovec v = { &la->request, sizeof la->request };
	struct msghdr m = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof control };
	int fds[3];
	ssize_t n = recvmsg(la->control, &m, MSG_CMSG_CLOEXEC);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n <= 0)
		return false;
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	if (!c || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof fds))
		return true;
	memcpy(fds, CMSG_DATA(c), sizeof fds);
	start_job(la, fds);
	return true;
}

static void reap(struct launching *la)
{
	struct signalfd_siginfo drop[16];
	struct rusage usage;
	int status;
	pid_t pid;
	while (read(la->signals, drop, sizeof drop) > 0)
		;
	while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
		for (size_t i = 0; i < la->n_jobs; i++) {
			if (la->jobs[i].pid != pid)
				continue;
			struct report r = { .kind = REPORT_ENDED, .status = status };
			r.cpu_seconds =
				(double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
				(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
			tell(la->jobs[i].line, &r);
			close(la->jobs[i].line);
			la->jobs[i] = la->jobs[--la->n_jobs];
			break;
		}
	}
}

static void kill_abandoned(struct launching *la, const struct pollfd *lines)
{
	for (size_t i = 0; i < la->n_jobs; i++)
		if (lines[i].revents && !la->jobs[i].killed) {
			kill(la->jobs[i].pid, SIGKILL);
			la->jobs[i].killed = true;
		}
}

static void launch_forever(struct launching *la)
{
	struct pollfd p[2 + JOBS_MAX];
	for (;;) {
		p[0] = (struct pollfd){ .fd = la->control, .events = POLLIN };
		p[1] = (struct pollfd){ .fd = la->signals, .events = POLLIN };
		/* A killed one's line stays readable (end of file): not asked again. */
		for (size_t i = 0; i < la->n_jobs; i++)
			p[2 + i] =
				(struct pollfd){ .fd = la->jobs[i].killed ? -1 : la->jobs[i].line,
						 .events = POLLIN };
		if (poll(p, (nfds_t)(2 + la->n_jobs), -1) < 0)
			continue;
		kill_abandoned(la, p + 2);
		if (p[1].revents)
			reap(la);
		if (p[0].revents && !take_request(la))
			return;
	}
}

/* Secrets in the environment are none of a child's business; their bytes go too, not only the table. */
static void forget_environment(void)
{
	for (char **v = environ; v && *v; v++)
		explicit_bzero(*v, strlen(*v));
	clearenv();
}

static _Noreturn void launcher_main(int control, pid_t parent)
{
	struct launching *la = calloc(1, sizeof *la);
	const char *dir = getenv("TMPDIR");
	sigset_t child;
	if (!la)
		_exit(1);
	snprintf(la->spool_dir, sizeof la->spool_dir, "%s", dir && *dir ? dir : "/var/tmp");
	forget_environment();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "lazaret-launch");
	if (getppid() != parent)
		_exit(1);
	reset_signals();
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	la->control = control;
	la->signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	la->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (la->signals < 0 || la->null < 0)
		_exit(1);
	launch_forever(la);
	_exit(0);
}

/* The starter's side */

int launcher_open(struct launcher **out, struct err *e)
{
	int pair[2];
	pid_t self = getpid();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "make the launcher's socket");
	int room = 2 * CHILD_PARAMS_MAX;
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
	pid_t pid = fork();
	if (pid < 0) {
		int r = err_sys(e, "fork the launcher");
		close(pair[0]);
		close(pair[1]);
		return r;
	}
	if (pid == 0) {
		close(pair[0]);
		launcher_main(pair[1], self);
	}
	close(pair[1]);
	struct launcher *l = calloc(1, sizeof *l);
	if (!l)
		abort();
	*l = (struct launcher){ pair[0], pid };
	*out = l;
	return 0;
}

void launcher_close(struct launcher *l)
{
	if (!l)
		return;
	close(l->control);
	while (waitpid(l->pid, NULL, 0) < 0 && errno == EINTR)
		;
	free(l);
}

struct run {
	struct stream *in;
	const struct child_answer *answer;
	const struct child_limits *limits;
	int64_t deadline;
	int to_child, from_child, line;
	bool in_ended, ended, not_started, got_report;
	struct report report;
	char piece[ANSWER_BYTES];
};

static void run_done(struct run *r)
{
	cleanup_fd(&r->to_child);
	cleanup_fd(&r->from_child);
	cleanup_fd(&r->line);
}

static int64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void close_pair(int (*p)[2])
{
	cleanup_fd(&(*p)[0]);
	cleanup_fd(&(*p)[1]);
}

static int send_request(struct launcher *l, const struct request *q, const int *fds, struct err *e)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(3 * sizeof(int))];
	} control = { 0 };
	struct iovec v = { (void *)(uintptr_t)q, offsetof(struct request, params) + q->n_params };
	struct msghdr m = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof control };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(3 * sizeof(int));
	memcpy(CMSG_DATA(c), fds, 3 * sizeof(int));
	while (sendmsg(l->control, &m, MSG_NOSIGNAL) < 0) {
		if (errno == EINTR)
			continue;
		err_sys(e, "ask the launcher for a child");
		e->code = ERR_UNSUPPORTED;
		return e->code;
	}
	return 0;
}

/* Makes the pipes and hands their far ends to the launcher. */
static int start(struct launcher *l, const struct request *q, struct run *r, struct err *e)
{
	CLEANUP(close_pair) int in[2] = { -1, -1 };
	CLEANUP(close_pair) int out[2] = { -1, -1 };
	CLEANUP(close_pair) int line[2] = { -1, -1 };
	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, line) < 0)
		return err_sys(e, "make the pipes of a child");
	/* Fewer switches between the two of us; a refusal (the user's pipe quota) costs only speed. */
	fcntl(in[1], F_SETPIPE_SZ, PIPE_BYTES);
	if (fcntl(in[1], F_SETFL, O_NONBLOCK) < 0 || fcntl(out[0], F_SETFL, O_NONBLOCK) < 0)
		return err_sys(e, "make the pipes of a child");
	int fds[3] = { in[0], out[1], line[1] };
	int err = send_request(l, q, fds, e);
	if (err)
		return err;
	r->to_child = STEAL_FD(in[1]);
	r->from_child = STEAL_FD(out[0]);
	r->line = STEAL_FD(line[0]);
	return 0;
}

static int check_deadline(const struct run *r, struct err *e)
{
	if (r->deadline && now() >= r->deadline)
		return err_set(e, ERR_IO, "timeout");
	return 0;
}

/* Gives the child what its pipe takes of the window. */
static int feed(struct run *r, struct err *e)
{
	while (r->to_child >= 0) {
		ssize_t n = r->in ? stream_fill(r->in, e) : 0;
		if (n < 0)
			return (int)n;
		if (n == 0) {
			r->in_ended = true;
			cleanup_fd(&r->to_child);
			r->to_child = -1;
			return 0;
		}
		ssize_t put = write(r->to_child, r->in->pos, (size_t)n);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0 && errno == EAGAIN)
			return 0;
		if (put < 0) {
			/* It reads no more: its affair. What is left is drained at the end. */
			cleanup_fd(&r->to_child);
			r->to_child = -1;
			return 0;
		}
		r->in->pos += put;
		int late = check_deadline(r, e);
		if (late)
			return late;
	}
	return 0;
}

static int take(struct run *r, struct err *e)
{
	ssize_t n = read(r->from_child, r->piece, sizeof r->piece);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0) {
		cleanup_fd(&r->from_child);
		r->from_child = -1;
		return 0;
	}
	return r->answer && r->answer->take
		       ? r->answer->take(r->answer->ctx, (struct str){ r->piece, (size_t)n }, e)
		       : 0;
}

static void take_report(struct run *r)
{
	struct report got;
	ssize_t n = recv(r->line, &got, sizeof got, 0);
	if (n < 0 && errno == EINTR)
		return;
	if (n == sizeof got && got.kind == REPORT_NOT_STARTED) {
		r->not_started = true;
		r->report.why = got.why;
		return;
	}
	if (n == sizeof got) {
		got.why = r->report.why;
		r->report = got;
		r->got_report = true;
	}
	r->ended = true;
}

/* One turn of waiting for whichever side can move. */
static int exchange_some(struct run *r, struct err *e)
{
	int timeout = -1;
	struct pollfd p[] = {
		{ .fd = r->to_child, .events = POLLOUT },
		{ .fd = r->from_child, .events = POLLIN },
		{ .fd = r->ended ? -1 : r->line, .events = POLLIN },
	};
	if (r->deadline)
		timeout = (int)MIN(MAX((r->deadline - now()) / 1000000 + 1, (int64_t)0),
				   (int64_t)INT32_MAX);
	if (poll(p, COUNT(p), timeout) < 0 && errno != EINTR)
		return err_sys(e, "wait for a child");
	int code = check_deadline(r, e);
	if (code == 0 && p[1].revents)
		code = take(r, e);
	if (code == 0 && p[0].revents)
		code = feed(r, e);
	if (code == 0 && p[2].revents)
		take_report(r);
	return code;
}

/* Its output may end after its death is told (what lies in the pipe), never the other way for long. */
static int exchange(struct run *r, struct err *e)
{
	int code = 0;
	while (code == 0 && (r->from_child >= 0 || !r->ended))
		code = exchange_some(r, e);
	return code;
}

/* Kills what may still run and waits until the launcher has reaped it. */
static void finish(struct run *r)
{
	cleanup_fd(&r->to_child);
	r->to_child = -1;
	cleanup_fd(&r->from_child);
	r->from_child = -1;
	if (!r->ended)
		shutdown(r->line, SHUT_WR);
	while (!r->ended)
		take_report(r);
}

static int drain(struct run *r, struct err *e)
{
	while (r->in && !r->in_ended) {
		ssize_t n = stream_fill(r->in, e);
		if (n <= 0) {
			r->in_ended = true;
			return (int)n;
		}
		r->in->pos = r->in->end;
		int code = check_deadline(r, e);
		if (code)
			return code;
	}
	return 0;
}

enum { LIMIT_TEXT = 60 };

static const char *limit_text(const char *name, char text[LIMIT_TEXT])
{
	if (!name)
		return "";
	snprintf(text, LIMIT_TEXT, " (limit %s)", name);
	return text;
}

static int how_it_ended(const struct run *r, struct err *e)
{
	int status = r->report.status;
	char text[LIMIT_TEXT];
	if (r->not_started) {
		*e = r->report.why;
		err_in(e, "start a sandboxed child");
		return e->code = ERR_UNSUPPORTED;
	}
	if (!r->got_report)
		return err_set(e, ERR_UNSUPPORTED, "the launcher of sandboxed children is gone");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status))
		return err_set(e, ERR_IO, "the child failed with status %d", WEXITSTATUS(status));
	int sig = WTERMSIG(status);
	if (sig == SIGXCPU ||
	    (sig == SIGKILL && r->report.cpu_seconds >= (double)r->limits->cpu_seconds))
		return err_set(e, ERR_IO, "the child used more than %llu processor seconds%s",
			       (unsigned long long)r->limits->cpu_seconds,
			       limit_text(r->limits->seconds_name, text));
	const char *guess = "";
	if (sig == SIGABRT || sig == SIGKILL)
		return err_set(e, ERR_IO, "the child was ended by signal %d (out of memory?)%s",
			       sig, limit_text(r->limits->memory_name, text));
	if (sig == SIGXFSZ)
		guess = " (its spool is full)";
	else if (sig == SIGSYS)
		guess = " (a forbidden system call)";
	return err_set(e, ERR_IO, "the child was ended by signal %d%s", sig, guess);
}

/* Writing to a child that reads no more raises SIGPIPE for this thread; it is kept from the process. */
static void sigpipe_block(sigset_t *old, bool *pending)
{
	sigset_t pipe, now_pending;
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	sigpending(&now_pending);
	*pending = sigismember(&now_pending, SIGPIPE) == 1;
	pthread_sigmask(SIG_BLOCK, &pipe, old);
}

static void sigpipe_restore(const sigset_t *old, bool was_pending)
{
	static const struct timespec at_once = { 0, 0 };
	sigset_t pipe;
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	while (!was_pending && sigtimedwait(&pipe, NULL, &at_once) < 0 && errno == EINTR)
		;
	pthread_sigmask(SIG_SETMASK, old, NULL);
}

static int run_started(struct run *r, struct err *e)
{
	int code = exchange(r, e);
	int stream_code = r->in ? r->in->failed : 0;
	bool late = code && r->deadline && now() >= r->deadline;
	finish(r);
	if (stream_code || late)
		return code;
	struct err why;
	int drained = drain(r, &why);
	if (drained) {
		*e = why;
		return drained;
	}
	return code ? code : how_it_ended(r, e);
}

int child_run(struct launcher *l, child_main *run, struct str params,
	      const struct child_limits *limits, struct stream *in,
	      const struct child_answer *answer, int64_t deadline, struct err *e)
{
	sigset_t old;
	bool pending;
	if (params.n > CHILD_PARAMS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d bytes of parameters for a child",
			       CHILD_PARAMS_MAX);
	CLEANUP(cleanup_free) struct request *q = malloc(sizeof *q);
	CLEANUP(cleanup_free) struct run *r = calloc(1, sizeof *r);
	if (!q || !r)
		abort();
	q->run = run;
	q->limits = *limits;
	q->n_params = params.n;
	if (params.n)
		memcpy(q->params, params.p, params.n);
	r->in = in;
	r->answer = answer;
	r->limits = limits;
	r->deadline = deadline;
	r->to_child = r->from_child = r->line = -1;
	sigpipe_block(&old, &pending);
	int code = start(l, q, r, e);
	if (code == 0)
		code = run_started(r, e);
	sigpipe_restore(&old, pending);
	run_done(r);
	return code;
}
