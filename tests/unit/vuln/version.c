/* Version schemes against tables: our own cases, and the published ones of the shared test data. */
#include "base/json.h"
#include "drive.h"
#include "vuln/version.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

/* Lines of published tables that we do not follow: PHP's version_compare of texts that Composer never compares so. */
static const char *const not_followed[] = {
	/* Composer fills both to four numbers before it compares. */
	"1.0.0 > 1.0",
	/* Composer refuses '#'; there it equals the end and every number, which is no order. It is an unknown word here. */
	"1.2.3.# = 1.2.3",
	"1.2.3.# = 1.2.3.1",
	"1.2.3.#.1 > 1.2.3",
	"1.2.3.#.p3 > 1.2.3",
};

static bool followed(const char *scheme, struct str line)
{
	for (size_t i = 0; i < COUNT(not_followed); i++)
		if (strcmp(scheme, "composer") == 0 && str_eq(line, str_of(not_followed[i])))
			return false;
	return true;
}

static void check_pair(const char *file, const struct version_scheme *s, struct str a, char op,
		       struct str b)
{
	int want = op == '<' ? -1 : op == '>' ? 1 : 0;
	int ab = sign(s->compare(a, b)), ba = sign(s->compare(b, a));
	if (ab != want || ba != -want)
		fail_msg("%s: %.*s %c %.*s, but compare says %d and %d", file, STR(a), op, STR(b),
			 ab, ba);
}

/* One line: "a OP b", "! v" or "!v", or a lone valid version. Returns whether it was checked. */
static bool check_line(const char *file, const struct version_scheme *s, struct str line,
		       bool validity)
{
	struct str whole = line, a, op, b;
	if (line.n && line.p[0] == '!') {
		struct str v = str_trim(str_from(line, 1));
		if (s->valid(v))
			fail_msg("%s: '%.*s' must be invalid", file, STR(v));
		return true;
	}
	if (!str_word(&line, &a))
		return false;
	if (!str_word(&line, &op)) {
		if (!s->valid(a))
			fail_msg("%s: '%.*s' must be valid", file, STR(a));
		return true;
	}
	if (!str_word(&line, &b) || op.n != 1 || !strchr("<=>", op.p[0]))
		return false;
	check_pair(file, s, a, op.p[0], b);
	if (validity && (!s->valid(a) || !s->valid(b)) && a.p[0] != 'a')
		fail_msg("%s: '%.*s': both must be valid", file, STR(whole));
	return true;
}

static void check_table(const char *variable, const char *file, const char *scheme, bool validity,
			size_t at_least)
{
	struct buf text = { 0 };
	size_t checked = 0, skipped = 0;
	if (!drive_read(variable, file, &text)) {
		skip();
		return;
	}
	struct str rest = str_buf(&text), line;
	while (str_line(&rest, &line)) {
		/* Only at the beginning or behind a space: a version may hold one. */
		ssize_t comment = str_starts(line, S("#")) ? 0 : str_find(line, S(" #"));
		line = str_trim(comment < 0 ? line : str_upto(line, (size_t)comment));
		if (followed(scheme, line))
			checked += check_line(file, version_scheme_find(str_of(scheme)), line,
					      validity);
		else
			skipped++;
	}
	buf_done(&text);
	if (checked < at_least)
		fail_msg("%s: only %zu lines", file, checked);
	/* What is excused is there, or the excuse is stale. */
	if (strcmp(file, "versions/osv/packagist-versions.txt") == 0)
		assert_int_equal(skipped, COUNT(not_followed));
}

static void test_own(void **state)
{
	static const struct {
		const char *scheme;
		size_t at_least;
	} t[] = {
		{ "apk", 20 },	   { "bitnami", 14 }, { "composer", 47 }, { "conan", 24 },
		{ "cran", 15 },	   { "deb", 20 },     { "gem", 20 },	  { "golang", 12 },
		{ "hackage", 12 }, { "maven", 25 },   { "nuget", 13 },	  { "pacman", 30 },
		{ "pep440", 28 },  { "pub", 12 },     { "rpm", 20 },	  { "semver", 21 },
	};
	size_t n = 0;
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		char file[64];
		snprintf(file, sizeof file, "data/version/%s.cases", t[i].scheme);
		check_table("LAZARET_TESTS", file, t[i].scheme, true, t[i].at_least);
	}
	while (version_schemes[n])
		n++;
	assert_int_equal(n, COUNT(t));
}

static void test_published(void **state)
{
	static const struct {
		const char *file, *scheme;
		size_t at_least;
	} t[] = {
		{ "osv/debian-versions.txt", "deb", 30 },
		{ "osv/redhat-versions.txt", "rpm", 160 },
		{ "rpm-vercmp.txt", "rpm", 90 },
		{ "osv/alpine-versions.txt", "apk", 775 },
		{ "apk-version.data", "apk", 765 },
		{ "osv/semver-versions.txt", "semver", 86 },
		{ "osv/pypi-versions.txt", "pep440", 37 },
		{ "osv/maven-versions.txt", "maven", 102 },
		{ "osv/rubygems-versions.txt", "gem", 25 },
		{ "osv/nuget-versions.txt", "nuget", 35 },
		{ "osv/pub-versions.txt", "pub", 100 },
		{ "osv/cran-versions.txt", "cran", 21 },
		{ "osv/hackage-versions.txt", "hackage", 11 },
		{ "osv/packagist-versions.txt", "composer", 90 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		char file[64];
		snprintf(file, sizeof file, "versions/%s", t[i].file);
		check_table("LAZARET_TEST_DATA", file, t[i].scheme, false, t[i].at_least);
	}
}

/* A file of node-semver, each element given to check. */
static void check_npm(const char *file, size_t at_least, void (*check)(const struct json *element))
{
	struct buf text = { 0 };
	CLEANUP(cleanup_json) struct json *list = NULL;
	struct err e = { 0 };
	size_t checked = 0;
	if (!drive_read("LAZARET_TEST_DATA", file, &text)) {
		skip();
		return;
	}
	assert_int_equal(json_parse(str_buf(&text), &list, &e), 0);
	JSON_EACH(element, list)
	{
		check(element);
		checked++;
	}
	buf_done(&text);
	if (checked < at_least)
		fail_msg("%s: only %zu elements", file, checked);
}

static void npm_pair(const struct json *element)
{
	struct str op = json_get_str(element, "op");
	assert_int_equal(op.n, 1);
	check_pair("npm", version_scheme_find(S("semver")), json_get_str(element, "a"), op.p[0],
		   json_get_str(element, "b"));
}

static void npm_valid(const struct json *element)
{
	struct str v = json_get_str(element, "version");
	if (!version_scheme_find(S("semver"))->valid(v))
		fail_msg("npm: '%.*s' must be valid", STR(v));
}

static void npm_invalid(const struct json *element)
{
	struct str v = json_get_str(element, "version");
	if (version_scheme_find(S("semver"))->valid(v))
		fail_msg("npm: '%.*s' must be invalid", STR(v));
}

static void test_npm(void **state)
{
	(void)state;
	check_npm("versions/npm/comparisons.json", 31, npm_pair);
	check_npm("versions/npm/equality.json", 37, npm_pair);
	check_npm("versions/npm/valid-versions.json", 22, npm_valid);
	check_npm("versions/npm/invalid-versions.json", 7, npm_invalid);
}

static void test_find(void **state)
{
	(void)state;
	assert_null(version_scheme_find(S("nothing")));
	assert_string_equal(version_scheme_find(S("deb"))->name, "deb");
	char big[VERSION_MAX + 1];
	memset(big, '1', sizeof big);
	for (size_t i = 0; version_schemes[i]; i++) {
		assert_false(version_schemes[i]->valid((struct str){ big, sizeof big }));
		assert_false(version_schemes[i]->valid((struct str){ 0 }));
		assert_false(version_schemes[i]->valid((struct str){ "1\0", 2 }));
		assert_int_equal(version_schemes[i]->compare((struct str){ 0 }, (struct str){ 0 }),
				 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_published),
		cmocka_unit_test(test_npm),
		cmocka_unit_test(test_find),
	};
	return cmocka_run_group_tests_name("vuln/version", tests, NULL, NULL);
}
