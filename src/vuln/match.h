/* inventory x advisory database -> findings. Always fresh: nothing of a match is cached. */
#ifndef LAZARET_VULN_MATCH_H
#define LAZARET_VULN_MATCH_H

#include "vuln/advisory_db.h"
#include "vuln/finding.h"

struct match_result {
	struct finding *findings;       /* sorted: severity down, then package, id */
	size_t n_findings, findings_cap;
	/* Why the answer is not complete: no data for the distribution, unknown distribution, end of life, old feeds. Each is a
	 * sentence; any makes the verdict `unknown` unless allowed. */
	struct strs unknown;
	struct strs warnings;           /* worth saying, without effect on the verdict */
};
/* now: Unix seconds, for end of life and the age of feeds. */
int match_inventory(const struct inventory *inv, struct advisory_db *db, int64_t now, struct arena *a,
                    struct match_result *out, struct err *e);

#endif
