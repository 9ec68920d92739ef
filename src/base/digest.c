/* Digests by OpenSSL's EVP, which uses the processor's SHA instructions. */
#include "base/digest.h"

#include <openssl/evp.h>
#include <stdlib.h>

static const struct {
	const char *name;
	unsigned char len;
	const EVP_MD *(*md)(void);
} algs[] = {
	[DIGEST_NONE] = { "none", 0, NULL },
	[DIGEST_SHA256] = { "sha256", 32, EVP_sha256 },
	[DIGEST_SHA512] = { "sha512", 64, EVP_sha512 },
	[DIGEST_MD5] = { "md5", 16, EVP_md5 },
	[DIGEST_SHA1] = { "sha1", 20, EVP_sha1 },
	[DIGEST_SHA384] = { "sha384", 48, EVP_sha384 },
};

static int hex_value(char c, bool upper_too)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (upper_too && c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool hex_decode(struct str hex, bool upper_too, unsigned char *out)
{
	for (size_t i = 0; i < hex.n; i += 2) {
		int hi = hex_value(hex.p[i], upper_too), lo = hex_value(hex.p[i + 1], upper_too);
		if (hi < 0 || lo < 0)
			return false;
		out[i / 2] = (unsigned char)(hi << 4 | lo);
	}
	return true;
}

int digest_parse(struct str s, struct digest *out, struct err *e)
{
	struct str rest = s;
	struct str name = str_cut(&rest, ':');
	struct digest d = { 0 };
	if (str_eq(name, S("sha256")))
		d.alg = DIGEST_SHA256;
	else if (str_eq(name, S("sha512")))
		d.alg = DIGEST_SHA512;
	else if (name.n == s.n || name.n == 0 || rest.n == 0)
		return err_set(e, ERR_INVALID, "'%.*s' is no digest", STR(str_upto(s, 150)));
	else
		return err_set(e, ERR_UNSUPPORTED, "digest algorithm '%.*s' is not supported", STR(str_upto(name, 50)));
	d.len = algs[d.alg].len;
	if (rest.n != 2u * d.len || !hex_decode(rest, false, d.bytes))
		return err_set(e, ERR_INVALID, "'%.*s' is no digest", STR(str_upto(s, 150)));
	*out = d;
	return 0;
}

bool digest_from_hex(enum digest_alg alg, struct str hex, struct digest *out)
{
	struct digest d = { .alg = (unsigned char)alg, .len = algs[alg].len };
	if (hex.n != 2u * d.len || !hex_decode(hex, true, d.bytes))
		return false;
	*out = d;
	return true;
}

const char *digest_text(const struct digest *d, char *text)
{
	static const char hex[] = "0123456789abcdef";
	char *p = stpcpy(text, algs[d->alg].name);
	*p++ = ':';
	for (size_t i = 0; i < d->len; i++) {
		*p++ = hex[d->bytes[i] >> 4];
		*p++ = hex[d->bytes[i] & 15];
	}
	*p = '\0';
	return text;
}

bool digest_eq(const struct digest *a, const struct digest *b)
{
	return a->alg == b->alg && a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

struct hasher *hasher_open(unsigned char alg)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	if (!c || alg == DIGEST_NONE || EVP_DigestInit_ex(c, algs[alg].md(), NULL) != 1)
		abort();
	return (struct hasher *)c;
}

void hasher_add(struct hasher *h, const void *p, size_t n)
{
	if (EVP_DigestUpdate((EVP_MD_CTX *)h, p, n) != 1)
		abort();
}

void hasher_end(struct hasher *h, struct digest *out)
{
	EVP_MD_CTX *c = (EVP_MD_CTX *)h;
	unsigned len = 0;
	*out = (struct digest){ 0 };
	const EVP_MD *md = EVP_MD_CTX_get0_md(c);
	if (EVP_DigestFinal_ex(c, out->bytes, &len) != 1)
		abort();
	out->len = (unsigned char)len;
	for (size_t i = 1; i < COUNT(algs); i++)
		if (EVP_MD_get_type(md) == EVP_MD_get_type(algs[i].md()))
			out->alg = (unsigned char)i;
}

void hasher_close(struct hasher *h)
{
	EVP_MD_CTX_free((EVP_MD_CTX *)h);
}

void digest_of(enum digest_alg alg, struct str bytes, struct digest *out)
{
	struct hasher *h = hasher_open((unsigned char)alg);
	hasher_add(h, bytes.p, bytes.n);
	hasher_end(h, out);
	hasher_close(h);
}
