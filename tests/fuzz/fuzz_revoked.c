/* The list of what is revoked: every entry names exactly one thing, and that thing is revoked. */
#include "trust/revoked.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct revocations r;
	struct err e;
	if (revocations_parse((struct str){ (const char *)data, size }, S("list"), &a, &r, &e) == 0)
		for (size_t i = 0; i < r.n; i++)
			if (revocations_allow(&r, &r.v[i].key, &r.v[i].certificate, r.v[i].identity,
					      0, &e) != 0)
				abort();
	arena_done(&a);
	return 0;
}
