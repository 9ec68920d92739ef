/* Base64 (RFC 4648, sections 4 and 5). */
#ifndef LAZARET_BASE_BASE64_H
#define LAZARET_BASE_BASE64_H

#include "base/str.h"

/* Appends the text of the bytes, with padding. */
void base64_encode(struct str bytes, struct buf *out);
/* Appends the bytes; false (and nothing appended) for characters outside the alphabet or a length that cannot be.
 * Padding may be left out; a white space at the ends is not ours to trim. */
bool base64_decode(struct str text, struct buf *out);
/* The URL alphabet without padding, as JOSE has it. Decoding refuses padding, and left-over bits that are not zero. */
void base64url_encode(struct str bytes, struct buf *out);
bool base64url_decode(struct str text, struct buf *out);

#endif
