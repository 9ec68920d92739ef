/* Rekor, Sigstore's transparency log, both generations: asks for an entry and believes no answer that is not about what
 * was asked. */
#ifndef LAZARET_TRUST_REKOR_CLIENT_H
#define LAZARET_TRUST_REKOR_CLIENT_H

#include "base/fetch.h"
#include "trust/sigstore.h"

enum { REKOR_ANSWER_MAX = 1 << 20 };

struct rekor_request {
	const struct key *key; /* the signature's; of a certificate its key */
	struct str cert_der; /* empty: the bare key */
	enum signature_alg alg;
	struct digest digest; /* of the message or of the PAE, as the algorithm hashes */
	struct str signature;
	const struct dsse *dsse; /* version 1 logs the envelope as such; NULL: a message */
	const struct trusted_root *const *roots; /* only to name a log of version 2 that has the entry already */
	size_t n_roots;
};
/* version 1 or 2. An entry that the log has already (409) is fetched and checked like any other; of
 * version 2 its proof is made from the log's tiles, which takes a root that has the log. The entry is ours: kind,
 * digest, signature and key are those of the request; its inclusion proof leads to its checkpoint's root. Who signed
 * promise and checkpoint is the verifier's question. Strings live in `a`. */
int rekor_log(struct fetch *f, struct str url, unsigned version, const struct rekor_request *r,
	      struct arena *a, struct log_entry *out, struct err *e);
/* The same of an answer that is there. */
int rekor_answer(struct str json, unsigned version, const struct rekor_request *r, struct arena *a,
		 struct log_entry *out, struct err *e);
/* The request's body. */
void rekor_body(unsigned version, const struct rekor_request *r, struct buf *out);

#endif
