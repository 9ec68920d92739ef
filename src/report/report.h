/* inventory + findings + verdict: what every format writes. */
#ifndef LAZARET_REPORT_REPORT_H
#define LAZARET_REPORT_REPORT_H

#include "analyze/inventory.h"
#include "vuln/finding.h"

enum verdict_kind { VERDICT_CLEAN, VERDICT_FINDINGS, VERDICT_DENIED, VERDICT_UNKNOWN };
const char *verdict_name(enum verdict_kind v);  /* "clean", "findings", "denied", "unknown" */

struct verdict {
	enum verdict_kind kind;
	struct strs reasons;            /* sentences */
};

struct report {
	const struct inventory *inventory;
	struct finding *findings;
	size_t n_findings;
	struct strs unknown, warnings;  /* from the match */
	struct verdict verdict;
	struct str database;            /* generation of the advisory database; empty: none was used */
	int64_t created;                /* Unix seconds */
};

#endif
