/* Report formats.
 *
 * To add one:
 *   1. write report/NAME.c with a `const struct format format_NAME`;
 *   2. add FORMAT(NAME) to formats.def;
 *   3. add tests/golden/NAME/ (tools/bless writes the expected bytes; read them before you commit them). */
#ifndef LAZARET_REPORT_FORMAT_H
#define LAZARET_REPORT_FORMAT_H

#include "report/report.h"

struct format_options {
	unsigned width;                 /* columns of the terminal; 0: not a terminal */
	bool colour;
};
struct format {
	const char *name;               /* as in --format */
	/* Reports of one run (several targets or platforms). Appends to out. */
	int (*write)(const struct report *reports, size_t n, const struct format_options *o, struct buf *out, struct err *e);
};

extern const struct format *const formats[];    /* NULL-terminated, from formats.def */
const struct format *format_find(struct str name);

#endif
