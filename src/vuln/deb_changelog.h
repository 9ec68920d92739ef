/* What a Debian changelog (deb-changelog(5)) says was fixed where: each entry's version with the identifiers that its text
 * names. Parsed in the sandboxed child; what crosses the pipe are lines of tab-separated fields (repository_lines.h). */
#ifndef LAZARET_VULN_DEB_CHANGELOG_H
#define LAZARET_VULN_DEB_CHANGELOG_H

#include "base/arena.h"
#include "base/err.h"

enum {
	CHANGELOG_BYTES_MAX = 32 << 20, /* of the text; the rest, the oldest entries, is left out */
	CHANGELOG_ENTRIES_MAX = 5000,
	CHANGELOG_IDS_MAX = 20000, /* in all entries */
};

struct changelog_id {
	struct str id; /* "CVE-2026-1234", "GHSA-...", "DSA-1234-1", "DLA-...", "USN-..." */
	struct str alias; /* the one CVE named in the same item as this one GHSA; empty: none */
};
struct changelog_entry {
	struct str version, distributions; /* "bookworm-security" */
	int64_t date; /* Unix seconds; 0: not said */
	struct changelog_id *ids; /* each once */
	size_t n_ids, ids_cap;
};
struct changelog {
	struct changelog_entry *entries; /* as the file has them, the newest first */
	size_t n, cap, n_ids;
	bool cut; /* a limit left out the oldest entries */
};

/* Entries of other sources than `source` are left out: their versions cannot be compared. Never fails: lines that are
 * not understood are passed over. Strings are in a. */
void deb_changelog_parse(struct arena *a, struct str text, struct str source,
			 struct changelog *out);

#endif
