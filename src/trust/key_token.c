/* PKCS#11 tokens: not yet. */
#include "trust/key_token.h"

int key_token_open(struct str uri, const struct password *p, bool is_private, struct key **out,
		   struct err *e)
{
	(void)uri, (void)p, (void)is_private, (void)out;
	return err_set(e, ERR_UNSUPPORTED, "keys in PKCS#11 tokens are not supported yet");
}
