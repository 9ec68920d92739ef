/* A range, a version and another range, one a line: what is in a range is on no side of it, and meeting is mutual. */
#include "vuln/npm_range.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size };
	struct str x = str_cut(&rest, '\n'), v = str_cut(&rest, '\n'), y = rest;
	struct arena a = { 0 };
	for (unsigned flags = 0; flags < 4; flags++) {
		struct npm_range r, s;
		if (!npm_range_parse(&a, x, flags, &r))
			continue;
		bool in = npm_range_has(&r, v);
		if (in && (npm_range_beyond(&r, v, 1) || npm_range_beyond(&r, v, -1)))
			abort();
		if (npm_range_parse(&a, y, flags, &s) &&
		    npm_range_meets(&r, &s) != npm_range_meets(&s, &r))
			abort();
	}
	arena_done(&a);
	return 0;
}
