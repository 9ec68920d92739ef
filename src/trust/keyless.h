/* Making signatures: with a key, or without one ("keyless": a certificate authority certifies a key that lives as long as
 * the program, for whom an identity token names), each with or without transparency logs and timestamp authorities.
 * It is the one way to sign; what comes out is what a bundle or cosign's annotations are written from. No service is
 * assumed, every answer is checked before it is used, and with trust roots the whole is verified before it is given
 * out. */
#ifndef LAZARET_TRUST_KEYLESS_H
#define LAZARET_TRUST_KEYLESS_H

#include "base/fetch.h"
#include "trust/oidc.h"
#include "trust/signing_config.h"
#include "trust/sigstore.h"

struct signer_options {
	const struct key
		*key; /* private, or a token's; borrowed. NULL: keyless, then fulcio and token */
	struct str token; /* identity token; borrowed, never shown */
	struct signing_service fulcio;
	struct service_list logs, tsas; /* in the order they are asked */
	size_t logs_needed, tsas_needed; /* so many of them must answer; 0: none is asked */
	struct fetch *fetch; /* borrowed; NULL when no service is asked */
	const struct trusted_root *const
		*roots; /* what comes back is verified under these; none: only what
							   can be checked without */
	size_t n_roots;
};
struct signer;
/* Makes the ephemeral key; nothing is asked before something is signed. Options are copied, what they borrow is not.
 * ERR_INVALID for options that cannot work, with what is missing. */
int signer_open(const struct signer_options *o, struct signer **out, struct err *e);
void signer_close(struct signer *s); /* wipes the ephemeral key; NULL is fine */
void cleanup_signer(struct signer **s);

/* Signs, then has it logged and timestamped. *out is ready for sigstore_bundle_write, lives in `a` and as long as the
 * signer: signature, message_digest or dsse, key or cert_der, entries, timestamps.
 * ERR_AUTH: the token was refused; ERR_IO: a service failed; ERR_INVALID: a service answered wrongly (all its answers
 * are dropped).
 * One signer may sign any number of times; a certificate that is about to end is replaced. One thread at a time. */
/* A blob or a simple signing payload. `what` has the digests, and the message too for a key that needs it
 * (key_default_alg says which). */
int signer_sign_message(struct signer *s, const struct signed_bytes *what, struct arena *a,
			struct bundle_parts *out, struct err *e);
/* An in-toto statement, or any other payload, as a DSSE envelope. */
int signer_sign_dsse(struct signer *s, struct str payload_type, struct str payload, struct arena *a,
		     struct bundle_parts *out, struct err *e);
/* The certificates of the last signature, leaf first, as the authority gave them; NULL: signed with a key. */
const struct certs *signer_certs(const struct signer *s);
/* Timestamps of other bytes (cosign's older attestations: the envelope's JSON), as signatures get them; none when no
 * authority is asked. DER responses in `a`. */
int signer_timestamps(struct signer *s, struct str message, struct arena *a, struct str **v,
		      size_t *n, struct err *e);

#endif
