/* lazaret diff OLD NEW: what a new image adds, removes, fixes. */
#include "cmd/scan_job.h"
#include "report/diff.h"

#include <stdio.h>

static const struct option options[] = {
	{ "format", 'f', "FORMAT", "table json", false, false, "table or json" },
#include "cmd/scan_judge.def"
#include "cmd/scan_read.def"
	{ 0 },
};

static int scan_both(struct scan_job *j, struct err *e)
{
	for (size_t i = 0; i < 2; i++) {
		struct str target = j->args->words.v[i];
		size_t before = j->n_reports;
		if (scan_job_target(j, target, e))
			return e->code;
		if (j->n_reports != before + 1)
			return err_set(e, ERR_INVALID,
				       "%.*s has several platforms: name one with --platform",
				       STR(target));
	}
	progress_clear(&j->progress);
	return 0;
}

/* Denied when something that is new is of the severity that fails; a no, too, when the new image is not wholly known. */
static int status_of(const struct scan_job *j, const struct diff *d)
{
	const struct verdict_options *v = &j->verdict;
	bool denied = false;
	for (size_t i = 0; i < d->n_findings; i++) {
		enum severity s = d->findings[i].finding->severity;
		denied |= d->findings[i].kind == DIFF_ADDED && v->fail &&
			  (s >= v->fail_on || s == SEVERITY_UNKNOWN);
	}
	for (size_t i = 0; i < d->n_others; i++)
		denied |= d->others[i].kind == DIFF_ADDED && v->fail &&
			  d->others[i].severity >= v->fail_on;
	if (denied)
		return j->exit_code ? (int)j->exit_code : EXIT_NO;
	bool unknown = d->new->unknown.n && !v->allow_unknown;
	return unknown || (v->strict && d->new->inventory->n_not_examined) ? EXIT_NO : EXIT_YES;
}

static int write_diff(const struct diff *d, bool json, struct err *e)
{
	struct buf text CLEANUP(buf_done) = { 0 };
	if (json)
		diff_write_json(d, &text);
	else
		diff_write_text(d, &text);
	if (fwrite(text.p, 1, text.n, stdout) != text.n || fflush(stdout))
		return err_sys(e, "write to standard output");
	return 0;
}

static int run(const struct args *a)
{
	struct scan_job j;
	struct diff d;
	struct err e = { 0 };
	int status = EXIT_FAILED;
	struct str format = args_str(a, "format");
	bool json = str_eq(format, S("json"));
	if (a->words.n != 2)
		return usage(a, "wanted: the old image and the new one");
	if (format.n && !json && !str_eq(format, S("table")))
		return usage(a, "%s: there is no format '%.*s' of differences",
			     args_from(a, "format"), STR(format));
	if (scan_job_open(&j, a, &e))
		return fail(a, &e);
	int r = scan_job_read(&j, true, &e);
	if (r == ERR_INVALID) {
		status = usage(a, "%s", e.text);
	} else if (r == 0 && scan_both(&j, &e) == 0) {
		diff_reports(&j.reports[0], &j.reports[1], a->arena, &d);
		if (write_diff(&d, json, &e) == 0)
			status = status_of(&j, &d);
	}
	scan_job_close(&j);
	return status == EXIT_FAILED ? fail(a, &e) : status;
}

const struct command command_diff = { "diff", "say what a new image adds, removes and fixes", NULL,
				      options, run };
