/* Ed25519ph (RFC 8032, section 5.1) by libsodium's arithmetic: OpenSSL 3.0 lacks it, and libsodium's own functions want the
 * message, where a file of gigabytes is hashed once while it streams. A hostile signature may have an S beyond the group
 * order or an R that is no canonical point: both are a no. Equality is that of the encoded R, as in libsodium. */
#include "trust/key_ed25519ph.h"

#include <sodium.h>

/* "SigEd25519 no Ed25519 collisions", phflag 1, context of no bytes. */
static const struct str domain = { "SigEd25519 no Ed25519 collisions\x01\x00", 34 };

/* SHA-512(domain, two pieces of 32, digest) modulo the group order; `a` may be missing. */
static void hash_to_scalar(unsigned char out[32], const unsigned char *a, const unsigned char *b,
			   const struct digest *d)
{
	crypto_hash_sha512_state h;
	unsigned char wide[64];
	crypto_hash_sha512_init(&h);
	crypto_hash_sha512_update(&h, (const unsigned char *)domain.p, domain.n);
	if (a)
		crypto_hash_sha512_update(&h, a, 32);
	crypto_hash_sha512_update(&h, b, 32);
	crypto_hash_sha512_update(&h, d->bytes, 64);
	crypto_hash_sha512_final(&h, wide);
	crypto_core_ed25519_scalar_reduce(out, wide);
	sodium_memzero(wide, sizeof wide);
	sodium_memzero(&h, sizeof h);
}

bool ed25519_public_ok(const unsigned char pub[ED25519_KEY])
{
	return crypto_core_ed25519_is_valid_point(pub) == 1;
}

static bool scalar_canonical(const unsigned char s[32])
{
	unsigned char wide[64] = { 0 }, reduced[32];
	memcpy(wide, s, 32);
	crypto_core_ed25519_scalar_reduce(reduced, wide);
	return memcmp(reduced, s, 32) == 0 && !sodium_is_zero(s, 32);
}

bool ed25519ph_verify(const unsigned char pub[ED25519_KEY], const struct digest *sha512,
		      struct str signature)
{
	unsigned char k[32], sb[32], ka[32], r[32];
	const unsigned char *sig = (const unsigned char *)signature.p;
	if (signature.n != ED25519_SIGNATURE || sha512->alg != DIGEST_SHA512 ||
	    !scalar_canonical(sig + 32))
		return false;
	hash_to_scalar(k, sig, pub, sha512);
	/* R = [S]B - [k]A */
	return crypto_scalarmult_ed25519_base_noclamp(sb, sig + 32) == 0 &&
	       crypto_scalarmult_ed25519_noclamp(ka, k, pub) == 0 &&
	       crypto_core_ed25519_sub(r, sb, ka) == 0 && memcmp(r, sig, 32) == 0;
}

void ed25519ph_sign(const unsigned char seed[ED25519_KEY], const unsigned char pub[ED25519_KEY],
		    const struct digest *sha512, unsigned char signature[ED25519_SIGNATURE])
{
	unsigned char az[64], wide[64] = { 0 }, a[32], r[32], k[32], ka[32];
	crypto_hash_sha512(az, seed, 32);
	az[0] &= 248;
	az[31] = (unsigned char)((az[31] & 127) | 64);
	memcpy(wide, az, 32);
	crypto_core_ed25519_scalar_reduce(a, wide);
	hash_to_scalar(r, NULL, az + 32, sha512);
	/* Fails for r = 0 only, which no hash gives. */
	if (crypto_scalarmult_ed25519_base_noclamp(signature, r) != 0)
		abort();
	hash_to_scalar(k, signature, pub, sha512);
	crypto_core_ed25519_scalar_mul(ka, k, a);
	crypto_core_ed25519_scalar_add(signature + 32, ka, r);
	sodium_memzero(az, sizeof az);
	sodium_memzero(wide, sizeof wide);
	sodium_memzero(a, sizeof a);
	sodium_memzero(r, sizeof r);
	sodium_memzero(ka, sizeof ka);
}
