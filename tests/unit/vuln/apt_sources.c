/* This machine's package archives, in both styles. */
#include "vuln/apt_sources.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct arena arena;

static struct apt_sources read_text(const char *text, bool deb822)
{
	struct apt_sources s = { 0 };
	struct err e;
	int r = deb822 ? apt_sources_deb822(&arena, str_of(text), S("f.sources"), &s, &e)
		       : apt_sources_list(&arena, str_of(text), S("f.list"), &s, &e);
	assert_int_equal(r, 0);
	return s;
}

static void test_list(void **state)
{
	static const struct {
		const char *line;
		size_t n, notes;
	} t[] = {
		{ "", 0, 0 },
		{ "# deb http://h/d s main", 0, 0 },
		{ "deb http://h/d s main contrib # x", 1, 0 },
		{ "deb-src http://h/d s main", 0, 0 },
		{ "deb [arch=amd64,arm64 signed-by=/k.gpg trusted=yes] https://h/d/ s main", 1, 0 },
		{ "deb [ arch=amd64 ] file:/d s main", 1, 0 },
		{ "deb cdrom:[x]/ s main", 0, 1 },
		{ "deb http://h/d ./", 0, 1 },
		{ "deb http://h/d", 0, 1 },
		{ "deb [arch=amd64 http://h/d s main", 0, 1 },
		{ "deb [signed-by=relative] http://h/d s main", 0, 1 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct apt_sources s = read_text(t[i].line, false);
		if (s.n != t[i].n || s.notes.n != t[i].notes)
			fail_msg("'%s': %zu sources, %zu notes", t[i].line, s.n, s.notes.n);
	}
	struct apt_sources s = read_text(t[4].line, false);
	assert_true(str_eq(s.v[0].uri, S("https://h/d")));
	assert_int_equal(s.v[0].architectures.n, 2);
	assert_true(str_eq(s.v[0].keyrings.v[0], S("/k.gpg")));
}

static void test_deb822(void **state)
{
	struct apt_sources s = read_text(
		"Types: deb deb-src\n# c\nURIs: http://a/d http://b/d\nSuites: x\n y-security\n"
		"Components: main\nSigned-By: /a.gpg, /b.gpg\n\n"
		"Types: deb\nURIs: http://c\nSuites: z\nEnabled: no\n\n"
		"Types: deb\nURIs: http://e\nSuites: z\nSigned-By:\n"
		" -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n AAAA\n"
		" -----END PGP PUBLIC KEY BLOCK-----\n\n"
		"Types: deb\nURIs: http://g\nSuites: z\n"
		"Signed-By: 0123456789abcdef0123456789abcdef01234567!\n\nTypes: deb\n",
		true);
	(void)state;
	assert_int_equal(s.n, 6);
	assert_true(str_eq(s.v[1].suite, S("y-security")));
	assert_true(str_eq(s.v[2].uri, S("http://b/d")));
	assert_int_equal(s.v[0].keyrings.n, 2);
	assert_true(str_find(s.v[4].key, S("BLOCK-----\n\nAAAA\n-----END")) > 0);
	assert_true(
		str_eq(s.v[5].fingerprints.v[0], S("0123456789ABCDEF0123456789ABCDEF01234567")));
	assert_int_equal(s.notes.n, 1);
}

static int done(void **state)
{
	(void)state;
	arena_done(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_list),
					    cmocka_unit_test(test_deb822) };
	return cmocka_run_group_tests_name("vuln/apt_sources", tests, NULL, done);
}
