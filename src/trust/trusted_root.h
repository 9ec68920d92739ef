/* Sigstore's trusted_root.json (protobuf-specs TrustedRoot, 0.1 and 0.2; also several as JSON lines): whom we
 * believe, and when. */
#ifndef LAZARET_TRUST_TRUSTED_ROOT_H
#define LAZARET_TRUST_TRUSTED_ROOT_H

#include "trust/x509.h"

enum { TRUSTED_ROOT_MAX = 1 << 20, TRUSTED_ROOT_ENTRIES_MAX = 64 };

struct validity {                               /* Unix seconds, both ends included; end INT64_MAX: open */
	int64_t start, end;
};
bool validity_has(const struct validity *v, int64_t time);
struct trusted_log {
	struct str base_url, operator, name;    /* name: host of base_url, a checkpoint's origin in Rekor 2 */
	struct key *key;
	enum signature_alg alg;
	struct str id;                          /* logId.keyId, 32 bytes; of Rekor 2 no hash of the SPKI */
	unsigned char checkpoint_hint[4];
	bool has_checkpoint_hint;               /* version 0.2 said it */
	struct validity valid;
};
struct trusted_authority {                      /* certificate or timestamp authority */
	struct str uri, operator, name;
	struct certs anchors;                   /* the last of certChain */
	struct certs others;                    /* those before it, the TSA's leaf first when it is there */
	struct validity valid;
};
struct trusted_root {
	struct str from;                        /* file it was read from, for answers */
	struct trusted_log *tlogs, *ctlogs;
	struct trusted_authority *cas, *tsas;
	size_t n_tlogs, n_ctlogs, n_cas, n_tsas;
	struct arena arena;
};
/* Unknown media types, a log without a start, broken keys or certificates: ERR_INVALID. A key of a kind we do not
 * know is left out
 * (its log is then unknown). Several documents, one a line, are put together. */
int trusted_root_parse(struct str json, struct str from, struct trusted_root **out, struct err *e);
/* An empty one, and a certificate authority put into it by hand: PEM or DER of what is trusted and (may be empty) of what
 * is between. ERR_INVALID: no certificates. */
struct trusted_root *trusted_root_new(struct str from);
int trusted_root_add_authority(struct trusted_root *r, struct str roots, struct str others, struct err *e);
void trusted_root_close(struct trusted_root *r);
void cleanup_trusted_root(struct trusted_root **r);

#endif
