/* A Debian binary package (deb(5)) read for one thing: the changelog of its source. Runs in the sandboxed child. */
#ifndef LAZARET_VULN_DEB_ARCHIVE_H
#define LAZARET_VULN_DEB_ARCHIVE_H

#include "base/stream.h"

enum {
	DEB_ENTRIES_MAX = 1000000, /* files of one package */
	DEB_MEMBERS_MAX = 20, /* members of the outer archive */
	DEB_INFLATED_MAX = 2047 << 20, /* bytes of data.tar */
};

enum deb_changelog_found {
	DEB_CHANGELOG_NONE, /* the package has none under its own name */
	DEB_CHANGELOG_LINK, /* its doc folder or changelog is a link into another package */
	DEB_CHANGELOG_READ,
};

/* Reads the package up to where its changelog ends (the caller drains the rest) and appends the changelog's text, inflated
 * and cut at max bytes, to *text. ERR_INVALID for what is no package, ERR_UNSUPPORTED for its compression, ERR_LIMIT. */
int deb_archive_changelog(struct stream *in, struct str package, size_t max, struct buf *text,
			  enum deb_changelog_found *found, struct err *e);

#endif
