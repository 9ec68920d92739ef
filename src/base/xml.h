/* XML as events (expat underneath). Documents with a document type declaration are refused, so there are no entities but
 * the five of the specification and no expansion; depth, single tokens and text are bounded. Memory stays constant. */
#ifndef LAZARET_BASE_XML_H
#define LAZARET_BASE_XML_H

#include "base/stream.h"

enum {
	XML_DEPTH_MAX = 64, /* elements inside one another */
	XML_TOKEN_MAX = 4 << 20, /* bytes without an event: one tag, one comment */
	XML_TEXT_MAX = 64 << 10, /* bytes kept of an element's own text; the rest is dropped */
};

struct xml_handlers {
	/* Names are as written, with their prefix. attributes: name, value, name, value, NULL; borrowed for the call. A
	 * negative return stops the reading with that code. */
	int (*start)(void *ctx, unsigned depth, struct str name, const char **attributes,
		     struct err *e);
	/* text: what stood between the last tag and this end (for a leaf: its whole text, cut at XML_TEXT_MAX). */
	int (*end)(void *ctx, unsigned depth, struct str name, struct str text, struct err *e);
};

/* Reads the whole stream. ERR_INVALID with the line for what is not well-formed, ERR_LIMIT beyond the limits above. */
int xml_read(struct stream *in, const struct xml_handlers *h, void *ctx, struct err *e);
/* The value of an attribute; empty when absent. */
struct str xml_attribute(const char **attributes, const char *name);

#endif
