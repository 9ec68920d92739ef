/* apk: the installed database; published samples of the shared test data. */
#include "drive.h"

#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

extern const struct analyzer analyzer_apk;

static const size_t chunks[] = { 0, 1, 7, 4096 };
static const char *const path = "lib/apk/db/installed";

#define assert_str(have, want) assert_true(str_eq((have), S(want)))

static void check_own(struct drive *d)
{
	const struct record_file *f = drive_record(d, path);
	assert_int_equal(f->n_packages, 2);
	const struct record_package *p = &f->packages[0];
	assert_str(p->type, "apk");
	assert_str(p->name, "libfoo");
	assert_str(p->version, "1.2.3-r4");
	assert_str(p->arch, "x86_64");
	assert_str(p->source_name, "foo");
	assert_str(p->source_version, "1.2.3-r4");
	assert_str(p->licences.v[0], "MIT AND Zlib");
	assert_int_equal(p->depends.n, 2);
	assert_str(p->provides.v[1], "cmd:foo=1.2.3-r4");
	assert_str(record_attr(p->attrs, p->n_attrs, S("maintainer")),
		   "Some One <one@example.org>");
	assert_int_equal(p->n_owned, 4);
	assert_str(p->owned[0].path, "top");
	assert_int_equal(p->owned[0].alg, DIGEST_SHA1);
	assert_memory_equal(
		p->owned[0].sum,
		"\xd5\x0e\xe1\x35\xef\x10\xa4\x34\xb9\xdf\x58\x2e\xa8\x27\x6b\x5c\x1c\xe8\x03\xfa",
		20);
	assert_str(p->owned[1].path, "usr/lib/libfoo.so.1");
	assert_int_equal(p->owned[1].alg, DIGEST_SHA256);
	assert_memory_equal(p->owned[1].sum, "\xe3\xb0\xc4\x42", 4);
	assert_int_equal(p->owned[2].alg, DIGEST_MD5);
	assert_int_equal(p->owned[3].alg, DIGEST_NONE);
	assert_str(f->packages[1].name, "last");
	assert_str(f->packages[1].source_name, "last");
	/* impossible names, broken, noversion */
	assert_int_equal(d->record.n_notes, 3);
}

static void test_own(void **state)
{
	(void)state;
	struct buf text = { 0 };
	assert_true(drive_read("LAZARET_TESTS", "data/apk/installed", &text));
	for (size_t i = 0; i < COUNT(chunks); i++) {
		struct drive d;
		drive_init(&d, &analyzer_apk);
		assert_int_equal(drive_file(&d, path, str_buf(&text), chunks[i]), 0);
		check_own(&d);
		drive_done(&d);
	}
	buf_done(&text);
	assert_true(drive_wants(&analyzer_apk, "usr/lib/apk/db/installed"));
	assert_false(drive_wants(&analyzer_apk, "x/lib/apk/db/installed"));
}

static void test_limits(void **state)
{
	(void)state;
	struct drive d;
	drive_init(&d, &analyzer_apk);
	d.limits.packages = 1;
	assert_int_equal(drive_file(&d, path, S("P:a\nV:1\n\nP:b\nV:1\n"), 0), ERR_LIMIT);
	assert_int_equal(drive_record(&d, path)->n_packages, 1);
	drive_done(&d);
	drive_init(&d, &analyzer_apk);
	d.limits.owned_files = 1;
	assert_int_equal(drive_file(&d, path, S("P:a\nV:1\nF:usr\nR:a\nR:b\n"), 0), ERR_LIMIT);
	drive_done(&d);
}

/* Where the list of the file is that of expected.json, in the same order. */
static bool same_strings(const struct json *want,
			 struct str (*get)(const struct record_package *p, size_t i),
			 const struct record_package *p, size_t n)
{
	size_t i = 0;
	JSON_EACH(x, want)
	{
		if (i == n || !str_eq(get(p, i), json_str(x)))
			return false;
		i++;
	}
	return i == n;
}

static struct str get_depends(const struct record_package *p, size_t i)
{
	return p->depends.v[i];
}

static struct str get_provides(const struct record_package *p, size_t i)
{
	return p->provides.v[i];
}

static struct str get_file(const struct record_package *p, size_t i)
{
	return p->owned[i].path;
}

static void compare(const char *name, const struct record_file *f, const struct json *expected)
{
	size_t i = 0;
	JSON_EACH(x, expected)
	{
		if (i == f->n_packages)
			fail_msg("%s: only %zu packages", name, i);
		const struct record_package *p = &f->packages[i++];
		if (!str_eq(p->name, json_get_str(x, "name")) ||
		    !str_eq(p->version, json_get_str(x, "version")) ||
		    !str_eq(p->arch, json_get_str(x, "arch")) ||
		    !str_eq(p->source_name, json_get_str(x, "source")) ||
		    !str_eq(p->licences.n ? p->licences.v[0] : S(""), json_get_str(x, "license")))
			fail_msg("%s: %.*s %.*s of %.*s", name, STR(p->name), STR(p->version),
				 STR(p->source_name));
		if (!same_strings(json_get(x, "depends"), get_depends, p, p->depends.n) ||
		    !same_strings(json_get(x, "provides"), get_provides, p, p->provides.n))
			fail_msg("%s: %.*s depends or provides", name, STR(p->name));
		if (!same_strings(json_get(x, "files"), get_file, p, p->n_owned))
			fail_msg("%s: %.*s has other files", name, STR(p->name));
	}
	if (i != f->n_packages)
		fail_msg("%s: %zu packages, expected %zu", name, f->n_packages, i);
}

static void test_samples(void **state)
{
	static const char *const names[] = { "apko-redis-operator-compat",
					     "apko-root",
					     "apko-wolfi-base",
					     "syft-corrupt",
					     "syft-multiple-1",
					     "syft-multiple-2" };
	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct buf text = { 0 }, want = { 0 };
		struct json *tree = NULL;
		struct err e;
		char file[200], expected[200];
		snprintf(file, sizeof file, "packages/apk/%s.installed", names[i]);
		snprintf(expected, sizeof expected, "packages/apk/%s.expected.json", names[i]);
		if (!drive_read("LAZARET_TEST_DATA", file, &text) ||
		    !drive_read("LAZARET_TEST_DATA", expected, &want)) {
			skip();
			return;
		}
		assert_int_equal(json_parse(str_buf(&want), &tree, &e), 0);
		for (size_t k = 0; k < COUNT(chunks); k++) {
			struct drive d;
			drive_init(&d, &analyzer_apk);
			assert_int_equal(drive_file(&d, path, str_buf(&text), chunks[k]), 0);
			compare(names[i], drive_record(&d, path), tree);
			drive_done(&d);
		}
		json_free(tree);
		buf_done(&text);
		buf_done(&want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_samples),
	};
	return cmocka_run_group_tests_name("analyze/apk", tests, NULL, NULL);
}
