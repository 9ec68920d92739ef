/* Base64 (RFC 4648, section 4). */
#ifndef LAZARET_BASE_BASE64_H
#define LAZARET_BASE_BASE64_H

#include "base/str.h"

/* Appends the text of the bytes, with padding. */
void base64_encode(struct str bytes, struct buf *out);
/* Appends the bytes; false (and nothing appended) for characters outside the alphabet or a length that cannot be.
 * Padding may be left out; a white space at the ends is not ours to trim. */
bool base64_decode(struct str text, struct buf *out);

#endif
