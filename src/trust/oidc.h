/* Identity tokens (OpenID Connect ID tokens: RFC 7519 in RFC 7515's compact form). They are never verified here, that is
 * the certificate authority's work; what is read is whom the certificate will name, since that is what is signed
 * as proof that the key is ours. A token is a secret: it is in no error and no log. */
#ifndef LAZARET_TRUST_OIDC_H
#define LAZARET_TRUST_OIDC_H

#include "base/arena.h"
#include "base/fetch.h"

enum { IDENTITY_TOKEN_MAX = 32 * 1024 };

struct identity_token {
	struct str issuer;
	struct str subject; /* e-mail address where there is one, else the subject */
	int64_t expires; /* Unix seconds; 0: it does not say */
};
/* ERR_INVALID for what is no token, has no subject or an address that its issuer did not verify. */
int identity_token_read(struct str token, struct arena *a, struct identity_token *out,
			struct err *e);

/* What runs us may have a token for us. All empty: none. */
struct ambient_tokens {
	struct str token; /* SIGSTORE_ID_TOKEN (GitLab's id_tokens and others) */
	struct str github_url, github_token; /* ACTIONS_ID_TOKEN_REQUEST_URL and _TOKEN */
};
/* A token for this audience; *out is wiped by who asked. ERR_NOT_FOUND when there is none to be had. */
int identity_token_ambient(const struct ambient_tokens *t, struct str audience, struct fetch *f,
			   struct buf *out, struct err *e);

#endif
