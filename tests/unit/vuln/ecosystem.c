/* The table of ecosystems: found by both names, every scheme is there, names in their normal form. */
#include "vuln/ecosystem.h"
#include "vuln/version.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void test_find(void **state)
{
	(void)state;
	assert_string_equal(ecosystem_by_osv(S("PyPI"))->ns, "pypi");
	assert_string_equal(ecosystem_by_osv(S("Maven:https://example.org/"))->scheme, "maven");
	assert_string_equal(ecosystem_by_osv(S("go"))->scheme, "golang");
	assert_string_equal(ecosystem_by_purl_type(S("github"))->ns, "githubactions");
	assert_string_equal(ecosystem_by_purl_type(S("Cargo"))->ns, "cargo");
	assert_null(ecosystem_by_osv(S("Debian:12")));
	assert_null(ecosystem_by_purl_type(S("deb")));
	assert_null(ecosystem_by_purl_type(S("")));
}

static void test_rows(void **state)
{
	(void)state;
	for (const struct ecosystem *e = ecosystems; e->osv; e++) {
		if (!version_scheme_find(str_of(e->scheme)))
			fail_msg("%s: there is no scheme %s", e->osv, e->scheme);
		assert_ptr_equal(ecosystem_by_purl_type(str_of(e->purl_type)), e);
		assert_string_equal(ecosystem_by_osv(str_of(e->osv))->ns, e->ns);
	}
}

static void test_normalise(void **state)
{
	static const struct {
		const char *type, *name, *want;
	} t[] = {
		{ "pypi", "Zope._.Interface", "zope-interface" },
		{ "pypi", "--", "-" },
		{ "pypi", "", "" },
		{ "nuget", "Newtonsoft.Json", "newtonsoft.json" },
		{ "composer", "Symfony/HTTP-Kernel", "symfony/http-kernel" },
		{ "npm", "@Scope/JSONStream", "@Scope/JSONStream" },
		{ "golang", "github.com/Masterminds/semver", "github.com/Masterminds/semver" },
		{ "maven", "Group:Artifact", "Group:Artifact" },
		{ "swift", "https://github.com/Apple/swift-nio.git", "github.com/apple/swift-nio" },
		{ "swift", "git@github.com:apple/swift-nio", "github.com/apple/swift-nio" },
		{ "swift", "github.com/apple/swift-nio/", "github.com/apple/swift-nio" },
		{ "swift", "ssh://git@example.org:22/x@y/z", "example.org:22/x@y/z" },
		{ "github", "Actions/Checkout", "actions/checkout" },
		{ "bitnami", "PostgreSQL", "postgresql" },
	};
	struct arena a = { 0 };
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		const struct ecosystem *e = ecosystem_by_purl_type(str_of(t[i].type));
		struct str got = ecosystem_normalise(&a, e, str_of(t[i].name));
		if (!str_eq(got, str_of(t[i].want)))
			fail_msg("%s %s: %.*s", t[i].type, t[i].name, STR(got));
	}
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_normalise),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
