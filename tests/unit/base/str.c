/* Strings, globs, arena, map. */
#include "base/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void test_glob(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool want;
	} t[] = {
		{ "*.jar", "a.jar", true },
		{ "*.jar", "d/a.jar", false },
		{ "**/*.jar", "a.jar", true },
		{ "**/*.jar", "x/y/a.jar", true },
		{ "var/lib/dpkg/info/*.list", "var/lib/dpkg/info/apt.list", true },
		{ "var/lib/dpkg/info/*.list", "var/lib/dpkg/info/a/b.list", false },
		{ "a/**/b", "a/b", true },
		{ "a/**/b", "a/x/y/b", true },
		{ "a/**/b", "ab", false },
		{ "**/site-packages/*.dist-info/METADATA", "usr/lib/site-packages/x.dist-info/METADATA", true },
		{ "[a-c]?", "bz", true },
		{ "[!a-c]?", "bz", false },
		{ "[", "[", true },
		{ "\\*", "*", true },
		{ "\\*", "x", false },
		{ "", "", true },
		{ "", "x", false },
		{ "**", "a/b/c", true },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++)
		if (str_glob(str_of(t[i].pattern), str_of(t[i].text)) != t[i].want)
			fail_msg("glob '%s' on '%s'", t[i].pattern, t[i].text);
}

static void test_cut(void **state)
{
	struct str s = S("a: b\r\nc\n"), line;
	(void)state;
	assert_true(str_line(&s, &line));
	assert_true(str_eq(line, S("a: b")));
	assert_true(str_eq(str_cut(&line, ':'), S("a")));
	assert_true(str_eq(str_trim(line), S("b")));
	assert_true(str_line(&s, &line) && str_eq(line, S("c")));
	assert_false(str_line(&s, &line));
}

static void test_numbers(void **state)
{
	uint64_t v = 7;
	(void)state;
	assert_true(str_to_u64(S("18446744073709551615"), UINT64_MAX, &v) && v == UINT64_MAX);
	assert_false(str_to_u64(S("18446744073709551616"), UINT64_MAX, &v));
	assert_false(str_to_u64(S(""), 10, &v));
	assert_false(str_to_u64(S("11"), 10, &v));
	assert_false(str_to_u64(S("1x"), 10, &v));
	assert_true(str_to_u64_base(S("644"), 8, 0777, &v) && v == 0644);
}

static void test_utf8(void **state)
{
	(void)state;
	assert_true(str_is_utf8(S("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80")));
	assert_false(str_is_utf8(S("\xc0\xaf")));
	assert_false(str_is_utf8(S("\xed\xa0\x80")));
	assert_false(str_is_utf8(S("\xe2\x82")));
	assert_false(str_is_utf8((struct str){ "a\0b", 3 }));
}

static void test_map(void **state)
{
	struct arena a = { 0 };
	struct map m;
	(void)state;
	map_init(&m, &a);
	assert_null(map_get(&m, S("x")));
	for (size_t i = 0; i < 5000; i++)
		*map_at(&m, arena_printf(&a, "key %zu", i)) = (void *)(i + 1);
	for (size_t i = 0; i < 5000; i++)
		assert_ptr_equal(map_get(&m, arena_printf(&a, "key %zu", i)), (void *)(i + 1));
	assert_int_equal(m.n, 5000);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_glob), cmocka_unit_test(test_cut), cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_utf8), cmocka_unit_test(test_map),
	};
	return cmocka_run_group_tests_name("base/str", tests, NULL, NULL);
}
