/* What the stages of sigstore_verify share; nobody else needs it. */
#ifndef LAZARET_TRUST_JUDGE_H
#define LAZARET_TRUST_JUDGE_H

#include "trust/sigstore.h"

struct trusted_time {
	int64_t time;
	struct str from;
};
struct judge {
	const struct sigstore_bundle *b;
	const struct sigstore_policy *p;
	struct arena *a;
	struct proof *out;

	struct signed_bytes what; /* the message, or the envelope's pre-authentication encoding */
	const struct cert *leaf; /* NULL: the bundle has none */
	const struct key *key; /* that the signature was verified with; NULL: none was found */
	bool by_key; /* it is one of the policy's */
	enum signature_alg alg;

	struct trusted_time times[LOG_ENTRIES_MAX + TIMESTAMPS_MAX];
	size_t n_times, n_timestamps; /* n_timestamps of them from timestamp authorities */
	struct chain chain; /* leaf to anchor, once it was found to be good */
};

/* Each adds its checks to the proof. */
void judge_signature(struct judge *j);
void judge_timestamps(struct judge *j);
void judge_log(struct judge *j);
void judge_certificate(struct judge *j);
void judge_scts(struct judge *j);
void judge_identity(struct judge *j);

/* Short text of a time, in the arena. */
const char *judge_time(struct judge *j, int64_t time);

#endif
