/* Entries of Rekor, both generations: what they say, and whether a log said so. Answers as in answer.h. */
#ifndef LAZARET_TRUST_REKOR_H
#define LAZARET_TRUST_REKOR_H

#include "trust/note.h"
#include "trust/sigstore.h"

/* What an entry must speak of. */
struct rekor_subject {
	struct str signature;
	enum signature_alg alg; /* that the signature was verified with */
	struct str cert_der; /* the signer's certificate, or empty: its key */
	const struct key *key;
	struct signed_bytes *what; /* the message, of an envelope its pre-authentication encoding */
	const struct dsse *dsse; /* NULL: a message */
	struct str envelope_json; /* empty: not known */
};
/* The digest, made of the message when it is not known; NULL: neither is. */
const struct digest *signed_digest(struct signed_bytes *s, enum digest_alg alg);

/* Is the entry of this very signature, key and digest? Rekor 2 entries are written anew from the subject, which is the leaf
 * that must be in the log; *body is that leaf, in `a` or borrowed. */
int rekor_entry_is_of(const struct log_entry *l, const struct rekor_subject *s, struct arena *a,
		      struct str *body, struct err *e);
/* The signed entry timestamp. */
bool rekor_set_verify(const struct log_entry *l, const struct trusted_log *log);
/* The checkpoint is the log's: *out is what it says. */
int rekor_checkpoint_verify(const struct log_entry *l, const struct trusted_log *log,
			    struct arena *a, struct checkpoint *out, struct err *e);
/* The leaf is in the tree that the (verified) checkpoint describes. */
int rekor_inclusion_verify(const struct log_entry *l, struct str body, const struct checkpoint *c,
			   struct err *e);

#endif
