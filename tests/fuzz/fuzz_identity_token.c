/* Identity tokens, whole and as claims that are put into one. No error ever repeats a part of one. */
#include "base/base64.h"
#include "trust/oidc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_token(struct str token)
{
	struct arena a = { 0 };
	struct identity_token t;
	struct err e = { 0 };
	int r = identity_token_read(token, &a, &t, &e);
	if (r == 0 && !t.subject.n)
		abort();
	if (r && token.n >= 24 && str_find(str_of(e.text), token) >= 0)
		abort();
	arena_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf b = { 0 };
	struct str text = { (const char *)data, size };
	read_token(text);
	buf_add_str(&b, S("e30."));
	base64url_encode(text, &b);
	buf_add_str(&b, S(".AA"));
	read_token(str_buf(&b));
	buf_done(&b);
	return 0;
}
