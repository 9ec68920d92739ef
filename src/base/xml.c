/* XML 1.0 by expat, as events. A hostile document may try entity expansion ("billion laughs") and external entities
 * (both need a document type declaration, which is refused), endless nesting, one tag or comment of gigabytes, and
 * text without end; each has a limit. Name spaces are not resolved. */
#include "base/xml.h"

#include <expat.h>

struct xml {
	XML_Parser parser;
	const struct xml_handlers *h;
	void *ctx;
	struct err *e;
	struct buf text;
	unsigned depth;
	size_t quiet; /* bytes fed since the last event */
	int failed;
};

static void stop(struct xml *x, int code)
{
	x->failed = code;
	XML_StopParser(x->parser, XML_FALSE);
}

static void on_start(void *user, const XML_Char *name, const XML_Char **attributes)
{
	struct xml *x = user;
	x->quiet = 0;
	x->text.n = 0;
	if (x->failed)
		return;
	if (++x->depth > XML_DEPTH_MAX) {
		stop(x, err_set(x->e, ERR_LIMIT, "more than %d elements inside one another",
				XML_DEPTH_MAX));
		return;
	}
	int r = x->h->start(x->ctx, x->depth, str_of(name), attributes, x->e);
	if (r < 0)
		stop(x, r);
}

static void on_end(void *user, const XML_Char *name)
{
	struct xml *x = user;
	x->quiet = 0;
	if (x->failed)
		return;
	int r = x->h->end(x->ctx, x->depth--, str_of(name), str_buf(&x->text), x->e);
	x->text.n = 0;
	if (r < 0)
		stop(x, r);
}

static void on_text(void *user, const XML_Char *p, int n)
{
	struct xml *x = user;
	x->quiet = 0;
	if (n > 0 && x->text.n < XML_TEXT_MAX)
		buf_add(&x->text, p, MIN((size_t)n, XML_TEXT_MAX - x->text.n));
}

static void on_doctype(void *user, const XML_Char *name, const XML_Char *system,
		       const XML_Char *public, int internal)
{
	struct xml *x = user;
	(void)name;
	(void)system;
	(void)public;
	(void)internal;
	stop(x, err_set(x->e, ERR_INVALID, "has a document type declaration, which is refused"));
}

static int feed(struct xml *x, const void *p, size_t n, bool last)
{
	x->quiet += n;
	if (XML_Parse(x->parser, p, (int)n, last) != XML_STATUS_OK) {
		if (x->failed)
			return x->failed;
		return err_set(x->e, ERR_INVALID, "line %lu: %s",
			       (unsigned long)XML_GetCurrentLineNumber(x->parser),
			       XML_ErrorString(XML_GetErrorCode(x->parser)));
	}
	if (x->failed)
		return x->failed;
	if (x->quiet > XML_TOKEN_MAX)
		return err_set(x->e, ERR_LIMIT, "a tag or comment is larger than %d bytes",
			       XML_TOKEN_MAX);
	return 0;
}

static int read_all(struct xml *x, struct stream *in)
{
	enum { PIECE = 64 << 10 };
	for (;;) {
		ssize_t n = stream_fill(in, x->e);
		if (n < 0)
			return (int)n;
		size_t take = MIN((size_t)n, (size_t)PIECE);
		int r = feed(x, in->pos, take, n == 0);
		if (r || n == 0)
			return r;
		in->pos += take;
	}
}

int xml_read(struct stream *in, const struct xml_handlers *h, void *ctx, struct err *e)
{
	struct xml x = { .parser = XML_ParserCreate(NULL), .h = h, .ctx = ctx, .e = e };
	if (!x.parser)
		abort();
	XML_SetUserData(x.parser, &x);
	XML_SetElementHandler(x.parser, on_start, on_end);
	XML_SetCharacterDataHandler(x.parser, on_text);
	XML_SetStartDoctypeDeclHandler(x.parser, on_doctype);
	int r = read_all(&x, in);
	XML_ParserFree(x.parser);
	buf_done(&x.text);
	return r;
}

struct str xml_attribute(const char **attributes, const char *name)
{
	for (size_t i = 0; attributes[i]; i += 2)
		if (strcmp(attributes[i], name) == 0)
			return str_of(attributes[i + 1]);
	return (struct str){ 0 };
}
