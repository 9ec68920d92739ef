/* Time-stamp tokens and responses: read, judged with the token's own certificates, cut out of a response. */
#include "trust/timestamp_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct str der = { (const char *)data, size };
	struct timestamp t = { 0 };
	struct token token;
	struct certs anchors = { 0 };
	struct buf bare = { 0 };
	struct err e;
	if (token_parse(der, &a, &token, &e) == 0) {
		if (token.n_signers == 0 || token.n_signers > TOKEN_SIGNERS_MAX ||
		    token.whole.n > der.n)
			abort();
		certs_parse(token.certificates, &anchors, &e);
		if (timestamp_verify_digest(der, &token.info.imprint, NULL, &anchors, NULL, &a, &t,
					    &e) == 1 &&
		    t.chain.n == 0)
			abort();
		timestamp_done(&t);
		if (timestamp_token(der, &token.info.imprint, token.nonce, &bare, &e) == 0 &&
		    timestamp_read(str_buf(&bare), &a, &t, &e) < 0)
			abort();
	}
	buf_done(&bare);
	certs_done(&anchors);
	arena_done(&a);
	return 0;
}
