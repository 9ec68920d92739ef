/* What `scan` and its relatives (sbom, diff, explain) share: options, opening a target, scanning it, judging it. */
#ifndef LAZARET_CMD_SCAN_JOB_H
#define LAZARET_CMD_SCAN_JOB_H

#include "analyze/scan.h"
#include "cmd/command.h"
#include "cmd/exceptions.h"
#include "cmd/progress.h"
#include "policy/verdict.h"

struct scan_job {
	const struct args *args;
	struct source_options source;
	struct scan_options scan;
	struct verdict_options verdict;
	struct match_options match;
	struct exceptions exceptions;
	struct platform platform;
	bool all_platforms, judges;
	uint64_t exit_code, eol_code; /* 0: not given */
	struct advisory_db *db; /* NULL: there is none */
	struct progress progress;
	struct report *reports; /* in the order of targets and platforms */
	size_t n_reports, reports_cap;
};

/* Forks the launcher; before anything else, for no thread may exist and no password be read by then. */
int scan_job_open(struct scan_job *j, const struct args *a, struct err *e);
/* Reads the options (of a table that includes scan_read.def and, when `judges`, scan_judge.def), opens the database
 * when there is one, starts the alarm and the progress line. ERR_INVALID is a usage error. */
int scan_job_read(struct scan_job *j, bool judges, struct err *e);
/* Scans one target (every platform asked for) and adds its reports; judged when the job judges. Errors name it. */
int scan_job_target(struct scan_job *j, struct str target, struct err *e);
/* Ends what was started; reports live on in the arguments' arena. */
void scan_job_close(struct scan_job *j);
/* The worst verdict of all reports. */
int scan_job_exit_status(const struct scan_job *j);

#endif
