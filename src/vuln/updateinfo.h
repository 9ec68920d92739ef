/* rpm repositories: repomd.xml, which lists a repository's documents with their digests, and updateinfo.xml, the
 * advisories. */
#ifndef LAZARET_VULN_UPDATEINFO_H
#define LAZARET_VULN_UPDATEINFO_H

#include "base/arena.h"
#include "base/digest.h"
#include "base/stream.h"

enum {
	UPDATEINFO_UPDATES_MAX = 200000,
	UPDATEINFO_PACKAGES_MAX = 100000, /* of one update */
	UPDATEINFO_REFERENCES_MAX = 2000, /* of one update */
	UPDATEINFO_BYTES_MAX = 1 << 30, /* inflated */
	REPOMD_BYTES_MAX = 4 << 20,
};

struct update_package {
	struct str name, version; /* "[EPOCH:]VERSION-RELEASE", without an epoch of 0 */
	struct str arch; /* empty: any */
	struct str module; /* "name:stream"; empty: none */
};
struct update {
	struct str id, type, severity, title, summary;
	int64_t issued, updated; /* Unix seconds; 0: not said */
	struct strs cves, references; /* "CVE-..."; addresses */
	struct update_package *packages;
	size_t n_packages, packages_cap;
};
/* Calls `each` for every update of type "security" (already inflated input); the update lives during the call. Updates
 * without an id, and packages without name, version or release, are counted in *skipped. */
int updateinfo_read(struct stream *in,
		    int (*each)(void *ctx, const struct update *u, struct err *e), void *ctx,
		    uint64_t *skipped, struct err *e);

struct repomd_file {
	struct str href; /* relative to the repository, checked */
	struct digest digest; /* of the file as it is fetched: sha256 or sha512 */
	uint64_t size; /* UINT64_MAX: not said */
	int64_t timestamp;
};
/* Finds the document of a type ("updateinfo"). ERR_NOT_FOUND when the repository has none, ERR_UNSUPPORTED when it has no
 * digest that we accept. */
int repomd_find(struct arena *a, struct str text, struct str type, struct repomd_file *out,
		struct err *e);
/* "2024-05-01 12:30:00", "2024-05-01T12:30:00Z", "2024-05-01" (UTC) or Unix seconds. */
bool updateinfo_date(struct str s, int64_t *out);

#endif
