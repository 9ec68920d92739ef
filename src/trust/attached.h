/* What is attached to a manifest in its repository: by referrers (API or tag sha256-HEX), and by cosign's tags
 * sha256-HEX.sig, .att
 * and .sbom. Nothing is verified here: kinds are what the manifests say of themselves. */
#ifndef LAZARET_TRUST_ATTACHED_H
#define LAZARET_TRUST_ATTACHED_H

#include "source/source.h"

enum { ATTACHED_MAX = 1000, ATTACHED_LAYERS_MAX = 1000 };
enum attached_kind { ATTACHED_SIGNATURE, ATTACHED_ATTESTATION, ATTACHED_SBOM, ATTACHED_OTHER };
struct attached {
	enum attached_kind kind;
	const char *format;                     /* "sigstore-bundle", "cosign", "notation", "" */
	struct descriptor manifest;
	struct str tag;                         /* where it was found by tag; empty: a referrer */
	struct str predicate_type;              /* as the manifest's annotations claim; unverified */
};
/* In order: referrers as listed, then tags. ERR_LIMIT beyond ATTACHED_MAX. A referrer whose subject is another one
 * is left out and
 * noted. A registry that could not answer is a failure, never "nothing attached". */
int attached_list(struct source *s, const struct digest *subject, struct arena *a, struct attached **v, size_t *n,
		  struct strs *notes, struct err *e);
/* "sha256-HEX" + suffix (".sig", ".att", ".sbom" or ""). */
struct str attached_tag(struct arena *a, const struct digest *subject, const char *suffix);

#endif
