/* PEM (RFC 7468): text with labelled base64 blocks. */
#ifndef LAZARET_TRUST_PEM_H
#define LAZARET_TRUST_PEM_H

#include "base/err.h"
#include "base/str.h"

enum { PEM_LABEL_MAX = 64 };

/* Cuts the next block out of *text and decodes it into *der (emptied first, wiped on failure). Returns 1, 0 when no
 * block is left, ERR_INVALID for a block without end or with bytes that are no base64, ERR_UNSUPPORTED for headers inside
 * a block (RFC 1421: encrypted the old way). Text between blocks is passed over. *label lives in the text. */
int pem_next(struct str *text, struct str *label, struct buf *der, struct err *e);
void pem_write(struct str label, struct str der, struct buf *out);
/* Wipes what is in it, and frees it. */
void secret_done(struct buf *b);

#endif
