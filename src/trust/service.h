/* Asking one of the services that signatures are made with. Answers are bounded; redirects are never followed, so that
 * nothing that a service says makes us speak to somebody else. */
#ifndef LAZARET_TRUST_SERVICE_H
#define LAZARET_TRUST_SERVICE_H

#include "base/fetch.h"

struct service_answer {
	int status;
	struct fetch_response head; /* without its body; claims */
	struct str body;
};
/* `what` names the service in errors. ERR_IO when it did not answer, ERR_LIMIT for more than `max` bytes. */
int service_ask(struct fetch *f, const char *what, const struct fetch_request *r, size_t max,
		struct arena *a, struct service_answer *out, struct err *e);
/* The error of an answer that is none: ERR_AUTH for 401 and 403, ERR_IO for 429, 5xx and redirects, else ERR_INVALID.
 * What the service says is in it, unless some of the request's authorization is in what it says. */
int service_failed(const char *what, const struct fetch_request *r, const struct service_answer *s,
		   struct err *e);
/* base + path, one '/' between. */
struct str service_url(struct arena *a, struct str base, const char *path);

#endif
