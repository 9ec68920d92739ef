/* Sorting in memory and through runs: the same order, stable. */
#include "vuln/sorter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>

static void check(unsigned n, size_t memory, size_t pad)
{
	struct sorter *s CLEANUP(cleanup_sorter) = NULL;
	struct err e;
	char *filler = calloc(1, pad + 1), last[32] = "";
	struct str key, value;
	unsigned seen = 0, r = 12345, last_value = 0;
	assert_int_equal(sorter_open(S("/tmp"), memory, &s, &e), 0);
	for (unsigned i = 0; i < n; i++) {
		char k[32];
		r = r * 1103515245 + 12345;
		int len = snprintf(k, sizeof k, "%s%u", r & 256 ? "a long prefix " : "",
				   r >> 20 & 1023);
		memcpy(filler, &i, sizeof i);
		assert_int_equal(sorter_add(s, (struct str){ k, (size_t)len },
					    (struct str){ filler, pad }, &e),
				 0);
	}
	while (sorter_next(s, &key, &value, &e) == 1) {
		unsigned v;
		assert_int_equal(value.n, pad);
		memcpy(&v, value.p, sizeof v);
		int c = str_cmp(str_of(last), key);
		assert_true(seen == 0 || c < 0 || (c == 0 && last_value < v));
		snprintf(last, sizeof last, "%.*s", STR(key));
		last_value = v;
		seen++;
	}
	assert_int_equal(seen, n);
	assert_int_equal(sorter_next(s, &key, &value, &e), 0);
	free(filler);
}

static void test_sort(void **state)
{
	(void)state;
	check(0, 0, 4);
	check(1, 0, 4);
	check(5000, 64 << 20, 4);
	check(30000, 1 << 20, 200);
	check(5, 1 << 20, 3 << 20);
}

static void test_bad_folder(void **state)
{
	struct sorter *s = NULL;
	struct err e;
	(void)state;
	assert_int_equal(sorter_open(S("/nowhere/at/all"), 0, &s, &e), ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_sort),
					    cmocka_unit_test(test_bad_folder) };
	return cmocka_run_group_tests_name("vuln/sorter", tests, NULL, NULL);
}
