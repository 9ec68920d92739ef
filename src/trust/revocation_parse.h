/* OCSP responses (RFC 6960) and CRLs (RFC 5280, section 5) taken apart and judged, without a network; revocation.h is for
 * everybody else. */
#ifndef LAZARET_TRUST_REVOCATION_PARSE_H
#define LAZARET_TRUST_REVOCATION_PARSE_H

#include "trust/x509.h"

enum { OCSP_MAX = 128 * 1024, CRL_MAX = 32 << 20, REVOCATION_URLS_MAX = 8, REVOCATION_SKEW = 300 /* seconds */ };

struct revoked_state {
	bool revoked;
	int64_t since;
	int64_t invalid;                /* its invalidity date; 0: none */
};

/* Where to ask: http and https for OCSP, http for CRLs. At most REVOCATION_URLS_MAX each. */
void ocsp_urls(const struct cert *c, struct arena *a, struct strs *out);
/* Of a value of cRLDistributionPoints or freshestCRL: points of one reason or of another issuer are left out and set *partial. */
void crl_urls(struct str value, struct arena *a, struct strs *out, bool *partial);

void ocsp_request(const struct cert *c, const struct cert *issuer, struct buf *out);
/* What the response says of the certificate; it is signed by the issuer or by a responder that the issuer made one, and of
 * now. *responder: that one, taken over by the caller; NULL: the issuer. ERR_INVALID, ERR_NOT_FOUND (status unknown),
 * ERR_IO (the responder says to try later). */
int ocsp_read(struct str der, const struct cert *c, const struct cert *issuer, int64_t now, struct revoked_state *out,
	      struct cert **responder, struct err *e);

struct crl {
	struct str tbs, issuer;         /* whole values; borrowed */
	struct str entries;             /* SEQUENCEs in a row */
	struct str number, base;        /* contents of cRLNumber and deltaCRLIndicator; empty: none */
	struct str freshest;            /* value of freshestCRL */
	struct str point;               /* of issuingDistributionPoint: its name; empty: none */
	bool delta, users_only, authorities_only;
	int64_t this_update, next_update;
	enum signature_alg alg;
	struct str signature;
};
/* ERR_INVALID; ERR_UNSUPPORTED: indirect, of some reasons only, unknown critical extensions. */
int crl_parse(struct str der, struct crl *out, struct err *e);
/* Is it the issuer's, of now, and does it speak of this certificate? 0, or why not: ERR_NOT_FOUND for one of another issuer or
 * part, else ERR_INVALID. */
int crl_check(const struct crl *l, const struct cert *c, const struct cert *issuer, int64_t now, struct err *e);
/* 1: it lists the certificate, and says what; 0: it does not. A delta's "removed" is 1 and not revoked. ERR_INVALID. */
int crl_find(const struct crl *l, const struct cert *c, struct revoked_state *out, struct err *e);
/* Does the delta add to this base? */
bool crl_extends(const struct crl *delta, const struct crl *base);

#endif
