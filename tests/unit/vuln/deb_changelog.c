/* What a changelog says was fixed where. */
#include "vuln/deb_changelog.h"
#include "vuln/deb_release.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct arena arena;

static const char *ids(const char *item)
{
	struct changelog c;
	struct str text = arena_printf(&arena,
				       "x (1) sid; urgency=low\n\n  * %s\n\n -- A <a@b>  Mon, 02 "
				       "Nov 2026 13:55:59 +0100\n",
				       item);
	struct buf b = { 0 };
	deb_changelog_parse(&arena, text, S("x"), &c);
	assert_int_equal(c.n, 1);
	assert_int_equal(c.entries[0].date, 1793624159);
	for (size_t i = 0; i < c.entries[0].n_ids; i++)
		buf_addf(&b, "%s%.*s", i ? " " : "", STR(c.entries[0].ids[i].id));
	const char *r = arena_cstr(&arena, str_buf(&b));
	buf_done(&b);
	return r;
}

static void test_ids(void **state)
{
	static const char *const t[][2] = {
		{ "Fix CVE-2026-1234.", "CVE-2026-1234" },
		{ "(CVE-2026-1234, CVE-2026-5678)", "CVE-2026-1234 CVE-2026-5678" },
		{ "CVE-2026-1234/5678", "CVE-2026-1234 CVE-2026-5678" },
		{ "CVE-2026-1234,5678 (Closes: #1)", "CVE-2026-1234 CVE-2026-5678" },
		{ "CVE-2026-{1234,5678,91011}: x", "CVE-2026-1234 CVE-2026-5678 CVE-2026-91011" },
		{ "CVE-2026-1234,\n    CVE-2026-4321", "CVE-2026-1234 CVE-2026-4321" },
		{ "cve-2026-1234.patch, CVE-2026-1234", "CVE-2026-1234" },
		{ "CAN-2005-1234", "CVE-2005-1234" },
		{ "xCVE-2026-1234 CVE-2026-123 CVE-26-1234", "" },
		{ "CVE-2026-1234/x", "CVE-2026-1234" },
		{ "GHSA-5QPQ-xqfv-j9pg", "GHSA-5qpq-xqfv-j9pg" },
		{ "GHSA-5qpq-xqfv-j9pgx GHSA-5qpq", "" },
		{ "DSA-5678-1, DLA-12, USN-345-2", "DSA-5678-1 DLA-12 USN-345-2" },
		{ "No identifiers (Closes: #1234567)", "" },
		{ "CVE-2026-", "" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++)
		assert_string_equal(ids(t[i][0]), t[i][1]);
}

static void test_entries(void **state)
{
	static const char text[] =
		"p (10.42-1+deb12u2) bookworm-security; urgency=high\n\n"
		"  * GHSA-r9hj-j2rw-4q3m: Fix (CVE-2026-103111)\n  * Fix CVE-2026-1111\n\n"
		" -- A <a@b>  Sat, 03 Oct 2026 15:07:41 +0200\n\n"
		"other (9) sid; urgency=low\n\n  * CVE-2020-1111\n\n -- A <a@b>  x\n\n"
		"p (10.42-1) unstable; urgency=low\n\n  * CVE-2022-1111\n";
	struct changelog c;
	(void)state;
	deb_changelog_parse(&arena, str_of(text), S("p"), &c);
	assert_int_equal(c.n, 2);
	assert_true(str_eq(c.entries[0].version, S("10.42-1+deb12u2")));
	assert_true(str_eq(c.entries[0].distributions, S("bookworm-security")));
	assert_int_equal(c.entries[0].n_ids, 3);
	assert_true(str_eq(c.entries[0].ids[0].alias, S("CVE-2026-103111")));
	assert_int_equal(c.entries[0].ids[2].alias.n, 0);
	assert_true(str_eq(c.entries[1].ids[0].id, S("CVE-2022-1111")));
	assert_int_equal(c.entries[1].date, 0);
}

static void test_limits(void **state)
{
	struct buf b = { 0 };
	struct changelog c;
	(void)state;
	for (int i = 0; i < CHANGELOG_ENTRIES_MAX + 5; i++)
		buf_addf(&b, "x (%d) s; urgency=low\n", i);
	deb_changelog_parse(&arena, str_buf(&b), S("x"), &c);
	assert_int_equal(c.n, CHANGELOG_ENTRIES_MAX);
	assert_true(c.cut);
	buf_done(&b);
}

static void test_dates(void **state)
{
	int64_t v;
	(void)state;
	assert_true(deb_date(S("Sat, 21 Nov 2026 00:53:02 UTC"), &v) && v == 1795222382);
	assert_true(deb_date(S("21 Nov 2026 01:53:02 +0100"), &v) && v == 1795222382);
	assert_false(deb_date(S("Sat, 41 Nov 2026 00:53:02 UTC"), &v));
	assert_false(deb_date(S("Sat, 21 Nov 2026 00:53:02 CEST"), &v));
	assert_false(deb_date(S(""), &v));
}

static int done(void **state)
{
	(void)state;
	arena_done(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_ids),
					    cmocka_unit_test(test_entries),
					    cmocka_unit_test(test_limits),
					    cmocka_unit_test(test_dates) };
	return cmocka_run_group_tests_name("vuln/deb_changelog", tests, NULL, done);
}
