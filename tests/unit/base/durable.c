/* Files that are there whole or not at all. */
#include "base/durable.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <sys/stat.h>

static char dir[] = "/tmp/lazaret-durable-XXXXXX";

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	static const char *const there[] = { "a/b/c", "a/b", "a", "f", "link", "fifo" };
	(void)state;
	for (size_t i = 0; i < COUNT(there); i++)
		remove(there[i]);
	return rmdir(dir);
}

static void test_write(void **state)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	struct err e = { 0 };
	(void)state;
	assert_int_equal(durable_write(AT_FDCWD, "a/b/c", S("one"), true, &e), 0);
	assert_int_equal(durable_replace(S("a/b/c"), S("two two"), &e), 0);
	assert_int_equal(durable_read(AT_FDCWD, "a/b/c", 7, &b, &e), 0);
	assert_string_equal(buf_cstr(&b), "two two");
	assert_int_equal(access("a/b/c.new", F_OK), -1);
	assert_int_equal(durable_read(AT_FDCWD, "a/b/c", 6, &b, &e), ERR_LIMIT);
	assert_int_equal(durable_read(AT_FDCWD, "a/b/d", 6, &b, &e), ERR_NOT_FOUND);
	/* A folder in the way, a file where a folder is wanted. */
	assert_true(durable_replace(S("a/b"), S("x"), &e) < 0);
	assert_true(durable_write(AT_FDCWD, "a/b/c/d", S("x"), true, &e) < 0);
	assert_int_equal(access("a/b.new", F_OK), -1);
}

static void test_strange_files(void **state)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	struct err e = { 0 };
	(void)state;
	assert_int_equal(durable_write(AT_FDCWD, "f", S("x"), false, &e), 0);
	assert_int_equal(symlink("f", "link"), 0);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_true(durable_read(AT_FDCWD, "link", 10, &b, &e) < 0);
	assert_int_equal(durable_read(AT_FDCWD, "fifo", 10, &b, &e),
			 ERR_INVALID); /* does not wait */
	assert_int_equal(durable_read(AT_FDCWD, ".", 10, &b, &e), ERR_INVALID);
	assert_true(durable_write(AT_FDCWD, "link", S("y"), false, &e) < 0);
	/* A link is replaced, not followed. */
	assert_int_equal(durable_replace(S("link"), S("y"), &e), 0);
	assert_int_equal(durable_read(AT_FDCWD, "f", 10, &b, &e), 0);
	assert_string_equal(buf_cstr(&b), "x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_strange_files),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
