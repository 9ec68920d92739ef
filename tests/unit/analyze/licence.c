/* Licence expressions: what records say, the table of names, categories. */
#include "drive.h"

#include "analyze/licence.h"
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <cmocka.h>

static void test_expressions(void **state)
{
	struct buf text = { 0 };
	struct arena a = { 0 };
	struct licences l;
	struct str rest, line;
	size_t n = 0, bad = 0;
	(void)state;
	licences_init(&l, &a);
	assert_true(drive_read("LAZARET_TESTS", "data/licence/expressions.cases", &text));
	rest = str_buf(&text);
	while (str_line(&rest, &line)) {
		ssize_t at = str_find(line, S(" =>"));
		if (line.n == 0 || line.p[0] == '#')
			continue;
		assert_true(at >= 0);
		struct str want = str_trim(str_from(line, (size_t)at + 3));
		struct str have = licence_expression(&l, str_upto(line, (size_t)at));
		if (!str_eq(want, have)) {
			print_message("'%.*s': '%.*s'\n", STR(line), STR(have));
			bad++;
		}
		/* What comes out is an expression: it means itself. */
		struct str again = licence_expression(&l, have);
		if (!str_eq(again, have)) {
			print_message("'%.*s' again: '%.*s'\n", STR(have), STR(again));
			bad++;
		}
		n++;
	}
	assert_int_equal(bad, 0);
	assert_true(n > 100);
	buf_done(&text);
	arena_done(&a);
}

/* Every alias is written as names are compared, and means an expression of known identifiers. */
static void test_aliases(void **state)
{
	static const char *const t[][2] = {
#define LICENCE_ALIAS(key, expression) { key, expression },
#include "analyze/licence_aliases.def"
#undef LICENCE_ALIAS
	};
	struct arena a = { 0 };
	struct licences l;
	(void)state;
	licences_init(&l, &a);
	for (size_t i = 0; i < COUNT(t); i++) {
		struct str have = licence_expression(&l, str_of(t[i][0]));
		if (!str_eq(have, str_of(t[i][1])))
			fail_msg("%s: '%.*s'", t[i][0], STR(have));
		if (strcmp(t[i][1], "LicenseRef-public-domain") != 0)
			assert_null(strstr(t[i][1], "LicenseRef"));
	}
	arena_done(&a);
}

static void test_order(void **state)
{
	(void)state;
	for (size_t i = 0; licence_id(i) && licence_id(i + 1); i++)
		assert_true(strcasecmp(licence_id(i), licence_id(i + 1)) < 0);
	for (size_t i = 0; licence_exception_id(i) && licence_exception_id(i + 1); i++)
		assert_true(strcasecmp(licence_exception_id(i), licence_exception_id(i + 1)) < 0);
}

static bool listed(const struct json *list, const char *key, const char *id)
{
	JSON_EACH(x, list)
	if (str_eq(json_get_str(x, key), str_of(id)))
		return true;
	return false;
}

/* The published list has ours and no other; each means itself, or its successor where it is deprecated. */
static void test_list(void **state)
{
	static const struct {
		const char *file, *list, *key;
		const char *(*id)(size_t);
	} t[] = { { "licenses.json", "licenses", "licenseId", licence_id },
		  { "exceptions.json", "exceptions", "licenseExceptionId", licence_exception_id } };
	struct arena a = { 0 };
	struct licences l;
	(void)state;
	licences_init(&l, &a);
	for (size_t k = 0; k < COUNT(t); k++) {
		char path[200];
		struct buf text = { 0 };
		struct json *j;
		struct err e;
		size_t n = 0;
		snprintf(path, sizeof path, "schemas/spdx/license-list/%s", t[k].file);
		if (!drive_read("LAZARET_TEST_DATA", path, &text))
			skip();
		assert_int_equal(json_parse(str_buf(&text), &j, &e), 0);
		const struct json *list = json_get(j, t[k].list);
		for (; t[k].id(n); n++)
			if (!listed(list, t[k].key, t[k].id(n)))
				fail_msg("%s is not listed", t[k].id(n));
		assert_int_equal(n, json_count(list));
		JSON_EACH(x, list)
		{
			struct str id = json_get_str(x, t[k].key);
			bool old = json_bool(json_get(x, "isDeprecatedLicenseId"), false);
			struct str made = k == 0 ? licence_expression(&l, id) : id;
			if (!str_eq(made, id) && (!old || str_find(made, S("Ref")) >= 0))
				fail_msg("%.*s means %.*s", STR(id), STR(made));
		}
		json_free(j);
		buf_done(&text);
	}
	arena_done(&a);
}

static void test_categories(void **state)
{
	static const struct {
		const char *expression, *category;
	} t[] = {
		{ "MIT", "notice" },
		{ "GPL-2.0-only", "restricted" },
		{ "GPL-2.0-or-later WITH Classpath-exception-2.0", "restricted" },
		{ "AGPL-3.0-or-later", "forbidden" },
		{ "MPL-2.0", "reciprocal" },
		{ "CC0-1.0", "unencumbered" },
		{ "LicenseRef-x", "unknown" },
		{ "MIT OR GPL-2.0-only", "notice" },
		{ "MIT AND GPL-2.0-only", "restricted" },
		{ "MIT AND (GPL-3.0-only OR MPL-2.0)", "reciprocal" },
		{ "MIT OR LicenseRef-x", "notice" },
		{ "MIT AND LicenseRef-x", "unknown" },
		{ "AGPL-3.0-only AND LicenseRef-x", "forbidden" },
		{ "MPL-2.0 AND LicenseRef-x", "unknown" },
		{ "LicenseRef-y OR LicenseRef-x", "unknown" },
		{ "MPL-2.0+", "reciprocal" },
		{ "", "unknown" },
	};
	struct arena a = { 0 };
	struct licences l;
	(void)state;
	licences_init(&l, &a);
	for (size_t i = 0; i < COUNT(t); i++)
		assert_string_equal(
			licence_category_name(licence_category_of(&l, str_of(t[i].expression))),
			t[i].category);
	arena_done(&a);
}

static void test_packages(void **state)
{
	struct str two[] = { S("MIT"), S("GPLv2+") },
		   doubled[] = { S("mit"), S("MIT License"), S("UNKNOWN") };
	struct strs texts = { two, 2, 2 }, same = { doubled, 3, 3 }, none = { 0 };
	struct arena a = { 0 };
	struct licences l;
	(void)state;
	licences_init(&l, &a);
	assert_true(
		str_eq(licence_of_package(&l, S("deb"), &texts), S("MIT AND GPL-2.0-or-later")));
	assert_true(str_eq(licence_of_package(&l, S("npm"), &texts), S("MIT OR GPL-2.0-or-later")));
	assert_true(str_eq(licence_of_package(&l, S("gem"), &same), S("MIT")));
	assert_int_equal(licence_of_package(&l, S("gem"), &none).n, 0);
	/* A whole text in place of a name is cut to a reference. */
	struct buf b = { 0 };
	while (b.n < 100000)
		buf_add_str(&b, S("Permission is granted "));
	struct str ref = licence_expression(&l, str_buf(&b));
	assert_true(str_starts(ref, S("LicenseRef-Permission-is-granted")) && ref.n < 100);
	buf_done(&b);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expressions), cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_order),	    cmocka_unit_test(test_list),
		cmocka_unit_test(test_categories),  cmocka_unit_test(test_packages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
