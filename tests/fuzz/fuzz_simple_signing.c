/* Simple signing payloads: what is read is written and read again to the same. */
#include "trust/cosign.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct simple_signing s, again;
	struct buf b = { 0 };
	struct err e;
	if (simple_signing_parse((struct str){ (const char *)data, size }, &a, &s, &e) == 0) {
		simple_signing_write(&s, &a, &b);
		if (simple_signing_parse(str_buf(&b), &a, &again, &e) ||
		    !digest_eq(&s.digest, &again.digest) ||
		    s.n_annotations != again.n_annotations || !str_eq(s.reference, again.reference))
			abort();
	}
	buf_done(&b);
	arena_done(&a);
	return 0;
}
