/* accounts and leftovers: what they tell of files, and what must never leave. */
#include "drive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

extern const struct analyzer analyzer_accounts, analyzer_leftovers;

static struct str told(const struct record_file *f, char *out, size_t n)
{
	size_t at = 0;
	out[0] = 0;
	for (size_t i = 0; f && i < f->n_attrs; i++) {
		int r = snprintf(out + at, n - at, "%s%.*s=%.*s", at ? " " : "",
				 STR(f->attrs[i].key), STR(f->attrs[i].value));
		at += (size_t)r;
	}
	return str_of(out);
}

static void test_accounts(void **state)
{
	static const struct {
		const char *path, *body, *want;
	} t[] = {
		{ "etc/passwd", "root:x:0:0:root:/root:/bin/sh\nbin:x:1:1::/:/sbin/nologin\n", "" },
		{ "etc/passwd", "root:x:0:0::/:/bin/sh\ntoor:x:00:0::/:\n",
		  "duplicate-id=0 (root, toor)" },
		{ "etc/passwd", "a::1:1::/:\n", "empty-password=a" },
		{ "etc/passwd", "a:x:1:1::/:\r\na:x:2:1::/:\r\n", "duplicate-name=a" },
		{ "etc/passwd", "# a::1\n+b::::\n\nnonsense\n:::\n", "" },
		{ "etc/shadow", "root::10933:0:99999:7:::\nb:!:1\nc:*:1\nd:$6$ab$cd:1\n",
		  "empty-password=root" },
		{ "etc/shadow", "root:$1$secret$hash:1\nroot:$1$secret$hash:1\n",
		  "duplicate-name=root" },
		{ "etc/group", "root:x:0:\nwheel::0:\nusers::100:a\n",
		  "duplicate-id=0 (root, wheel)" },
		{ "etc/gshadow", "root:::\nx::1:\ny::1:\n", "" },
		{ "etc/passwd", "a:x:99999999999:1:::\nb:x:99999999999:1:::\n", "" },
		{ "etc/passwd", "a:x:5:1:::", "" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		for (size_t chunk = 0; chunk < 4; chunk++) {
			struct drive d;
			char text[1000];
			drive_init(&d, &analyzer_accounts);
			assert_true(drive_wants(&analyzer_accounts, t[i].path));
			assert_int_equal(drive_file(&d, t[i].path, str_of(t[i].body), chunk), 0);
			struct str have = told(drive_record(&d, t[i].path), text, sizeof text);
			if (!str_eq(have, str_of(t[i].want)))
				fail_msg("case %zu: '%s'", i, text);
			drive_done(&d);
		}
	}
}

static void test_many(void **state)
{
	struct drive d;
	struct buf b = { 0 };
	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		buf_addf(&b, "a%u::1:1:::\n", i);
	drive_init(&d, &analyzer_accounts);
	assert_int_equal(drive_file(&d, "etc/passwd", str_buf(&b), 0), 0);
	assert_int_equal(drive_record(&d, "etc/passwd")->n_attrs, 200);
	drive_done(&d);
	while (b.n < 2 << 20)
		buf_addf(&b, "a:x:1:1:::\n");
	drive_init(&d, &analyzer_accounts);
	assert_int_equal(drive_file(&d, "etc/passwd", str_buf(&b), 0), ERR_LIMIT);
	assert_true(drive_record(&d, "etc/passwd")->unreadable.n > 0);
	drive_done(&d);
	buf_done(&b);
}

static void test_leftovers(void **state)
{
	static const struct {
		const char *path, *want; /* NULL: not wanted; "": wanted by name, not by place */
	} t[] = {
		{ "var/lib/apt/lists/"
		  "deb.debian.org_debian_dists_bookworm_main_binary-amd64_Packages.lz4",
		  "cache=apt's lists" },
		{ "var/lib/apt/lists/lock", NULL },
		{ "var/cache/apk/APKINDEX.aa.tar.gz", "cache=apk's cache" },
		{ "var/cache/yum/x86_64/7/base/gen/primary.xml.sqlite", "cache=yum's cache" },
		{ "root/.cache/pip/http/a/b/c/d/e/f", "cache=pip's cache" },
		{ "root/.npm/_cacache/index-v5/a/b/c", "cache=npm's cache" },
		{ "root/.ssh/id_rsa", "credential=a private key of SSH" },
		{ "root/.ssh/id_rsa.pub", NULL },
		{ "usr/lib/node_modules/x/node_modules/ssh2/test/id_rsa", "" },
		{ "home/a/.aws/credentials", "credential=keys of AWS" },
		{ ".aws/credentials", "credential=keys of AWS" },
		{ "opt/x/credentials", NULL },
		{ "app/.git/HEAD", "stray=a git repository with its history" },
		{ "app/.git/objects/aa", NULL },
		{ "app/HEAD", NULL },
		{ "Dockerfile", "stray=the recipe of an image" },
		{ "usr/share/doc/x/Dockerfile", "" },
		{ "etc/passwd", NULL },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct drive d;
		char text[1000];
		drive_init(&d, &analyzer_leftovers);
		assert_int_equal(drive_wants(&analyzer_leftovers, t[i].path), t[i].want != NULL);
		if (t[i].want) {
			struct file f = { .path = str_of(t[i].path), .size = 4 };
			struct err e;
			void *s;
			assert_true(analyzer_leftovers.wants(&f, S("")));
			assert_int_equal(analyzer_leftovers.begin(&d.an, &f, &s, &e), 0);
			struct str have = told(drive_record(&d, t[i].path), text, sizeof text);
			if (!str_eq(have, str_of(t[i].want)))
				fail_msg("%s: '%s'", t[i].path, text);
		}
		drive_done(&d);
	}
	assert_false(analyzer_leftovers.wants(&(struct file){ .size = 0 }, S("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accounts),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_leftovers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
