/* Who may have signed: subject alternative names and issuers of certificates, and what Fulcio says beside them. */
#ifndef LAZARET_TRUST_IDENTITY_H
#define LAZARET_TRUST_IDENTITY_H

#include "base/regexp.h"
#include "trust/answer.h"
#include "trust/x509.h"

/* Text for exact comparison, or a regular expression that must describe the whole text; either, or both (then both must
 * hold). One without either matches nothing. */
struct text_matcher {
	bool has_exact;
	struct str exact;
	struct regexp *regexp; /* owned; NULL: none */
};
/* A NULL text is not asked for. ERR_INVALID: the expression is none. `exact` is borrowed. */
int text_matcher_init(struct text_matcher *m, const struct str *exact, const struct str *regexp,
		      struct err *e);
void text_matcher_done(struct text_matcher *m);
bool text_matcher_is_set(const struct text_matcher *m);
bool text_matcher_matches(const struct text_matcher *m, struct str text);

struct identity { /* all that are set must hold; san and issuer must both be set */
	struct text_matcher san, issuer;
	struct claim_matcher {
		const char *name; /* as in struct claims */
		struct text_matcher value;
	} * claims;
	size_t n_claims;
};
void identity_done(struct identity *i); /* the matchers; the array is the caller's */
/* Does what is in the proof (identity, issuer, claims) fit? An answer: the text of a no says what it wanted. */
int identity_matches(const struct identity *i, const struct proof *p, struct err *e);

/* Identity, issuer and claims of a certificate into the proof: the first URI, else e-mail address, else Fulcio's own name
 * (1.3.6.1.4.1.57264.1.7), else host name; the issuer of .1.8 before .1.1; the rest by stable names such as
 * "source-repository-ref" (docs/oid-info.md of fulcio). ERR_INVALID: an extension that should be a UTF8String is none. */
int proof_claims_of(struct proof *p, struct arena *a, const struct cert *c, struct err *e);

#endif
