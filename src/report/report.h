/* inventory + findings + verdict: what every format writes. */
#ifndef LAZARET_REPORT_REPORT_H
#define LAZARET_REPORT_REPORT_H

#include "analyze/inventory.h"
#include "iac/check.h"
#include "vuln/finding.h"

enum verdict_kind { VERDICT_CLEAN, VERDICT_FINDINGS, VERDICT_DENIED, VERDICT_UNKNOWN };
const char *verdict_name(enum verdict_kind v);  /* "clean", "findings", "denied", "unknown" */

struct verdict {
	enum verdict_kind kind;
	struct strs reasons;            /* sentences */
};

struct secret_finding {
	const struct secret *secret;
	struct suppression suppressed;
};

struct licence_finding {                /* a package or a file under a licence of a category worth looking at */
	const struct package *package;  /* NULL: a file */
	struct str path;
	struct str expression, category;        /* SPDX; "forbidden", "restricted", "reciprocal", "notice", ... */
	enum severity severity;
	size_t layer;
	struct suppression suppressed;
};

struct malware_finding {
	const struct malware *malware;
	struct suppression suppressed;
};

struct report {
	const struct inventory *inventory;
	struct finding *findings;
	size_t n_findings;
	struct secret_finding *secrets;
	size_t n_secrets;
	struct config_finding *checks;    /* configuration: only what failed */
	size_t n_checks;
	struct licence_finding *licences;
	size_t n_licences;
	struct malware_finding *malware;
	size_t n_malware;
	struct strs unknown, warnings;  /* from the match */
	struct verdict verdict;
	struct str database;            /* generation of the advisory database; empty: none was used */
	int64_t created;                /* Unix seconds */
};

/* The image as a package URL: pkg:oci/NAME@DIGEST?arch=..&repository_url=..; empty for a directory. */
struct str report_image_purl(struct arena *a, const struct inventory *inv);
/* A UUID (version 8, RFC 9562) made from a digest of the seed: the same seed gives the same one. */
struct str report_uuid(struct arena *a, struct str seed);

#endif
