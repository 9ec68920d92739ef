/* The targets of one run, a line each: verdict, what was found, what was not looked at; also those that could not be
 * scanned. */
#ifndef LAZARET_REPORT_SUMMARY_H
#define LAZARET_REPORT_SUMMARY_H

#include "report/format.h"

struct summary_line {
	struct str
		target; /* on one line; with the platform where several of one target are there */
	const char *verdict; /* of the whole: "" */
	size_t found[SEVERITY_CRITICAL + 1]; /* of every kind, but for what is suppressed */
	size_t packages, not_examined;
};
struct summary {
	struct summary_line *lines; /* in the order of the reports */
	size_t n;
	struct summary_line total;
	bool negligible; /* is one of that severity there? */
};

/* Is there anything to sum up: several targets, or one that failed? */
bool summary_wanted(size_t n_reports, const struct format_options *o);
void summary_make(struct arena *a, const struct report *reports, size_t n, struct summary *out);
/* For people on a terminal. */
void summary_text(const struct report *reports, size_t n, const struct format_options *o,
		  struct buf *out);

#endif
