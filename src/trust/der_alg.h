/* Algorithm identifiers in DER. */
#ifndef LAZARET_TRUST_DER_ALG_H
#define LAZARET_TRUST_DER_ALG_H

#include "trust/der.h"
#include "trust/key.h"

/* Cuts an AlgorithmIdentifier off. *out: SHA-256, SHA-384 or SHA-512, else DIGEST_NONE; parameters absent or NULL. */
bool der_take_digest_alg(struct str *in, enum digest_alg *out);
/* *out: SIGNATURE_NONE for one that is not known. `digest`: the hash where the identifier leaves it open (CMS); DIGEST_NONE:
 * it must say it. */
bool der_take_signature_alg(struct str *in, enum digest_alg digest, enum signature_alg *out);
/* The content of the OBJECT IDENTIFIER; empty for an algorithm that is none of the three. */
struct str der_digest_oid(enum digest_alg alg);

#endif
