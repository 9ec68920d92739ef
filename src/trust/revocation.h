/* Was a certificate taken back? OCSP (RFC 6960) and CRLs (RFC 5280, with deltas), asked over the network or read from
 * files where there is none. */
#ifndef LAZARET_TRUST_REVOCATION_H
#define LAZARET_TRUST_REVOCATION_H

#include "trust/answer.h"
#include "trust/x509.h"

struct revocation_options {
	bool offline;                           /* files and cache only */
	struct str crl_dir;                     /* *.crl, PEM or DER; empty: none */
	struct str cache_dir;                   /* fetched CRLs; empty: none */
	int64_t now;
};
struct revocation;
int revocation_open(const struct revocation_options *o, struct revocation **out, struct err *e);
void revocation_close(struct revocation *r);
/* Every certificate of a chain (leaf first) but the last, which is trusted as it is. 1: none is revoked (or none says
 * where to ask), 0: one is, and e names it; negative: could not find out. `by_authority` (notation's signing
 * authorities): a revocation whose invalidity date is after `signing_time` (Unix seconds; 0: none) does not count. */
int revocation_check(struct revocation *r, const struct chain *c, int64_t signing_time, bool by_authority, struct err *e);

#endif
