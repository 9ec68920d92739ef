/* lazaret sbom TARGET: image (or another SBOM) -> inventory -> SBOM. Nothing is matched and no database is needed. */
#include "cmd/output.h"
#include "cmd/scan_job.h"

static const struct option options[] = {
	{ "format", 'f', "FORMAT[=FILE]", "cyclonedx cyclonedx-1.5 spdx-json spdx spdx-3-json json",
	  true, false, "format of the SBOM, may repeat" },
	{ "output", 'o', "FILE", "FILE", false, false, "write the SBOM to a file" },
#include "cmd/scan_read.def"
	{ 0 },
};

static int write_sboms(struct scan_job *j, struct outputs *outputs, struct err *e)
{
	struct str target = j->args->words.v[0];
	if (scan_job_target(j, target, e))
		return e->code;
	progress_stop(&j->progress);
	return outputs_write(outputs, j->reports, j->n_reports, e);
}

static int run(const struct args *a)
{
	struct scan_job j;
	struct outputs outputs;
	struct err e = { 0 };
	int status = EXIT_FAILED;
	if (a->words.n != 1)
		return usage(
			a,
			"wanted: one image, archive, folder or SBOM; for several run it once for "
			"each, with an -o FILE of its own");
	if (scan_job_open(&j, a, &e))
		return fail(a, &e);
	int r = scan_job_read(&j, false, &e);
	if (r == ERR_INVALID || (r == 0 && outputs_parse(a, "cyclonedx", &outputs, &e)))
		status = usage(a, "%s", e.text);
	else if (r == 0 && write_sboms(&j, &outputs, &e) == 0)
		status = EXIT_YES;
	scan_job_close(&j);
	return status == EXIT_FAILED ? fail(a, &e) : status;
}

const struct command command_sbom = { "sbom", "write down what an image holds", NULL, options,
				      run };
