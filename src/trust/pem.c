/* PEM (RFC 7468). Strict in what counts: the two boundaries carry the same label and stand at the start of their lines, and
 * nothing but base64 and white space is between them. Lines may have any length. A hostile text may be of any size, which
 * is for the caller to bound; everything here is linear in it. Headers (RFC 1421) are not supported. */
#include "trust/pem.h"

#include "base/base64.h"

void secret_done(struct buf *b)
{
	if (b->p)
		explicit_bzero(b->p, b->cap);
	buf_done(b);
}

/* "-----BEGIN LABEL-----": the label. */
static bool boundary(struct str line, struct str begin, struct str *label)
{
	if (!str_starts(line, begin) || !str_ends(line, S("-----")) || line.n < begin.n + 5)
		return false;
	*label = str_upto(str_from(line, begin.n), line.n - begin.n - 5);
	return label->n > 0 && label->n <= PEM_LABEL_MAX;
}

static int block_decode(struct str label, struct str body, struct buf *der, struct err *e)
{
	struct buf CLEANUP(secret_done) packed = { 0 };
	if (str_find_char(body, ':') >= 0)
		return err_set(e, ERR_UNSUPPORTED,
			       "the PEM block %.*s has headers (a key encrypted the old way?)",
			       STR(label));
	buf_reserve(&packed, body.n + 1);
	buf_reserve(der, body.n / 4 * 3 + 4);
	for (size_t i = 0; i < body.n; i++)
		if (!strchr(" \t\r\n", body.p[i]) || !body.p[i])
			buf_add_char(&packed, body.p[i]);
	if (!packed.n || !base64_decode(str_buf(&packed), der))
		return err_set(e, ERR_INVALID, "the PEM block %.*s is no base64", STR(label));
	return 1;
}

int pem_next(struct str *text, struct str *label, struct buf *der, struct err *e)
{
	struct str line, name, end, rest = *text;
	if (der->p)
		explicit_bzero(der->p, der->cap);
	der->n = 0;
	do {
		if (!str_line(&rest, &line))
			return *text = rest, 0;
	} while (!boundary(str_trim(line), S("-----BEGIN "), &name));
	const char *body = rest.p;
	while (str_line(&rest, &line)) {
		if (!str_starts(line, S("-----")))
			continue;
		if (!boundary(str_trim(line), S("-----END "), &end) || !str_eq(end, name))
			break;
		int r = block_decode(name, (struct str){ body, (size_t)(line.p - body) }, der, e);
		if (r < 0)
			return r;
		*text = rest;
		*label = name;
		return 1;
	}
	return err_set(e, ERR_INVALID, "the PEM block %.*s has no end", STR(name));
}

void pem_write(struct str label, struct str der, struct buf *out)
{
	struct buf CLEANUP(secret_done) text = { 0 };
	base64_encode(der, &text);
	buf_reserve(out, text.n + text.n / 64 + 2 * label.n + 64);
	buf_addf(out, "-----BEGIN %.*s-----\n", STR(label));
	for (struct str rest = str_buf(&text); rest.n; rest = str_from(rest, 64)) {
		buf_add_str(out, str_upto(rest, 64));
		buf_add_char(out, '\n');
	}
	buf_addf(out, "-----END %.*s-----\n", STR(label));
}
