/* Docker's credential helpers: a program docker-credential-NAME that is run with `get`, reads the server from its standard
 * input and answers {"ServerURL", "Username", "Secret"}, or exits with 1 and says "credentials not found". The name comes
 * from a configuration file and is kept to letters, digits, '.', '_' and '-'; the answer is bounded in size and time. What
 * a helper prints is never shown: it may hold the secret. */
#include "source/credentials.h"

#include "base/json.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

enum { HELPER_NAME_MAX = 64, HELPER_EXIT_MS = 5000 };

static bool name_valid(struct str name)
{
	if (name.n == 0 || name.n > HELPER_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      (c && strchr("._-", c))))
			return false;
	}
	return true;
}

/* A socket is its input and output: writing to one that is gone is an error, not a signal. */
static int start(char *program, pid_t *pid, int *out_fd, struct err *e)
{
	char *argv[] = { program, (char[]){ "get" }, NULL };
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return err_sys(e, "socket for %s", program);
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pair[1], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, pair[1], STDOUT_FILENO);
	int code = posix_spawnp(pid, program, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(pair[1]);
	if (code) {
		close(pair[0]);
		errno = code;
		if (code == ENOENT)
			return err_set(e, ERR_AUTH,
				       "credential helper %s: there is no such program in PATH",
				       program);
		return err_sys(e, "credential helper %s", program);
	}
	*out_fd = pair[0];
	return 0;
}

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int read_answer(int fd, struct buf *answer, const char *program, struct err *e)
{
	int64_t deadline = now_ms() + CREDENTIALS_HELPER_SECONDS * 1000;
	buf_reserve(answer, CREDENTIALS_SECRET_MAX +
				    1); /* in one place, so that wiping reaches all of it */
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = deadline - now_ms();
		if (left <= 0)
			return err_set(e, ERR_IO, "credential helper %s: no answer for %d seconds",
				       program, CREDENTIALS_HELPER_SECONDS);
		int ready = poll(&p, 1, (int)left);
		if (ready < 0 && errno != EINTR)
			return err_sys(e, "credential helper %s", program);
		if (ready <= 0)
			continue;
		ssize_t n = read(fd, answer->p + answer->n, CREDENTIALS_SECRET_MAX + 1 - answer->n);
		if (n < 0 && errno != EINTR && errno != ECONNRESET)
			return err_sys(e, "credential helper %s", program);
		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return 0;
		answer->n += n > 0 ? (size_t)n : 0;
		if (answer->n > CREDENTIALS_SECRET_MAX)
			return err_set(e, ERR_LIMIT,
				       "credential helper %s: the answer is larger than %d bytes",
				       program, CREDENTIALS_SECRET_MAX);
	}
}

/* Its exit status; -1 when it ended otherwise, or had to be ended: it may close its output and stay. */
static int wait_for(pid_t pid, bool killed)
{
	int status = 0;
	int64_t deadline = now_ms() + HELPER_EXIT_MS;
	for (;;) {
		if (killed || now_ms() > deadline)
			kill(pid, SIGKILL);
		pid_t gone = waitpid(pid, &status, killed ? 0 : WNOHANG);
		if (gone > 0 || (gone < 0 && errno != EINTR))
			return gone > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
		nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
	}
}

int credentials_from_answer(struct str json, struct credentials *out, struct err *e)
{
	CLEANUP(cleanup_json) struct json *tree = NULL;
	if (json_parse(json, &tree, e))
		return err_set(e, ERR_INVALID, "the answer is no JSON");
	struct str user = json_get_str(tree, "Username"), secret = json_get_str(tree, "Secret");
	if (!json_is_object(tree) || !json_is_string(json_get(tree, "Secret"))) {
		return err_set(e, ERR_INVALID, "the answer has no \"Secret\"");
	} else if (secret.n) {
		if (str_eq(user, S("<token>"))) {
			buf_add_str(&out->identity_token, secret);
		} else {
			buf_add_str(&out->username, user);
			buf_add_str(&out->password, secret);
		}
		out->found = true;
	}
	credentials_wipe_str(secret);
	return 0;
}

static int talk(char *program, struct str server, struct buf *answer, int *status, struct err *e)
{
	CLEANUP(cleanup_fd) int fd = -1;
	pid_t pid;
	int r = start(program, &pid, &fd, e);
	if (r)
		return r;
	(void)!send(fd, server.p, server.n, MSG_NOSIGNAL);
	(void)!send(fd, "\n", 1, MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
	r = read_answer(fd, answer, program, e);
	*status = wait_for(pid, r != 0);
	return r;
}

int credentials_from_helper(struct str name, struct str server, struct credentials *out,
			    struct err *e)
{
	char program[sizeof "docker-credential-" + HELPER_NAME_MAX];
	struct buf answer = { 0 };
	int status = 0;
	if (!name_valid(name))
		return err_set(e, ERR_INVALID, "'%.*s' is no name of a credential helper",
			       STR(str_upto(name, 64)));
	snprintf(program, sizeof program, "docker-credential-%.*s", STR(name));
	int r = talk(program, server, &answer, &status, e);
	if (r == 0 && status == 0) {
		r = credentials_from_answer(str_buf(&answer), out, e);
		if (r)
			err_in(e, "credential helper %s", program);
	} else if (r == 0 && str_find(str_buf(&answer), S("credentials not found")) < 0) {
		r = err_set(e, ERR_AUTH, "credential helper %s failed with status %d", program,
			    status);
	}
	credentials_wipe_buf(&answer);
	return r;
}
