/* lazaret cache clear: removes every cached layer record. */
#include "analyze/scan.h"
#include "cmd/command.h"

#include <stdio.h>

static const char *const verbs[] = { "clear", NULL };

static int run(const struct args *a)
{
	struct err e = { 0 };
	uint64_t bytes = 0;
	if (a->words.n != 1 || !str_eq(a->words.v[0], S("clear")))
		return usage(a, "wanted: cache clear");
	if (scan_cache_clear(cache_dir(a), &bytes, &e))
		return fail(a, &e);
	say(a, "removed %llu KiB of layer records", (unsigned long long)(bytes + 1023) / 1024);
	return EXIT_YES;
}

const struct command command_cache = { "cache", "clear the cache of layer records", verbs, NULL,
				       run };
