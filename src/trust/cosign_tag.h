/* Adds to what a tag of cosign's names. */
#ifndef LAZARET_TRUST_COSIGN_TAG_H
#define LAZARET_TRUST_COSIGN_TAG_H

#include "source/source.h"

struct cosign_addition {
	struct source *into;
	struct str tag;                         /* sha256-HEX.sig, .att, .sbom */
	const struct descriptor *layer;         /* with its annotations; the blob is there */
	bool docker;                            /* a new manifest gets Docker's media types */
	bool alone;                             /* it takes the place of what was there, as SBOMs do */
};
/* Safe against others who do the same (see source_update_tag); a layer that is there already, digest and signature, is
 * not added again. *out: the manifest. */
int cosign_tag_add(const struct cosign_addition *x, struct arena *a, struct descriptor *out, struct err *e);

#endif
