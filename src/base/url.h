/* http and https URLs (RFC 3986), the strict subset that a client needs: no user information, no other scheme, hosts
 * of letters, digits, '.', '-', '_' or an IPv6 address in brackets. What is taken apart here is put together again by
 * url_text, so that nobody behind us reads another host out of the same text. */
#ifndef LAZARET_BASE_URL_H
#define LAZARET_BASE_URL_H

#include "base/arena.h"
#include "base/err.h"

enum { URL_MAX = 16 * 1024 };   /* bytes of a URL */

struct url {
	bool https;
	struct str host;        /* lower case; an IPv6 address with its brackets */
	uint16_t port;          /* of the scheme when none was given */
	struct str path;        /* begins with '/', holds the query, has no fragment */
};

/* ERR_INVALID for what is no such URL. Strings are copies in `a`. */
int url_parse(struct arena *a, struct str text, struct url *out, struct err *e);
/* A Location or Link target: absolute, "//host/path", "/path", "?query" or relative to base's last '/'. */
int url_resolve(struct arena *a, const struct url *base, struct str target, struct url *out, struct err *e);
/* The whole URL; the port only when it is not the scheme's own. */
struct str url_text(struct arena *a, const struct url *u);
/* For people: as url_text without the query, which may hold a signature. */
struct str url_shown(struct arena *a, const struct url *u);
/* Same scheme, host and port. */
bool url_same_origin(const struct url *a, const struct url *b);
/* "localhost", 127.0.0.0/8 in dotted decimal, [::1]; `host` without port. */
bool host_is_loopback(struct str host);

#endif
