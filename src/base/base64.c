/* Base64, both alphabets. In the standard one bits that do not fill a byte are not looked at; line breaks are refused. */
#include "base/base64.h"

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void encode(const char *alphabet, bool pad, struct str bytes, struct buf *out)
{
	buf_reserve(out, bytes.n / 3 * 4 + 4);
	for (size_t i = 0; i < bytes.n; i += 3) {
		size_t have = MIN(bytes.n - i, (size_t)3);
		unsigned v = 0;
		for (size_t k = 0; k < 3; k++)
			v = v << 8 | (k < have ? (unsigned char)bytes.p[i + k] : 0u);
		for (size_t k = 0; k < 4; k++)
			if (k <= have)
				buf_add_char(out, alphabet[v >> (18 - 6 * k) & 63]);
			else if (pad)
				buf_add_char(out, '=');
	}
}

static int value_of(const char *alphabet, char c)
{
	const char *p = c ? strchr(alphabet, c) : NULL;
	return p ? (int)(p - alphabet) : -1;
}

static bool decode(const char *alphabet, bool strict, struct str text, struct buf *out)
{
	size_t start = out->n;
	unsigned v = 0, bits = 0;
	if (text.n % 4 == 1)
		return false;
	buf_reserve(out, text.n / 4 * 3 + 3);
	for (size_t i = 0; i < text.n; i++) {
		int d = value_of(alphabet, text.p[i]);
		if (d < 0) {
			out->n = start;
			return false;
		}
		v = (v << 6 | (unsigned)d) & 0xffffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			buf_add_char(out, (char)(v >> bits & 255));
		}
	}
	if (strict && (v & ((1u << bits) - 1))) {
		out->n = start;
		return false;
	}
	return true;
}

void base64_encode(struct str bytes, struct buf *out)
{
	encode(standard, true, bytes, out);
}

bool base64_decode(struct str text, struct buf *out)
{
	if (text.n % 4 == 0)
		for (int i = 0; i < 2 && text.n && text.p[text.n - 1] == '='; i++)
			text.n--;
	return decode(standard, false, text, out);
}

void base64url_encode(struct str bytes, struct buf *out)
{
	encode(url, false, bytes, out);
}

bool base64url_decode(struct str text, struct buf *out)
{
	return decode(url, true, text, out);
}
