/* Package URLs: the rules of the specification and of its types. */
#include "analyze/purl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void test_canonical(void **state)
{
	static const struct {
		const char *in, *out;
	} t[] = {
		{ "pkg:deb/debian/curl@7.50.3-1?arch=i386&distro=jessie", NULL },
		{ "PKG:Deb/DEBIAN/Curl@7.50.3-1", "pkg:deb/debian/curl@7.50.3-1" },
		{ "pkg://npm/foobar@12.3.1", "pkg:npm/foobar@12.3.1" },
		{ "pkg:npm/%40angular/animation@12.3.1", NULL },
		{ "pkg:npm/@angular/animation@12.3.1", "pkg:npm/%40angular/animation@12.3.1" },
		{ "pkg:npm/@Angular/Animation", "pkg:npm/%40angular/animation" },
		{ "pkg:pypi/My.PyPI_.--._Package@1.11.1.dev1",
		  "pkg:pypi/my-pypi-package@1.11.1.dev1" },
		{ "pkg:GOLANG/google.golang.org/genproto@abc#/googleapis/./api//../annotations/",
		  "pkg:golang/google.golang.org/genproto@abc#googleapis/api/annotations" },
		{ "pkg:golang/github.com/BurntSushi/toml@v1.2.1",
		  "pkg:golang/github.com/burntsushi/toml@v1.2.1" },
		{ "pkg:golang/github.com%2Fgorilla/context",
		  "pkg:golang/github.com/gorilla/context" },
		{ "pkg:docker/customer/image@sha256%3A244f?repository_url=gcr.io",
		  "pkg:docker/customer/image@sha256:244f?repository_url=gcr.io" },
		{ "pkg:maven/org.apache.xmlgraphics/batik-anim@1.9.1?repository_url=a.example/"
		  "release&classifier=sources",
		  "pkg:maven/org.apache.xmlgraphics/batik-anim@1.9.1?classifier=sources&"
		  "repository_url=a.example%2Frelease" },
		{ "pkg:maven/HTTPClient/HTTPClient@0.3-3", NULL },
		{ "pkg:generic/openssl@1.1.10g?checksum=sha1:ad95%2Csha256:41bf", NULL },
		{ "pkg:generic/a?x=&b=c&&", "pkg:generic/a?b=c" },
		{ "pkg:generic/a?X=1", "pkg:generic/a?x=1" },
		{ "pkg:rpm/Fedora/GConf2@3.2.6?arch=i386",
		  "pkg:rpm/fedora/GConf2@3.2.6?arch=i386" },
		{ "pkg:github/Package-url/Purl-Spec@244f#everybody/loves/dogs",
		  "pkg:github/package-url/purl-spec@244f#everybody/loves/dogs" },
		{ "pkg:huggingface/Microsoft/deberta@559062AD",
		  "pkg:huggingface/Microsoft/deberta@559062ad" },
		{ "pkg:oci/Debian@SHA256:ABC", "pkg:oci/debian@sha256:abc" },
		{ "pkg:swift/github.com/Alamofire/Alamofire@5.4.3", NULL },
		{ "pkg:composer/Guzzle/Http@1", "pkg:composer/guzzle/http@1" },
		{ "pkg:cpan/perldoc/Pod-Perldoc@3.20", "pkg:cpan/PERLDOC/Pod-Perldoc@3.20" },
		{ "pkg:nuget/EnterpriseLibrary.Common@6.0.1304", NULL },
		{ "pkg:cargo/rand@0.7.2", NULL },
		{ "pkg:gem/jruby-launcher@1.1.2?platform=java", NULL },
		{ "pkg:deb/debian/libstdc%2B%2B6@1:12.2.0-14%2Bdeb12u1", NULL },
		{ "pkg:deb/debian/libstdc++6@1%3a12~2", "pkg:deb/debian/libstdc%2B%2B6@1:12~2" },
		{ "pkg:cran/caret@6.0-88/", "pkg:cran/caret@6.0-88%2F" },
		{ "pkg:generic/name/", "pkg:generic/name" },
		{ "pkg:generic/a//b///name", "pkg:generic/a/b/name" },
		{ "pkg:generic/a%2Fb", NULL },
		{ "pkg:generic/\xc3\xa4", "pkg:generic/%C3%A4" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct arena a = { 0 };
		struct purl p;
		struct err e;
		if (purl_parse(&a, str_of(t[i].in), &p, &e))
			fail_msg("%s: %s", t[i].in, e.text);
		struct str text = purl_text(&a, &p);
		if (!str_eq(text, str_of(t[i].out ? t[i].out : t[i].in)))
			fail_msg("%s: %.*s", t[i].in, STR(text));
		arena_done(&a);
	}
}

static void test_refused(void **state)
{
	static const char *const t[] = {
		"",
		"pkg",
		"pkg:",
		"EnterpriseLibrary.Common@6.0.1304",
		"pkg:EnterpriseLibrary.Common@6.0.1304",
		"pkg:n&g?inx/nginx@0.8.9",
		"pkg:3nginx/nginx@0.8.9",
		"pkg:nginx:a/nginx@0.8.9",
		"pkg:npm/myartifact@1.0.0?in%20production=true",
		"pkg:npm/a?=x",
		"pkg:npm/a?1a=x",
		"pkg:npm/a?b=1&B=2",
		"pkg:maven/@1.3.4",
		"pkg:maven//@1.3.4",
		"pkg:maven/",
		"pkg%3Amaven/org.apache.commons/io",
		"pkg:npm/a%",
		"pkg:npm/a%4",
		"pkg:npm/a%4g",
		"pkg:npm/a%00b",
		"pkg:npm/a@1%zz",
		"pkg:npm/a#b%",
		"pkg:npm/a?b=%f",
		"http://example.org/a",
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct arena a = { 0 };
		struct purl p;
		struct err e;
		if (purl_parse(&a, str_of(t[i]), &p, &e) != ERR_INVALID)
			fail_msg("%s is taken", t[i]);
		arena_done(&a);
	}
}

static void test_limits(void **state)
{
	struct arena a = { 0 };
	struct buf b = { 0 };
	struct purl p;
	struct err e;
	(void)state;
	buf_addf(&b, "pkg:npm/");
	while (b.n < PURL_MAX)
		buf_add_char(&b, 'a');
	assert_int_equal(purl_parse(&a, str_buf(&b), &p, &e), 0);
	buf_add_char(&b, 'a');
	assert_int_equal(purl_parse(&a, str_buf(&b), &p, &e), ERR_LIMIT);
	b.n = 0;
	buf_addf(&b, "pkg:npm/a?");
	for (int i = 0; i < PURL_QUALIFIERS; i++)
		buf_addf(&b, "k%d=v&", i);
	assert_int_equal(purl_parse(&a, str_buf(&b), &p, &e), 0);
	assert_int_equal(p.n_qualifiers, PURL_QUALIFIERS);
	buf_addf(&b, "more=v");
	assert_int_equal(purl_parse(&a, str_buf(&b), &p, &e), ERR_LIMIT);
	buf_done(&b);
	arena_done(&a);
}

static void test_names(void **state)
{
	static const struct {
		const char *type, *name, *purl;
	} t[] = {
		{ "npm", "@scope/name", "pkg:npm/%40scope/name" },
		{ "npm", "name", "pkg:npm/name" },
		{ "maven", "org.example:lib", "pkg:maven/org.example/lib" },
		{ "maven", "lib", "pkg:maven/lib" },
		{ "maven", ":lib", "pkg:maven/:lib" },
		{ "golang", "github.com/foo/bar/v2", "pkg:golang/github.com/foo/bar/v2" },
		{ "golang", "stdlib", "pkg:golang/stdlib" },
		{ "composer", "vendor/name", "pkg:composer/vendor/name" },
		{ "swift", "github.com/A/B", "pkg:swift/github.com/A/B" },
		{ "cargo", "a/b", "pkg:cargo/a%2Fb" },
		{ "pypi", "zope-interface", "pkg:pypi/zope-interface" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct arena a = { 0 };
		struct purl p = { .type = str_of(t[i].type) }, again;
		struct err e;
		purl_set_package_name(&a, &p, str_of(t[i].name));
		struct str text = purl_text(&a, &p);
		if (!str_eq(text, str_of(t[i].purl)))
			fail_msg("%s: %.*s", t[i].name, STR(text));
		assert_int_equal(purl_parse(&a, text, &again, &e), 0);
		if (!str_eq(purl_package_name(&a, &again), str_of(t[i].name)))
			fail_msg("%s comes back as %.*s", t[i].name,
				 STR(purl_package_name(&a, &again)));
		arena_done(&a);
	}
	struct arena a = { 0 };
	struct purl p;
	struct err e;
	assert_int_equal(purl_parse(&a, S("pkg:deb/debian/apt@1"), &p, &e), 0);
	assert_true(str_eq(purl_package_name(&a, &p), S("apt")));
	arena_done(&a);
}

static void test_matches(void **state)
{
	static const struct {
		const char *pattern, *package;
		bool want;
	} t[] = {
		{ "pkg:npm/a", "pkg:npm/a@1", true },
		{ "pkg:npm/a@1", "pkg:npm/a@1", true },
		{ "pkg:npm/a@1", "pkg:npm/a@2", false },
		{ "pkg:npm/a@1", "pkg:npm/a", false },
		{ "pkg:npm/a", "pkg:npm/b@1", false },
		{ "pkg:npm/a", "pkg:npm/%40s/a@1", false },
		{ "pkg:npm/a", "pkg:cargo/a@1", false },
		{ "pkg:deb/debian/apt?arch=amd64", "pkg:deb/debian/apt@1?arch=amd64&distro=x",
		  true },
		{ "pkg:deb/debian/apt?arch=arm64", "pkg:deb/debian/apt@1?arch=amd64", false },
		{ "pkg:deb/debian/apt?arch=arm64", "pkg:deb/debian/apt@1", false },
		{ "pkg:golang/a/b#c", "pkg:golang/a/b#c", true },
		{ "pkg:golang/a/b#c", "pkg:golang/a/b", false },
		{ "pkg:golang/a/b", "pkg:golang/a/b#c", true },
		{ "pkg:pypi/A_b", "pkg:pypi/a-b@1", true },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct arena a = { 0 };
		struct purl pattern, package;
		struct err e;
		assert_int_equal(purl_parse(&a, str_of(t[i].pattern), &pattern, &e), 0);
		assert_int_equal(purl_parse(&a, str_of(t[i].package), &package, &e), 0);
		if (purl_matches(&pattern, &package) != t[i].want)
			fail_msg("%s and %s", t[i].pattern, t[i].package);
		arena_done(&a);
	}
	struct purl p = { 0 };
	purl_set_qualifier(&p, "arch", S("x"));
	purl_set_qualifier(&p, "none", S(""));
	assert_true(str_eq(purl_qualifier(&p, "arch"), S("x")));
	assert_int_equal(purl_qualifier(&p, "none").n, 0);
	assert_int_equal(p.n_qualifiers, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_canonical), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limits),	  cmocka_unit_test(test_names),
		cmocka_unit_test(test_matches),
	};
	return cmocka_run_group_tests_name("analyze/purl", tests, NULL, NULL);
}
