/* Ed25519ph (RFC 8032, section 5.1) from a digest that was made before, with the empty context. */
#ifndef LAZARET_TRUST_KEY_ED25519PH_H
#define LAZARET_TRUST_KEY_ED25519PH_H

#include "base/digest.h"

enum { ED25519_KEY = 32, ED25519_SIGNATURE = 64 };

/* A point of the prime-order subgroup, written canonically: what an honest key is. */
bool ed25519_public_ok(const unsigned char pub[ED25519_KEY]);
/* sha512: of the message. */
bool ed25519ph_verify(const unsigned char pub[ED25519_KEY], const struct digest *sha512,
		      struct str signature);
void ed25519ph_sign(const unsigned char seed[ED25519_KEY], const unsigned char pub[ED25519_KEY],
		    const struct digest *sha512, unsigned char signature[ED25519_SIGNATURE]);

#endif
