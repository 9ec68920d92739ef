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
enum { MATCH_OS = 1, MATCH_LIBRARY = 2 };
struct match_options {
	int64_t now;                    /* Unix seconds, for end of life and the age of feeds */
	unsigned kinds;                 /* MATCH_OS, MATCH_LIBRARY; 0: both */
	bool include_owned;             /* language packages that the distribution owns are matched all the same */
};
int match_inventory(const struct inventory *inv, struct advisory_db *db, const struct match_options *o,
                    struct arena *a, struct match_result *out, struct err *e);

#endif
