/* Passwords from a file, the environment or the terminal. The terminal is /dev/tty, so that standard input stays what the
 * command reads; it is read byte by byte without echo and signals, so that whatever the user types it is left as it was. */
#include "cmd/password.h"

#include "base/stream.h"
#include "trust/pem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <termios.h>

enum { KEY_INTERRUPT = 3, KEY_END = 4, KEY_BACKSPACE = 8, KEY_KILL = 21, KEY_DELETE = 127 };

static int from_file(const struct args *a, struct buf *out, struct err *e)
{
	struct str path = args_str(a, "password-file");
	int fd = open(arena_cstr(a->arena, path), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open the password file %.*s", STR(path));
	struct stream *in CLEANUP(cleanup_stream) = stream_fd(fd, true, -1, UINT64_MAX);
	buf_reserve(out, PASSWORD_MAX + 3);
	if (stream_read_all(in, PASSWORD_MAX + 2, out, e) < 0)
		return err_in(e, "read the password file %.*s", STR(path));
	if (out->n && out->p[out->n - 1] == '\n')
		out->n--;
	if (out->n && out->p[out->n - 1] == '\r')
		out->n--;
	return out->n > PASSWORD_MAX
		       ? err_set(e, ERR_LIMIT, "a password of more than %d bytes", PASSWORD_MAX)
		       : 0;
}

static int read_line(int fd, struct buf *out, struct err *e)
{
	buf_reserve(out, PASSWORD_MAX + 1);
	for (;;) {
		char c;
		ssize_t n = read(fd, &c, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "read from the terminal");
		if (n == 0 || c == '\r' || c == '\n' || c == KEY_END)
			return 0;
		if (c == KEY_INTERRUPT)
			return err_set(e, ERR_AUTH, "interrupted at the password prompt");
		if (c == KEY_KILL)
			out->n = 0;
		else if (c != KEY_BACKSPACE && c != KEY_DELETE)
			buf_add_char(out, c);
		else if (out->n)
			out->n--;
		if (out->n > PASSWORD_MAX)
			return err_set(e, ERR_LIMIT, "a password of more than %d bytes",
				       PASSWORD_MAX);
	}
}

static int from_terminal(const char *prompt, struct buf *out, struct err *e)
{
	struct termios before, quiet;
	int fd CLEANUP(cleanup_fd) = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || tcgetattr(fd, &before) != 0)
		return err_set(e, ERR_AUTH,
			       "%sthere is no terminal to ask on (set COSIGN_PASSWORD, or for a "
			       "token COSIGN_PKCS11_PIN)",
			       prompt);
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG);
	quiet.c_cc[VMIN] = 1;
	quiet.c_cc[VTIME] = 0;
	/* Silent first: who types at the prompt must not be heard. */
	if (tcsetattr(fd, TCSAFLUSH, &quiet) != 0)
		return err_sys(e, "silence the terminal");
	dprintf(fd, "%s", prompt);
	int r = read_line(fd, out, e);
	tcsetattr(fd, TCSAFLUSH, &before);
	dprintf(fd, "\n");
	return r;
}

/* 1 when a password came without asking anybody. */
static int without_asking(const struct args *a, struct buf *out, struct err *e)
{
	if (args_has(a, "password-file") && args_str(a, "password-file").n) {
		int r = from_file(a, out, e);
		return r < 0 ? r : 1;
	}
	const char *value = getenv("COSIGN_PASSWORD");
	if (!value)
		return 0;
	if (strlen(value) > PASSWORD_MAX)
		return err_set(e, ERR_LIMIT, "COSIGN_PASSWORD has more than %d bytes",
			       PASSWORD_MAX);
	buf_add_str(out, str_of(value));
	return 1;
}

static int ask(void *ctx, struct buf *out, struct err *e)
{
	int r = without_asking(ctx, out, e);
	return r < 0 ? r : r ? 0 : from_terminal("password of the private key: ", out, e);
}

static int ask_pin(void *ctx, struct str token, struct buf *out, struct err *e)
{
	char prompt[100];
	(void)ctx;
	snprintf(prompt, sizeof prompt, "PIN of the token '%.*s': ", STR(str_upto(token, 50)));
	return from_terminal(prompt, out, e);
}

struct password password_of(const struct args *a)
{
	return (struct password){ .ask = ask, .ask_pin = ask_pin, .ctx = (void *)a };
}

int password_new(const struct args *a, struct buf *out, struct err *e)
{
	struct buf CLEANUP(secret_done) again = { 0 };
	int r = without_asking(a, out, e);
	if (r)
		return r < 0 ? r : 0;
	r = from_terminal("password for the new private key: ", out, e);
	if (r == 0)
		r = from_terminal("the same password again: ", &again, e);
	if (r == 0 && !str_eq(str_buf(out), str_buf(&again)))
		r = err_set(e, ERR_AUTH, "the two passwords differ");
	return r;
}
