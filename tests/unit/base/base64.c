/* The vectors of RFC 4648, section 10, in both alphabets, and texts that must be refused. */
#include "base/base64.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

static const struct {
	const char *bytes, *standard, *url;
} good[] = {
	{ "", "", "" },
	{ "f", "Zg==", "Zg" },
	{ "fo", "Zm8=", "Zm8" },
	{ "foo", "Zm9v", "Zm9v" },
	{ "foob", "Zm9vYg==", "Zm9vYg" },
	{ "fooba", "Zm9vYmE=", "Zm9vYmE" },
	{ "foobar", "Zm9vYmFy", "Zm9vYmFy" },
	{ "\xfb\xff\xbf", "+/+/", "-_-_" },
};

static void reads_and_writes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct buf b = { 0 };
		base64_encode(str_of(good[i].bytes), &b);
		assert_string_equal(buf_cstr(&b), good[i].standard);
		b.n = 0;
		base64url_encode(str_of(good[i].bytes), &b);
		assert_string_equal(buf_cstr(&b), good[i].url);
		b.n = 0;
		assert_true(base64_decode(str_of(good[i].standard), &b));
		assert_string_equal(buf_cstr(&b), good[i].bytes);
		b.n = 0;
		assert_true(base64url_decode(str_of(good[i].url), &b));
		assert_string_equal(buf_cstr(&b), good[i].bytes);
		buf_done(&b);
	}
}

static void refuses(void **state)
{
	static const char *const bad[] = { "Zg==", "Zh",   "Zm9vYmF=", "Z",
					   "Zm9+", "Zm9/", "Zm 9v",    "Zm9v\n" };
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct buf b = { 0 };
		buf_add_char(&b, 'x');
		assert_false(base64url_decode(str_of(bad[i]), &b));
		assert_int_equal(b.n, 1);
		buf_done(&b);
	}
	struct buf b = { 0 };
	assert_false(base64_decode(S("-_-_"), &b));
	assert_false(base64_decode(S("Zm9v\n"), &b));
	assert_false(base64_decode(S("A==="), &b));
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_and_writes),
		cmocka_unit_test(refuses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
