/* URLs: what is accepted, what is refused, how targets resolve. */
#include "base/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void test_parse(void **state)
{
	static const struct {
		const char *text, *want; /* NULL: refused */
	} t[] = {
		{ "http://localhost", "http://localhost/" },
		{ "HTTPS://Example.ORG:443/A?b#c", "https://example.org/A?b" },
		{ "https://example.org:8443", "https://example.org:8443/" },
		{ "https://example.org?x", "https://example.org/?x" },
		{ "http://[::1]:5000/v2/", "http://[::1]:5000/v2/" },
		{ "ftp://example.org/", NULL },
		{ "file:///etc/passwd", NULL },
		{ "https://", NULL },
		{ "https:///x", NULL },
		{ "https://user:secret@example.org/", NULL },
		{ "https://example.org\\@evil.org/", NULL },
		{ "https://example.org /", NULL },
		{ "https://example.org\r\nX: y", NULL },
		{ "https://example.org:0/", NULL },
		{ "https://example.org:65536/", NULL },
		{ "https://example.org:/", NULL },
		{ "https://[::1/", NULL },
		{ "https://[::1]x/", NULL },
		{ "https://ex%61mple.org/", NULL },
		{ "https://.example.org/", NULL },
	};
	struct arena a = { 0 };
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct url u;
		struct err e = { 0 };
		int r = url_parse(&a, str_of(t[i].text), &u, &e);
		if (t[i].want ? r != 0 : r != ERR_INVALID)
			fail_msg("%s: %d %s", t[i].text, r, e.text);
		if (t[i].want && !str_eq(url_text(&a, &u), str_of(t[i].want)))
			fail_msg("%s: %s", t[i].text, url_text(&a, &u).p);
		assert_null(strstr(e.text, "secret"));
	}
	arena_done(&a);
}

static void test_resolve(void **state)
{
	static const struct {
		const char *base, *target, *want;
	} t[] = {
		{ "https://a/b/c?d", "https://x/y", "https://x/y" },
		{ "https://a/b/c?d", "//x/y", "https://x/y" },
		{ "https://a/b/c?d", "/y", "https://a/y" },
		{ "https://a/b/c?d", "y", "https://a/b/y" },
		{ "https://a/b/c?d", "?e", "https://a/b/c?e" },
		{ "https://a/b/c?d", "", "https://a/b/c?d" },
		{ "https://a/b", "/v2/x:y?n=a:b", "https://a/v2/x:y?n=a:b" },
		{ "https://a/b", "?next=http://x", "https://a/b?next=http://x" },
		{ "https://a/b", "javascript:x", NULL },
		{ "https://a/b", "ftp://x/", NULL },
		{ "https://a/b", "/a b", NULL },
	};
	struct arena a = { 0 };
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct url base, u;
		struct err e;
		assert_int_equal(url_parse(&a, str_of(t[i].base), &base, &e), 0);
		int r = url_resolve(&a, &base, str_of(t[i].target), &u, &e);
		if (t[i].want ? r != 0 || !str_eq(url_text(&a, &u), str_of(t[i].want)) : r == 0)
			fail_msg("%s + %s", t[i].base, t[i].target);
	}
	arena_done(&a);
}

static void test_loopback(void **state)
{
	static const struct {
		const char *host;
		bool want;
	} t[] = {
		{ "localhost", true },
		{ "LOCALHOST", true },
		{ "127.0.0.1", true },
		{ "127.255.3.4", true },
		{ "[::1]", true },
		{ "127.1", false },
		{ "127.0.0.1.example.org", false },
		{ "128.0.0.1", false },
		{ "127.0.0.256", false },
		{ "127.00.0.1", false },
		{ "localhost.example.org", false },
		{ "", false },
		{ "0.0.0.0", false },
		{ "[::]", false },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++)
		if (host_is_loopback(str_of(t[i].host)) != t[i].want)
			fail_msg("%s", t[i].host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_resolve),
		cmocka_unit_test(test_loopback),
	};
	return cmocka_run_group_tests_name("base/url", tests, NULL, NULL);
}
