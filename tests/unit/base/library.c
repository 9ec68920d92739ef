/* Loading libraries by name. */
#include "base/library.h"

#include "base/cleanup.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void test_load(void **state)
{
	size_t (*length)(const char *) = NULL;
	void *other = NULL;
	const struct library_symbol good[] = { { "strlen", &length } },
				    bad[] = { { "strlen", &length },
					      { "no_such_function", &other } };
	struct err e = { 0 };
	(void)state;
	assert_int_equal(library_load("libc.so.6", good, COUNT(good), &e), 0);
	assert_int_equal(length("four"), 4);
	assert_int_equal(library_load("libc.so.6", bad, COUNT(bad), &e), ERR_UNSUPPORTED);
	assert_true(str_find(str_of(e.text), S("no_such_function")) > 0);
	assert_null(other);
	assert_int_equal(library_load("libno-such.so.1", good, COUNT(good), &e), ERR_UNSUPPORTED);
	assert_true(str_find(str_of(e.text), S("libno-such.so.1")) >= 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_load) };
	return cmocka_run_group_tests_name("base/library", tests, NULL, NULL);
}
