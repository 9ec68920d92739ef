/* Where a mirror is: a web server or a folder (for places without a network). */
#ifndef LAZARET_TRUST_TUF_SOURCE_H
#define LAZARET_TRUST_TUF_SOURCE_H

#include "base/fetch.h"
#include "trust/tuf.h"

struct tuf_source {
	struct tuf_mirror mirror; /* whose ctx is this struct */
	struct fetch *fetch; /* borrowed; of a web server */
	struct str url;
	int dir; /* of a folder, else -1 */
};
/* "https://HOST/PATH", "http://..." (beyond loopback if `fetch` allows it), "file:///PATH" or a path. `where` is
 * borrowed. `fetch` may be NULL for a folder: is_web tells. */
bool tuf_source_is_web(struct str where);
int tuf_source_open(struct str where, struct fetch *fetch, struct tuf_source *out, struct err *e);
void tuf_source_done(struct tuf_source *s);

#endif
