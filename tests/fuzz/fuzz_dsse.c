/* DSSE envelopes, and what they or the input hold as in-toto Statement. */
#include "trust/dsse.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct arena a = { 0 };
	struct dsse d = { 0 };
	struct statement s = { 0 };
	struct err e;
	struct str text = { (const char *)data, size };
	if (dsse_parse_text(text, &a, &d, &e) == 0)
		text = d.payload;
	if (statement_parse(text, &a, &s, &e) == 0)
		statement_done(&s);
	arena_done(&a);
	return 0;
}
