/* PEM blocks, public keys (SPKI, PKCS#1, certificates) and private ones (PKCS#8, PKCS#1, SEC 1). The first byte chooses: 0 PEM,
 * 1 SPKI, 2 PKCS#8, 3 PKCS#1, 4 SEC 1. A key that is taken must have one encoding. */
#include "trust/key.h"
#include "trust/key_private.h"
#include "trust/pem.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static int parse(unsigned char kind, struct str in, struct key **k, struct err *e)
{
	struct buf CLEANUP(secret_done) pkcs8 = { 0 };
	int r;
	switch (kind % 5) {
	case 0:
		return key_from_pem(in, k, e);
	case 1:
		return key_from_spki(in, k, e);
	case 2:
		return key_from_pkcs8(in, k, e);
	case 3:
		r = pkcs8_of_pkcs1(in, &pkcs8, e);
		break;
	default:
		r = pkcs8_of_sec1(in, &pkcs8, e);
	}
	return r < 0 ? r : key_from_pkcs8(str_buf(&pkcs8), k, e);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct key CLEANUP(cleanup_key) *k = NULL, CLEANUP(cleanup_key) *same = NULL;
	struct buf CLEANUP(buf_done) pem = { 0 }, CLEANUP(secret_done) der = { 0 };
	struct err e = { 0 };
	if (size == 0)
		return 0;
	struct str in = { (const char *)data + 1, size - 1 };
	if (parse(data[0], in, &k, &e) < 0)
		return k ? abort(), 0 : 0;
	if (data[0] % 5 == 1 && !str_eq(key_spki(k), in))
		abort();
	key_pem(k, &pem);
	if (key_from_pem(str_buf(&pem), &same, &e) < 0 || !key_eq(k, same))
		abort();
	if (key_is_private(k) && key_pkcs8(k, &der, &e) < 0)
		abort();
	key_verify(k, key_default_alg(k, true), S("text"), str_upto(in, 64));
	return 0;
}
