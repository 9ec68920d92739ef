/* Fulcio, Sigstore's certificate authority (fulcio.proto, CA.CreateSigningCertificate): a certificate for a key and an
 * identity token. */
#ifndef LAZARET_TRUST_FULCIO_H
#define LAZARET_TRUST_FULCIO_H

#include "base/fetch.h"
#include "trust/x509.h"

enum { FULCIO_ANSWER_MAX = 256 * 1024 };

struct fulcio_request {
	struct str url; /* base, as "https://fulcio.example" */
	struct str token; /* identity token */
	struct str
		subject; /* of the token, see oidc.h: what is signed to prove that the key is ours */
	const struct key *key;
};
/* *out: leaf and issuers, as they came; freed with certs_done. The leaf holds our key and may sign code, each
 * certificate is issued by the next; whether the last leads to an anchor is the caller's question. ERR_AUTH: the
 * token was refused. */
int fulcio_certificate(struct fetch *f, const struct fulcio_request *r, struct certs *out,
		       struct err *e);
/* The same of an answer that is there, unchecked. */
int fulcio_answer(struct str json, struct certs *out, struct err *e);

#endif
