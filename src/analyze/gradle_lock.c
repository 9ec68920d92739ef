/* Gradle's lock files ("Locking Versions" in its user manual): lines "group:artifact:version=configurations", before
 * Gradle 7 one file a configuration with lines "group:artifact:version"; '#' begins a comment, "empty=" names
 * configurations without dependencies. What only configurations of tests have is marked dev. Hostile input: any line that
 * is none of these makes the file unreadable. */
#include "analyze/listing.h"

static bool only_tests(struct str configurations)
{
	if (configurations.n == 0)
		return false;
	while (configurations.n) {
		struct str name = str_trim(str_cut(&configurations, ','));
		if (!str_starts(name, S("test")) && str_find(name, S("Test")) < 0)
			return false;
	}
	return true;
}

static int read_line(struct listing *l, struct str line, size_t number, bool tests, struct err *e)
{
	line = str_trim(line);
	if (line.n == 0 || line.p[0] == '#')
		return 0;
	struct str rest = line, id = str_cut(&rest, '=');
	if (str_eq(id, S("empty")))
		return 0;
	struct str version = id, group = str_cut(&version, ':'), artifact = str_cut(&version, ':');
	if (group.n == 0 || artifact.n == 0 || version.n == 0)
		return err_set(e, ERR_INVALID, "line %zu is no group:artifact:version", number);
	struct record_package *p = listing_add(l, str_upto(id, group.n + 1 + artifact.n), version);
	if (tests || only_tests(rest))
		listing_set(l, p, "dev", S("true"));
	return 0;
}

static int gradle_end(struct analysis *an, void *state, const struct file *f,
		      const struct whole *whole, struct err *e)
{
	struct listing l;
	struct str text, line;
	size_t number = 0;
	(void)state;
	listing_begin(&l, an, f, "gradle_lock", "maven");
	int r = listing_text(&l, whole, &text, e);
	ssize_t slash = str_rfind_char(f->path, '/');
	struct str name = str_from(f->path, (size_t)(slash + 1));
	bool tests = !str_starts(name, S("gradle.")) && str_starts(name, S("test"));
	while (r == 0 && str_line(&text, &line))
		r = read_line(&l, line, ++number, tests, e);
	return r ? r : listing_end(&l, e);
}

static const char *const patterns[] = { "gradle.lockfile", "buildscript-gradle.lockfile",
					"**/dependency-locks/*.lockfile", NULL };

const struct analyzer analyzer_gradle_lock = {
	.name = "gradle_lock",
	.version = 1,
	.lockfile = true,
	.patterns = patterns,
	.want_whole = true,
	.end = gradle_end,
};
