/* Versions of programs by what is written in them.
 * With paths as arguments it prints what was found in those. */
#include "cases.h"

extern const struct analyzer analyzer_program;

#define ELF "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\x3e\0\1\0\0\0"

static const struct {
	const char *path;
	struct str body;
	const char *name, *version; /* NULL: nothing is found */
} t[] = {
	{ "usr/sbin/nginx", S(ELF "\0nginx version: nginx/1.25.3\0"), "nginx", "1.25.3" },
	{ "usr/sbin/nginx", S(ELF "\0nginx version: openresty/1.21.4.1\0"), "openresty",
	  "1.21.4.1" },
	{ "usr/sbin/nginx", S("#!/bin/sh nginx version: nginx/1.25.3"), NULL, NULL },
	{ "usr/local/lib/libpython3.11.so.1.0",
	  S(ELF "\0"
		"1.2.13\0"
		"3.1.1\0"
		"3.11.4\0"),
	  "python", "3.11.4" },
	{ "usr/local/bin/python3",
	  S(ELF "\0"
		"3.12.1\0"),
	  "python", "3.12.1" },
	{ "usr/local/bin/python3",
	  S(ELF "\0"
		"33.1.1\0"),
	  NULL, NULL },
	{ "usr/bin/perl", S(ELF "\0v5.36.0\0"), "perl", "5.36.0" },
	{ "usr/local/bin/ruby", S(ELF "\0ruby 3.3.0 (2023-12-25\0"), "ruby", "3.3.0" },
	{ "usr/lib/libruby-3.1.so.3.1", S(ELF "\0ruby 3.1.7p261 (2025\0"), "ruby", "3.1.7p261" },
	{ "usr/bin/openssl", S(ELF "\0OpenSSL 1.1.1w  11 Sep 2023\0"), "openssl", "1.1.1w" },
	{ "usr/local/bin/redis-server",
	  S(ELF "\0"
		"2.6.0\0bitop\0"
		"7.2.4\0atomic-builtin\0"),
	  "redis", "7.2.4" },
	{ "usr/sbin/mysqld", S(ELF "/build/mysql-8.0.36/sql/x.cc\0"), "mysql", "8.0.36" },
	{ "usr/sbin/mysqld",
	  S(ELF "\0"
		"10.11.6-MariaDB-1:10.11.6+maria\0"),
	  "mariadb", "10.11.6" },
	{ "usr/bin/mongod",
	  S(ELF "\0"
		"7.0.5\0"
		"0123456789012345678901234567890123456789\0"),
	  "mongodb", "7.0.5" },
	{ "usr/bin/kubectl", S(ELF "\0v1.29.0\0"), "kubernetes", "1.29.0" },
	{ "bin/kube-apiserver", S(ELF "\0v1.29.0-rc.1+k3s1\0"), "kubernetes", "1.29.0-rc.1+k3s1" },
	{ "usr/sbin/sshd", S(ELF "OpenSSH_9.6\0OpenSSH_9.6p1 Debian\0"), "openssh", "9.6p1" },
	{ "usr/bin/envoy",
	  S(ELF "\0"
		"0123456789abcdef0123456789abcdef01234567/1.28.0/Clean/RELEASE"),
	  "envoy", "1.28.0" },
	{ "opt/java/openjdk/release",
	  S("IMPLEMENTOR=\"Eclipse\"\nJAVA_RUNTIME_VERSION=\"21.0.1+12-LTS\"\nJAVA_VERSION=\"21.0."
	    "1\"\n"),
	  "openjdk", "21.0.1+12-LTS" },
	{ "opt/jre8/release", S("JAVA_VERSION=\"1.8.0_392\"\n"), "openjdk", "1.8.0_392" },
	{ "opt/release", S("nothing of ours"), NULL, NULL },
	{ "usr/local/go/VERSION", S("go1.21.5\ntime 2023"), "go", "1.21.5" },
	{ "usr/local/go/VERSION", S("xgo1.21.5"), NULL, NULL },
	{ "usr/local/lib/erlang/releases/26/OTP_VERSION", S("26.2.1\n"), "erlang", "26.2.1" },
	{ "usr/lib/elixir/ebin/elixir.app", S("{application,elixir,[{vsn,\"1.14.0\"}]}"), "elixir",
	  "1.14.0" },
	{ "bin/busybox", S(ELF "BusyBox v1.36.1 (2023-11-07)"), "busybox", "1.36.1" },
	{ "bin/bash", S(ELF "@(#)Bash version 5.2.15(1) release GNU"), "bash", "5.2.15" },
	{ "bin/bash", S(ELF "@(#)Bash version 5.2"), NULL, NULL },
	{ "bin/curl", S(ELF "\0curl 8.5.0 (x86_64"), "curl", "8.5.0" },
	{ "usr/lib/libcurl.so.4.8.0", S(ELF "libcurl/8.5.0-DEV"), "libcurl", "8.5.0" },
	{ "usr/local/apache2/bin/httpd", S(ELF "Apache/2.4.58 (Unix)"), "httpd", "2.4.58" },
	{ "usr/local/bin/node",
	  S(ELF "https://nodejs.org/download/release/v20.10.0/node-v20.10.0.tar.gz"), "node",
	  "20.10.0" },
};

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(t) * 2; i++) {
		struct str body = t[i / 2].body;
		const char *path = t[i / 2].path;
		struct file f = { .path = str_of(path), .size = body.n };
		struct drive d;
		drive_init(&d, &analyzer_program);
		d.spool = i & 1;
		bool wanted = analyzer_program.wants(&f, str_upto(body, 64));
		assert_int_equal(wanted ? drive_file(&d, path, body, 0) : 0, 0);
		const struct record_file *r = drive_record(&d, path);
		if (!r != !t[i / 2].name)
			fail_msg("%s: %s", path, r ? "something" : "nothing");
		if (r && (!str_eq(r->packages[0].name, str_of(t[i / 2].name)) ||
			  !str_eq(r->packages[0].version, str_of(t[i / 2].version))))
			fail_msg("%s: %.*s %.*s", path, STR(r->packages[0].name),
				 STR(r->packages[0].version));
		if (r && r->n_packages != 1)
			fail_msg("%s: %zu packages", path, r->n_packages);
		drive_done(&d);
	}
}

/* Across the windows in which a large body is read. */
static void test_windows(void **state)
{
	enum { SIZE = (1 << 20) + 4096 };
	CLEANUP(cleanup_free) char *p = calloc(1, SIZE);
	static const char text[] = "\0nginx version: nginx/1.25.3";
	(void)state;
	assert_non_null(p);
	for (size_t at = (1 << 20) - sizeof text; at < (1 << 20) + 2; at += 5) {
		struct drive d;
		memset(p, 0, SIZE);
		memcpy(p + at, text, sizeof text);
		drive_init(&d, &analyzer_program);
		d.spool = true;
		assert_int_equal(drive_file(&d, "nginx", (struct str){ p, SIZE }, 0), 0);
		assert_int_equal(d.record.n_files, 1);
		assert_true(str_eq(d.record.files[0].packages[0].version, S("1.25.3")));
		assert_true(str_eq(cases_attr(&d.record.files[0].packages[0], "cpe"),
				   S("cpe:2.3:a:f5:nginx:1.25.3:*:*:*:*:*:*:*")));
		drive_done(&d);
	}
}

static int print(int argc, char **argv)
{
	setenv("ANY", "/", 1);
	for (int i = 1; i < argc; i++) {
		CLEANUP(buf_done) struct buf b = { 0 };
		struct drive d;
		drive_read("ANY", argv[i], &b);
		drive_init(&d, &analyzer_program);
		drive_file(&d, argv[i], str_buf(&b), 0);
		const struct record_file *f = drive_record(&d, argv[i]);
		if (f && f->n_packages)
			printf("%s: %.*s %.*s\n", argv[i], STR(f->packages[0].name),
			       STR(f->packages[0].version));
		else
			printf("%s: nothing\n", argv[i]);
		drive_done(&d);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_windows),
	};
	return argc > 1 ? print(argc, argv) : cmocka_run_group_tests(tests, NULL, NULL);
}
