/* Filters and the verdict of a scan: severities, statuses, unfixed ones, end of life, unknowns. */
#ifndef LAZARET_POLICY_VERDICT_H
#define LAZARET_POLICY_VERDICT_H

#include "report/report.h"
#include "vuln/match.h"

struct verdict_options {
	unsigned severities;            /* bit per enum severity that is reported; 0: all */
	unsigned ignore_statuses;       /* bit per enum status */
	bool ignore_unfixed;
	bool fail;                      /* --fail-on was given: findings at or above fail_on deny */
	enum severity fail_on;
	bool allow_unknown;
	bool strict;                    /* any line of what was not examined is a no, allowed or not */
	bool exit_on_eol;               /* end of life denies */
	int64_t now;
};
/* Marks findings of every kind that a filter hides (their suppressed), then fills r->verdict: denied (fail_on or
 * exit_on_eol), else unknown (r->unknown has lines and they are not allowed), else findings, else clean. */
void verdict_decide(struct report *r, const struct verdict_options *o, struct arena *a);

#endif
