/* Advisories as the database holds them: one publisher's record of one vulnerability and what it affects. Feeds make
 * them (in a sandboxed child), advisory_db keeps them, the matcher reads them. */
#ifndef LAZARET_VULN_ADVISORY_H
#define LAZARET_VULN_ADVISORY_H

#include "base/arena.h"
#include "base/err.h"

enum severity {
	SEVERITY_UNKNOWN,
	SEVERITY_NEGLIGIBLE,
	SEVERITY_LOW,
	SEVERITY_MEDIUM,
	SEVERITY_HIGH,
	SEVERITY_CRITICAL
};
enum status {
	STATUS_UNKNOWN, /* a version that does not parse, or nothing said */
	STATUS_NOT_AFFECTED,
	STATUS_AFFECTED, /* and no fix yet */
	STATUS_FIXED, /* affected, and there is a version that fixes it */
	STATUS_UNDER_INVESTIGATION,
	STATUS_WILL_NOT_FIX,
	STATUS_FIX_DEFERRED,
	STATUS_END_OF_LIFE,
};
const char *
severity_name(enum severity s); /* "UNKNOWN", "NEGLIGIBLE", "LOW", ... as Trivy writes them */
bool severity_parse(
	struct str s,
	enum severity *out); /* any case; also "moderate", "important", "unimportant", ... */
const char *
status_name(enum status s); /* "affected", "fixed", "will_not_fix", ... as Trivy writes them */
bool status_parse(struct str s, enum status *out);

struct cvss {
	struct str vector; /* as published, "CVSS:3.1/AV:N/..." or the bare one of version 2 */
	struct str source; /* who said it: feed or organisation */
	double score; /* computed by us from the vector; < 0 when the vector is invalid */
};
/* Scores a vector of version 2, 3.0, 3.1 or 4.0 (base, with threat and environment parts when given) as FIRST
 * specifies; false when it is invalid. *version: 20, 30, 31, 40. */
bool cvss_score(struct str vector, double *score, int *version);
enum severity cvss_severity(double score, int version);

/* One stretch of affected versions: introduced <= v < fixed, or <= last_affected; empty bounds are open. */
struct range {
	struct str introduced; /* empty or "0": from the beginning */
	struct str fixed; /* exclusive; empty: none */
	struct str last_affected; /* inclusive; empty: none */
	struct str limit; /* OSV limit: versions from here on are not considered; empty: none */
};

/* What a record says about one package in one place. */
struct affected {
	struct str
		ns; /* "debian:12", "alpine:3.19", "npm", "pypi": distribution or language ecosystem */
	struct str
		package; /* source package for deb and apk; binary or source for rpm (see by_binary) */
	const char *scheme; /* version scheme of its ranges */
	bool by_binary; /* package names a binary package */
	struct str arch, module; /* empty: any; module as "name:stream" */
	struct range *ranges;
	size_t n_ranges, ranges_cap;
	struct strs versions; /* enumerated affected versions */
	enum status
		status; /* what the publisher says where no range has a fix: STATUS_AFFECTED by default */
	enum severity
		severity; /* the publisher's own word for this package; SEVERITY_UNKNOWN: none */
	struct str severity_text; /* as published: "unimportant", "Moderate" */
	bool not_affected; /* an explicit "not affected": hides what less specific records say */
};

struct advisory {
	struct str id; /* "CVE-2024-1234", "DSA-5678-1", "GHSA-..." */
	struct str feed; /* name of the feed that brought it */
	struct strs aliases; /* other names of the same thing; the CVE among them */
	struct strs related; /* upstream / related, not the same thing */
	struct str summary; /* one line or a short paragraph, at most ADVISORY_SUMMARY bytes */
	int64_t published, modified, withdrawn; /* Unix seconds; 0: not said */
	struct cvss *cvss;
	size_t n_cvss, cvss_cap;
	enum severity severity; /* the publisher's word for the whole; SEVERITY_UNKNOWN: none */
	struct strs references; /* addresses, at most ADVISORY_REFERENCES */
	struct affected *affected;
	size_t n_affected, affected_cap;
};

enum {
	ADVISORY_SUMMARY = 1000,
	ADVISORY_REFERENCES = 30,
	ADVISORY_AFFECTED = 20000,
	ADVISORY_BYTES = 16 << 20
};

struct kev { /* CISA known exploited vulnerabilities */
	struct str id; /* CVE */
	struct str added, due; /* dates, "2024-05-01" */
	bool ransomware;
};
struct epss {
	struct str id; /* CVE */
	float score, percentile; /* 0..1 */
};

#endif
