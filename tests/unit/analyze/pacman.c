/* pacman: the list of files beside a package becomes its own, bounded. */
#include "drive.h"

#include "analyze/inventory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

extern const struct analyzer analyzer_pacman;
#define DIR "var/lib/pacman/local/a-1/"

static int give(struct drive *d, const char *path)
{
	struct buf body = { 0 };
	char name[200];
	snprintf(name, sizeof name, "data/pacman/%s", path);
	assert_true(drive_read("LAZARET_TESTS", name, &body));
	int r = drive_file(d, path, str_buf(&body), 0);
	buf_done(&body);
	return r;
}

static void test_join(void **state)
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

static void test_limit(void **state)
{
	(void)state;
	struct drive d;
	drive_init(&d, &analyzer_pacman);
	d.limits.owned_files = 0;
	assert_int_equal(give(&d, DIR "mtree"), ERR_LIMIT);
	drive_done(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_limit),
	};
	return cmocka_run_group_tests_name("analyze/pacman", tests, NULL, NULL);
}
