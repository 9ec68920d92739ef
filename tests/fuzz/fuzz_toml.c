/* TOML texts. What is accepted must be a tree that is no larger than its text. */
#include "base/toml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t count(const struct toml *t, unsigned depth)
{
	size_t n = 1;
	if (depth > TOML_DEPTH_MAX + 2)
		abort();
	TOML_EACH(c, t)
	n += count(c, depth + 1);
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct err e;
	const struct toml *t;
	if (toml_parse(&a, (struct str){ (const char *)data, size }, &t, &e) == 0 &&
	    count(t, 0) > size + 1)
		abort();
	arena_done(&a);
	return 0;
}
