/* One place where a repository can be read: a registry or one of its mirrors, with the HTTP client, the certificates and
 * the credentials for it. Every endpoint has its own: nothing of one is ever sent to another.
 *
 * Where credentials may go:
 *   - Basic: to the registry itself, over TLS (over plain http only to loopback, or where the user said "insecure").
 *   - A token service ("realm" of a Bearer challenge) must be https; plain http only under the same two exceptions.
 *   - A user name, a password or an identity token is sent to a realm whose host is the registry's, lies below it, is its
 *     parent domain, or lies below that parent (registry-1.docker.io and auth.docker.io; registry.example.com and
 *     gitlab.example.com). The parent must be somebody's own domain: of two labels at least, not like co.uk, not one of
 *     the domains in registry_auth.c under which anybody gets a name. Any other realm is refused when there are
 *     credentials; without them an anonymous token is fetched from it.
 *   - No redirect takes credentials to another scheme, host or port (base/fetch.h). */
#ifndef LAZARET_SOURCE_REGISTRY_AUTH_H
#define LAZARET_SOURCE_REGISTRY_AUTH_H

#include "base/fetch.h"
#include "base/url.h"
#include "source/challenge.h"
#include "source/credentials.h"
#include "source/source.h"

#include <pthread.h>

enum { TOKEN_BYTES_MAX = 1 << 20 };     /* of a token service's answer */

struct endpoint {
	const struct source_options *opt;
	struct arena arena;             /* guarded by lock once threads are about */
	struct str name;                /* for credentials, certificates and messages: "docker.io", "localhost:5000" */
	struct str repository;          /* as this endpoint knows it */
	struct url base;                /* scheme, host and port; path "/" */
	bool mirror;
	bool try_http;                  /* plain http may be tried when TLS does not answer */
	struct fetch *fetch;

	pthread_mutex_t lock;           /* guards what follows */
	bool ready;
	bool looked_up;                 /* credentials */
	const char *actions;            /* what tokens are asked for: "pull", "pull,push", "pull,push,delete" */
	struct str also;                /* another repository here, for pull: blobs are mounted from it; empty: none */
	struct credentials credentials;
	bool bearer;                    /* the kind of `value`'s challenge */
	struct url realm;
	struct str service;
	struct buf value;               /* of Authorization; empty: none */
	int64_t expires;                /* CLOCK_MONOTONIC seconds; 0: never */
};

/* `where`: "HOST[:PORT]" or, for a mirror, a URL with an optional path that goes before the repository. The endpoint
 * must not move afterwards. */
int endpoint_init(struct endpoint *p, const struct source_options *opt, struct str name, struct str where, bool mirror,
                  struct str repository, struct err *e);
void endpoint_done(struct endpoint *p);

/* GET below the endpoint, authorized as needed: first finds out whether it speaks TLS and whom it wants to see. A 401 is
 * answered once. ERR_AUTH when it still says 401 or 403, ERR_NOT_FOUND for 404, ERR_IO for everything
 * else but 200; `what` says what was asked
 * for. Thread safe. The body does not need `a`, but the endpoint must outlive it. */
struct endpoint_request {
	const char *method;             /* NULL: GET */
	struct str path;                /* "/v2/..." or a whole URL of the same origin */
	struct str accept;              /* empty: none */
	bool resume;                    /* the path names its content by digest */
	/* Writing. A body from memory, or from a stream (base/fetch.h) */
	struct str content_type, body;
	struct stream *upload;
	uint64_t upload_size;
	struct str if_match, if_none_match;     /* empty: none */
	bool elsewhere;                 /* another origin is allowed (where an upload is to go): it gets no credentials */
	const char *what;
};
int endpoint_get(struct endpoint *p, const struct endpoint_request *r, struct arena *a, struct fetch_response *out,
                 struct err *e);
/* As endpoint_get for any method; every status but 401 is the caller's. */
int endpoint_send(struct endpoint *p, const struct endpoint_request *r, struct arena *a, struct fetch_response *out,
                  struct err *e);
/* Closes the body and says in *e what this status, which nobody wanted, means; returns the code. 409 and 412 are
 * ERR_CONFLICT, 405 is ERR_UNSUPPORTED. */
int endpoint_refused(struct endpoint *p, const struct endpoint_request *r, struct fetch_response *out, struct arena *a,
                     struct err *e);
/* From now on tokens are for these actions and also for pulling from the other repository (empty: none). */
void endpoint_wants(struct endpoint *p, const char *actions, struct str also);

/* May credentials for `registry` be sent to `realm`? Hosts without ports. */
bool realm_host_allowed(struct str registry, struct str realm);

#endif
