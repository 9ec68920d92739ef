/* lazaret scan TARGET...: image -> inventory -> findings -> verdict -> reports. */
#include "cmd/output.h"
#include "cmd/scan_job.h"

static const struct option options[] = {
	{ "format", 'f', "FORMAT[=FILE]", "FORMATS", true, false, "report format, may repeat" },
	{ "output", 'o', "FILE", "FILE", false, false, "write the report to a file" },
	{ "template", 0, "[@]FILE", "FILE", false, false, "the text of --format template" },
	{ "show-suppressed", 0, NULL, NULL, false, false,
	  "list what filters and VEX documents hide, too" },
#include "cmd/scan_judge.def"
#include "cmd/scan_read.def"
	{ 0 },
};

static int scan_all(struct scan_job *j, const struct outputs *outputs, struct err *e)
{
	const struct strs *targets = &j->args->words;
	for (size_t i = 0; i < targets->n; i++)
		if (scan_job_target(j, targets->v[i], e))
			return err_in(e, "%.*s", STR(targets->v[i]));
	progress_stop(&j->progress);
	return outputs_write(outputs, j->reports, j->n_reports, e);
}

static int run(const struct args *a)
{
	struct scan_job j;
	struct outputs outputs;
	struct err e = { 0 };
	int status;
	if (a->words.n == 0)
		return usage(a, "wanted: an image, an archive or a folder");
	if (scan_job_open(&j, a, &e))
		return fail(a, &e);
	int r = scan_job_read(&j, true, &e);
	if (r == ERR_INVALID || (r == 0 && outputs_parse(a, &outputs, &e)))
		status = usage(a, "%s", e.text);
	else if (r == 0 && scan_all(&j, &outputs, &e) == 0)
		status = scan_job_exit_status(&j);
	else
		status = EXIT_FAILED;
	scan_job_close(&j);
	return status == EXIT_FAILED ? fail(a, &e) : status;
}

const struct command command_scan = { "scan", "find what is known to be wrong with an image", NULL,
				      options, run };
