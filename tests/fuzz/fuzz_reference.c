/* Image references: what is accepted means the same when it is written out and read again. */
#include "oci/reference.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct reference r, again;
	struct err e;
	if (reference_parse(&a, (struct str){ (const char *)data, size }, &r, &e) == 0) {
		struct str text = reference_text(&a, &r);
		if (reference_parse(&a, text, &again, &e) || !str_eq(r.host, again.host) ||
		    !str_eq(r.repository, again.repository) || !str_eq(r.tag, again.tag) ||
		    !digest_eq(&r.digest, &again.digest))
			abort();
	}
	arena_done(&a);
	return 0;
}
