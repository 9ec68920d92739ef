/* Our own list of what is no longer trusted: keys, certificates and identities, each since when and why. YAML:
 *
 *   revoked:
 *     - key: sha256:HEX            # of the SubjectPublicKeyInfo; or certificate: sha256:HEX of the DER,
 *                                    # or identity: TEXT
 *       since: 2026-01-02T03:04:05Z        # left out: always
 *       reason: laptop stolen
 *
 * A signature with a trusted time before `since` stands; one without a trusted time does not. */
#ifndef LAZARET_TRUST_REVOKED_H
#define LAZARET_TRUST_REVOKED_H

#include "base/arena.h"
#include "base/digest.h"

enum { REVOKED_MAX = 10000, REVOKED_FILE_MAX = 4 << 20 };
struct revocations {
	struct revoked {
		struct digest key, certificate; /* alg DIGEST_NONE: not this */
		struct str identity;
		int64_t since;                  /* Unix seconds; INT64_MIN: always */
		struct str reason;
	} *v;
	size_t n, cap;
};
int revocations_parse(struct str yaml, struct str from, struct arena *a, struct revocations *out, struct err *e);
/* 1: not revoked for a signature of this trusted time (0: none is known); 0: revoked, e says since when and why. */
int revocations_allow(const struct revocations *r, const struct digest *key, const struct digest *certificate,
		      struct str identity, int64_t trusted_time, struct err *e);

#endif
