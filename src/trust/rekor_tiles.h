/* A proof that an entry is in a log of Rekor 2, made from the tiles that the log publishes. */
#ifndef LAZARET_TRUST_REKOR_TILES_H
#define LAZARET_TRUST_REKOR_TILES_H

#include "base/fetch.h"
#include "trust/sigstore.h"

/* Of entry->index: fetches checkpoint and tiles, fills proof_index, tree_size, root_hash, checkpoint and hashes (in `a`).
 * Whether the proof holds for the body, and who signed the checkpoint, is the caller's question. */
int rekor_tiles_prove(struct fetch *f, struct str url, struct arena *a, struct log_entry *entry, struct err *e);

#endif
