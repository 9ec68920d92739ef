/* Notary Project signatures: JWS (RFC 7515, flattened JSON) and COSE_Sign1 (RFC 9052) envelopes, trust policies and
 * stores. */
#ifndef LAZARET_TRUST_NOTATION_H
#define LAZARET_TRUST_NOTATION_H

#include "oci/oci.h"
#include "trust/answer.h"
#include "trust/x509.h"

enum { NOTATION_BLOB_MAX = 32 << 20, NOTATION_SIGNATURES_MAX = 100 };
#define NOTATION_ARTIFACT_TYPE "application/vnd.cncf.notary.signature"
#define NOTATION_JWS "application/jose+json"
#define NOTATION_COSE "application/cose"
#define NOTATION_PAYLOAD "application/vnd.cncf.notary.payload.v1+json"
#define NOTATION_THUMBPRINTS "io.cncf.notary.x509chain.thumbprint#S256"

/* One folder as notation keeps it ($XDG_CONFIG_HOME/notation): trustpolicy.oci.json or trustpolicy.json,
 * truststore/x509/... Read
 * whole; symbolic links are refused. */
struct notation_trust;
int notation_trust_open(struct str dir, struct notation_trust **out, struct err *e);
/* A policy that is elsewhere; `policy` is JSON, `dir` the folder that has truststore/x509/TYPE/NAME. */
int notation_trust_parse(struct str policy, struct str dir, struct notation_trust **out,
			 struct err *e);
void notation_trust_close(struct notation_trust *t);
/* Is the policy for HOST/REPOSITORY of the level skip, so that nothing is verified and an image without a signature is
 * let through? */
bool notation_skips(const struct notation_trust *t, struct str scope);

struct revocation; /* trust/revocation.h: OCSP and CRLs, by network or files */
struct notation_policy {
	const struct notation_trust *trust;
	struct str scope; /* HOST/REPOSITORY of the image */
	struct revocation *revocation;
	const struct revocations *revoked; /* our own list; NULL: none */
	struct chain_cache *cache;
	int64_t now;
};
/* A step that the policy only logs is CHECK_SKIPPED with a text that begins with "logged only:"; under the level skip the
 * answer is CHECK_UNKNOWN, with nothing but a skipped check (see notation_skips).
 * `target` is what the signature is asked to speak of: media type, digest and size must be the signed ones. Fills
 * *out and
 * returns 0: out->result has the answer; a code when nothing could be found out. */
int notation_verify(struct str envelope, struct str media_type, const struct descriptor *target,
		    const struct notation_policy *p, struct arena *a, struct proof *out,
		    struct err *e);

struct notation_signer {
	const struct key *key;
	const struct certs *chain; /* leaf to root */
	const struct annotation *annotations; /* user metadata */
	size_t n_annotations;
	int64_t now, expiry; /* Unix seconds; expiry 0: none */
	/* NULL, or turns the signature's digest into a TimeStampToken. */
	int (*stamp)(void *ctx, const struct digest *d, struct buf *token, struct err *e);
	void *stamp_ctx;
};
/* media_type: NOTATION_JWS or NOTATION_COSE. The chain is held to the certificate rules first: ERR_INVALID says which. */
int notation_sign(const struct descriptor *target, const char *media_type,
		  const struct notation_signer *s, struct buf *out, struct err *e);
/* The annotations of a signature manifest: thumbprints of the chain as its JSON text. */
struct str notation_thumbprints(const struct certs *chain, struct arena *a);

/* Signature manifests. Is this one (its bytes) a notation signature of `subject`? 1: yes, *blob is the envelope's descriptor
 * (media type NOTATION_JWS or NOTATION_COSE, at most NOTATION_BLOB_MAX bytes); 0: no, *e says why. */
int notation_manifest_read(struct str manifest, const struct descriptor *subject, struct arena *a,
			   struct descriptor *blob, struct err *e);
/* The manifest of an envelope that is stored as `blob`; its configuration is the two bytes "{}", also inline. `created`:
 * the signing time. */
struct str notation_manifest_write(const struct descriptor *subject, const struct descriptor *blob,
				   struct str thumbprints, int64_t created, struct arena *a);

#endif
