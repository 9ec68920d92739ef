/* What analyzers of packages join after the fold: pacman's lists of files, assemblies beside a deps.json, Perl's lists
 * without a version. */
#include "drive.h"

#include "analyze/inventory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

extern const struct analyzer analyzer_composer_lock, analyzer_composer_json;
extern const struct analyzer analyzer_gemfile_lock, analyzer_pacman, analyzer_nuget_pe,
	analyzer_nuget_deps, analyzer_cpan;
#define DIR "var/lib/pacman/local/a-1/"

static int give_from(struct drive *d, const char *folder, const char *from, const char *path)
{
	struct buf body = { 0 };
	char name[200];
	snprintf(name, sizeof name, "data/%s/%s", folder, from);
	assert_true(drive_read("LAZARET_TESTS", name, &body));
	int r = drive_file(d, path, str_buf(&body), 0);
	buf_done(&body);
	return r;
}

static int give(struct drive *d, const char *path)
{
	return give_from(d, "pacman", path, path);
}

static void test_pacman(void **state)
{
	(void)state;
	struct drive d;
	struct fold fold;
	struct inventory inv;
	struct err e;
	drive_init(&d, &analyzer_pacman);
	assert_int_equal(give(&d, DIR "desc"), 0);
	assert_int_equal(give(&d, DIR "mtree"), 0);
	drive_fold(&d, &fold);
	drive_inventory(&d, &fold, &inv);
	assert_int_equal(analyzer_pacman.join(&fold, &inv, &e), 0);
	assert_int_equal(inv.n_packages, 1);
	assert_int_equal(inv.packages[0].n_owned, 1);
	const struct owned_file *o = &inv.packages[0].owned[0];
	assert_true(str_eq(o->path, S("usr/bin/a b")));
	assert_int_equal(o->alg, DIGEST_SHA256);
	assert_memory_equal(o->sum, "\xca\x97\x81\x12", 4);
	assert_false(o->is_dir);
	drive_done(&d);
}

static void test_pacman_limit(void **state)
{
	(void)state;
	struct drive d;
	drive_init(&d, &analyzer_pacman);
	d.limits.owned_files = 0;
	assert_int_equal(give(&d, DIR "mtree"), ERR_LIMIT);
	drive_done(&d);
}

/* One assembly lies beside a deps.json, another alone. */
static void test_nuget_pe(void **state)
{
	(void)state;
	struct drive d;
	struct fold fold;
	struct inventory inv;
	struct err e;
	const char *const dll = "app/Acme.Json.dll";
	drive_init(&d, &analyzer_nuget_pe);
	assert_int_equal(give_from(&d, "nuget_pe", dll, "app/a.dll"), 0);
	assert_int_equal(give_from(&d, "nuget_pe", dll, "alone/a.dll"), 0);
	d.analyzer = &analyzer_nuget_deps;
	assert_int_equal(give_from(&d, "nuget_deps", "first.deps.json", "app/x.deps.json"), 0);
	drive_fold(&d, &fold);
	drive_inventory(&d, &fold, &inv);
	assert_int_equal(inv.n_packages, 3);
	assert_int_equal(analyzer_nuget_pe.join(&fold, &inv, &e), 0);
	assert_int_equal(inv.n_packages, 2);
	assert_true(str_eq(inv.packages[0].path, S("alone/a.dll")));
	assert_true(str_eq(inv.packages[1].path, S("app/x.deps.json")));
	drive_done(&d);
}

/* Of two lists one has its version in perllocal.pod. */
static void test_cpan(void **state)
{
	(void)state;
	struct drive d;
	struct fold fold;
	struct inventory inv;
	struct err e;
	drive_init(&d, &analyzer_cpan);
	assert_int_equal(give_from(&d, "cpan", "usr/local/lib/perl5/5.36/perllocal.pod",
				   "lib/perllocal.pod"),
			 0);
	assert_int_equal(drive_file(&d, "lib/auto/Foo/Bar/.packlist", S(""), 0), 0);
	assert_int_equal(drive_file(&d, "lib/auto/Other/.packlist", S(""), 0), 0);
	drive_fold(&d, &fold);
	drive_inventory(&d, &fold, &inv);
	assert_int_equal(analyzer_cpan.join(&fold, &inv, &e), 0);
	assert_int_equal(inv.n_not_examined, 1);
	assert_true(str_eq(inv.not_examined[0].path, S("lib/auto/Other/.packlist")));
	assert_true(str_starts(inv.not_examined[0].reason, S("Other is installed")));
	drive_done(&d);
}

/* In the lockfile b is needed by a; the project asks for it too. */
static void test_composer(void **state)
{
	static const char lock[] =
		"{\"packages\":[{\"name\":\"v/a\",\"version\":\"1\",\"require\":"
		"{\"v/b\":\"*\",\"v/c\":\"*\"}},{\"name\":\"v/b\",\"version\":\"2\"},"
		"{\"name\":\"v/c\",\"version\":\"3\"}]}";
	(void)state;
	struct drive d;
	struct fold fold;
	struct inventory inv;
	struct err e;
	drive_init(&d, &analyzer_composer_lock);
	assert_int_equal(drive_file(&d, "p/composer.lock", str_of(lock), 0), 0);
	d.analyzer = &analyzer_composer_json;
	assert_int_equal(drive_file(&d, "p/composer.json",
				    S("{\"require\":{\"php\":\"8\",\"v/a\":\"*\",\"v/b\":\"*\"}}"),
				    0),
			 0);
	drive_fold(&d, &fold);
	drive_inventory(&d, &fold, &inv);
	assert_int_equal(analyzer_composer_lock.join(&fold, &inv, &e), 0);
	assert_int_equal(inv.n_packages, 3);
	assert_int_equal(inv.packages[1].relation, RELATION_DIRECT);
	assert_int_equal(inv.packages[2].relation, RELATION_INDIRECT);
	struct file vendored = { .path = S("p/vendor/v/a/composer.json") };
	assert_false(analyzer_composer_json.wants(&vendored, S("")));
	drive_done(&d);
}

/* What came with an installed package is not the project's. */
static void test_wants(void **state)
{
	static const struct {
		const char *path;
		bool wanted;
	} cases[] = {
		{ "srv/app/Gemfile.lock", true },
		{ "var/lib/gems/3.1.0/gems/steep-1.1.1/Gemfile.lock", false },
		{ "srv/gems/engine/Gemfile.lock", true },
		{ "srv/gems/Gemfile-1.lock", true },
		{ "root/.cargo/registry/src/index-1/dep-1.0.0/Cargo.lock", false },
		{ "srv/registry/src.lock", true },
		{ "srv/node_modules/x/Gemfile.lock", false },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct file f = { .path = str_of(cases[i].path) };
		if (analyzer_gemfile_lock.wants(&f, S("")) != cases[i].wanted)
			fail_msg("%s", cases[i].path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pacman),	 cmocka_unit_test(test_pacman_limit),
		cmocka_unit_test(test_nuget_pe), cmocka_unit_test(test_cpan),
		cmocka_unit_test(test_wants),	 cmocka_unit_test(test_composer),
	};
	return cmocka_run_group_tests_name("analyze/language_joins", tests, NULL, NULL);
}
