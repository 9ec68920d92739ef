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
	size_t checked = 0;
	if (!drive_read(variable, file, &text)) {
		skip();
		return;
	}
	struct str rest = str_buf(&text), line;
	while (str_line(&rest, &line)) {
		line = str_trim(str_upto(line, str_find_char(line, '#') < 0
						       ? line.n
						       : (size_t)str_find_char(line, '#')));
		checked += check_line(file, version_scheme_find(str_of(scheme)), line, validity);
	}
	buf_done(&text);
	if (checked < at_least)
		fail_msg("%s: only %zu lines", file, checked);
}

static void test_own(void **state)
{
	(void)state;
	check_table("LAZARET_TESTS", "data/version/deb.cases", "deb", true, 20);
	check_table("LAZARET_TESTS", "data/version/rpm.cases", "rpm", true, 20);
	check_table("LAZARET_TESTS", "data/version/apk.cases", "apk", true, 20);
	check_table("LAZARET_TESTS", "data/version/gem.cases", "gem", true, 20);
	check_table("LAZARET_TESTS", "data/version/golang.cases", "golang", true, 12);
	check_table("LAZARET_TESTS", "data/version/maven.cases", "maven", true, 25);
	check_table("LAZARET_TESTS", "data/version/nuget.cases", "nuget", true, 13);
	check_table("LAZARET_TESTS", "data/version/pep440.cases", "pep440", true, 28);
	check_table("LAZARET_TESTS", "data/version/pub.cases", "pub", true, 12);
	check_table("LAZARET_TESTS", "data/version/semver.cases", "semver", true, 21);
}

static void test_osv_debian(void **state)
{
	(void)state;
	check_table("LAZARET_TEST_DATA", "versions/osv/debian-versions.txt", "deb", false, 30);
}

static void test_osv_redhat(void **state)
{
	(void)state;
	check_table("LAZARET_TEST_DATA", "versions/osv/redhat-versions.txt", "rpm", false, 160);
}

static void test_osv_alpine(void **state)
{
	(void)state;
	check_table("LAZARET_TEST_DATA", "versions/osv/alpine-versions.txt", "apk", false, 775);
}

static void test_apk_tools(void **state)
{
	(void)state;
	check_table("LAZARET_TEST_DATA", "versions/apk-version.data", "apk", false, 765);
}

static void test_rpmvercmp(void **state)
{
	(void)state;
	check_table("LAZARET_TEST_DATA", "versions/rpm-vercmp.txt", "rpm", false, 90);
}

static void test_osv_semver(void **state)
{
	(void)state;
	check_table("LAZARET_TEST_DATA", "versions/osv/semver-versions.txt", "semver", false, 86);
}

static void test_osv_pypi(void **state)
{
	(void)state;
	check_table("LAZARET_TEST_DATA", "versions/osv/pypi-versions.txt", "pep440", false, 37);
}

static void test_osv_maven(void **state)
{
	(void)state;
	check_table("LAZARET_TEST_DATA", "versions/osv/maven-versions.txt", "maven", false, 102);
}

static void test_osv_rubygems(void **state)
{
	(void)state;
	check_table("LAZARET_TEST_DATA", "versions/osv/rubygems-versions.txt", "gem", false, 25);
}

static void test_osv_nuget(void **state)
{
	(void)state;
	check_table("LAZARET_TEST_DATA", "versions/osv/nuget-versions.txt", "nuget", false, 35);
}

static void test_osv_pub(void **state)
{
	(void)state;
	check_table("LAZARET_TEST_DATA", "versions/osv/pub-versions.txt", "pub", false, 100);
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
		cmocka_unit_test(test_own),	   cmocka_unit_test(test_osv_debian),
		cmocka_unit_test(test_osv_redhat), cmocka_unit_test(test_osv_alpine),
		cmocka_unit_test(test_apk_tools),  cmocka_unit_test(test_rpmvercmp),
		cmocka_unit_test(test_osv_semver), cmocka_unit_test(test_osv_pypi),
		cmocka_unit_test(test_osv_maven),  cmocka_unit_test(test_osv_rubygems),
		cmocka_unit_test(test_osv_nuget),  cmocka_unit_test(test_osv_pub),
		cmocka_unit_test(test_npm),	   cmocka_unit_test(test_find),
	};
	return cmocka_run_group_tests_name("vuln/version", tests, NULL, NULL);
}
