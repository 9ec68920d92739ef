/* What the files that read bundles share. */
#ifndef LAZARET_TRUST_BUNDLE_H
#define LAZARET_TRUST_BUNDLE_H

#include "trust/merkle.h"
#include "trust/sigstore.h"

struct sigstore_bundle *sigstore_bundle_new(void);
/* A blob bundle of cosign into an empty bundle. */
int bundle_parse_blob(const struct json *j, struct sigstore_bundle *b, struct err *e);

#endif
