/* CBOR: examples of RFC 8949, appendix A, that are of our part, and what must be refused. */
#include "trust/cbor.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

static struct str bytes(const char *hex, struct buf *b)
{
	b->n = 0;
	for (; *hex; hex += 2) {
		uint64_t v = 0;
		assert_true(str_to_u64_base((struct str){ hex, 2 }, 16, 255, &v));
		buf_add_char(b, (char)v);
	}
	return str_buf(b);
}

static void numbers(void **state)
{
	static const struct {
		int64_t n;
		const char *hex;
	} table[] = {
		{ 0, "00" },
		{ 10, "0a" },
		{ 23, "17" },
		{ 24, "1818" },
		{ 255, "18ff" },
		{ 256, "190100" },
		{ 1000, "1903e8" },
		{ 65535, "19ffff" },
		{ 65536, "1a00010000" },
		{ 1000000, "1a000f4240" },
		{ 4294967296, "1b0000000100000000" },
		{ -1, "20" },
		{ -7, "26" },
		{ -37, "3824" },
		{ -1000, "3903e7" },
		{ INT64_MAX, "1b7fffffffffffffff" },
		{ INT64_MIN, "3b7fffffffffffffff" },
	};
	struct buf b = { 0 }, made = { 0 };
	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		int64_t n;
		struct str s = bytes(table[i].hex, &b);
		assert_true(cbor_is_int(s, &n) && n == table[i].n);
		made.n = 0;
		cbor_put_int(&made, n);
		assert_true(str_eq(s, str_buf(&made)));
	}
	buf_done(&b);
	buf_done(&made);
}

static void good_items(void **state)
{
	static const char *const table[] = { "f4",	     "f5",
					     "f6",	     "40",
					     "4401020304",   "60",
					     "62c3bc",	     "80",
					     "83010203",     "8301820203820405",
					     "a0",	     "a201020304",
					     "c11a514b67b0", "a26161016162820203",
					     "d28440a04040" };
	struct buf b = { 0 };
	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct str s = bytes(table[i], &b), all = s, whole;
		struct err e;
		if (cbor_item(&s, &whole, &e))
			fail_msg("%s: %s", table[i], e.text);
		assert_true(s.n == 0 && str_eq(whole, all));
	}
	buf_done(&b);
}

static void refused(void **state)
{
	static const struct {
		const char *hex;
		int code;
	} table[] = {
		{ "", ERR_INVALID },
		{ "18", ERR_INVALID },
		{ "1817", ERR_INVALID },
		{ "190018", ERR_INVALID },
		{ "1900ff", ERR_INVALID },
		{ "1a0000ffff", ERR_INVALID },
		{ "1b00000000ffffffff", ERR_INVALID },
		{ "1c", ERR_INVALID },
		{ "41", ERR_INVALID },
		{ "5affffffff00", ERR_INVALID },
		{ "5bffffffffffffffff", ERR_INVALID },
		{ "5f4101ff", ERR_INVALID },
		{ "61ff", ERR_INVALID },
		{ "6100", ERR_INVALID },
		{ "7f6161ff", ERR_INVALID },
		{ "81", ERR_INVALID },
		{ "9f01ff", ERR_INVALID },
		{ "9841", ERR_LIMIT },
		{ "bf0102ff", ERR_INVALID },
		{ "a2010201", ERR_INVALID },
		{ "a201020103", ERR_INVALID },
		{ "a26161016161f6", ERR_INVALID },
		{ "81a201020103", ERR_INVALID },
		{ "a1a20102010300", ERR_INVALID },
		{ "c1", ERR_INVALID },
		{ "f0", ERR_INVALID },
		{ "f7", ERR_INVALID },
		{ "f818", ERR_INVALID },
		{ "f93c00", ERR_INVALID },
		{ "fb3ff199999999999a", ERR_INVALID },
		{ "ff", ERR_INVALID },
		{ "81818181818181818100", ERR_LIMIT },
		{ "c1c1c1c1c1c1c1c1c100", ERR_LIMIT },
		{ "9affffffff", ERR_LIMIT },
		{ "bbffffffffffffffff", ERR_LIMIT },
	};
	struct buf b = { 0 };
	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct str s = bytes(table[i].hex, &b), before = s, whole = { 0 };
		struct err e;
		if (cbor_item(&s, &whole, &e) != table[i].code)
			fail_msg("%s", table[i].hex);
		assert_true(s.p == before.p && s.n == before.n && whole.n == 0);
	}
	buf_done(&b);
}

static void maps(void **state)
{
	struct cbor_pair v[CBOR_ITEMS_MAX], sorted[3] = { { S("\x61z"), S("\1") },
							  { S("\x18\x21"), S("\2") },
							  { S("\1"), S("\3") } };
	struct buf b = { 0 };
	struct err e;
	struct str text;
	size_t n = 0;
	(void)state;
	cbor_put_map(&b, sorted, 3);
	assert_true(str_eq(str_buf(&b), S("\xa3\1\3\x18\x21\2\x61z\1")));
	assert_int_equal(cbor_map(str_buf(&b), v, &n, &e), 0);
	assert_int_equal(n, 3);
	assert_true(cbor_is_text(v[2].key, &text) && str_eq(text, S("z")));
	assert_false(cbor_is_bytes(v[2].key, &text));
	buf_add_char(&b, 0);
	assert_int_equal(cbor_map(str_buf(&b), v, &n, &e), ERR_INVALID);
	assert_int_equal(cbor_map(S("\x80"), v, &n, &e), ERR_INVALID);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(good_items),
		cmocka_unit_test(refused),
		cmocka_unit_test(maps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
