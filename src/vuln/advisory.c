/* Names of severities and statuses, as Trivy writes them, and the words that publishers use for them. */
#include "vuln/advisory.h"

static const char *const severities[] = { "UNKNOWN", "NEGLIGIBLE", "LOW",
					  "MEDIUM",  "HIGH",	   "CRITICAL" };
static const char *const statuses[] = {
	"unknown",	"not_affected", "affected",    "fixed", "under_investigation",
	"will_not_fix", "fix_deferred", "end_of_life",
};

const char *severity_name(enum severity s)
{
	return (size_t)s < COUNT(severities) ? severities[s] : severities[0];
}

bool severity_parse(struct str s, enum severity *out)
{
	static const struct {
		const char *word;
		enum severity severity;
	} words[] = {
		{ "moderate", SEVERITY_MEDIUM },
		{ "important", SEVERITY_HIGH },
		{ "unimportant", SEVERITY_NEGLIGIBLE },
		{ "minor", SEVERITY_LOW },
		{ "major", SEVERITY_HIGH },
		{ "none", SEVERITY_NEGLIGIBLE },
		{ "untriaged", SEVERITY_UNKNOWN },
		{ "not yet assigned", SEVERITY_UNKNOWN },
	};
	for (size_t i = 0; i < COUNT(severities); i++) {
		if (str_eq_nocase(s, str_of(severities[i]))) {
			*out = (enum severity)i;
			return true;
		}
	}
	for (size_t i = 0; i < COUNT(words); i++) {
		if (str_eq_nocase(s, str_of(words[i].word))) {
			*out = words[i].severity;
			return true;
		}
	}
	return false;
}

const char *status_name(enum status s)
{
	return (size_t)s < COUNT(statuses) ? statuses[s] : statuses[0];
}

bool status_parse(struct str s, enum status *out)
{
	for (size_t i = 0; i < COUNT(statuses); i++) {
		if (str_eq_nocase(s, str_of(statuses[i]))) {
			*out = (enum status)i;
			return true;
		}
	}
	return false;
}
