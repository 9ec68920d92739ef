/* Advisories of rpm repositories, and the index that names them. */
#include "vuln/updateinfo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const char good[] =
	"<?xml version=\"1.0\"?><updates><update type=\"security\"><id>X-1</id><title>t &amp; "
	"u</title>"
	"<severity>Important</severity><issued date=\"2024-05-01 12:30:00\"/><references>"
	"<reference href=\"https://h/1\" id=\"CVE-2024-1111\" type=\"cve\"/>"
	"<reference href=\"https://h/2\" id=\"CVE-2024-1111\" type=\"cve\"/>"
	"<reference href=\"javascript:x\" id=\"1\" "
	"type=\"bugzilla\"/></references><pkglist><collection>"
	"<module name=\"m\" stream=\"1\"/>"
	"<package name=\"a\" epoch=\"2\" version=\"1.0\" release=\"3.el9\" "
	"arch=\"x86_64\"><filename>f</filename></package>"
	"<package name=\"b\" epoch=\"0\" version=\"1\" release=\"3\" arch=\"noarch\"/>"
	"<package name=\"b\" version=\"1\" release=\"3\" arch=\"src\"/><package "
	"name=\"c\"/></collection>"
	"<collection><package name=\"d\" version=\"1\" "
	"release=\"1\"/></collection></pkglist></update>"
	"<update type=\"bugfix\"><id>X-2</id></update><update type=\"security\"/></updates>";

static int check(void *ctx, const struct update *u, struct err *e)
{
	(void)e;
	++*(int *)ctx;
	assert_true(str_eq(u->id, S("X-1")) && str_eq(u->title, S("t & u")));
	assert_true(str_eq(u->severity, S("Important")));
	assert_int_equal(u->issued, 1714566600);
	assert_int_equal(u->cves.n, 1);
	assert_int_equal(u->references.n, 2);
	assert_int_equal(u->n_packages, 3);
	assert_true(str_eq(u->packages[0].version, S("2:1.0-3.el9")));
	assert_true(str_eq(u->packages[0].module, S("m:1")));
	assert_true(str_eq(u->packages[1].version, S("1-3")));
	assert_int_equal(u->packages[1].arch.n, 0);
	assert_int_equal(u->packages[2].module.n, 0);
	return 0;
}

static int read_text(struct str text, int *n, uint64_t *skipped, struct err *e)
{
	struct stream *in CLEANUP(cleanup_stream) = stream_mem(text);
	return updateinfo_read(in, check, n, skipped, e);
}

static void test_good(void **state)
{
	int n = 0;
	uint64_t skipped = 0;
	struct err e;
	(void)state;
	assert_int_equal(read_text(str_of(good), &n, &skipped, &e), 0);
	assert_int_equal(n, 1);
	assert_int_equal(skipped, 2);
}

static void test_refused(void **state)
{
	static const char laughs[] =
		"<!DOCTYPE u [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]><updates>&b;</updates>";
	static const char external[] = "<!DOCTYPE u SYSTEM \"file:///etc/passwd\"><updates/>";
	struct buf deep = { 0 };
	int n = 0;
	uint64_t skipped;
	struct err e;
	(void)state;
	assert_int_equal(read_text(str_of(laughs), &n, &skipped, &e), ERR_INVALID);
	assert_int_equal(read_text(str_of(external), &n, &skipped, &e), ERR_INVALID);
	assert_int_equal(read_text(S("<updates>"), &n, &skipped, &e), ERR_INVALID);
	assert_int_equal(read_text(S(""), &n, &skipped, &e), ERR_INVALID);
	for (int i = 0; i < 100; i++)
		buf_addf(&deep, "<a>");
	assert_int_equal(read_text(str_buf(&deep), &n, &skipped, &e), ERR_LIMIT);
	deep.n = 0;
	buf_addf(&deep, "<updates><!--");
	for (int i = 0; i < 6 << 20; i++)
		buf_add_char(&deep, 'x');
	assert_int_equal(read_text(str_buf(&deep), &n, &skipped, &e), ERR_LIMIT);
	buf_done(&deep);
	assert_int_equal(n, 0);
}

#define SHA "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void test_repomd(void **state)
{
	static const struct {
		const char *data;
		int code;
	} t[] = {
		{ "<data type='updateinfo'><checksum type='sha256'>" SHA
		  "</checksum><location href='repodata/u.xml.gz'/>"
		  "<size>7</size></data>",
		  0 },
		{ "<data type='primary'/>", ERR_NOT_FOUND },
		{ "<data type='updateinfo'><checksum type='sha256'>" SHA
		  "</checksum><location href='../u'/></data>",
		  ERR_INVALID },
		{ "<data type='updateinfo'><checksum type='sha'>x</checksum><location "
		  "href='u'/></data>",
		  ERR_UNSUPPORTED },
		{ "<data type='updateinfo'><checksum type='sha256'>" SHA "</checksum></data>",
		  ERR_INVALID },
	};
	struct arena a CLEANUP(arena_done) = { 0 };
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct repomd_file f = { 0 };
		struct err e;
		struct str text = arena_printf(&a, "<repomd>%s</repomd>", t[i].data);
		assert_int_equal(repomd_find(&a, text, S("updateinfo"), &f, &e), t[i].code);
		assert_true(t[i].code || (f.size == 7 && str_eq(f.href, S("repodata/u.xml.gz"))));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_good),
					    cmocka_unit_test(test_refused),
					    cmocka_unit_test(test_repomd) };
	return cmocka_run_group_tests_name("vuln/updateinfo", tests, NULL, NULL);
}
