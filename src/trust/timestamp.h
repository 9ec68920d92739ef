/* Time-stamp tokens (RFC 3161, RFC 5816; CMS of RFC 5652). */
#ifndef LAZARET_TRUST_TIMESTAMP_H
#define LAZARET_TRUST_TIMESTAMP_H

#include "trust/x509.h"

enum { TIMESTAMP_MAX = 1 << 20 };

struct timestamp {
	int64_t time;                           /* genTime, Unix seconds */
	int64_t accuracy;                       /* seconds, rounded up */
	struct digest imprint;
	struct str policy, serial;              /* dotted OID, hex; in the arena */
	struct chain chain;                     /* TSA certificate first, anchor last; borrowed from anchors, others
					   or `held` */
	struct certs held;                      /* certificates that came with the token; timestamp_done frees them */
};
void timestamp_done(struct timestamp *t);
/* A TimeStampResp (status granted) or a bare TimeStampToken. The signature of one SignerInfo must hold, its
 * certificate be named by signing-certificate-v2 with SHA-2, chain to an anchor at genTime with
 * timeStamping as its only, critical extended use; the imprint be that of `message`. `others`: certificates beside
 * the token's (a token may hold none). An answer. */
int timestamp_verify(struct str der, struct str message, const struct certs *others, const struct certs *anchors,
		     struct chain_cache *cache, struct arena *a, struct timestamp *out, struct err *e);
/* The same for a digest made before; of the algorithm that the token names. */
int timestamp_verify_digest(struct str der, const struct digest *d, const struct certs *others, const struct certs *anchors,
			    struct chain_cache *cache, struct arena *a, struct timestamp *out, struct err *e);
/* What the token says, unverified: time and imprint. ERR_INVALID; a response that was not granted is ERR_INVALID with
 * its text. */
int timestamp_read(struct str der, struct arena *a, struct timestamp *out, struct err *e);
/* A TimeStampReq with a fresh nonce. */
int timestamp_request(const struct digest *d, bool want_certs, struct buf *out, struct buf *nonce, struct err *e);
/* The bare token of a granted response whose nonce and imprint are ours. */
int timestamp_token(struct str response, const struct digest *d, struct str nonce, struct buf *token, struct err *e);

#endif
