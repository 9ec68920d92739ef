/* What cvss.c and cvss4.c share: a vector's metrics as letters. */
#ifndef LAZARET_VULN_CVSS_H
#define LAZARET_VULN_CVSS_H

#include "base/str.h"

enum { CVSS_METRICS_MAX = 40 };

/* One metric of a version: its name, and the values allowed, each one word. Mandatory ones come first. */
struct cvss_metric {
	const char *name,
		*values; /* values separated by spaces; "X"/"ND" must be listed where allowed */
	bool mandatory;
};
/* Reads "NAME:VALUE/NAME:VALUE..." by the table (ends with a NULL name) into values[i], empty where absent. False for an unknown
 * or repeated metric, a value that is not allowed, or a mandatory one that is missing. */
bool cvss_read(struct str vector, const struct cvss_metric *table, struct str *values);
bool cvss4_score(struct str metrics, double *score);

#endif
