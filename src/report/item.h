/* Everything a report has found, of whatever kind, in one shape and one order: what formats write rows of. Texts are made
 * fit for a line here (text.h), once for all formats. */
#ifndef LAZARET_REPORT_ITEM_H
#define LAZARET_REPORT_ITEM_H

#include "report/report.h"

enum item_kind { ITEM_VULNERABILITY, ITEM_SECRET, ITEM_CHECK, ITEM_LICENCE, ITEM_MALWARE };
enum { ITEM_KINDS = ITEM_MALWARE + 1 };
enum { /* characters */
       ITEM_NAME_MAX = 255,
       ITEM_PATH_MAX = 1000,
       ITEM_TEXT_MAX = 1000,
       ITEM_FINGERPRINT = 64 /* hexadecimal digits */
};
const char *
item_kind_name(enum item_kind k); /* "vulnerability", "secret", "check", "license", "malware" */

struct item {
	enum item_kind kind;
	const struct report *report;
	struct str id; /* CVE, secret rule, check, SPDX expression, YARA rule */
	struct str title; /* a few words; never empty */
	struct str message; /* a sentence that says what, where and since when it is mended */
	struct str why, fix; /* why it matters, what mends it; may be empty */
	struct str url; /* where more is said; empty: nowhere */
	enum severity severity;
	double score; /* 0.0 to 10.0, within the band of the severity */
	struct str name, version, type, purl, fixed; /* of the package; empty: none */
	struct str path; /* of the file; empty: the configuration */
	uint64_t line, end_line; /* from 1; 0: not known */
	ssize_t layer; /* -1: none */
	const struct finding *finding; /* of a vulnerability, else NULL */
	const struct package *package; /* NULL: none */
	struct suppression suppressed;
	/* Hex. The same thing in the same place keeps it from scan to scan, also in another version of the package; no two
	 * items of one collection share it. */
	struct str fingerprint;
};
struct items {
	struct item *v;
	size_t n, cap;
};

/* Items of all reports in their order; within one the most severe first, then by kind, id, package, path, line.
 * Suppressed ones only when asked for. */
void items_collect(struct arena *a, const struct report *reports, size_t n, bool suppressed,
		   struct items *out);
/* "lowest of the severity's scores": what a severity weighs where nothing scores it. */
double item_severity_score(enum severity s);
/* Is the layer one of the base image's? */
bool item_in_base(const struct item *i);
/* "#3 sha256:..." or empty. */
struct str item_layer_text(struct arena *a, const struct item *i);

#endif
