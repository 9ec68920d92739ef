/* JSON trees, events and writing; streams. */
#include "base/json.h"
#include "base/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>

static void test_parse_rejects(void **state)
{
	static const struct {
		struct str text;
		int code;
	} t[] = {
		{ S(""), ERR_INVALID },
		{ S("{"), ERR_INVALID },
		{ S("{} x"), ERR_INVALID },
		{ S("\"a\0b\""), ERR_INVALID },
		{ S("{\"a\":\"x\\u0000y\"}"), ERR_INVALID },
		{ S("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["),
		  ERR_LIMIT },
		{ S("\"a\nb\""), ERR_INVALID },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct json *j = NULL;
		struct err e = { 0 };
		assert_int_equal(json_parse(t[i].text, &j, &e), t[i].code);
		assert_null(j);
	}
}

static void test_tree(void **state)
{
	struct json *j CLEANUP(cleanup_json) = NULL;
	struct err e = { 0 };
	uint64_t n = 0;
	(void)state;
	assert_int_equal(json_parse(S(" {\"a\":[1,2,{\"b\":\"\\u00e4\"}],\"t\":true,\"n\":"
				      "9007199254740993e3} "),
				    &j, &e),
			 0);
	assert_int_equal(json_count(json_get(j, "a")), 3);
	assert_true(json_u64(json_at(json_get(j, "a"), 1), &n) && n == 2);
	assert_true(str_eq(json_get_str(json_at(json_get(j, "a"), 2), "b"), S("\xc3\xa4")));
	assert_true(json_bool(json_get(j, "t"), false));
	assert_false(json_u64(json_get(j, "n"), &n));
	assert_int_equal(json_get_str(json_get(json_get(j, "x"), "y"), "z").n, 0);
}

struct seen {
	struct buf text;
};

static int on_member(void *ctx, unsigned depth, struct str key, size_t index, struct err *e)
{
	struct seen *s = ctx;
	(void)e;
	buf_addf(&s->text, "%u:%.*s:%zu ", depth, STR(key), index);
	if (str_eq(key, S("tree")))
		return 1;
	return str_eq(key, S("skip")) ? 2 : 0;
}

static int on_value(void *ctx, unsigned depth, struct str key, size_t index,
		    const struct json *tree, struct err *e)
{
	struct seen *s = ctx;
	(void)depth;
	(void)index;
	(void)e;
	buf_addf(&s->text, "<%.*s=%zu> ", STR(key), json_count(tree));
	return 0;
}

static void test_events(void **state)
{
	static const struct json_handlers h = { on_member, on_value, NULL };
	struct seen s = { 0 };
	struct err e = { 0 };
	struct stream *in = stream_mem(S("{\"tree\":[1,{\"x\":\"]\\\"\"}],\"skip\":{\"a\":[{}]},"
					 "\"w\":[{\"k\":1.5e3},null]}"));
	(void)state;
	assert_int_equal(json_read(in, &h, &s, &e), 0);
	stream_close(in);
	assert_string_equal(buf_cstr(&s.text), "1:tree:0 <tree=2> 1:skip:1 1:w:2 2::0 3:k:0 2::1 ");
	buf_done(&s.text);
}

static void test_events_reject(void **state)
{
	static const struct json_handlers h = { on_member, on_value, NULL };
	static const char *const bad[] = { "",	       "{",	"{\"a\" 1}",	"[1 2]",
					   "{\"a\":}", "[1,]x", "{\"tree\":[}", "[] []",
					   "}" };
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct seen s = { 0 };
		struct err e = { 0 };
		struct stream *in = stream_mem(str_of(bad[i]));
		if (json_read(in, &h, &s, &e) != ERR_INVALID)
			fail_msg("accepted: %s", bad[i]);
		stream_close(in);
		buf_done(&s.text);
	}
}

static void test_write(void **state)
{
	struct buf b = { 0 };
	struct json_out o;
	(void)state;
	json_out_init(&o, &b, 0);
	json_begin_object(&o);
	json_put_member(&o, "a", (struct str){ "x\"\\\n\x01\xff\xc3\xa4", 8 });
	json_put_key(&o, "l");
	json_begin_array(&o);
	json_put_u64(&o, 18446744073709551615u);
	json_put_double(&o, 7.50, 2);
	json_put_double(&o, 10, 1);
	json_begin_object(&o);
	json_end_object(&o);
	json_put_null(&o);
	json_end_array(&o);
	json_put_member_opt(&o, "no", S(""));
	json_end_object(&o);
	assert_string_equal(buf_cstr(&b), "{\"a\":\"x\\\"\\\\\\n\\u0001\xef\xbf\xbd\xc3\xa4\","
					  "\"l\":[18446744073709551615,7.5,10,{},null]}");
	buf_done(&b);
}

static void test_write_for_signing(void **state)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	struct json_out o;
	(void)state;
	json_out_init(&o, &b, 0);
	o.html = true;
	json_begin_object(&o);
	json_put_member(&o, "<k>", S("a&b/c\"\x01"));
	json_put_key(&o, "raw");
	json_put_raw(&o, S("{\"x\": [1]}"));
	json_put_key(&o, "n");
	json_put_null(&o);
	json_end_object(&o);
	assert_string_equal(
		buf_cstr(&b),
		"{\"\\u003ck\\u003e\":\"a\\u0026b/c\\\"\\u0001\",\"raw\":{\"x\": [1]},\"n\":null}");
}

static void test_verify(void **state)
{
	struct digest d;
	struct err e = { 0 };
	struct buf b = { 0 };
	(void)state;
	digest_of(DIGEST_SHA256, S("hello"), &d);
	struct stream *s = stream_verify(stream_mem(S("hello")), &d, 5);
	assert_int_equal(stream_read_all(s, 100, &b, &e), 0);
	assert_int_equal(b.n, 5);
	stream_close(s);
	s = stream_verify(stream_mem(S("hellp")), &d, 5);
	assert_int_equal(stream_drain(s, &e), ERR_INVALID);
	assert_int_equal(stream_drain(s, &e), ERR_INVALID);
	stream_close(s);
	s = stream_verify(stream_mem(S("hello!")), &d, 5);
	assert_int_equal(stream_drain(s, &e), ERR_INVALID);
	stream_close(s);
	s = stream_verify(stream_mem(S("hell")), &d, 5);
	assert_int_equal(stream_drain(s, &e), ERR_INVALID);
	stream_close(s);
	s = stream_limit(stream_mem(S("hello")), 4, "it");
	assert_int_equal(stream_drain(s, &e), ERR_LIMIT);
	stream_close(s);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_rejects), cmocka_unit_test(test_tree),
		cmocka_unit_test(test_events),	      cmocka_unit_test(test_events_reject),
		cmocka_unit_test(test_write),	      cmocka_unit_test(test_write_for_signing),
		cmocka_unit_test(test_verify),
	};
	return cmocka_run_group_tests_name("base/json", tests, NULL, NULL);
}
