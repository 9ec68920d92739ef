/* PKCS#11 URIs. What is taken has no NUL but in the id. */
#include "trust/token_uri.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct arena CLEANUP(arena_done) a = { 0 };
	struct token_uri u = { 0 };
	struct err e = { 0 };
	struct str in = { (const char *)data, size };
	if (token_uri_parse(in, &a, &u, &e) < 0)
		return u.token.p || u.pin_value.p ? abort(), 0 : 0;
	const struct str *all[] = { &u.token,	    &u.object,	  &u.type,
				    &u.module_path, &u.pin_value, &u.pin_source };
	for (size_t i = 0; i < COUNT(all); i++)
		if (all[i]->n && memchr(all[i]->p, 0, all[i]->n))
			abort();
	return 0;
}
