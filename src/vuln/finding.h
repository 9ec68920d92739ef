/* A finding: one vulnerability in one package, aliases merged under the CVE. */
#ifndef LAZARET_VULN_FINDING_H
#define LAZARET_VULN_FINDING_H

#include "analyze/inventory.h"
#include "vuln/advisory.h"

/* Why something does not count. */
struct suppression {
	struct str
		by; /* "vex", "ignore", "severity", "status", "unfixed", "dev"; empty: it counts */
	struct str reason; /* for people: a statement's justification, the ignore file's reason */
	struct str source; /* the document or file that says so, with the line where it has lines */
	struct str status; /* of a VEX statement: "not_affected", "fixed", "under_investigation" */
};

/* What explains a finding: the record that decided and what of it holds. */
struct evidence {
	struct str advisory; /* id of the record: "GHSA-...", "DSA-..." */
	struct str ns, name; /* where it was found in the database */
	const char *scheme;
	struct range
		range; /* the one that holds; all empty: an enumerated version, or none parsed */
	bool enumerated;
	struct str version; /* what was compared: the package's or its source's version */
};

struct finding {
	struct str id; /* the CVE where there is one, else the publisher's id */
	struct strs aliases; /* sorted, without id */
	const struct package *package;
	struct str fixed; /* version that fixes it (of the source package); empty: none */
	enum status status;
	enum severity severity;
	struct str severity_source; /* feed or "cvss:FEED" that the severity is from */
	struct str feed; /* whose record decided status and fixed version */
	struct cvss *cvss;
	size_t n_cvss, cvss_cap;
	double epss, epss_percentile; /* < 0: none */
	bool kev, kev_ransomware;
	struct str kev_added, kev_due;
	struct str summary;
	struct strs references;
	int64_t published, modified;
	struct evidence evidence;
	struct suppression suppressed;
};

#endif
