/* Analyzers of language packages by their tables: what is in tests/data/NAME comes out, what is in tests/reject/NAME is
 * refused, and the published samples give what is expected of them. */
#include "cases.h"

/* name, of its published samples: folder, the path they get, which */
#define ANALYZERS(X) \
	X(gemspec, "packages/ruby", "usr/share/gems/specifications/", "*.gemspec") \
	X(gemfile_lock, "packages/ruby", "Gemfile.lock", "Gemfile*") \
	X(cargo_lock, "packages/rust-lock", "Cargo.lock", "*") \
	X(composer_lock, "packages/php", "composer.lock", "*.lock") \
	X(composer_json, NULL, NULL, NULL) \
	X(composer_installed, "packages/php", "vendor/composer/installed.json", \
	  "*/installed.json") \
	X(nuget_deps, "packages/dotnet", "app/", "*.deps.json") \
	X(nuget_lock, "packages/dotnet", "packages.lock.json", "packages_lock*") \
	X(nuget_config, NULL, NULL, NULL) \
	X(nuget_props, NULL, NULL, NULL) \
	X(nuget_pe, NULL, NULL, NULL) \
	X(mix_lock, NULL, NULL, NULL) \
	X(pubspec_lock, NULL, NULL, NULL) \
	X(swift_resolved, NULL, NULL, NULL) \
	X(podfile_lock, NULL, NULL, NULL) \
	X(julia_manifest, NULL, NULL, NULL) \
	X(conan_lock, NULL, NULL, NULL) \
	X(r_description, NULL, NULL, NULL) \
	X(opkg, NULL, NULL, NULL) \
	X(pacman, NULL, NULL, NULL) \
	X(bitnami, NULL, NULL, NULL) \
	X(rockspec, NULL, NULL, NULL) \
	X(cpan, NULL, NULL, NULL) \
	X(haskell, NULL, NULL, NULL) \
	X(nix, NULL, NULL, NULL)

#define TEST(name, folder, path, names) \
	extern const struct analyzer analyzer_##name; \
	static void test_##name(void **state) \
	{ \
		(void)state; \
		cases_own(&analyzer_##name, #name); \
		run_samples(&analyzer_##name, folder, path, names); \
	}
#define ROW(name, folder, path, names) cmocka_unit_test(test_##name),

static void run_samples(const struct analyzer *z, const char *folder, const char *path,
			const char *names)
{
	struct cases c = { z, "LAZARET_TEST_DATA", folder, path, names };
	if (folder && !cases_run(&c))
		skip();
}

ANALYZERS(TEST)

int main(void)
{
	const struct CMUnitTest tests[] = { ANALYZERS(ROW) };
	return cmocka_run_group_tests_name("analyze/languages", tests, NULL, NULL);
}
