/* Other encodings of private keys, turned into PKCS#8 (which key_from_pkcs8 reads). */
#ifndef LAZARET_TRUST_KEY_PRIVATE_H
#define LAZARET_TRUST_KEY_PRIVATE_H

#include "trust/key.h"

enum { PBKDF2_ROUNDS_MAX = 10000000 };

/* PKCS#1 (RFC 8017) of an RSA key, SEC 1 (RFC 5915) of an EC key. Appends PKCS#8; wipe it. ERR_INVALID. */
int pkcs8_of_pkcs1(struct str der, struct buf *out, struct err *e);
int pkcs8_of_sec1(struct str der, struct buf *out, struct err *e);
/* EncryptedPrivateKeyInfo (RFC 5958) by PBES2 with PBKDF2, at most PBKDF2_ROUNDS_MAX. ERR_UNSUPPORTED for other schemes,
 * ERR_LIMIT for more rounds, ERR_AUTH for another password. */
int pkcs8_decrypt(struct str der, struct str password, struct buf *out, struct err *e);

#endif
