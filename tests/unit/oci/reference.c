/* References: what Docker's rules make of short names, and what the grammar refuses. */
#include "oci/reference.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A250 A50 A50 A50 A50 A50

static void test_good(void **state)
{
	static const struct {
		const char *in, *out;
	} t[] = {
		{ "alpine", "docker.io/library/alpine:latest" },
		{ "alpine:3.19", "docker.io/library/alpine:3.19" },
		{ "docker.io/alpine", "docker.io/library/alpine:latest" },
		{ "index.docker.io/library/alpine", "docker.io/library/alpine:latest" },
		{ "user/app", "docker.io/user/app:latest" },
		{ "a/b/c/d", "docker.io/a/b/c/d:latest" },
		{ "localhost/app", "localhost/app:latest" },
		{ "localhost:5000/app:1", "localhost:5000/app:1" },
		{ "host.example/app", "host.example/app:latest" },
		{ "HOST/app", "HOST/app:latest" },
		{ "[::1]:5000/app:x", "[::1]:5000/app:x" },
		{ "[2001:db8::1]/app", "[2001:db8::1]/app:latest" },
		{ "127.0.0.1:65535/a", "127.0.0.1:65535/a:latest" },
		{ "a__b-c.d---e:T_.-9", "docker.io/library/a__b-c.d---e:T_.-9" },
		{ "app@sha256:" HEX64, "docker.io/library/app@sha256:" HEX64 },
		{ "h.example:1/app:t@sha256:" HEX64, "h.example:1/app:t@sha256:" HEX64 },
		{ "x.example/" HEX64, "x.example/" HEX64 ":latest" },
		{ "x.example/" A250 "aaaaa", "x.example/" A250 "aaaaa:latest" },
	};
	struct arena a = { 0 };
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct reference r;
		struct err e;
		if (reference_parse(&a, str_of(t[i].in), &r, &e))
			fail_msg("%s: %s", t[i].in, e.text);
		struct str text = reference_text(&a, &r);
		if (!str_eq(text, str_of(t[i].out)))
			fail_msg("%s: %.*s", t[i].in, STR(text));
		struct reference again;
		assert_int_equal(reference_parse(&a, text, &again, &e), 0);
		assert_true(str_eq(reference_text(&a, &again), text));
	}
	arena_done(&a);
}

static void test_bad(void **state)
{
	static const char *const t[] = {
		"",
		"/",
		":",
		"@",
		"Alpine",
		"a/B",
		"a//b",
		"/a",
		"a/",
		"a..b",
		"a___b",
		"-a",
		"a-",
		".a",
		"a_",
		"a:",
		"a:.x",
		"a:-x",
		"a:x/y:",
		"a b",
		"a\n",
		"a:t t",
		"..",
		"../a",
		"a/../b",
		"host:/a",
		"host:0/a",
		"host:65536/a",
		"host:1x/a",
		"-h.example/a",
		"h-.example/a",
		"h..example/a",
		"h.example./a",
		"[::1/a",
		"[::1]5000/a",
		"[::g]/a",
		"[]/a",
		"[::1]",
		"a@",
		"a@sha256:",
		"a@sha256:12",
		"a@md5:0123456789abcdef0123456789abcdef",
		HEX64,
		"a@sha256:" HEX64 "0",
		"a@SHA256:" HEX64,
		"a@sha256:" HEX64 "@sha256:" HEX64,
		"h_h.example/a",
		"docker://alpine",
		"http://h/a",
		"a%2fb",
		"\xc3\xa4",
		A250 "aaaaaa",
		"x.example/" A250 "aaaaaa",
		A250,
		"a:" A50 A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};
	struct arena a = { 0 };
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct reference r = { .tag = S("untouched") };
		struct err e;
		int code = reference_parse(&a, str_of(t[i]), &r, &e);
		if (code != ERR_INVALID && code != ERR_UNSUPPORTED)
			fail_msg("accepted: %s", t[i]);
		assert_true(str_eq(r.tag, S("untouched")));
	}
	/* What stands behind a NUL must not be lost. */
	struct reference r;
	struct err e;
	assert_int_equal(reference_parse(&a, (struct str){ "a\0/b", 4 }, &r, &e), ERR_INVALID);
	arena_done(&a);
}

static void test_tags(void **state)
{
	(void)state;
	assert_true(tag_valid(S("v1.0_x-y")));
	assert_true(tag_valid(S("_")));
	assert_false(tag_valid(S("")));
	assert_false(tag_valid(S(".x")));
	assert_false(tag_valid(S("a+b")));
	assert_false(tag_valid((struct str){ "a\0b", 3 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_tags),
	};
	return cmocka_run_group_tests_name("oci/reference", tests, NULL, NULL);
}
