/* DER: what is one value and what is not, times, object identifiers. */
#include "trust/der_alg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static const struct {
	struct str in;
	bool valid;
} values[] = {
	{ S("\x30\x00"), true },
	{ S("\x05\x00"), true },
	{ S("\x30\x03\x02\x01\x01"), true },
	{ S(""), false },
	{ S("\x30"), false },
	{ S("\x30\x01"), false },
	{ S("\x30\x00\x00"), false }, /* bytes behind */
	{ S("\x30\x80\x00\x00"), false }, /* indefinite */
	{ S("\x30\x81\x03\x02\x01\x01"), false }, /* a length longer than it need be */
	{ S("\x30\x82\x00\x03\x02\x01\x01"), false },
	{ S("\x30\x85\x00\x00\x00\x00\x03\x02\x01\x01"), false },
	{ S("\x30\x84\xff\xff\xff\xff"), false },
	{ S("\x1f\x01\x00"), false }, /* a tag of several bytes */
	{ S("\x30\x03\x02\x02\x01"), false }, /* reaches out of its surroundings */
	{ S("\x30\x02\x30\x01"), false },
};

static void test_values(void **state)
{
	for (size_t i = 0; i < COUNT(values); i++)
		if (der_valid(values[i].in) != values[i].valid)
			fail_msg("value %zu", i);
	struct buf b = { 0 };
	for (int i = 0; i < DER_DEPTH_MAX; i++)
		der_wrap(&b, DER_SEQUENCE);
	assert_true(der_valid(str_buf(&b)));
	der_wrap(&b, DER_SEQUENCE);
	assert_false(der_valid(str_buf(&b)));
	buf_done(&b);
	for (size_t n = 0; n < 70000; n = n * 3 + 1) {
		struct buf v = { 0 };
		struct str in, content;
		buf_reserve(&v, n + 1);
		memset(v.p, 'x', n);
		v.n = n;
		der_wrap(&v, DER_OCTETS);
		in = str_buf(&v);
		assert_true(der_take(&in, DER_OCTETS, &content) && content.n == n && in.n == 0);
		buf_done(&v);
	}
	(void)state;
}

static const struct {
	unsigned char tag;
	struct str text;
	int64_t time; /* -1: none */
} times[] = {
	{ DER_TIME, S("20240102030405Z"), 1704164645 },
	{ DER_TIME, S("20240102030405.75Z"), 1704164645 },
	{ DER_UTC_TIME, S("240102030405Z"), 1704164645 },
	{ DER_UTC_TIME, S("700101000001Z"), 1 },
	{ DER_UTC_TIME, S("491231235959Z"), 2524607999 },
	{ DER_TIME, S("20240102030405"), -1 },
	{ DER_TIME, S("202401020304Z"), -1 },
	{ DER_TIME, S("20240102030405.Z"), -1 },
	{ DER_TIME, S("20240102030405.7+Z"), -1 },
	{ DER_TIME, S("20240102030405+0100"), -1 },
	{ DER_TIME, S("20241302030405Z"), -1 },
	{ DER_UTC_TIME, S("2401020304Z"), -1 },
	{ DER_UTC_TIME, S("240102030405.5Z"), -1 },
	{ DER_OCTETS, S("20240102030405Z"), -1 },
	{ DER_TIME, S(""), -1 },
};

static void test_times(void **state)
{
	for (size_t i = 0; i < COUNT(times); i++) {
		struct der d = { .tag = times[i].tag, .content = times[i].text };
		int64_t t = -1;
		if (der_time(&d, &t) != (times[i].time >= 0) || t != times[i].time)
			fail_msg("time %zu: %lld", i, (long long)t);
	}
	(void)state;
}

static void test_identifiers(void **state)
{
	struct buf b = { 0 };
	assert_true(der_oid_text(S("\x2b\x06\x01\x04\x01\x83\xbf\x30\x01\x08"), &b) &&
		    strcmp(buf_cstr(&b), "1.3.6.1.4.1.57264.1.8") == 0);
	b.n = 0;
	assert_true(der_oid_text(S("\x88\x37\x03"), &b) && strcmp(buf_cstr(&b), "2.999.3") == 0);
	assert_false(der_oid_text(S(""), &b));
	assert_false(der_oid_text(S("\x2b\x86"), &b));
	assert_false(der_oid_text(S("\x2b\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"), &b));
	assert_string_equal(buf_cstr(&b), "2.999.3");
	buf_done(&b);
	struct str sha1 = S("\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00"),
		   sha256 = S("\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01");
	struct str rsa = S("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00"),
		   again = rsa;
	enum digest_alg d;
	enum signature_alg alg;
	assert_true(der_take_digest_alg(&sha1, &d) && d == DIGEST_NONE);
	assert_true(der_take_digest_alg(&sha256, &d) && d == DIGEST_SHA256);
	assert_true(der_take_signature_alg(&rsa, DIGEST_SHA384, &alg) &&
		    alg == SIGNATURE_RSA_SHA384);
	assert_true(der_take_signature_alg(&again, DIGEST_NONE, &alg) && alg == SIGNATURE_NONE);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_values),
					    cmocka_unit_test(test_times),
					    cmocka_unit_test(test_identifiers) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
