/* DER (ITU-T X.690, section 10): BER's indefinite, padded and cut-off lengths and tags of several bytes are refused, nesting
 * is bounded; a length never reaches behind its surroundings. The contents of primitive values are not looked at. */
#include "trust/der.h"

#include "base/time.h"

#include <stdio.h>

enum { CONSTRUCTED = 0x20, LONG_TAG = 0x1f };

bool der_next(struct str *in, struct der *out)
{
	const unsigned char *p = (const unsigned char *)in->p;
	if (in->n < 2 || (p[0] & LONG_TAG) == LONG_TAG)
		return false;
	size_t n = p[1], head = 2;
	if (n >= 0x80) {
		size_t bytes = n & 0x7f;
		if (bytes == 0 || bytes > 4 || in->n < 2 + bytes || p[2] == 0)
			return false;
		n = 0;
		for (size_t i = 0; i < bytes; i++)
			n = n << 8 | p[2 + i];
		if (n < 0x80)
			return false;
		head += bytes;
	}
	if (n > in->n - head)
		return false;
	*out = (struct der){ p[0], { in->p + head, n }, { in->p, head + n } };
	*in = str_from(*in, head + n);
	return true;
}

bool der_take(struct str *in, unsigned char tag, struct str *content)
{
	struct str rest = *in;
	struct der d;
	if (!der_next(&rest, &d) || d.tag != tag)
		return false;
	*in = rest;
	*content = d.content;
	return true;
}

bool der_take_bits(struct str *in, struct str *content)
{
	struct str rest = *in, bits;
	if (!der_take(&rest, DER_BITS, &bits) || bits.n == 0 || bits.p[0] != 0)
		return false;
	*in = rest;
	*content = str_from(bits, 1);
	return true;
}

bool der_time(const struct der *d, int64_t *out)
{
	char text[TIME_TEXT];
	struct str s = d->content;
	size_t year = d->tag == DER_TIME ? 4 : 2;
	const char *century = d->tag == DER_TIME ? "" : s.n > 0 && s.p[0] >= '5' ? "19" : "20";
	if ((d->tag != DER_TIME && d->tag != DER_UTC_TIME) || s.n < year + 11 ||
	    s.p[s.n - 1] != 'Z')
		return false;
	bool fraction = s.n > year + 11;
	if (fraction && (d->tag != DER_TIME || s.p[year + 10] != '.' || s.n == year + 12))
		return false;
	for (size_t i = 0; i < s.n - 1; i++)
		if (!(fraction && i == year + 10) && (s.p[i] < '0' || s.p[i] > '9'))
			return false;
	const char *p = s.p + year;
	snprintf(text, sizeof text, "%s%.*s-%.2s-%.2sT%.2s:%.2s:%.2sZ", century, (int)year, s.p, p,
		 p + 2, p + 4, p + 6, p + 8);
	return time_parse(str_of(text), out);
}

static bool values(struct str in, unsigned depth)
{
	struct der d;
	while (in.n > 0)
		if (!der_next(&in, &d) ||
		    ((d.tag & CONSTRUCTED) && (depth == 0 || !values(d.content, depth - 1))))
			return false;
	return true;
}

bool der_valid(struct str in)
{
	struct str rest = in;
	struct der d;
	return der_next(&rest, &d) && rest.n == 0 && values(in, DER_DEPTH_MAX);
}

/* An arc beyond 57 bits is no OID that anybody has. */
bool der_oid_text(struct str oid, struct buf *out)
{
	size_t before = out->n;
	uint64_t v = 0;
	bool ok = oid.n > 0 && !(oid.p[oid.n - 1] & 0x80);
	for (size_t i = 0; ok && i < oid.n; i++) {
		ok = v >> 57 == 0;
		v = v << 7 | (oid.p[i] & 0x7f);
		if (oid.p[i] & 0x80)
			continue;
		uint64_t first = MIN(v / 40, (uint64_t)2);
		if (out->n == before)
			buf_addf(out, "%ju.%ju", (uintmax_t)first, (uintmax_t)(v - 40 * first));
		else
			buf_addf(out, ".%ju", (uintmax_t)v);
		v = 0;
	}
	if (!ok)
		out->n = before;
	return ok;
}

void der_header(struct buf *out, unsigned char tag, size_t n)
{
	unsigned bytes = 0;
	buf_add_char(out, (char)tag);
	while (n >> 8 * bytes && bytes < sizeof n)
		bytes++;
	if (n >= 0x80)
		buf_add_char(out, (char)(0x80 | bytes));
	for (unsigned i = n >= 0x80 ? bytes : 1; i-- > 0;)
		buf_add_char(out, (char)(n >> 8 * i & 0xff));
}

void der_wrap(struct buf *b, unsigned char tag)
{
	struct buf outer = { 0 };
	der_header(&outer, tag, b->n);
	buf_add_str(&outer, str_buf(b));
	buf_done(b);
	*b = outer;
}

void der_unsigned(struct buf *out, struct str bytes)
{
	while (bytes.n > 1 && bytes.p[0] == 0)
		bytes = str_from(bytes, 1);
	bool zero = bytes.n == 0 || (bytes.p[0] & 0x80);
	der_header(out, DER_INTEGER, bytes.n + zero);
	if (zero)
		buf_add_char(out, 0);
	buf_add_str(out, bytes);
}
