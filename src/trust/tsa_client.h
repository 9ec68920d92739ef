/* A timestamp authority asked over HTTP (RFC 3161, section 3.4). */
#ifndef LAZARET_TRUST_TSA_CLIENT_H
#define LAZARET_TRUST_TSA_CLIENT_H

#include "base/fetch.h"
#include "trust/timestamp.h"

/* A TimeStampResp that was granted, over the SHA-256 of the message, with our nonce; in `a`. Who signed it is the
 * verifier's question. */
int tsa_timestamp(struct fetch *f, struct str url, struct str message, struct arena *a,
		  struct str *out, struct err *e);
/* The bare token, of a digest that was made before; appended. */
int tsa_token(struct fetch *f, struct str url, const struct digest *d, struct arena *a, struct buf *token, struct err *e);

#endif
