/* Base64, standard alphabet. Bits that do not fill a byte are not looked at; line breaks are refused. */
#include "base/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct str bytes, struct buf *out)
{
	buf_reserve(out, bytes.n / 3 * 4 + 4);
	for (size_t i = 0; i < bytes.n; i += 3) {
		size_t have = MIN(bytes.n - i, (size_t)3);
		unsigned v = 0;
		for (size_t k = 0; k < 3; k++)
			v = v << 8 | (k < have ? (unsigned char)bytes.p[i + k] : 0u);
		for (size_t k = 0; k < 4; k++)
			buf_add_char(out, k <= have ? alphabet[v >> (18 - 6 * k) & 63] : '=');
	}
}

static int value_of(char c)
{
	const char *p = c ? strchr(alphabet, c) : NULL;
	return p ? (int)(p - alphabet) : -1;
}

bool base64_decode(struct str text, struct buf *out)
{
	size_t start = out->n;
	unsigned v = 0, bits = 0;
	if (text.n % 4 == 0)
		for (int i = 0; i < 2 && text.n && text.p[text.n - 1] == '='; i++)
			text.n--;
	if (text.n % 4 == 1)
		return false;
	buf_reserve(out, text.n / 4 * 3 + 3);
	for (size_t i = 0; i < text.n; i++) {
		int d = value_of(text.p[i]);
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
	return true;
}
