/* deb822: stanzas of "Name: value" fields with continuation lines, apart by empty lines (deb822(5)): Release, Packages and
 * .sources files. A stanza is one bounded piece of text; fields are cut from it without copies. */
#ifndef LAZARET_VULN_DEB822_H
#define LAZARET_VULN_DEB822_H

#include "base/stream.h"

enum { DEB822_STANZA_MAX = 16 << 20 }; /* bytes; a Release is one stanza */

/* Reads stanzas from a stream that stays the caller's. Zeroed but for `in` is ready; deb822_done frees. */
struct deb822 {
	struct stream *in;
	size_t max; /* bytes of one stanza; 0: DEB822_STANZA_MAX */
	struct buf text;
};
/* 1: *stanza is the next one (valid until the next call), 0: no more, or a code (ERR_LIMIT: stanza too large). */
int deb822_next(struct deb822 *d, struct str *stanza, struct err *e);
void deb822_done(struct deb822 *d);

/* Cuts the next field off *stanza; lines that are no field and comments are passed over. The value is trimmed, with its
 * continuation lines as they are. False at the end. */
bool deb822_field(struct str *stanza, struct str *name, struct str *value);
/* The value of the first field of this name (any case); empty when absent. */
struct str deb822_get(struct str stanza, struct str name);
/* The next line of a value, trimmed, comment lines left out. False at the end. */
bool deb822_line(struct str *value, struct str *line);

#endif
