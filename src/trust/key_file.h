/* Where keys come from: private key files (cosign's encrypted JSON in PEM, PKCS#8, PKCS#1, SEC 1), public key files,
 * environment
 * variables, https, PKCS#11 tokens. */
#ifndef LAZARET_TRUST_KEY_FILE_H
#define LAZARET_TRUST_KEY_FILE_H

#include "trust/key.h"

enum { KEY_FILE_MAX = 64 * 1024, PASSWORD_MAX = 1024 };

/* Asked for a password only when one is needed, once a key. Returns 0 and a password in `out` (it is wiped by who asked). */
struct password {
	int (*ask)(void *ctx, struct buf *out, struct err *e);
	void *ctx;
	/* NULL: PINs come from the URI or the environment only. A token counts wrong ones, so a key's password is never tried
	 * as a PIN. */
	int (*ask_pin)(void *ctx, struct str token, struct buf *out, struct err *e);
};
/* REF: a file, "env://VARIABLE" (its value is the PEM), "pkcs11:..." (RFC 7512). ERR_UNSUPPORTED with what to do for
 * awskms://, gcpkms://, azurekms://, hashivault://, k8s://, gitlab://, github://; ERR_AUTH for a wrong password or
 * PIN. */
int key_load_private(struct str ref, const struct password *p, struct key **out, struct err *e);
/* A public key, a certificate (its key), or the public half of a private key file (may ask). https:// too, unless
 * offline. */
int key_load_public(struct str ref, const struct password *p, bool offline, struct key **out, struct err *e);
/* Private key text as import takes it: cosign's, PKCS#8 (also encrypted by PBES2), PKCS#1, SEC 1; the first block that is
 * one. `p` NULL: nobody can be asked. */
int key_private_from_text(struct str text, const struct password *p, struct key **out, struct err *e);
/* "ENCRYPTED SIGSTORE PRIVATE KEY": scrypt N=65536 and secretbox. */
int key_private_text(const struct key *k, struct str password, struct buf *out, struct err *e);

#endif
