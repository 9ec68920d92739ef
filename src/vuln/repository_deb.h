/* Debian changelogs as advisories: which version fixed what, for any installed version, whatever image was looked at. */
#ifndef LAZARET_VULN_REPOSITORY_DEB_H
#define LAZARET_VULN_REPOSITORY_DEB_H

#include "base/map.h"
#include "vuln/deb_changelog.h"
#include "vuln/deb_release.h"
#include "vuln/repository_run.h"
#include "vuln/version.h"

struct deb_advisories {
	struct arena *a;
	struct str ns;
	const struct version_scheme *deb;
	struct map by_id;
	struct advisory **v;
	size_t n, cap;
};
void deb_advisories_init(struct deb_advisories *d, struct arena *a, struct str ns);
/* The changelog of `source` at `version`, the newest of the suite. An identifier named in several entries gives several
 * ranges that touch, so that an installed version counts as affected until the next entry that names it. A stretch of
 * entries without identifiers, one of them a security upload or `version` itself, gives a pending update. */
int deb_advisories_add(struct deb_advisories *d, struct str source, struct str version,
		       const struct changelog *c, struct err *e);
/* "PENDING-SOURCE-VERSION": a security update that names nothing. */
void deb_advisories_pending(struct deb_advisories *d, struct str source, struct str version,
			    int64_t date);
bool deb_advisories_is_pending(const struct deb_advisories *d, struct str source,
			       struct str version);
/* Suite or codename as asked for, Valid-Until, and no date in the future. */
int deb_release_check(const struct deb_release *r, struct str suite, int64_t now, struct err *e);

#endif
