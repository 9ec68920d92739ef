/* Our list of what is revoked: what is accepted, what is not, and which signatures stand. */
#include "trust/revoked.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define HEX_1 "1111111111111111111111111111111111111111111111111111111111111111"
#define HEX_2 "2222222222222222222222222222222222222222222222222222222222222222"
#define HEX_3 "3333333333333333333333333333333333333333333333333333333333333333"

static const char list[] = "revoked:\n"
			   "  - key: sha256:" HEX_1 "\n"
			   "    since: 2026-01-02T03:04:05Z\n"
			   "    reason: laptop stolen\n"
			   "  - certificate: sha256:" HEX_2 "\n"
			   "  - identity: me@example.com\n"
			   "    since: 2026-01-02\n";

enum { SINCE = 1767323045 };

static const struct {
	const char *key, *certificate, *identity;
	int64_t time;
	const char *why; /* NULL: allowed */
} cases[] = {
	{ HEX_1, NULL, "", SINCE - 1, NULL },
	{ HEX_1, NULL, "", SINCE,
	  "key sha256:" HEX_1 " is revoked since 2026-01-02T03:04:05Z: laptop stolen" },
	{ HEX_1, NULL, "", 0, "laptop stolen" },
	{ HEX_2, NULL, "", 0, NULL },
	{ HEX_3, HEX_2, "", 1, "certificate sha256:" HEX_2 " is revoked" },
	{ HEX_3, HEX_1, "you@example.com", 0, NULL },
	{ HEX_3, NULL, "me@example.com", 1767312000,
	  "identity me@example.com is revoked since 2026-01-02" },
	{ HEX_3, NULL, "me@example.com", 1767311999, NULL },
	{ NULL, NULL, "", 0, NULL },
};

static struct digest *digest(const char *hex, struct digest *d)
{
	if (hex)
		assert_true(digest_from_hex(DIGEST_SHA256, str_of(hex), d));
	return hex ? d : NULL;
}

static void test_allow(void **state)
{
	struct arena a = { 0 };
	struct revocations r;
	struct err e;
	assert_int_equal(revocations_parse(str_of(list), S("list"), &a, &r, &e), 0);
	assert_int_equal(r.n, 3);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct digest key, certificate;
		int got = revocations_allow(&r, digest(cases[i].key, &key),
					    digest(cases[i].certificate, &certificate),
					    str_of(cases[i].identity), cases[i].time, &e);
		if (got != !cases[i].why || (got == 0 && !strstr(e.text, cases[i].why)))
			fail_msg("case %zu: %d %s", i, got, e.text);
	}
	arena_done(&a);
	(void)state;
}

static const char *const bad[] = {
	"",
	"- key: sha256:" HEX_1,
	"revoked: x",
	"revoked:\n  key: sha256:" HEX_1,
	"revoked:\n  - sha256:" HEX_1,
	"revoked:\n  - key: " HEX_1,
	"revoked:\n  - key: sha256:1234",
	"revoked:\n  - key: sha512:" HEX_1 HEX_1,
	"revoked:\n  - key: sha256:" HEX_1 "\n    certificate: sha256:" HEX_2,
	"revoked:\n  - since: 2026-01-02",
	"revoked:\n  - identity: ''",
	"revoked:\n  - identity: me\n    since: yesterday",
	"revoked:\n  - identity: me\n    sinse: 2026-01-02",
	"revoked:\n  - identity: [me]",
	"revoked: []\nrevokd: []",
	"revoked: [",
};

static void test_must_fail(void **state)
{
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct arena a = { 0 };
		struct revocations r;
		struct err e;
		if (revocations_parse(str_of(bad[i]), S("list"), &a, &r, &e) != ERR_INVALID)
			fail_msg("accepted: %s", bad[i]);
		assert_true(str_starts(str_of(e.text), S("list")));
		arena_done(&a);
	}
	(void)state;
}

static void test_limits(void **state)
{
	struct arena a = { 0 };
	struct buf b = { 0 };
	struct revocations r;
	struct err e;
	assert_int_equal(revocations_parse(S("revoked: []"), S("list"), &a, &r, &e), 0);
	assert_int_equal(r.n, 0);
	buf_add_str(&b, S("revoked:\n"));
	for (int i = 0; i < REVOKED_MAX; i++)
		buf_addf(&b, "- identity: u%d\n", i);
	assert_int_equal(revocations_parse(str_buf(&b), S("list"), &a, &r, &e), 0);
	buf_add_str(&b, S("- identity: one more\n"));
	assert_int_equal(revocations_parse(str_buf(&b), S("list"), &a, &r, &e), ERR_LIMIT);
	buf_reserve(&b, REVOKED_FILE_MAX);
	memset(b.p + b.n, '\n', REVOKED_FILE_MAX);
	b.n += REVOKED_FILE_MAX;
	assert_int_equal(revocations_parse(str_buf(&b), S("list"), &a, &r, &e), ERR_LIMIT);
	buf_done(&b);
	arena_done(&a);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_allow),
					    cmocka_unit_test(test_must_fail),
					    cmocka_unit_test(test_limits) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
