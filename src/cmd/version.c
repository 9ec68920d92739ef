/* lazaret version: its own; `version compare SCHEME A B` orders two versions as a distribution's tools do. */
#include "vuln/version.h"
#include "cmd/command.h"

#include <stdio.h>

static const char *const verbs[] = { "compare", NULL };

/* One pair: prints '<', '=' or '>'; a version that is not valid in its scheme is said on standard error. */
static bool compare(const struct args *a, const struct version_scheme *s, struct str x,
		    struct str y)
{
	bool ok = true;
	struct str both[] = { x, y };
	for (size_t i = 0; i < COUNT(both); i++) {
		if (s->valid(both[i]))
			continue;
		fprintf(stderr, "lazaret %s: '%.*s' is no valid %s version\n", a->command->name,
			STR(both[i]), s->name);
		ok = false;
	}
	int r = s->compare(x, y);
	puts(r < 0 ? "<" : r > 0 ? ">" : "=");
	return ok;
}

/* Pairs from standard input, one a line, two words. */
static int compare_lines(const struct args *a, const struct version_scheme *s)
{
	char line[2 * VERSION_MAX + 8];
	bool ok = true;
	while (fgets(line, sizeof line, stdin)) {
		struct str rest = str_of(line), x = { 0 }, y = { 0 }, more;
		if (!str_word(&rest, &x) || !str_word(&rest, &y) || str_word(&rest, &more))
			return usage(a, "a line holds two versions");
		ok &= compare(a, s, x, y);
	}
	return ok ? EXIT_YES : EXIT_NO;
}

static int run(const struct args *a)
{
	if (a->words.n == 0) {
		puts("lazaret " LAZARET_VERSION);
		return EXIT_YES;
	}
	bool lines = a->words.n == 3 && str_eq(a->words.v[2], S("-"));
	if (!str_eq(a->words.v[0], S("compare")) || (a->words.n != 4 && !lines))
		return usage(a, "wanted: version compare SCHEME A B, or SCHEME - to read pairs");
	const struct version_scheme *s = version_scheme_find(a->words.v[1]);
	if (!s)
		return usage(a, "there is no version scheme '%.*s'", STR(a->words.v[1]));
	if (lines)
		return compare_lines(a, s);
	return compare(a, s, a->words.v[2], a->words.v[3]) ? EXIT_YES : EXIT_NO;
}

const struct command command_version = { "version", "print the version, compare versions", verbs,
					 NULL, run };
