/* The one HTTP client (HTTP/1.1 by libcurl: with HTTP/2 a reader that is slower than the network would make libcurl hold
 * megabytes of every stream). A response's body is a pull stream; closing it early drops the connection. Redirects are
 * never followed by libcurl itself: fetch follows them and sends credentials only to the host (scheme, name and port) they
 * were meant for. Proxies by environment (HTTPS_PROXY, HTTP_PROXY, NO_PROXY). */
#ifndef LAZARET_BASE_FETCH_H
#define LAZARET_BASE_FETCH_H

#include "base/arena.h"
#include "base/stream.h"

struct fetch_options {
	struct strs ca_files;           /* PEM, besides the system's */
	struct str client_cert, client_key;     /* PEM files; empty: none */
	bool insecure_tls;              /* do not verify the peer */
	bool plain_http;                /* allow http:// to hosts other than loopback */
	struct str unix_socket;         /* path; empty: TCP */
	unsigned retries;               /* tries after the first on 429, 5xx, and connection trouble; backoff with jitter,
	                                   Retry-After obeyed up to 60 s */
	unsigned connect_seconds, stall_seconds;        /* 0: 30 and 60 */
	unsigned total_seconds;         /* of one request without its redirects and retries; 0: no bound */
};
struct fetch;
int fetch_open(const struct fetch_options *o, struct fetch **out, struct err *e);
void fetch_close(struct fetch *f);      /* after its streams are closed */

struct fetch_header {
	struct str name, value;
};
struct fetch_request {
	const char *method;             /* NULL: GET */
	struct str url;
	const struct fetch_header *headers;
	size_t n_headers;
	struct str authorization;       /* value of the Authorization header; only ever sent to url's own host */
	struct str body;                /* of a POST or PUT */
	/* NULL, or a body that is read while it is sent (method PUT unless told), of upload_size bytes; not owned. Once
	 * some of it is read, nothing is tried again; what fails in reading it fails the request with its code. */
	struct stream *upload;
	uint64_t upload_size;
	bool stranger;                  /* url was named by a server, not by the user: no client certificate */
	bool resume;                    /* a body that breaks off is continued by Range with If-Range, as part of the
	                                   retries; a mebibyte of progress gives all of them back */
	bool immutable;                 /* the url names its content (a digest the caller checks): resumed even when the
	                                   server gave neither ETag nor Last-Modified */
	unsigned max_redirects;         /* 0: 5 */
	bool no_redirects;              /* a 3xx is an answer like any other */
	/* NULL, or asked for the value of Authorization before a body is resumed (tokens expire); called by whoever
	 * reads the body, so ctx outlives it. */
	int (*authorize)(void *ctx, struct buf *value, struct err *e);
	void *authorize_ctx;
};
struct fetch_response {
	int status;
	struct str url;                 /* the last one, after redirects */
	struct fetch_header *headers;   /* names in lower case */
	size_t n_headers;
	struct stream *body;            /* never NULL on success; close it */
};
/* Any status is a success here: the caller judges it. Only GET and HEAD follow redirects: what has a body or changes
 * something gives the caller the 3xx. ERR_IO for trouble on the way, ERR_INVALID for a URL that is
 * refused (scheme, plain http, a redirect from https to http), ERR_LIMIT for more than FETCH_HEADERS_MAX or
 * FETCH_HEADER_BYTES of headers. Bodies come as they were sent, never decompressed. On a redirect to another host only
 * Accept, Range and the conditions stay; the client certificate, too, is for url's own host. A body left unread blocks
 * nothing but its connection. Thread safe; strings of the response live in `a`, its body does not need `a`. */
enum { FETCH_HEADERS_MAX = 200, FETCH_HEADER_BYTES = 64 * 1024 };
int fetch_send(struct fetch *f, const struct fetch_request *r, struct arena *a, struct fetch_response *out, struct err *e);
struct str fetch_header(const struct fetch_response *r, const char *lower_case_name);   /* empty when absent */

#endif
