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
		{ "npm", "@scope/name", "1.0.0", "", "", "", "debian", "12",
		  "pkg:npm/%40scope/name@1.0.0" },
		{ "maven", "org.example:lib", "1", "", "", "", "", "",
		  "pkg:maven/org.example/lib@1" },
		{ "alpm", "zlib", "1:1.2-1", "x86_64", "", "", "arch", "",
		  "pkg:alpm/arch/zlib@1:1.2-1?arch=x86_64&distro=arch" },
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

static void test_doubles(void **state)
{
	static const struct {
		const char *type, *version, *path, *inside;
		bool dev, stays;
	} t[] = {
		{ "maven", "1", "a.jar", "", true, true },
		{ "maven", "1", "a.jar", "", false, false },
		{ "maven", "1", "a.jar", "b.jar", false, true },
		{ "maven", "1", "b.jar", "", false, true },
		{ "maven", "2", "a.jar", "", false, true },
		{ "pypi", "1", "lib/x-1.dist-info/METADATA", "", false, true },
		{ "pypi", "1", "lib/x-1.egg-info/PKG-INFO", "", false, false },
		{ "pypi", "1", "lib64/x-1.egg-info/PKG-INFO", "", false, true },
		{ "deb", "1", "var/lib/dpkg/status", "", false, true },
		{ "deb", "1", "var/lib/dpkg/status", "", false, true },
	};
	struct arena a = { 0 };
	struct inventory inv = { .arena = &a };
	size_t n = 0;
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		*ARENA_PUSH(&a, inv.packages, inv.n_packages, inv.packages_cap) =
			(struct package){ .type = str_of(t[i].type),
					  .name = S("x"),
					  .version = str_of(t[i].version),
					  .path = str_of(t[i].path),
					  .inside = str_of(t[i].inside),
					  .dev = t[i].dev };
		n += t[i].stays;
	}
	inventory_sort_packages(&inv);
	inventory_merge_doubles(&inv);
	assert_int_equal(inv.n_packages, n);
	for (size_t i = 0; i < inv.n_packages; i++)
		assert_false(inv.packages[i].dev);
	arena_done(&a);
}

/* A program that a package of the distribution brought is that package; others stay. */
static void test_programs(void **state)
{
	struct arena a = { 0 };
	struct package p[] = {
		{ .type = S("deb"), .name = S("nginx"), .owner = -1 },
		{ .type = S("generic"), .name = S("nginx"), .owner = 0, .is_owned = true },
		{ .type = S("generic"), .name = S("nginx"), .version = S("1"), .owner = -1 },
		{ .type = S("npm"), .name = S("x"), .owner = 0, .is_owned = true }
	};
	struct inventory inv = { .arena = &a, .packages = p, .n_packages = COUNT(p) };
	(void)state;
	inventory_drop_packaged_programs(&inv);
	assert_int_equal(inv.n_packages, 3);
	assert_true(str_eq(inv.packages[1].version, S("1")));
	assert_int_equal(inv.packages[2].owner, 0);
	arena_done(&a);
}

/* Of the packages that stay, what they need keeps its meaning. */
static void test_keep(void **state)
{
	struct arena a = { 0 };
	size_t needs[] = { 1, 2 };
	struct package p[] = {
		{ .type = S("deb"), .name = S("d"), .owner = -1 },
		{ .type = S("npm"), .name = S("n"), .owner = 0, .needs = needs, .n_needs = 2 },
		{ .type = S("npm"), .name = S("o"), .owner = -1 }
	};
	struct inventory inv = { .arena = &a, .packages = p, .n_packages = 3 };
	(void)state;
	inventory_keep(&inv, true, true);
	assert_int_equal(inv.n_packages, 3);
	inventory_drop_packaged_programs(&inv);
	assert_int_equal(inv.n_packages, 3);
	inventory_keep(&inv, false, true);
	assert_int_equal(inv.n_packages, 2);
	assert_true(str_eq(inv.packages[0].name, S("n")));
	assert_int_equal(inv.packages[0].owner, -1);
	assert_int_equal(inv.packages[0].n_needs, 2);
	assert_int_equal(inv.packages[0].needs[0], 0);
	assert_int_equal(inv.packages[0].needs[1], 1);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_purl),   cmocka_unit_test(test_doubles),
		cmocka_unit_test(test_keep),   cmocka_unit_test(test_programs),
		cmocka_unit_test(test_layers),
	};
	return cmocka_run_group_tests_name("analyze/inventory", tests, NULL, NULL);
}
