/* Reads "flags<tab>range<tab>version" lines; prints '!' for what is no range, otherwise whether the version is in it, above
 * it and below it, as 0 or 1 each. */
#include "vuln/npm_range.h"

#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	char line[2 * NPM_RANGE_MAX];
	while (fgets(line, sizeof line, stdin)) {
		struct str text = str_of(line), rest, flags, range, version;
		struct arena a = { 0 };
		struct npm_range r;
		uint64_t n = 0;
		if (!str_line(&text, &rest))
			return EXIT_FAILURE;
		flags = str_cut(&rest, '\t');
		range = str_cut(&rest, '\t');
		version = rest;
		if (!str_to_u64(flags, NPM_LOOSE | NPM_PRERELEASE, &n))
			return EXIT_FAILURE;
		if (!npm_range_parse(&a, range, (unsigned)n, &r))
			puts("!");
		else
			printf("%d%d%d\n", npm_range_has(&r, version),
			       npm_range_beyond(&r, version, 1), npm_range_beyond(&r, version, -1));
		arena_done(&a);
	}
	return EXIT_SUCCESS;
}
