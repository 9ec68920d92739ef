/* Identity tokens: whom a certificate will name, what is no token, and that none is ever shown. */
#include "trust/oidc.h"

#include "base/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct str token_of(struct arena *a, const char *claims)
{
	struct buf b = { 0 };
	base64url_encode(S("{\"alg\":\"ES256\"}"), &b);
	buf_add_char(&b, '.');
	base64url_encode(str_of(claims), &b);
	buf_add_str(&b, S(".c2lnbmF0dXJl"));
	struct str s = arena_str(a, str_buf(&b));
	buf_done(&b);
	return s;
}

static void test_claims(void **state)
{
	static const struct {
		const char *claims, *subject; /* NULL: refused */
	} t[] = {
		{ "{\"iss\":\"https://i\",\"sub\":\"s\",\"exp\":1700000000}", "s" },
		{ "{\"iss\":\"https://i\",\"sub\":\"s\",\"email\":\"a@b\",\"email_verified\":true,"
		  "\"exp\":1700000000}",
		  "a@b" },
		{ "{\"iss\":\"https://i\",\"email\":\"a@b\",\"email_verified\":\"true\",\"exp\":"
		  "1700000000}",
		  "a@b" },
		{ "{\"iss\":\"https://i\",\"sub\":\"s\",\"email\":\"a@b\"}", NULL },
		{ "{\"iss\":\"https://"
		  "i\",\"sub\":\"s\",\"email\":\"a@b\",\"email_verified\":false}",
		  NULL },
		{ "{\"iss\":\"https://i\"}", NULL },
		{ "{\"iss\":\"https://i\",\"sub\":7}", NULL },
		{ "[]", NULL },
		{ "s3cr3tclaims", NULL },
		{ "", NULL },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct arena a = { 0 };
		struct identity_token id;
		struct err e = { 0 };
		int r = identity_token_read(token_of(&a, t[i].claims), &a, &id, &e);
		if (r != (t[i].subject ? 0 : ERR_INVALID))
			fail_msg("%s: %d %s", t[i].claims, r, e.text);
		if (r == 0) {
			assert_string_equal(id.subject.p, t[i].subject);
			assert_string_equal(id.issuer.p, "https://i");
			assert_int_equal(id.expires, 1700000000);
		}
		assert_null(strstr(e.text, "s3cr3t"));
		arena_done(&a);
	}
}

static void test_no_tokens(void **state)
{
	static const char *const t[] = {
		"",
		".",
		"..",
		"s3cr3t",
		"s3cr3t.s3cr3t",
		"s3cr3t.e30.",
		".e30.s3cr3t",
		"s3cr3t.e30.x.y",
		"s3cr3t.e3 0.x",
		"s3cr3t.e30.x\n",
		"s3cr3t.e30=#.x",
		"s3cr3t.\xff.x",
	};
	struct arena a = { 0 };
	struct buf large = { 0 };
	struct identity_token id;
	struct err e = { 0 };
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		assert_int_equal(identity_token_read(str_of(t[i]), &a, &id, &e), ERR_INVALID);
		assert_null(strstr(e.text, "s3cr3t"));
	}
	while (large.n <= IDENTITY_TOKEN_MAX)
		buf_add_char(&large, 'a');
	assert_int_equal(identity_token_read(str_buf(&large), &a, &id, &e), ERR_LIMIT);
	buf_done(&large);
	arena_done(&a);
}

static void test_ambient(void **state)
{
	struct ambient_tokens t = { 0 };
	struct buf b = { 0 };
	struct err e = { 0 };
	(void)state;
	assert_int_equal(identity_token_ambient(&t, S("sigstore"), NULL, &b, &e), ERR_NOT_FOUND);
	t.github_url = S("https://half.example/");
	assert_int_equal(identity_token_ambient(&t, S("sigstore"), NULL, &b, &e), ERR_NOT_FOUND);
	t.token = S("a.b.c\n");
	assert_int_equal(identity_token_ambient(&t, S("sigstore"), NULL, &b, &e), 0);
	assert_string_equal(buf_cstr(&b), "a.b.c");
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_no_tokens),
		cmocka_unit_test(test_ambient),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
