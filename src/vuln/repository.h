/* A distribution's own package repositories as a feed: what their signed indexes and changelogs (Debian, Ubuntu) or their
 * updateinfo.xml (rpm) say was fixed. Where to look and whom to trust comes from this machine or the user, never from
 * the image. */
#ifndef LAZARET_VULN_REPOSITORY_H
#define LAZARET_VULN_REPOSITORY_H

#include "analyze/inventory.h"
#include "vuln/advisory_db.h"

struct launcher;
struct repository_options {
	struct advisory_writer *writer; /* segments go here; committing is the caller's */
	struct launcher *launcher;
	struct str cache_dir; /* ours alone, made when missing; changelogs once read lie here */
	struct str apt_dir; /* "/etc/apt" */
	struct str keyring_dir; /* "/usr/share/keyrings": the distributions' archive keyrings */
	/* --repository: for Debian and Ubuntu the archive's address (its suite is CODENAME-security), or "ADDRESS SUITE", or
	 * a whole line of sources.list; for rpm the address above repodata/. Empty: what this machine is set up with. */
	struct strs repositories;
	struct str keyring; /* --keyring; empty: the machine's own */
	int64_t now; /* Unix seconds */
	void (*progress)(void *ctx, const char *what); /* NULL: none */
	void *progress_ctx;
};

enum {
	REPOSITORY_SOURCES_MAX = 500, /* changelogs fetched in one run and repository */
	REPOSITORY_DEB_BYTES = 200 << 20, /* of one package */
	REPOSITORY_INDEX_BYTES = 512 << 20, /* of one index */
	REPOSITORY_TRIES = 4, /* packages of one source, until one has a changelog */
	REPOSITORY_MAX = 50, /* repositories of one run */
};
#define REPOSITORY_TOTAL_BYTES (2ULL << 30) /* packages of one run and repository */

struct repository_done { /* one repository */
	struct str name; /* of its segment: "repository/debian:12/ADDRESS SUITE" */
	struct str origin; /* "ADDRESS SUITE" */
	int failed; /* a code: nothing of it was changed in the database */
	struct str why; /* when failed */
	uint64_t advisories; /* in its segment now */
	uint64_t behind; /* source packages of the image with a newer version there */
	uint64_t pending; /* of these without any identifier */
	uint64_t fetched, bytes; /* documents and packages fetched, unchanged ones not counted */
	struct strs notes; /* what was not looked at */
};
struct repository_result {
	struct repository_done *v;
	size_t n, cap;
	struct strs notes;
};

/* Reads every repository that fits the inventory's distribution. A failing one does not lose the others: look at
 * `failed` of each. ERR_NOT_FOUND when no repository fits, ERR_UNSUPPORTED for a distribution without. */
int repository_update(const struct inventory *inv, const struct repository_options *o,
		      struct arena *a, struct repository_result *out, struct err *e);

#endif
