/* Changelogs as advisories, Release checks, gpgv's verdicts, armor, and the lines of the children. */
#include "vuln/repository_deb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct arena arena;

/* "id package range range; ..." in the order they came. */
static const char *advisories(const char *changelog, const char *version)
{
	struct deb_advisories d;
	struct changelog c;
	struct buf b = { 0 };
	struct err e;
	deb_advisories_init(&d, &arena, S("debian:12"));
	deb_changelog_parse(&arena, str_of(changelog), S("x"), &c);
	assert_int_equal(deb_advisories_add(&d, S("x"), str_of(version), &c, &e), 0);
	for (size_t i = 0; i < d.n; i++) {
		const struct affected *f = &d.v[i]->affected[0];
		buf_addf(&b, "%s%.*s", i ? "; " : "", STR(d.v[i]->id));
		for (size_t k = 0; k < f->n_ranges; k++)
			buf_addf(&b, " %.*s<%.*s", STR(f->ranges[k].introduced),
				 STR(f->ranges[k].fixed));
		assert_true(str_eq(f->ns, S("debian:12")) && str_eq(f->package, S("x")));
	}
	const char *r = arena_cstr(&arena, str_buf(&b));
	buf_done(&b);
	return r;
}

#define E(version, where, text) "x (" version ") " where "; urgency=low\n\n  * " text "\n\n"

static void test_advisories(void **state)
{
	static const struct {
		const char *changelog, *version, *want;
	} t[] = {
		{ E("2", "s-security", "CVE-2026-1111") E("1", "sid", "y"), "2",
		  "CVE-2026-1111 0<2" },
		/* Named twice: affected again until the second. */
		{ E("3", "s", "CVE-2026-1111") E("2", "s", "CVE-2026-1111"), "3",
		  "CVE-2026-1111 0<2 2<3" },
		/* Order of versions, not of lines. */
		{ E("1~a", "s", "CVE-2026-1111") E("1", "s", "CVE-2026-1111"), "1",
		  "CVE-2026-1111 0<1~a 1~a<1" },
		/* Silent updates: only the newest of a stretch. */
		{ E("3", "s-security", "y") E("2", "s-security", "y") E("1", "sid", "y"), "3",
		  "PENDING-x-3 0<3" },
		{ E("3", "s-security", "CVE-2026-1111") E("2", "s-security", "y"), "3",
		  "PENDING-x-2 0<2; CVE-2026-1111 0<3" },
		{ E("2", "sid", "y"), "2", "PENDING-x-2 0<2" },
		{ E("2", "sid", "CVE-2026-1111"), "3", "CVE-2026-1111 0<2; PENDING-x-3 0<3" },
		{ "", "3", "PENDING-x-3 0<3" },
		{ E("2", "s-security", "DSA-1-1"), "2", "DSA-1-1 0<2" },
		{ E("2", "s-security", "DSA-1-1 CVE-2026-1111"), "2", "CVE-2026-1111 0<2" },
		/* Entries above what the suite has are another branch's. */
		{ E("9", "s", "CVE-2026-9999") E("2", "s-security", "CVE-2026-1111"), "2",
		  "CVE-2026-1111 0<2" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++)
		assert_string_equal(advisories(t[i].changelog, t[i].version), t[i].want);
}

static void test_release(void **state)
{
	static const struct {
		const char *suite, *codename;
		int64_t date, until, now;
		int code;
	} t[] = {
		{ "a-security", "b-security", 1000, 2000, 1500, 0 },
		{ "b-security", "", 1000, 0, 1500, 0 },
		{ "a-security", "c-security", 1000, 2000, 1500, ERR_INVALID },
		{ "", "", 1000, 2000, 1500, ERR_INVALID },
		{ "", "b-security", 1000, 2000, 2001, ERR_INVALID },
		{ "", "b-security", 200000, 0, 1000, ERR_INVALID },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct deb_release r = { .suite = str_of(t[i].suite),
					 .codename = str_of(t[i].codename),
					 .date = t[i].date,
					 .valid_until = t[i].until };
		struct err e;
		assert_int_equal(deb_release_check(&r, S("b-security"), t[i].now, &e), t[i].code);
	}
}

#define G "[GNUPG:] "
#define PLAIN G "PLAINTEXT 74 0 \n"
#define GOOD G "GOODSIG 1 a\n" G "VALIDSIG AA 2026-11-21 1 0 4 0 1 8 01 BB\n"

static void test_judge(void **state)
{
	static const struct {
		const char *status, *fingerprint;
		bool clear;
		int code;
	} t[] = {
		{ PLAIN GOOD, NULL, true, 0 },
		{ PLAIN G "ERRSIG 2 1 8 00 1 9\n" G "NO_PUBKEY 2\n" GOOD, NULL, true, 0 },
		{ GOOD, NULL, false, 0 },
		{ PLAIN GOOD, "BB", true, 0 },
		{ PLAIN GOOD, "CC", true, ERR_INVALID },
		{ "", NULL, true, ERR_INVALID },
		{ GOOD, NULL, true, ERR_INVALID },
		{ PLAIN GOOD PLAIN GOOD, NULL, true, ERR_INVALID },
		{ PLAIN GOOD G "BADSIG 2 b\n", NULL, true, ERR_INVALID },
		{ PLAIN G "EXPKEYSIG 1 a\n" G "VALIDSIG AA d 1 0 4 0 1 8 01 BB\n", NULL, true,
		  ERR_INVALID },
		{ PLAIN G "REVKEYSIG 1 a\n" G "VALIDSIG AA d 1 0 4 0 1 8 01 BB\n", NULL, true,
		  ERR_INVALID },
		{ PLAIN G "GOODSIG 1 a\n" G "VALIDSIG AA d 1 0 4 0 1 2 01 BB\n", NULL, true,
		  ERR_INVALID },
		{ PLAIN "x GOODSIG 1 a\n", NULL, true, ERR_INVALID },
		{ G "NODATA 1\n", NULL, true, ERR_INVALID },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct str one = str_of(t[i].fingerprint);
		struct strs prints = { &one, t[i].fingerprint ? 1 : 0, 1 };
		struct err e;
		if (gpgv_judge(str_of(t[i].status), &prints, t[i].clear, &e) != t[i].code)
			fail_msg("case %zu", i);
	}
}

static void test_dearmor(void **state)
{
	static const char begin[] = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n",
			  end[] = "-----END PGP PUBLIC KEY BLOCK-----\n";
	struct buf b = { 0 };
	(void)state;
	struct str one = arena_printf(&arena, "%sComment: x\n\naGVs\nbG8=\n=abcd\n%s", begin, end);
	assert_true(gpgv_dearmor(arena_printf(&arena, "%.*s\n%.*s", STR(one), STR(one)), &b));
	assert_true(str_eq(str_buf(&b), S("hellohello")));
	assert_false(gpgv_dearmor(S("hello"), &b));
	assert_false(gpgv_dearmor(arena_printf(&arena, "%s\naGVs\n", begin), &b));
	assert_false(gpgv_dearmor(arena_printf(&arena, "%s\na!Vs\n%s", begin, end), &b));
	buf_done(&b);
}

static int count_line(void *ctx, const struct str *f, size_t n, struct err *e)
{
	(void)f;
	(void)e;
	*(size_t *)ctx += n;
	return 0;
}

static void test_lines(void **state)
{
	static const struct {
		const char *answer;
		int code;
		size_t fields;
	} t[] = {
		{ "A\tb\nC\nZ\t5\n", 0, 3 },
		{ "A\tb\n", ERR_INVALID, 2 },
		{ "A\tb\nZ\t5", ERR_INVALID, 2 },
		{ "Z\t5\nA\n", ERR_INVALID, 0 },
		{ "Z\tx\n", ERR_INVALID, 0 },
		{ "F\t4\tlarge\n", ERR_LIMIT, 0 },
		{ "F\t99\tlarge\n", ERR_INVALID, 0 },
		{ "F\t0\tx\n", ERR_INVALID, 0 },
		{ "", ERR_INVALID, 0 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++)
		for (size_t step = 1; step < 5; step++) {
			size_t fields = 0;
			struct line_in in = { .line = count_line, .ctx = &fields, .max = 1000 };
			struct err e;
			int r = 0;
			struct str rest = str_of(t[i].answer);
			for (; r == 0 && rest.n; rest = str_from(rest, step))
				r = line_take(&in, str_upto(rest, step), &e);
			int whole = line_done(&in, &e);
			assert_int_equal(r ? r : whole, t[i].code);
			assert_int_equal(fields, t[i].fields);
		}
	struct line_in in = { .line = count_line, .max = 3 };
	struct err e;
	assert_int_equal(line_take(&in, S("A\tb\n"), &e), ERR_LIMIT);
}

static int done(void **state)
{
	(void)state;
	arena_done(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_advisories),
					    cmocka_unit_test(test_release),
					    cmocka_unit_test(test_judge),
					    cmocka_unit_test(test_dearmor),
					    cmocka_unit_test(test_lines) };
	return cmocka_run_group_tests_name("vuln/repository", tests, NULL, done);
}
