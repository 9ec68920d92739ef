/* Checks of configuration: what is judged, and what came of it. Shared by every kind of configuration. */
#ifndef LAZARET_IAC_CHECK_H
#define LAZARET_IAC_CHECK_H

#include "base/arena.h"

struct config_check { /* one row of a table; texts are constant */
	const char *id; /* ours: "LZ-IMG-001" */
	const char *severity; /* "CRITICAL", "HIGH", "MEDIUM", "LOW" */
	const char *title, *why, *fix; /* one line; why it matters; how to mend it */
	const char *const *
		others; /* the field's ids of the same check: "CIS-DI-0001", "DS-0002"; NULL-terminated */
	const char *url; /* where it is explained; may be NULL */
};

struct config_finding { /* a check that failed */
	const struct config_check *check;
	struct str message; /* what was found, where, in a sentence */
	struct str path; /* of the file; empty: the image's configuration */
	uint64_t line; /* from 1; 0: none. With an empty path: the step of the image's history */
	ssize_t layer; /* -1: none */
	struct { /* as struct suppression of vuln/finding.h, which is a neighbour's */
		struct str by, reason, source;
	} suppressed;
};

#endif
