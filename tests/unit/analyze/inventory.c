/* Packages and their layers, package URLs. */
#include "analyze/fold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void test_purl(void **state)
{
	static const struct {
		const char *type, *name, *version, *arch, *source, *source_version, *id,
			*version_id, *want;
	} t[] = {
		{ "deb", "apt", "2.6.1", "amd64", "apt", "2.6.1", "debian", "12",
		  "pkg:deb/debian/apt@2.6.1?arch=amd64&distro=debian-12" },
		{ "deb", "libstdc++6", "1:12.2.0-14+deb12u1", "amd64", "gcc-12", "12.2.0-14",
		  "debian", "12",
		  "pkg:deb/debian/libstdc%2B%2B6@1:12.2.0-14%2Bdeb12u1?arch=amd64&distro=debian-12&"
		  "upstream=gcc-12%4012.2.0-14" },
		{ "deb", "libapt-pkg6.0", "2.6.1", "amd64", "apt", "2.6.1", "ubuntu", "22.04",
		  "pkg:deb/ubuntu/"
		  "libapt-pkg6.0@2.6.1?arch=amd64&distro=ubuntu-22.04&upstream=apt" },
		{ "apk", "musl-utils", "1.2.4-r2", "x86_64", "musl", "1.2.4-r2", "alpine", "3.19.1",
		  "pkg:apk/alpine/"
		  "musl-utils@1.2.4-r2?arch=x86_64&distro=alpine-3.19.1&upstream=musl" },
		{ "rpm", "GConf2", "1:3.2.6-8.el7", "x86_64", "GConf2", "1:3.2.6-8.el7", "centos",
		  "7", "pkg:rpm/centos/GConf2@3.2.6-8.el7?arch=x86_64&distro=centos-7&epoch=1" },
		{ "deb", "X", "1~rc1", "", "", "", "", "", "pkg:deb/x@1~rc1" },
		{ "deb", "a b/c?\x80", "", "", "", "", "", "", "pkg:deb/a%20b%2Fc%3F%80" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct arena a = { 0 };
		struct package p = { .type = str_of(t[i].type),
				     .name = str_of(t[i].name),
				     .version = str_of(t[i].version),
				     .arch = str_of(t[i].arch),
				     .source_name = str_of(t[i].source),
				     .source_version = str_of(t[i].source_version) };
		struct distribution d = { .id = str_of(t[i].id),
					  .version_id = str_of(t[i].version_id) };
		struct str got = package_purl(&a, &p, &d);
		if (!str_eq(got, str_of(t[i].want)))
			fail_msg("'%.*s', want '%s'", STR(got), t[i].want);
		arena_done(&a);
	}
}

/* A database in four layers; "name version" each. */
static void test_layers(void **state)
{
	static struct record_package p[4][3] = {
		{ { .name = S("base"), .version = S("1") },
		  { .name = S("old"), .version = S("1") },
		  { .name = S("back"), .version = S("1") } },
		{ { .name = S("base"), .version = S("1") },
		  { .name = S("old"), .version = S("2") },
		  { .name = S("more"), .version = S("1") } },
		{ { .name = S("base"), .version = S("1") },
		  { .name = S("old"), .version = S("2") },
		  { .name = S("back"), .version = S("1") } },
		{ { .name = S("base"), .version = S("1") },
		  { .name = S("old"), .version = S("2") },
		  { .name = S("back"), .version = S("1") } },
	};
	static const struct {
		const char *name;
		size_t layer;
	} want[] = { { "back", 2 }, { "base", 0 }, { "old", 1 } };
	struct arena a = { 0 };
	struct record_file file[4] = { 0 };
	struct folded_file ff[4] = { 0 };
	struct inventory inv = { .arena = &a };
	struct fold f = { .arena = &a, .files = &ff[3], .n_files = 1 };
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		file[i] = (struct record_file){
			.path = S("db"), .analyzer = S("t"), .packages = p[i], .n_packages = 3
		};
		ff[i] = (struct folded_file){ &file[i], S("db"), i, i, i ? &ff[i - 1] : NULL };
	}
	inventory_add_packages(&inv, &f);
	assert_int_equal(inv.n_packages, COUNT(want));
	for (size_t i = 0; i < COUNT(want); i++) {
		assert_true(str_eq(inv.packages[i].name, str_of(want[i].name)));
		assert_int_equal(inv.packages[i].layer, want[i].layer);
		assert_true(str_eq(inv.packages[i].source_name, inv.packages[i].name));
	}
	/* A version that cannot be read says nothing about what was there. */
	file[1].unreadable = S("damaged");
	file[1].n_packages = 0;
	inv.n_packages = 0;
	inventory_add_packages(&inv, &f);
	for (size_t i = 0; i < inv.n_packages; i++)
		assert_int_equal(inv.packages[i].layer, 2);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_purl),
		cmocka_unit_test(test_layers),
	};
	return cmocka_run_group_tests_name("analyze/inventory", tests, NULL, NULL);
}
