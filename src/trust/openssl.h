/* OpenSSL's types, for the files of this folder that own a part of it (key.c, x509.c, timestamp.c, revocation.c and
 * their parts); no other
 * header shows them. */
#ifndef LAZARET_TRUST_OPENSSL_H
#define LAZARET_TRUST_OPENSSL_H

#include "trust/x509.h"

#include <openssl/asn1t.h>
#include <openssl/cms.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/ts.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

EVP_PKEY *key_evp(const struct key *k); /* borrowed; a token's: the public half */
/* Takes the reference over, on failure too. */
int key_from_evp(EVP_PKEY *evp, bool is_private, struct key **out, struct err *e);

X509 *cert_x509(const struct cert *c); /* made anew, to be freed; NULL when OpenSSL cannot read it */
int cert_from_x509(X509 *x, struct cert **out, struct err *e);

#endif
