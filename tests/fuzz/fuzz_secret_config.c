/* A configuration for secrets: read, or refused; what was read can be compiled or is refused, and then searches. */
#include "analyze/secret_scan.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct secret_rules rules;
	struct secret_scan *s;
	struct secret_find *v;
	const char *cut;
	size_t n;
	struct err e;
	struct str config = { (const char *)data, size }, prepared;
	/* Compiling all built-in rules each time would be all that this does. */
	if (secret_rules_read(&a, config, &rules, &e) == 0 && rules.n < 20 &&
	    secret_rules_prepare(&a, config, S(""), 0, &prepared, &e) == 0) {
		if (secret_scan_open(&a, prepared, &s, &e))
			abort();
		secret_scan_begin(s, S("app/x"), size);
		if (secret_scan_feed(s, config, &e) || secret_scan_end(s, &v, &n, &cut, &e))
			abort();
		secret_scan_close(s);
	}
	arena_done(&a);
	return 0;
}
