/* How cosign keeps signatures and attestations in a repository: simple signing payloads, the manifests that its tags name
 * (sha256-HEX.sig, sha256-HEX.att; one layer a signature, the signature in the layer's annotations), and the manifests of
 * Sigstore bundles that refer to an image. */
#ifndef LAZARET_TRUST_COSIGN_H
#define LAZARET_TRUST_COSIGN_H

#include "oci/oci.h"
#include "trust/sigstore.h"

enum { SIMPLE_SIGNING_MAX = 1 << 20, SIMPLE_SIGNING_ANNOTATIONS_MAX = 1000, COSIGN_LAYERS_MAX = 1000 };
#define COSIGN_SIMPLE_SIGNING "application/vnd.dev.cosign.simplesigning.v1+json"
#define COSIGN_DSSE "application/vnd.dsse.envelope.v1+json"
#define COSIGN_SIGNATURE "dev.cosignproject.cosign/signature"

struct simple_signing {
	struct str reference;                   /* critical.identity.docker-reference: a repository's name; may be empty */
	struct digest digest;                   /* critical.image.docker-manifest-digest */
	struct annotation *annotations;         /* optional: the members that are text */
	size_t n_annotations;
};
/* As Go's encoder writes it: annotations sorted by key, "optional" null without any. */
void simple_signing_write(const struct simple_signing *s, struct arena *a, struct buf *out);
/* ERR_INVALID for another critical.type, for critical members that we do not know, for keys that are there twice or in
 * other case; ERR_LIMIT. Strings live in `a`. */
int simple_signing_parse(struct str payload, struct arena *a, struct simple_signing *out, struct err *e);

/* The manifest that a tag names, with one more layer, and its configuration blob. `old` is empty for the first; `docker`
 * asks for Docker's media types then. The layers that are there stay as they are, in order. ERR_UNSUPPORTED: old is not of
 * this shape; ERR_LIMIT: it is full. */
int cosign_manifest_add(struct str old, const struct descriptor *layer, bool docker, struct arena *a, struct buf *manifest,
			struct buf *config, struct err *e);
/* What a layer's annotations say beside the payload; borrowed. False without a signature annotation. */
bool cosign_layer_material(const struct descriptor *layer, struct cosign_material *out);
/* The annotations of a layer; `certificate` and `chain` are PEM; entry and timestamp (DER) may be empty. In `a`, sorted. */
struct cosign_parts {
	struct str signature;                   /* raw; empty: an attestation, whose signature is in the envelope */
	struct str predicate_type;              /* of an attestation */
	struct str certificate, chain;
	const struct log_entry *entry;          /* of a log that gave a signed entry timestamp; NULL: none */
	struct str timestamp;
};
void cosign_layer_annotations(const struct cosign_parts *p, struct arena *a, struct annotation **v, size_t *n);

/* A manifest that refers to `subject` with one bundle in it. content: "message-signature" or "dsse-envelope". */
struct bundle_place {
	const struct descriptor *subject, *bundle;
	const char *content;
	struct str predicate_type;              /* empty: none */
	int64_t created;                        /* Unix seconds */
};
void cosign_bundle_manifest(const struct bundle_place *p, struct buf *out);
/* The manifest of one layer that refers to `subject` in place of a tag (cosign's experimental OCI 1.1 mode). Its type is
 * also that of the configuration, which is "{}". */
#define COSIGN_SIGNATURE_ARTIFACT "application/vnd.dev.cosign.artifact.sig.v1+json"
#define COSIGN_SBOM_ARTIFACT "application/vnd.dev.cosign.artifact.sbom.v1+json"
void cosign_referrer_manifest(struct str type, const struct descriptor *subject, const struct descriptor *layer,
			      struct buf *out);

#endif
