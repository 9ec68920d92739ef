/* Package URLs: the canonical text of what is accepted is accepted and means the same. */
#include "analyze/purl.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct purl p, again;
	struct err e;
	if (purl_parse(&a, (struct str){ (const char *)data, size }, &p, &e) == 0) {
		struct str text = purl_text(&a, &p);
		int r = purl_parse(&a, text, &again, &e);
		/* Escapes make it up to three times as long. */
		if (r && (r != ERR_LIMIT || text.n <= PURL_MAX))
			abort();
		if (r == 0 && (!str_eq(purl_text(&a, &again), text) || !purl_matches(&p, &again) ||
			       !purl_matches(&again, &p)))
			abort();
	}
	arena_done(&a);
	return 0;
}
