/* Keys that sign and verify: ECDSA on P-256, P-384 and P-521 (FIPS 186-5; DER signatures as in RFC 3279), Ed25519
 * (RFC 8032,
 * also its prehashed form), RSA of 2048 to 8192 bits (PKCS#1 v1.5 and PSS with a salt as long as the hash). OpenSSL
 * does the
 * mathematics, libsodium Ed25519ph. A key is immutable once made and may be used by several threads at once. */
#ifndef LAZARET_TRUST_KEY_H
#define LAZARET_TRUST_KEY_H

#include "base/arena.h"
#include "base/digest.h"

enum key_type { KEY_ECDSA, KEY_ED25519, KEY_RSA };
enum signature_alg {
	SIGNATURE_NONE,
	SIGNATURE_ECDSA_SHA256,
	SIGNATURE_ECDSA_SHA384,
	SIGNATURE_ECDSA_SHA512,
	SIGNATURE_ED25519,
	SIGNATURE_ED25519PH,
	SIGNATURE_RSA_SHA256, /* PKCS#1 v1.5 */
	SIGNATURE_RSA_SHA384,
	SIGNATURE_RSA_SHA512,
	SIGNATURE_PSS_SHA256,
	SIGNATURE_PSS_SHA384,
	SIGNATURE_PSS_SHA512,
};
enum { KEY_RSA_BITS_MIN = 2048, KEY_RSA_BITS_MAX = 8192, KEY_DER_MAX = 16 * 1024, SIGNATURE_MAX = 1024 };

struct key;
/* A public key. ERR_INVALID for what is no key or ends early, ERR_UNSUPPORTED for a kind, curve or size that is not
 * above. */
int key_from_spki(struct str der, struct key **out, struct err *e);
/* The first PEM block that holds one: PUBLIC KEY, RSA PUBLIC KEY or CERTIFICATE. */
int key_from_pem(struct str pem, struct key **out, struct err *e);
/* A private key, PKCS#8 DER (unencrypted). */
int key_from_pkcs8(struct str der, struct key **out, struct err *e);
/* bits: 256, 384 or 521; 0 for Ed25519; RSA's modulus. */
int key_generate(enum key_type type, unsigned bits, struct key **out, struct err *e);
void key_close(struct key *k);                  /* wipes what is private; NULL is fine */
void cleanup_key(struct key **k);

enum key_type key_type(const struct key *k);
unsigned key_bits(const struct key *k);
bool key_is_private(const struct key *k);
struct str key_spki(const struct key *k);       /* DER; lives as long as the key */
const struct digest *key_id(const struct key *k);       /* SHA-256 of the SPKI: what logs and hints call it */
bool key_eq(const struct key *a, const struct key *b);  /* the public parts */
const char *key_name(const struct key *k);      /* "ECDSA P-256", "RSA 2048", for people */
void key_pem(const struct key *k, struct buf *out);     /* PUBLIC KEY */
int key_pkcs8(const struct key *k, struct buf *out, struct err *e);     /* DER; wipe it. ERR_UNSUPPORTED: a token's */

/* What cosign signs with: ECDSA with SHA-256, 384 or 512 by curve, Ed25519ph, RSA PKCS#1 v1.5 with SHA-256. For a
 * DSSE envelope an Ed25519 key signs plainly. */
enum signature_alg key_default_alg(const struct key *k, bool dsse);
/* What the algorithm hashes with; DIGEST_SHA512 for Ed25519ph, DIGEST_NONE for Ed25519. */
enum digest_alg alg_digest(enum signature_alg alg);
/* Names of protobuf-specs ("PKIX_ECDSA_P256_SHA_256", the deprecated ones too); SIGNATURE_NONE when unknown, "" when it
 * has none. */
enum signature_alg alg_from_details(struct str key_details);
const char *alg_details(enum signature_alg alg, const struct key *k);
const char *alg_name(enum signature_alg alg);   /* for people */

/* Whole signatures only: trailing bytes, BER, wrong lengths, an algorithm that is not the key's kind are a no. */
bool key_verify(const struct key *k, enum signature_alg alg, struct str message, struct str signature);
/* Of a digest made before; a no for Ed25519 and for a digest of another algorithm. */
bool key_verify_digest(const struct key *k, enum signature_alg alg, const struct digest *d, struct str signature);
/* ERR_UNSUPPORTED: this key cannot do this algorithm; ERR_IO: the token failed. */
int key_sign(const struct key *k, enum signature_alg alg, struct str message, struct buf *out, struct err *e);
int key_sign_digest(const struct key *k, enum signature_alg alg, const struct digest *d, struct buf *out, struct err *e);

/* ECDSA: DER to the two numbers side by side (JOSE, COSE: 2 x 32, 48 or 66 bytes) and back. */
bool ecdsa_to_raw(struct str der, unsigned bits, struct buf *out);
bool ecdsa_from_raw(struct str raw, unsigned bits, struct buf *out);

#endif
