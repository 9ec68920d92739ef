/* Private key files up to the password: cosign's JSON in PEM, its parameters, and everything that needs no password. Whoever is
 * asked refuses, so that no key is derived. */
#include "trust/key_file.h"
#include "trust/key_secretbox.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static int nobody(void *ctx, struct buf *out, struct err *e)
{
	(void)ctx, (void)out;
	return err_set(e, ERR_AUTH, "nobody is asked");
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct sealed CLEANUP(sealed_done) sealed = { 0 };
	struct key CLEANUP(cleanup_key) *k = NULL;
	struct password p = { .ask = nobody };
	struct err e = { 0 };
	struct str in = { (const char *)data, size };
	if (sealed_parse(in, &sealed, &e) == 0 &&
	    (sealed.n > 131072 || sealed.nonce.n != SEALED_NONCE ||
	     sealed.ciphertext.n < SEALED_TAG))
		abort();
	key_private_from_text(in, &p, &k, &e);
	return 0;
}
