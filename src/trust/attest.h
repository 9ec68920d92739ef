/* Attestations: in-toto statements about an image, signed, attached to it. */
#ifndef LAZARET_TRUST_ATTEST_H
#define LAZARET_TRUST_ATTEST_H

#include "trust/scheme.h"

#define STATEMENT_V01 "https://in-toto.io/Statement/v0.1"
#define STATEMENT_V1 "https://in-toto.io/Statement/v1"
enum { PREDICATE_MAX = 64 << 20 };

struct statement_parts {
	const char *type;                       /* STATEMENT_V01 or STATEMENT_V1 */
	struct str name;                        /* of the subject; empty: none */
	const struct digest *digest;
	const struct annotation *annotations;   /* of the subject */
	size_t n_annotations;
	struct str predicate_type, predicate;   /* predicate: JSON text, taken as it is */
};
/* Compact JSON with Go's escapes, annotations sorted. */
void statement_parts_write(const struct statement_parts *p, struct buf *out);

/* What a predicate file becomes under a type (as the user names it, or a URI): checked, and for "custom" and SPDX's
 * tag-value text wrapped as cosign wraps it. *type_uri gets the URI, *predicate JSON text; both in `a`. */
int predicate_make(struct str type, struct str file, int64_t now, struct arena *a, struct str *type_uri,
		   struct str *predicate, struct err *e);

/* A Sigstore bundle that refers to the subject; with also_tag cosign's older form behind its tag too. An equal
 * attestation of this key that is there is not made again (out->was_there). `subject` has media type, digest and size;
 * predicate is JSON text of the URI predicate_type. The source must be writable. */
struct attestation {
	const struct descriptor *subject;
	struct str name;                        /* of the repository */
	struct str predicate_type, predicate;
	struct signer *signer;
	const struct key *key;                  /* the signer's; NULL: keyless */
	const struct certs *chain;              /* NULL: the key alone */
	int64_t now;
	bool also_tag;
};
int attest_image(struct source *into, const struct attestation *t, struct arena *a, struct made *out, struct err *e);

#endif
