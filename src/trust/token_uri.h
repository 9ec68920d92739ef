/* PKCS#11 URIs (RFC 7512), parsed; nothing is opened. */
#ifndef LAZARET_TRUST_TOKEN_URI_H
#define LAZARET_TRUST_TOKEN_URI_H

#include "base/arena.h"
#include "base/err.h"

enum { TOKEN_URI_MAX = 4096 };

struct token_uri { /* empty: not said */
	struct str token, manufacturer, serial, model, object, id, type, slot_id;
	struct str module_path, pin_value, pin_source;
};
/* ERR_INVALID for what is no such URI, an attribute that is there twice or has a bad escape or a NUL (but for the id);
 * ERR_UNSUPPORTED for attributes that are not above: what is not understood must not widen what is meant. Those that start
 * with "x-" are passed over. */
int token_uri_parse(struct str uri, struct arena *a, struct token_uri *out, struct err *e);

#endif
