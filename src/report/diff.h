/* What a new image changes: packages that come, go or move to another version; findings that come, that a new version fixes,
 * that go with their package. Packages are the same by type and name, findings by vulnerability and package, whatever their
 * version and place. */
#ifndef LAZARET_REPORT_DIFF_H
#define LAZARET_REPORT_DIFF_H

#include "report/report.h"

struct diff_package {
	struct str type, name;
	bool was,
		is; /* one of them: removed or added. Both: it moved from one version to the other. */
	struct str old, new; /* versions, which a package need not state */
};
enum diff_kind { DIFF_ADDED, DIFF_FIXED, DIFF_REMOVED };
const char *diff_kind_name(enum diff_kind k); /* "added", "fixed", "removed" */
struct diff_finding {
	enum diff_kind kind;
	const struct finding *finding; /* in the new image when added, else in the old */
	struct str now; /* of a fixed one: the version that is there now */
};
struct diff_other { /* a secret, a failed check, a licence, malware */
	enum diff_kind kind; /* ADDED or REMOVED */
	const char *what; /* "secret", "check", "license", "malware" */
	struct str id, text, path;
	enum severity severity;
};
struct diff {
	const struct report *old, *new;
	struct diff_package *packages; /* by type and name */
	size_t n_packages, packages_cap;
	struct diff_finding *findings; /* kinds in the order above, severity down */
	size_t n_findings, findings_cap;
	struct diff_other *others;
	size_t n_others, others_cap;
};

/* Suppressed findings are not there. Everything lies in `a`. */
void diff_reports(const struct report *old, const struct report *new, struct arena *a,
		  struct diff *out);
void diff_write_text(const struct diff *d, struct buf *out);
void diff_write_json(const struct diff *d, struct buf *out);

#endif
