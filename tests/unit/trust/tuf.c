/* TUF: canonical JSON, and metadata on its own; the whole workflow is in tests/e2e/test_trust.py. */
#include "trust/canonical_json.h"
#include "trust/tuf_metadata.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void test_canonical(void **state)
{
	static const struct {
		const char *json, *is; /* NULL: refused */
	} t[] = {
		{ "{}", "{}" },
		{ " { \"b\" : [ 1 , -2, true, false, null ] , \"a\" : \"x\" } ",
		  "{\"a\":\"x\",\"b\":[1,-2,true,false,null]}" },
		{ "{\"aa\":1,\"a\":2,\"B\":3,\"\":4}", "{\"\":4,\"B\":3,\"a\":2,\"aa\":1}" },
		{ "\"a\\nb\\\"c\\\\d\\u00e9\\/\"", "\"a\nb\\\"c\\\\d\xc3\xa9/\"" },
		{ "[9007199254740992,-9007199254740992,-0]",
		  "[9007199254740992,-9007199254740992,0]" },
		{ "1.5", NULL },
		{ "1e300", NULL },
		{ "[1e999]", NULL }, /* no number here: not to be taken for null */
		{ "{\"a\":-1e999}", NULL },
		{ "9007199254740994", NULL },
		{ "{\"a\":{\"b\":1,\"b\":1}}", NULL },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct json *j CLEANUP(cleanup_json) = NULL;
		struct buf b CLEANUP(buf_done) = { 0 };
		struct err e = { 0 };
		assert_int_equal(json_parse(str_of(t[i].json), &j, &e), 0);
		int r = canonical_json(j, &b, &e);
		if (r != (t[i].is ? 0 : ERR_INVALID) ||
		    (t[i].is && strcmp(buf_cstr(&b), t[i].is) != 0))
			fail_msg("%s: %s", t[i].json, buf_cstr(&b));
	}
}

static void test_files(void **state)
{
#define SHA256 "\"sha256\":\"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\""
	static const struct {
		const char *entry;
		bool must;
		int is;
	} t[] = {
		{ "{\"length\":5,\"hashes\":{" SHA256 "}}", true, 0 },
		{ "{\"length\":5,\"hashes\":{" SHA256 ",\"blake2b-256\":\"00\"}}", true, 0 },
		{ "{\"length\":5,\"hashes\":{" SHA256 ",\"sha512\":\"00\"}}", true, ERR_INVALID },
		{ "{\"length\":4,\"hashes\":{" SHA256 "}}", true, ERR_INVALID },
		{ "{\"length\":\"5\",\"hashes\":{" SHA256 "}}", true, ERR_INVALID },
		{ "{\"hashes\":{" SHA256 "}}", true, ERR_INVALID },
		{ "{\"length\":5}", true, ERR_INVALID },
		{ "{\"length\":5,\"hashes\":{\"md5\":\"00\"}}", true, ERR_INVALID },
		{ "{}", false, 0 },
		{ "{\"length\":5}", false, 0 },
		{ "{\"length\":6}", false, ERR_INVALID },
		{ "{\"hashes\":{}}", false, ERR_INVALID },
		{ "{\"hashes\":{\"md5\":\"00\"}}", false, ERR_INVALID },
		{ "{\"hashes\":{" SHA256 "}}", false, 0 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct json *j CLEANUP(cleanup_json) = NULL;
		struct err e = { 0 };
		assert_int_equal(json_parse(str_of(t[i].entry), &j, &e), 0);
		if (tuf_check_file(S("hello"), j, t[i].must, &e) != t[i].is)
			fail_msg("%s", t[i].entry);
	}
}

static void test_quote(void **state)
{
	static const struct {
		const char *text, *is;
		bool keep;
	} t[] = {
		{ "trusted_root.json", "trusted_root.json", false },
		{ "../../etc/passwd", "..%2F..%2Fetc%2Fpasswd", false },
		{ "a/b c", "a/b%20c", true },
		{ "a%2Fb?c#d\\e\xc3\xa9\n", "a%252Fb%3Fc%23d%5Ce%C3%A9%0A", false },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct buf b CLEANUP(buf_done) = { 0 };
		tuf_quote(str_of(t[i].text), t[i].keep, &b);
		assert_string_equal(buf_cstr(&b), t[i].is);
	}
}

#define ROLE "{\"keyids\":[],\"threshold\":1}"
#define ROOT(more) \
	"{\"signatures\":[],\"signed\":{\"_type\":\"root\",\"spec_version\":\"1.0\",\"version\":" \
	"1,\"expires\":\"2030-01-01T00:00:00Z\"," \
	"\"keys\":{},\"roles\":{\"root\":" ROLE ",\"timestamp\":" ROLE ",\"snapshot\":" ROLE more \
	"}}}"

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		int is;
	} t[] = {
		{ ROOT(",\"targets\":" ROLE), 0 },
		{ ROOT(""), ERR_INVALID },
		{ ROOT(",\"targets\":{\"keyids\":[],\"threshold\":0}"), ERR_INVALID },
		{ ROOT(",\"targets\":{\"keyids\":[]}"), ERR_INVALID },
		{ ROOT(",\"targets\":{\"threshold\":1}"), ERR_INVALID },
		{ "{}", ERR_INVALID },
		{ "[]", ERR_INVALID },
		{ "", ERR_INVALID },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct tuf_metadata *m CLEANUP(cleanup_tuf_metadata) = NULL;
		struct err e = { 0 };
		if (tuf_metadata_parse(str_of(t[i].text), "root", &m, &e) != t[i].is)
			fail_msg("%s: %s", t[i].text, e.text);
		if (m) /* signed by nobody, for roles of nobody */
			assert_int_equal(
				tuf_metadata_verify(m, m, tuf_root_role(m, "root"), "root", &e),
				ERR_INVALID);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_quote),
		cmocka_unit_test(test_parse),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
