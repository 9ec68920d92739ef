/* RFC 3339 and dates. */
#include "base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <time.h>

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		int64_t is;
	} t[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2024-02-29T23:59:60Z", 1709251199 },
		{ "2024-05-01T12:30:00.123456789+02:00", 1714559400 },
		{ "2024-05-01 10:30:00", 1714559400 },
		{ "2024-05-01t10:30:00z", 1714559400 },
		{ "2024-05-01T08:00:00-02:30", 1714559400 },
		{ "2024-05-01", 1714521600 },
		{ "1969-12-31T23:59:59Z", -1 },
		{ "0001-01-01", -62135596800 },
		{ "9999-12-31T23:59:59Z", 253402300799 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		int64_t v = 42;
		if (!time_parse(str_of(t[i].text), &v) || v != t[i].is)
			fail_msg("%s: %lld", t[i].text, (long long)v);
	}
}

static void test_reject(void **state)
{
	static const char *const bad[] = {
		"",
		"2024",
		"2024-13-01",
		"2024-00-01",
		"2024-01-00",
		"2023-02-29",
		"1900-02-29",
		"0000-01-01",
		"2024-01-01T",
		"2024-01-01T24:00:00Z",
		"2024-01-01T00:60:00Z",
		"2024-01-01T00:00:61Z",
		"2024-01-01T00:00:00.Z",
		"2024-01-01T00:00:00+2:00",
		"2024-01-01T00:00:00+24:00",
		"2024-01-01T00:00:00Zx",
		"2024-1-1",
		"x024-01-01",
		"2024-01-01T00:00Z",
	};
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		int64_t v = 42;
		if (time_parse(str_of(bad[i]), &v))
			fail_msg("accepted: %s", bad[i]);
		assert_int_equal(v, 42);
	}
	int64_t v;
	assert_false(time_parse_date(S("2024-01-01T00:00:00Z"), &v));
}

/* Against the C library, over two thousand years. */
static void test_text(void **state)
{
	char ours[TIME_TEXT], theirs[64];
	(void)state;
	for (int64_t t = -40000000000; t < 40000000000; t += 86399 * 37) {
		time_t tt = (time_t)t;
		struct tm tm;
		int64_t back;
		gmtime_r(&tt, &tm);
		strftime(theirs, sizeof theirs, "%Y-%m-%dT%H:%M:%SZ", &tm);
		struct str digits = str_of(theirs);
		if (digits.n < 20)
			continue; /* years below 1000 come without their zeros */
		assert_string_equal(time_text(t, ours), theirs);
		assert_true(time_parse(str_of(ours), &back) && back == t);
	}
	char day[DATE_TEXT];
	assert_string_equal(date_text(-1, day), "1969-12-31");
	assert_string_equal(time_text(INT64_MAX, ours), "9999-12-31T23:59:59Z");
	assert_string_equal(time_text(INT64_MIN, ours), "0001-01-01T00:00:00Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_reject),
		cmocka_unit_test(test_text),
	};
	return cmocka_run_group_tests_name("base/time", tests, NULL, NULL);
}
