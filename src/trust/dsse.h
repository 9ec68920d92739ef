/* DSSE envelopes (secure-systems-lab/dsse 1.0.2) and in-toto Statements (0.1 and 1). What is verified are the
 * payload's bytes, and
 * those bytes are what is parsed. */
#ifndef LAZARET_TRUST_DSSE_H
#define LAZARET_TRUST_DSSE_H

#include "base/arena.h"
#include "base/digest.h"
#include "base/json.h"

enum { DSSE_MAX = 128 << 20, DSSE_SIGNATURES_MAX = 100, STATEMENT_SUBJECTS_MAX = 1024, SUBJECT_DIGESTS_MAX = 32 };
#define DSSE_IN_TOTO "application/vnd.in-toto+json"

struct dsse {
	struct str payload, payload_type;       /* decoded */
	struct dsse_signature {
		struct str sig, keyid;          /* decoded; keyid is a hint and nothing more */
	} *v;
	size_t n;
};
/* Standard and URL-safe base64; everything lives in `a`. At least one signature, at most DSSE_SIGNATURES_MAX. */
int dsse_parse(const struct json *envelope, struct arena *a, struct dsse *out, struct err *e);
int dsse_parse_text(struct str json, struct arena *a, struct dsse *out, struct err *e);
/* "DSSEv1" SP len SP type SP len SP body. */
void dsse_pae(struct str type, struct str payload, struct buf *out);
/* Compact JSON; an empty keyid is left out. */
void dsse_write(struct str type, struct str payload, struct str sig, struct str keyid, struct buf *out);

struct statement {
	struct str type, predicate_type;        /* _type: https://in-toto.io/Statement/v0.1 or /v1 */
	struct statement_subject {
		struct str name;
		struct digest *digests;         /* those of algorithms we know */
		size_t n_digests;
		const struct json *annotations; /* NULL: none */
	} *subjects;
	size_t n_subjects;
	const struct json *predicate;           /* an object, or a string (tag-value SPDX); NULL: none */
	struct json *tree;                      /* what the above borrow from */
};
/* ERR_INVALID: no Statement, no subject, a subject without any digest, a digest that is none; a key that is there twice
 * where readers could differ. Freed with statement_done. */
int statement_parse(struct str payload, struct arena *a, struct statement *out, struct err *e);
void statement_done(struct statement *s);
bool statement_has_subject(const struct statement *s, const struct digest *d);
/* "slsaprovenance", "spdx", "cyclonedx", "vuln", "openvex", "custom", ... as cosign's --type names them, or the URI
 * itself; empty for what is neither (no colon in it). */
struct str predicate_type_uri(struct str name);
#define PREDICATE_COSIGN_SIGN "https://sigstore.dev/cosign/sign/v1"

#endif
