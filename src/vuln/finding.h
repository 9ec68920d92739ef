/* A finding: one vulnerability in one package, aliases merged under the CVE. */
#ifndef LAZARET_VULN_FINDING_H
#define LAZARET_VULN_FINDING_H

#include "analyze/inventory.h"
#include "vuln/advisory.h"

struct finding {
	struct str id;                  /* the CVE where there is one, else the publisher's id */
	struct strs aliases;            /* sorted, without id */
	const struct package *package;
	struct str fixed;               /* version that fixes it (of the source package); empty: none */
	enum status status;
	enum severity severity;
	struct str severity_source;     /* feed or "cvss:FEED" that the severity is from */
	struct str feed;                /* whose record decided status and fixed version */
	struct cvss *cvss;
	size_t n_cvss, cvss_cap;
	double epss, epss_percentile;   /* < 0: none */
	bool kev, kev_ransomware;
	struct str kev_added, kev_due;
	struct str summary;
	struct strs references;
	int64_t published, modified;
	struct str suppressed;          /* by which filter; empty: it counts */
};

#endif
