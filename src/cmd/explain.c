/* lazaret explain TARGET FINDING: why it is reported, and what would mend it. */
#include "cmd/scan_job.h"
#include "report/explain.h"

#include <stdio.h>

static const struct option options[] = {
	{ "format", 'f', "FORMAT", "table json", false, false, "table or json" },
#include "cmd/scan_judge.def"
#include "cmd/scan_read.def"
	{ 0 },
};

static int explain(struct scan_job *j, struct str id, bool json, size_t *n, struct err *e)
{
	struct buf text CLEANUP(buf_done) = { 0 };
	*n = 0;
	for (size_t i = 0; i < j->n_reports; i++)
		*n += (json ? explain_json : explain_text)(&j->reports[i], id, j->args->arena,
							   &text);
	if (fwrite(text.p, 1, text.n, stdout) != text.n || fflush(stdout))
		return err_sys(e, "write to standard output");
	return 0;
}

static void say_missing(const struct scan_job *j)
{
	const struct args *a = j->args;
	const struct strs scanners = args_list(a, "scanners");
	struct str looked = S("vuln,secret");
	for (size_t i = 0; i < scanners.n; i++)
		looked = i ? arena_printf(a->arena, "%.*s,%.*s", STR(looked), STR(scanners.v[i]))
			   : scanners.v[i];
	say(a, "nothing that is reported about %.*s has the id %.*s (looked for: --scanners %.*s)",
	    STR(a->words.v[0]), STR(a->words.v[1]), STR(looked));
	for (size_t i = 0; i < j->n_reports; i++)
		for (size_t k = 0; k < j->reports[i].unknown.n; k++)
			say(a, "  %.*s", STR(j->reports[i].unknown.v[k]));
}

static int run(const struct args *a)
{
	struct scan_job j;
	struct err e = { 0 };
	int status = EXIT_FAILED;
	size_t n;
	struct str format = args_str(a, "format");
	if (a->words.n != 2)
		return usage(a, "wanted: an image and the id of a finding");
	if (format.n && !str_eq(format, S("json")) && !str_eq(format, S("table")))
		return usage(a, "%s: there is no format '%.*s' of explanations",
			     args_from(a, "format"), STR(format));
	if (scan_job_open(&j, a, &e))
		return fail(a, &e);
	int r = scan_job_read(&j, true, &e);
	if (r == ERR_INVALID) {
		status = usage(a, "%s", e.text);
	} else if (r == 0 && scan_job_target(&j, a->words.v[0], &e) == 0) {
		progress_clear(&j.progress);
		r = explain(&j, a->words.v[1], str_eq(format, S("json")), &n, &e);
		if (r == 0 && n == 0)
			say_missing(&j);
		if (r == 0)
			status = n ? EXIT_YES : EXIT_NO;
	}
	scan_job_close(&j);
	return status == EXIT_FAILED ? fail(a, &e) : status;
}

const struct command command_explain = { "explain", "say why something is reported", NULL, options,
					 run };
