/* YARA rules: what matches where, from memory and from a spool; limits; rules that are refused. */
#include "drive.h"

#include "analyze/yara.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

extern const struct analyzer analyzer_yara;

static const char rules[] = "rule a { meta: author = \"x\" description = \"bad thing\" strings: $a "
			    "= \"evil\" condition: $a }"
			    "rule b { strings: $b = { de ad be ef } condition: $b at 4 }"
			    "private rule c { condition: true }";

static void test_match(void **state)
{
	const struct analysis_options o = { .scanners = SCAN_MALWARE,
					    .yara_rules = { rules, sizeof rules - 1 } };
	(void)state;
	for (int spool = 0; spool < 2; spool++) {
		struct drive d;
		drive_init(&d, &analyzer_yara);
		d.an.options = &o;
		d.spool = spool;
		assert_int_equal(drive_file(&d, "clean", S("nothing here"), 0), 0);
		assert_int_equal(drive_file(&d, "one", S("an evil thing"), 0), 0);
		assert_int_equal(drive_file(&d, "two", S("evil\xde\xad\xbe\xef"), 0), 0);
		assert_null(drive_record(&d, "clean"));
		struct record_file *f = drive_record(&d, "one");
		assert_non_null(f);
		assert_int_equal(f->n_marks, 1);
		assert_true(str_eq(f->marks[0].kind, S("malware")));
		assert_true(str_eq(f->marks[0].rule, S("a")));
		assert_true(str_eq(f->marks[0].text, S("bad thing")));
		assert_int_equal(drive_record(&d, "two")->n_marks, 2);
		drive_finish(&d);
		drive_done(&d);
	}
}

static void test_limit(void **state)
{
	struct drive d;
	struct buf b = { 0 };
	(void)state;
	for (int i = 0; i < 150; i++)
		buf_addf(&b, "rule r%d { condition: true }\n", i);
	const struct analysis_options o = { .yara_rules = str_buf(&b) };
	drive_init(&d, &analyzer_yara);
	d.an.options = &o;
	assert_int_equal(drive_file(&d, "x", S("y"), 0), ERR_LIMIT);
	assert_int_equal(drive_record(&d, "x")->n_marks, 100);
	assert_true(drive_record(&d, "x")->unreadable.n > 0);
	drive_finish(&d);
	drive_done(&d);
	buf_done(&b);
}

static void test_reject(void **state)
{
	static const char *const files[] = { "condition", "include", "magic", "cuckoo",
					     "module",	  "cut",     "regex", "nul" };
	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		struct buf b = { 0 };
		struct err e;
		char name[100];
		snprintf(name, sizeof name, "reject/yara/%s.yar", files[i]);
		assert_true(drive_read("LAZARET_TESTS", name, &b));
		if (yara_check(str_buf(&b), &e) != ERR_INVALID)
			fail_msg("%s is taken", name);
		assert_true(strlen(e.text) > 10);
		buf_done(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_reject),
	};
	return cmocka_run_group_tests_name("analyze/yara", tests, NULL, NULL);
}
