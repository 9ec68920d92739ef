/* Sigstore's signing_config.v0.2.json (protobuf-specs SigningConfig): which services a signature is made with. */
#ifndef LAZARET_TRUST_SIGNING_CONFIG_H
#define LAZARET_TRUST_SIGNING_CONFIG_H

#include "trust/trusted_root.h"

enum { SIGNING_CONFIG_MAX = 1 << 20, SIGNING_SERVICES_MAX = 64 };

struct signing_service {
	struct str url; /* of a timestamp authority the whole URL, else the base of its paths */
	unsigned version; /* major version of its interface: Fulcio 1, Rekor 1 or 2, timestamps 1 */
	struct str operator;
	struct validity valid;
};
enum service_selector { SELECT_ANY, SELECT_ALL, SELECT_EXACT };
struct service_list {
	struct signing_service *v;
	size_t n, cap;
	enum service_selector selector;
	uint64_t count; /* of SELECT_EXACT */
};
struct signing_config {
	struct service_list cas, oidc, logs, tsas;
};
/* Everything lives in `a`. A ClientTrustConfig is taken too: its trustedRoot is left to the caller. ERR_INVALID for
 * another media type, an unknown selector, URLs that are none, services without a start. */
int signing_config_parse(struct str json, struct arena *a, struct signing_config *out,
			 struct err *e);

/* Candidates in the order they are to be asked: valid at `now`, of a version in 1..max_version, one an operator (of each
 * the highest version, then the newest start). *needed of them must answer. ERR_NOT_FOUND when fewer are there; an
 * empty list is 0 candidates, 0 needed. `what` names the service in the error. */
int service_select(const struct service_list *l, const char *what, unsigned max_version,
		   int64_t now, struct arena *a, struct service_list *out, size_t *needed,
		   struct err *e);

#endif
