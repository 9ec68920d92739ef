/* Reports to standard output and files. */
#include "cmd/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static int add_output(const struct args *a, struct outputs *o, struct str spec, struct err *e)
{
	struct str path = spec;
	struct str name = str_cut(&path, '=');
	const struct format *f = format_find(name);
	if (!f)
		return err_set(e, ERR_INVALID, "%s: there is no format '%.*s'",
			       args_from(a, "format"), STR(name));
	const char *file = path.n ? arena_cstr(a->arena, path) : NULL;
	*ARENA_PUSH(a->arena, o->v, o->n, o->cap) = (struct output){ f, file };
	return 0;
}

static bool same_place(const struct output *x, const struct output *y)
{
	if (!x->path || !y->path)
		return !x->path && !y->path;
	return strcmp(x->path, y->path) == 0;
}

int outputs_parse(const struct args *a, struct outputs *out, struct err *e)
{
	struct strs specs = args_list(a, "format");
	struct str file = args_str(a, "output");
	*out = (struct outputs){ 0 };
	for (size_t i = 0; i < specs.n; i++) {
		int r = add_output(a, out, specs.v[i], e);
		if (r)
			return r;
	}
	if (!specs.n && add_output(a, out, S("table"), e))
		return e->code;
	for (size_t i = 0; file.n && i < out->n; i++) {
		if (out->v[i].path)
			continue;
		out->v[i].path = arena_cstr(a->arena, file);
		file = (struct str){ 0 };
	}
	for (size_t i = 0; i < out->n; i++)
		for (size_t j = 0; j < i; j++)
			if (same_place(&out->v[i], &out->v[j]))
				return err_set(e, ERR_INVALID, "two formats would be written to %s",
					       out->v[i].path ? out->v[i].path : "standard output");
	return 0;
}

static int write_all(int fd, struct str s, const char *where, struct err *e)
{
	while (s.n) {
		ssize_t n = write(fd, s.p, s.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "write the report to %s", where);
		s = str_from(s, (size_t)n);
	}
	return 0;
}

static int write_file(const char *path, struct str text, struct err *e)
{
	struct stat st;
	/* A device or a pipe (/dev/stdout, /dev/null) is written as it is. */
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		int dev CLEANUP(cleanup_fd) = open(path, O_WRONLY | O_CLOEXEC);
		return dev < 0 ? err_sys(e, "open %s", path) : write_all(dev, text, path, e);
	}
	char aside[4096];
	if (snprintf(aside, sizeof aside, "%s.%d.part", path, (int)getpid()) >= (int)sizeof aside)
		return err_set(e, ERR_INVALID, "the path of the report is too long");
	int fd CLEANUP(cleanup_fd) = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return err_sys(e, "create the report %s", aside);
	int r = write_all(fd, text, aside, e);
	if (r == 0 && rename(aside, path) != 0)
		r = err_sys(e, "rename the report to %s", path);
	if (r)
		unlink(aside);
	return r;
}

static struct format_options terminal_options(const struct output *o)
{
	struct winsize w;
	struct format_options f = { 0 };
	const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");
	if (o->path || !isatty(STDOUT_FILENO))
		return f;
	f.width = ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col ? w.ws_col : 80;
	f.colour = (!no_colour || !no_colour[0]) && (!term || strcmp(term, "dumb") != 0);
	return f;
}

int outputs_write(const struct outputs *o, const struct report *reports, size_t n, struct err *e)
{
	for (size_t i = 0; i < o->n; i++) {
		struct buf text = { 0 };
		struct format_options f = terminal_options(&o->v[i]);
		int r = o->v[i].format->write(reports, n, &f, &text, e);
		if (r == 0 && o->v[i].path)
			r = write_file(o->v[i].path, str_buf(&text), e);
		else if (r == 0)
			r = write_all(STDOUT_FILENO, str_buf(&text), "standard output", e);
		buf_done(&text);
		if (r)
			return r;
	}
	return 0;
}
