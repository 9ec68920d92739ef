/* Reports to standard output and files, and what formats want besides reports: a template's text, the job that runs us. */
#include "cmd/output.h"

#include "base/durable.h"
#include "base/stream.h"
#include "cmd/file.h"

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

static bool wants(const struct outputs *o, const char *format)
{
	for (size_t i = 0; i < o->n; i++)
		if (strcmp(o->v[i].format->name, format) == 0)
			return true;
	return false;
}

/* "contrib/html.tpl" of a tool with other templates: the format of that name, where there is no such file. */
static const struct format *format_of_template(struct str file)
{
	struct str name = str_from(file, (size_t)(str_rfind_char(file, '/') + 1));
	if (!str_ends(name, S(".tpl")) || str_eq(name, S("template.tpl")))
		return NULL;
	return format_find(str_upto(name, name.n - 4));
}

static int read_template(const struct args *a, struct outputs *o, struct err *e)
{
	struct str file = args_has(a, "template") ? args_str(a, "template") : S("");
	struct buf text CLEANUP(buf_done) = { 0 };
	if (!wants(o, "template")) {
		if (file.n)
			say(a, "%s is for --format template", args_from(a, "template"));
		return 0;
	}
	if (!file.n)
		return err_set(e, ERR_INVALID, "--format template wants --template");
	if (file.p[0] == '@')
		file = str_from(file, 1);
	const char *path = arena_cstr(a->arena, file);
	const struct format *other = format_of_template(file);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && other) {
		for (size_t i = 0; i < o->n; i++)
			if (strcmp(o->v[i].format->name, "template") == 0)
				o->v[i].format = other;
		return 0;
	}
	if (fd < 0) {
		err_sys(e, "open the template %s", path);
		return e->code = ERR_INVALID;
	}
	struct stream *in CLEANUP(cleanup_stream) = stream_fd(fd, true, -1, UINT64_MAX);
	if (stream_read_all(in, TEMPLATE_MAX, &text, e)) {
		err_in(e, "read the template %s", path);
		return e->code = ERR_INVALID;
	}
	o->options.template_text = arena_str(a->arena, str_buf(&text));
	o->options.template_name = file;
	return template_check(&o->options, e);
}

/* A job of GitHub's says what it is in its environment. */
static int read_github(const struct args *a, struct outputs *o, struct err *e)
{
	struct github_job *job = &o->options.github;
	if (!wants(o, "github"))
		return 0;
	job->sha = str_of(getenv("GITHUB_SHA"));
	job->ref = str_of(getenv("GITHUB_REF"));
	job->id = str_of(getenv("GITHUB_RUN_ID"));
	job->correlator = str_of(getenv("GITHUB_WORKFLOW"));
	if (job->correlator.n)
		job->correlator = arena_printf(a->arena, "%.*s_%.*s", STR(job->correlator),
					       STR(str_of(getenv("GITHUB_JOB"))));
	if (job->sha.n && job->ref.n)
		return 0;
	return err_set(e, ERR_INVALID,
		       "--format github wants GITHUB_SHA and GITHUB_REF in the environment: the "
		       "commit and the ref that the snapshot is of");
}

int outputs_parse(const struct args *a, const char *otherwise, struct outputs *out, struct err *e)
{
	struct strs specs = args_list(a, "format");
	struct str file = args_str(a, "output");
	*out = (struct outputs){ 0 };
	for (size_t i = 0; i < specs.n; i++) {
		int r = add_output(a, out, specs.v[i], e);
		if (r)
			return r;
	}
	if (!specs.n && add_output(a, out, str_of(otherwise), e))
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
	out->options.show_suppressed =
		args_has(a, "show-suppressed") && args_flag(a, "show-suppressed");
	return read_template(a, out, e) ? e->code : read_github(a, out, e);
}

/* With what the terminal is, where it goes to one. */
static struct format_options options_of(const struct outputs *all, const struct output *o)
{
	struct winsize w;
	struct format_options f = all->options;
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
		struct format_options f = options_of(o, &o->v[i]);
		int r = o->v[i].format->write(reports, n, &f, &text, e);
		if (r == 0 && o->v[i].path)
			r = file_write(o->v[i].path, 0666, true, str_buf(&text), e);
		else if (r == 0)
			r = write_all(STDOUT_FILENO, str_buf(&text), "standard output", e);
		buf_done(&text);
		if (r)
			return r;
	}
	return 0;
}
