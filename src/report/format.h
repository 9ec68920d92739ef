/* Report formats.
 *
 * To add one:
 *   1. write report/NAME.c with a `const struct format format_NAME`;
 *   2. add FORMAT(NAME) to formats.def;
 *   3. name it in doc/lazaret-scan.1 and in tests/golden/test_golden.py (tools/bless writes the expected bytes; read them
 *      before you commit them), and check it in tests/e2e/test_formats.py.
 * Rows of finds come from report/item.h, texts that are no JSON go through report/text.h. */
#ifndef LAZARET_REPORT_FORMAT_H
#define LAZARET_REPORT_FORMAT_H

#include "report/report.h"

struct github_job {                     /* what a dependency snapshot is of; empty where unknown */
	struct str sha, ref, id, correlator;
};
struct sbom;
struct sbom_head;
struct failed_target {                  /* one that could not be scanned, and why */
	struct str target, error;
};
struct format_options {
	unsigned width;                 /* columns of the terminal; 0: not a terminal */
	bool colour;
	bool show_suppressed;           /* what filters and VEX documents hide, with why */
	struct str template_text;       /* of the format "template" */
	struct str template_name;       /* for messages */
	struct github_job github;
	const struct failed_target *failed;     /* targets of the run that have no report */
	size_t n_failed;
};
struct format {
	const char *name;               /* as in --format */
	/* Reports of one run (several targets or platforms). Appends to out. */
	int (*write)(const struct report *reports, size_t n, const struct format_options *o, struct buf *out, struct err *e);
	/* SBOM formats are read back, in the sandboxed child: is it one of ours, and what does it hold? Else NULL. A format
	 * that is only read has no `write`. */
	bool (*probe)(const struct sbom_head *h);
	int (*read)(struct sbom *s, struct str text, struct err *e);
};

enum { TEMPLATE_MAX = 1 << 20 };        /* bytes of a template */
/* Is template_text a template? ERR_INVALID with its line, ERR_LIMIT. */
int template_check(const struct format_options *o, struct err *e);

extern const struct format *const formats[];    /* NULL-terminated, from formats.def */
const struct format *format_find(struct str name);        /* one that is written; NULL: none */

#endif
