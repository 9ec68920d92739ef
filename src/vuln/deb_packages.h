/* A Packages index of a Debian archive: per binary package where its file is, and of which source it was built. */
#ifndef LAZARET_VULN_DEB_PACKAGES_H
#define LAZARET_VULN_DEB_PACKAGES_H

#include "base/digest.h"
#include "base/stream.h"

enum { PACKAGES_MAX = 500000, PACKAGES_INFLATED_MAX = 1 << 30, PACKAGES_STANZA_MAX = 1 << 20 };

struct deb_package { /* strings are valid during the call */
	struct str package, version, arch, source, source_version;
	struct str filename; /* relative to the archive, checked: no "..", no odd bytes */
	uint64_t size;
	struct digest sha256;
};
/* Calls `each` for every package of an index (already inflated); a negative return stops. Stanzas that lack a field are
 * counted in *skipped and passed over. */
int deb_packages_read(struct stream *in,
		      int (*each)(void *ctx, const struct deb_package *p, struct err *e), void *ctx,
		      uint64_t *skipped, struct err *e);
/* Whether a path from an index may become part of an address. */
bool deb_path_is_safe(struct str path);

#endif
