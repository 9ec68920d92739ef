/* lazaret scan TARGET...: image -> inventory -> findings -> verdict -> reports. */
#include "cmd/output.h"
#include "cmd/scan_attest.h"
#include "cmd/scan_job.h"

#include <fcntl.h>
#include <unistd.h>

static const struct option options[] = {
	{ "format", 'f', "FORMAT[=FILE]", "FORMATS", true, false, "report format, may repeat" },
	{ "file", 0, "LIST", "FILE", true, false, "scan the targets of this file" },
	{ "all-tags", 0, NULL, NULL, false, false, "scan every tag of a repository" },
	{ "output", 'o', "FILE", "FILE", false, false, "write the report to a file" },
	{ "template", 0, "[@]FILE", "FILE", false, false, "the text of --format template" },
	{ "show-suppressed", 0, NULL, NULL, false, false,
	  "list what filters and VEX documents hide, too" },
	{ "attest", 0, NULL, NULL, false, false, "sign the SBOM and the result, and attach them" },
#include "cmd/scan_judge.def"
#include "cmd/scan_read.def"
#include "cmd/signing_options.def"
	{ 0 },
};

enum { LIST_BYTES = 64 << 20, TARGETS_MAX = 100000 };

/* One target a line. */
static int read_list(const struct args *a, struct str name, struct strs *targets, struct err *e)
{
	bool input = str_eq(name, S("-"));
	struct buf text CLEANUP(buf_done) = { 0 };
	int fd = input ? STDIN_FILENO : open(arena_cstr(a->arena, name), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open the list of targets %.*s", STR(name));
	struct stream *s CLEANUP(cleanup_stream) = stream_fd(fd, !input, -1, UINT64_MAX);
	if (stream_read_all(s, LIST_BYTES, &text, e))
		return err_in(e, "list of targets %.*s", STR(name));
	struct str rest = str_buf(&text), line;
	while (str_line(&rest, &line)) {
		line = str_trim(line);
		if (!line.n || line.p[0] == '#')
			continue;
		if (targets->n >= TARGETS_MAX)
			return err_set(e, ERR_LIMIT, "more than %d targets in %.*s", TARGETS_MAX,
				       STR(name));
		*ARENA_PUSH(a->arena, targets->v, targets->n, targets->cap) =
			arena_str(a->arena, line);
	}
	return 0;
}

static int list_targets(const struct args *a, struct strs *targets, struct err *e)
{
	struct strs files = args_list(a, "file");
	int r = 0;
	for (size_t i = 0; i < a->words.n; i++)
		*ARENA_PUSH(a->arena, targets->v, targets->n, targets->cap) = a->words.v[i];
	for (size_t i = 0; i < files.n && r == 0; i++)
		r = read_list(a, files.v[i], targets, e);
	return r;
}

/* The target with each of its tags in place of its own. */
static int add_tags(struct scan_job *j, struct str target, struct strs *out, struct err *e)
{
	struct arena *a = j->args->arena;
	struct source *s CLEANUP(cleanup_source) = NULL;
	struct strs tags;
	if (source_open(target, &j->source, &s, e) || source_tags(s, &tags, e))
		return err_in(e, "%.*s", STR(target));
	struct str bare = s->ref.repository.n
				  ? arena_printf(a, "registry:%.*s/%.*s", STR(s->ref.host),
						 STR(s->ref.repository))
				  : arena_printf(a, "%s:%.*s", s->ops->scheme, STR(s->path));
	for (size_t i = 0; i < tags.n; i++)
		*ARENA_PUSH(a, out->v, out->n, out->cap) =
			arena_printf(a, "%.*s:%.*s", STR(bare), STR(tags.v[i]));
	if (!tags.n)
		return err_set(e, ERR_NOT_FOUND, "%.*s: it has no tags", STR(target));
	return 0;
}

struct failures {
	struct failed_target *v;
	size_t n, cap;
};

/* A target that fails is told, here and in the reports; the others go on. */
static void failed(struct scan_job *j, struct failures *f, struct str target, struct err *e)
{
	struct arena *a = j->args->arena;
	progress_clear(&j->progress);
	fail(j->args, e);
	struct str text = str_of(e->text), name = arena_printf(a, "%.*s: ", STR(target));
	if (str_starts(text, name))
		text = str_from(text, name.n);
	*ARENA_PUSH(a, f->v, f->n, f->cap) = (struct failed_target){ target, arena_str(a, text) };
}

static void scan_each(struct scan_job *j, const struct strs *targets, struct failures *f)
{
	struct strs tags = { 0 };
	struct err e = { 0 };
	if (args_flag(j->args, "all-tags")) {
		for (size_t i = 0; i < targets->n; i++)
			if (add_tags(j, targets->v[i], &tags, &e))
				failed(j, f, targets->v[i], &e);
		targets = &tags;
	}
	for (size_t i = 0; i < targets->n; i++)
		if (scan_job_target(j, targets->v[i], &e))
			failed(j, f, targets->v[i], &e);
}

static int scan_all(struct scan_job *j, const struct strs *targets, struct outputs *outputs,
		    struct scan_attest *attest)
{
	struct err e = { 0 };
	struct failures failures = { 0 };
	scan_each(j, targets, &failures);
	progress_clear(&j->progress);
	outputs->options.failed = failures.v;
	outputs->options.n_failed = failures.n;
	if (j->n_reports && outputs_write(outputs, j->reports, j->n_reports, &e))
		return fail(j->args, &e);
	if (scan_attest_reports(attest, j, &e))
		return fail(j->args, &e);
	return failures.n ? EXIT_FAILED : scan_job_exit_status(j);
}

static int run(const struct args *a)
{
	struct scan_job j;
	struct outputs outputs;
	struct strs targets = { 0 };
	struct scan_attest attest = { 0 };
	struct err e = { 0 };
	int status;
	if (a->words.n == 0 && args_list(a, "file").n == 0)
		return usage(a, "wanted: an image, an archive, a folder or an SBOM");
	if (scan_job_open(&j, a, &e))
		return fail(a, &e);
	int r = scan_job_read(&j, true, &e);
	if (r == 0)
		r = scan_attest_open(a, &attest, &e);
	if (r == ERR_INVALID || (r == 0 && outputs_parse(a, "table", &outputs, &e)))
		status = usage(a, "%s", e.text);
	else if (r || list_targets(a, &targets, &e))
		status = fail(a, &e);
	else
		status = scan_all(&j, &targets, &outputs, &attest);
	scan_attest_close(&attest);
	scan_job_close(&j);
	return status;
}

const struct command command_scan = { "scan", "find what is known to be wrong with an image", NULL,
				      options, run };
