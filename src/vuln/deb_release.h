/* A Release file of a Debian archive (the Debian wiki's RepositoryFormat): what the suite is, how long it counts, and the
 * digest of every index. Only ever given text whose signature was checked. */
#ifndef LAZARET_VULN_DEB_RELEASE_H
#define LAZARET_VULN_DEB_RELEASE_H

#include "base/arena.h"
#include "base/digest.h"

enum { RELEASE_FILES_MAX = 200000 };

struct release_file {
	struct str path; /* relative to the folder of the Release */
	uint64_t size;
	struct digest sha256;
};
struct deb_release {
	struct str origin, suite, codename;
	int64_t date, valid_until; /* Unix seconds; 0: not said */
	bool by_hash;
	bool no_all;                    /* indexes of "all" are not to be read: each architecture's has them */
	struct strs architectures, components;
	struct release_file *files; /* sorted by path */
	size_t n_files, files_cap;
};

/* ERR_INVALID for a date that does not parse, an entry of SHA256 that is broken, or no SHA256 at all. Strings borrow from
 * text. */
int deb_release_parse(struct arena *a, struct str text, struct deb_release *out, struct err *e);
/* NULL when the Release does not list the path. */
const struct release_file *deb_release_find(const struct deb_release *r, struct str path);
/* RFC 5322 as archives and changelogs write it: "Sat, 21 Nov 2026 00:53:02 UTC" or "+0100"; the weekday may be missing. */
bool deb_date(struct str s, int64_t *out);

#endif
