/* The dependency graph: what dependencies mean, which of several packages is meant, and the bounds. */
#include "analyze/graph.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { PACKAGES = 8 };

static struct strs words(struct arena *a, const char *text)
{
	struct strs v = { 0 };
	struct str rest = str_of(text);
	while (rest.n)
		*ARENA_PUSH(a, v.v, v.n, v.cap) = str_cut(&rest, ',');
	return v;
}

struct row {
	const char *type, *name, *version, *path, *depends, *provides;
	const char *needs; /* indexes */
	const char *owned;
};

static void check(const struct row *rows, size_t n)
{
	struct arena a = { 0 };
	struct package p[PACKAGES] = { 0 };
	struct inventory inv = { .arena = &a, .packages = p, .n_packages = n };
	assert_true(n <= PACKAGES);
	for (size_t i = 0; i < n; i++) {
		p[i].type = str_of(rows[i].type);
		p[i].name = str_of(rows[i].name);
		p[i].version = str_of(rows[i].version);
		p[i].path = str_of(rows[i].path);
		p[i].depends = words(&a, rows[i].depends);
		p[i].provides = words(&a, rows[i].provides);
		struct strs files = words(&a, rows[i].owned ? rows[i].owned : "");
		p[i].n_owned = files.n;
		p[i].owned = arena_array(&a, files.n, sizeof *p[i].owned);
		for (size_t k = 0; k < files.n; k++)
			p[i].owned[k] = (struct owned_file){ .path = files.v[k] };
	}
	graph_fill(&inv);
	for (size_t i = 0; i < n; i++) {
		struct buf got CLEANUP(buf_done) = { 0 };
		for (size_t k = 0; k < p[i].n_needs; k++)
			buf_addf(&got, "%s%zu", k ? " " : "", p[i].needs[k]);
		if (!str_eq(str_buf(&got), str_of(rows[i].needs)))
			fail_msg("%s %s needs '%.*s', want '%s'", rows[i].name, rows[i].path,
				 STR(str_buf(&got)), rows[i].needs);
	}
	assert_int_equal(inv.n_not_examined, 0);
	arena_done(&a);
}

static void test_deb(void **state)
{
	static const struct row rows[] = {
		{ "deb", "curl", "1", "status",
		  "libc6 (>= 2.34),libssl3 | libssl1.1,nothing | default-mta,python3:any,absent",
		  "", "1 2 3 4" },
		{ "deb", "exim", "1", "status", "libc6", "default-mta,mail-agent (= 1)", "2" },
		{ "deb", "libc6", "2", "status", "libc6 (>= 2)", "", "" },
		{ "deb", "libssl1.1", "1", "status", "mail-agent", "", "1" },
		{ "deb", "python3", "3", "status", "curl", "", "0" },
		{ "rpm", "libc6", "2", "rpmdb", "curl", "", "" },
	};
	(void)state;
	check(rows, COUNT(rows));
}

static void test_apk_and_others(void **state)
{
	static const struct row rows[] = {
		{ "apk", "busybox", "1", "db", "so:libc.musl-x86_64.so.1,!uclibc,musl>=1.2",
		  "cmd:sh=1", "1" },
		{ "apk", "musl", "1.2", "db", "", "so:libc.musl-x86_64.so.1=1", "" },
		{ "apk", "scripts", "1", "db", "cmd:sh,cmd:bash", "", "0" },
		{ "apk", "uclibc", "1", "db", "scripts~1", "", "2" },
		{ "alpm", "glibc", "2", "local", "", "", "" },
		{ "alpm", "zlib", "1", "local", "glibc>=2.1,glibc<3", "", "4" },
	};
	(void)state;
	check(rows, COUNT(rows));
}

static void test_rpm(void **state)
{
	static const struct row rows[] = {
		{ "rpm", "bash", "5", "db", "libc.so.6()(64bit),/bin/sh", "bash(x86-64)", "1",
		  "usr/bin/bash,usr/bin/sh" },
		{ "rpm", "glibc", "2", "db", "/usr/bin/sh,/etc/hosts,/usr/bin/none",
		  "libc.so.6()(64bit),font(:lang=de)", "0", "lib64/libc.so.6" },
		{ "rpm", "fonts", "1", "db", "font(:lang=de),font(:lang=fr)", "", "1" },
		{ "rpm", "a", "1", "db", "(none or (bash(x86-64) and x)),(glibc if bash)", "",
		  "0 1" },
		{ "rpm", "b", "1", "db", "(none if bash),((none or fonts) or bash)", "", "2" },
		{ "deb", "c", "1", "status", "/bin/sh,bash", "", "" },
	};
	(void)state;
	check(rows, COUNT(rows));
}

static void test_lockfile(void **state)
{
	static const struct row rows[] = {
		{ "npm", "a", "1.0.0", "x/package-lock.json", "b@2.0.0,@s/c@1.0.0", "", "2 4" },
		{ "npm", "b", "1.0.0", "x/package-lock.json", "", "", "" },
		{ "npm", "b", "2.0.0", "x/package-lock.json", "b@3.0.0,b@4.0.0", "", "3" },
		{ "npm", "b", "3.0.0", "y/package-lock.json", "@s/c", "", "4" },
		{ "npm", "@s/c", "1.0.0", "x/package-lock.json", "a", "", "0" },
		{ "pypi", "Zope.Interface", "1", "poetry.lock", "", "", "" },
		{ "pypi", "flask", "1", "poetry.lock", "zope_interface", "", "5" },
		{ "npm", "zope.interface", "1", "poetry.lock", "", "", "" },
	};
	(void)state;
	check(rows, COUNT(rows));
}

#define N "app/node_modules/"
static void test_nearest(void **state)
{
	static const struct row rows[] = {
		{ "npm", "a", "1", N "a/package.json", "r", "", "3" },
		{ "npm", "b", "1", N "b/package.json", "r", "", "2" },
		{ "npm", "r", "1", N "r/package.json", "", "", "" },
		{ "npm", "r", "2", N "a/node_modules/r/package.json", "b", "", "1" },
		{ "npm", "r", "3", "other/node_modules/r/package.json", "b", "", "1" },
		{ "gem", "rack", "1", "usr/lib/ruby/gems/3.1.0/specifications/rack-1.gemspec", "",
		  "", "" },
		{ "gem", "sinatra", "1", "usr/lib/ruby/gems/3.1.0/specifications/sinatra-1.gemspec",
		  "rack", "", "5" },
	};
	(void)state;
	check(rows, COUNT(rows));
}

/* Many of one name, each of which needs it: bounded work, the same answer each time. */
static void test_bounds(void **state)
{
	struct arena a = { 0 };
	size_t n = GRAPH_WORK_MAX / GRAPH_LOOKED_MAX + 1000;
	struct package *p = arena_zalloc(&a, n * sizeof *p);
	struct str depends[] = { { "x", 1 } };
	struct inventory inv = { .arena = &a, .packages = p, .n_packages = n };
	(void)state;
	for (size_t i = 0; i < n; i++) {
		p[i].type = S("npm");
		p[i].name = S("x");
		p[i].path = arena_printf(&a, "%zu/package.json", i);
		p[i].depends = (struct strs){ depends, 1, 1 };
	}
	graph_fill(&inv);
	assert_int_equal(p[1].n_needs, 1);
	assert_int_equal(p[1].needs[0], 0);
	assert_int_equal(p[n - 1].n_needs, 0);
	assert_int_equal(inv.n_not_examined, 1);
	assert_true(str_find(inv.not_examined[0].reason, S("not whole")) >= 0);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deb),	 cmocka_unit_test(test_apk_and_others),
		cmocka_unit_test(test_lockfile), cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_bounds),	 cmocka_unit_test(test_rpm),
	};
	return cmocka_run_group_tests_name("analyze/graph", tests, NULL, NULL);
}
