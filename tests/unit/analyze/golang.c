/* Go build information and cargo-auditable lists in executables of every family, good and broken; go.mod and go.sum. */
#include "analyze/golang.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "expected.h"

extern const struct analyzer analyzer_golang, analyzer_gomod, analyzer_rust;

static const struct analyzer *analyzer_of(const char *name)
{
	return strncmp(name, "rust", 4) == 0 ? &analyzer_rust : &analyzer_golang;
}

static void check_go(const char *name, const struct record_file *f)
{
	const struct record_package *app = expected_find(f, "example.com/app", "v1.4.0-rc.1");
	const struct record_package *three = expected_find(f, "example.com/three", "");
	const struct record_package *fork = expected_find(f, "example.com/fork", "v2.0.1");
	const struct record_package *lib = expected_find(f, "stdlib", NULL);
	if (!app || !three || !fork || !lib || f->n_packages != 5)
		fail_msg("%s: %zu packages, %.*s", name, f->n_packages, STR(f->unreadable));
	assert_non_null(expected_find(f, "example.com/one", "v1.2.3"));
	expected_str(name, app->type, S("golang"));
	expected_str(name, expected_attr(app, "relation"), S("root"));
	expected_str(name, expected_attr(app, "vcs.revision"), S("0123456789abcdef"));
	expected_str(name, expected_attr(app, "-ldflags"), S(""));
	expected_str(name, expected_attr(three, "replaced-by"), S("./three"));
	expected_str(name, expected_attr(fork, "replaces"), S("example.com/two@v2.0.0"));
	expected_str(name, lib->version, strstr(name, "pointer") ? S("v1.15.2") : S("v1.22.1"));
}

static void check_rust(const char *name, const struct record_file *f)
{
	const struct record_package *app = expected_find(f, "app", "0.1.0"),
				    *cc = expected_find(f, "cc", "1.0.0");
	if (!app || !cc || !expected_find(f, "libc", "0.2.100") || f->n_packages != 3)
		fail_msg("%s: %zu packages, %.*s", name, f->n_packages, STR(f->unreadable));
	expected_str(name, app->type, S("cargo"));
	expected_str(name, expected_attr(app, "relation"), S("root"));
	expected_str(name, expected_attr(app, "source"), S("local"));
	expected_str(name, expected_attr(cc, "dev"), S("true"));
	assert_int_equal(app->depends.n, 2);
	expected_str(name, app->depends.v[0], S("libc@0.2.100"));
	expected_str(name, app->depends.v[1], S("cc@1.0.0"));
}

/* Every file of a folder; what it gave, or why not. */
static size_t each(const char *folder, void (*check)(const char *name, const struct record_file *f))
{
	char path[4096];
	size_t n = 0;
	snprintf(path, sizeof path, "%s/%s", getenv("LAZARET_TESTS"), folder);
	DIR *dir = opendir(path);
	assert_non_null(dir);
	for (struct dirent *x; (x = readdir(dir)); n++) {
		CLEANUP(buf_done) struct buf b = { 0 };
		struct drive d;
		if (x->d_name[0] == '.' || strcmp(x->d_name, "make.py") == 0)
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, x->d_name);
		assert_true(drive_read("LAZARET_TESTS", path, &b));
		drive_init(&d, analyzer_of(x->d_name));
		d.spool = n & 1;
		assert_true(drive_wants(d.analyzer, "usr/bin/x"));
		struct file file = { .path = S("usr/bin/x"), .size = b.n };
		assert_true(d.analyzer->wants(&file, str_upto(str_buf(&b), 64)));
		drive_file(&d, "usr/bin/x", str_buf(&b), 0);
		check(x->d_name, drive_record(&d, "usr/bin/x"));
		drive_done(&d);
	}
	closedir(dir);
	return n;
}

static void check_good(const char *name, const struct record_file *f)
{
	if (!f || f->unreadable.n)
		fail_msg("%s: %.*s", name, STR(f ? f->unreadable : S("nothing")));
	(strncmp(name, "rust", 4) == 0 ? check_rust : check_go)(name, f);
}

static void test_good(void **state)
{
	(void)state;
	assert_true(each("data/executable", check_good) >= 17);
}

static void check_bad(const char *name, const struct record_file *f)
{
	if (!f || !f->unreadable.n)
		fail_msg("%s was read", name);
	if (getenv("LAZARET_VERBOSE"))
		print_message("%s: %.*s\n", name, STR(f->unreadable));
}

static void test_reject(void **state)
{
	(void)state;
	assert_true(each("reject/executable", check_bad) >= 25);
}

/* Bodies that are no programs are none of ours, and are not reported. */
static void test_others(void **state)
{
	static const struct str bodies[] = {
		S("#!/bin/sh\nexec true; exec true; exec true\n"),
		S("\xca\xfe\xba\xbe\0\0\0\x34 a class of Java 8, a class"),
		S("\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\1\0\x3e\0 an object file"),
		S("MZ"),
		S(""),
	};
	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		struct drive d;
		struct file file = { .path = S("x"), .size = bodies[i].n };
		assert_false(analyzer_golang.wants(&file, bodies[i]));
		assert_false(analyzer_rust.wants(&file, bodies[i]));
		if (i == 2)
			continue;
		drive_init(&d, &analyzer_golang);
		assert_int_equal(drive_file(&d, "x", bodies[i], 0), 0);
		assert_int_equal(d.record.n_files, 0);
		drive_done(&d);
	}
}

static void test_versions(void **state)
{
	static const struct {
		const char *text, *version;
	} t[] = {
		{ "go1.22.1", "v1.22.1" },
		{ "go1.22", "v1.22" },
		{ "go1.22rc1", "v1.22.0-rc.1" },
		{ "go1.9beta2", "v1.9.0-beta.2" },
		{ "go1.20.12 (Red Hat 1.20.12-1.el9)", "v1.20.12" },
		{ "go1.21.5 X:boringcrypto", "v1.21.5" },
		{ "devel go1.21-1234567 Tue Feb 7", "v1.21-1234567" },
		{ "devel +abcdef", "" },
		{ "go", "" },
		{ "", "" },
	};
	static const struct {
		const char *flags, *version;
	} x[] = {
		{ "-X main.version=v1.0.0", "v1.0.0" },
		{ "\"-w -X main.version=v1.0.0\"", "v1.0.0" },
		{ "\"-w -X 'main.Version=1.2'\"", "v1.2" },
		{ "-X=main.version=1.2.3+dirty", "v1.2.3+dirty" },
		{ "-X example.com/a/version.Version=v2.0.0", "v2.0.0" },
		{ "-X example.com/abc.Version=v2.0.0", "" },
		{ "-X other.org/x.Version=v2.0.0", "" },
		{ "-X main.version=v1.0.0 -X main.ver=v1.0.0", "v1.0.0" },
		{ "-X main.version=v1.0.0 -X main.ver=v1.0.1", "" },
		{ "-X example.com/a.Version=v3.0.0 -X main.version=v1.0.0", "v1.0.0" },
		{ "-X main.version=unknown", "" },
		{ "-X main.goVersion=1.2.3", "" },
		{ "-X main.version=1.2.3;rm", "" },
		{ "-X", "" },
		{ "\"", "" },
		{ "'", "" },
	};
	struct arena a = { 0 };
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++)
		expected_str(t[i].text, golang_stdlib_version(&a, str_of(t[i].text)),
			     str_of(t[i].version));
	for (size_t i = 0; i < COUNT(x); i++)
		expected_str(x[i].flags,
			     golang_ldflags_version(&a, str_of(x[i].flags), S("example.com/a")),
			     str_of(x[i].version));
	arena_done(&a);
}

static const char gomod_text[] = "module \"example.com/m\" // that is us\n"
				 "go 1.21\r\n"
				 "require (\n"
				 "\ta.org/a v1.0.0\n"
				 "\tb.org/b v1.0.0 // indirect\n"
				 "\tc.org/c v1.0.0 // indirect; because\n"
				 ")\n"
				 "require d.org/d v1.0.0\n"
				 "require e.org/e v1.0.0\n"
				 "exclude e.org/e v1.0.0\n"
				 "exclude a.org/a v1.1.0\n"
				 "replace (\n"
				 "\ta.org/a v0.9.0 => ./nothing\n"
				 "\tb.org/b v1.0.0 => fork.org/b v1.0.1\n"
				 "\td.org/d => ../d\n"
				 ")\n";

static void test_gomod(void **state)
{
	struct drive d;
	(void)state;
	assert_true(analyzer_gomod.lockfile);
	drive_init(&d, &analyzer_gomod);
	drive_file(&d, "p/go.sum", S("x.org/x v1.0.0 h1:x\n"), 0);
	assert_int_equal(drive_file(&d, "p/go.mod", str_of(gomod_text), 0), 0);
	assert_int_equal(
		drive_file(
			&d, "go.sum",
			S("x.org/x v1.0.0 h1:x\nx.org/x v1.1.0 h1:y\nx.org/x v1.2.0/go.mod h1:z\n"),
			0),
		0);
	assert_int_equal(
		drive_file(&d, "old/go.sum", S("a.org/a v1.0.0 h1:x\nx.org/x v1.0.0 h1:x\n"), 0),
		0);
	drive_file(&d, "old/go.mod",
		   S("module m\nrequire a.org/a v1.1.0\nrequire x.org/x v0.9.0 // indirect\n"), 0);
	assert_int_equal(drive_finish(&d), 0);
	const struct record_file *f = drive_record(&d, "p/go.mod");
	assert_int_equal(f->n_packages, 7);
	expected_str("root", expected_attr(expected_find(f, "example.com/m", ""), "relation"),
		     S("root"));
	assert_non_null(expected_find(f, "stdlib", "v1.21"));
	assert_non_null(expected_find(f, "a.org/a", "v1.0.0"));
	expected_str("b", expected_attr(expected_find(f, "fork.org/b", "v1.0.1"), "relation"),
		     S("indirect"));
	expected_str("c", expected_attr(expected_find(f, "c.org/c", "v1.0.0"), "relation"),
		     S("indirect"));
	expected_str("d", expected_attr(expected_find(f, "d.org/d", ""), "replaced-by"), S("../d"));
	expected_str("e", expected_attr(expected_find(f, "e.org/e", ""), "excluded"), S("true"));
	assert_int_equal(drive_record(&d, "p/go.sum")->n_packages, 0);
	f = drive_record(&d, "go.sum");
	assert_true(f->n_packages == 1 && expected_find(f, "x.org/x", "v1.1.0"));
	f = drive_record(&d, "old/go.sum");
	assert_true(f->n_packages == 1 && expected_find(f, "x.org/x", "v1.0.0"));
	assert_int_equal(drive_record(&d, "old/go.mod")->n_packages, 2);
	drive_done(&d);
}

static void test_gomod_reject(void **state)
{
	static const struct {
		const char *path;
		struct str text;
	} t[] = {
		{ "go.mod", S("") },
		{ "go.mod", S("a\0b") },
		{ "go.mod", S("<html>") },
		{ "go.sum", S("a.org/a v1.0.0\n") },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct drive d;
		drive_init(&d, &analyzer_gomod);
		assert_true(drive_file(&d, t[i].path, t[i].text, 0) < 0);
		drive_done(&d);
	}
}

/* The shared data. */
static bool load(const char *folder, const char *file, struct buf *out)
{
	char path[300];
	snprintf(path, sizeof path, "packages/%s/%s", folder, file);
	return drive_read("LAZARET_TEST_DATA", path, out);
}

static void check_shared(const struct analyzer *z, const char *folder)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	CLEANUP(cleanup_json) struct json *j = NULL;
	struct err e;
	if (!load(folder, "expected.json", &text))
		skip();
	assert_int_equal(json_parse(str_buf(&text), &j, &e), 0);
	JSON_EACH(x, j)
	{
		CLEANUP(buf_done) struct buf body = { 0 };
		struct drive d;
		const char *name = json_key(x).p;
		load(folder, name, &body);
		drive_init(&d, z);
		drive_file(&d, name, str_buf(&body), 0);
		assert_int_equal(drive_finish(&d), 0);
		expected_list(name, drive_record(&d, name),
			      json_is_array(x) ? x : json_get(x, "packages"));
		drive_done(&d);
	}
}

static void test_shared_binaries(void **state)
{
	(void)state;
	check_shared(&analyzer_golang, "go-binary");
}

static void test_shared_gomod(void **state)
{
	(void)state;
	check_shared(&analyzer_gomod, "go-mod");
}

static void test_shared_rust(void **state)
{
	CLEANUP(buf_done) struct buf body = { 0 };
	struct drive d;
	(void)state;
	if (!load("rust-binary", "test.elf", &body))
		skip();
	drive_init(&d, &analyzer_rust);
	assert_int_equal(drive_file(&d, "test.elf", str_buf(&body), 0), 0);
	const struct record_file *f = drive_record(&d, "test.elf");
	const struct record_package *root = expected_find(f, "crate_with_features", "0.1.0");
	assert_true(root && f->n_packages == 2 && expected_find(f, "library_crate", "0.1.0"));
	expected_str("root", expected_attr(root, "relation"), S("root"));
	assert_int_equal(root->depends.n, 1);
	expected_str("depends", root->depends.v[0], S("library_crate@0.1.0"));
	drive_done(&d);
}

/* With paths as arguments it prints what was read from them. */
static int print(int argc, char **argv)
{
	static const struct analyzer *const both[] = { &analyzer_golang, &analyzer_rust };
	setenv("ANY", "/", 1);
	for (int i = 1; i < argc; i++) {
		CLEANUP(buf_done) struct buf b = { 0 };
		drive_read("ANY", argv[i], &b);
		for (size_t k = 0; k < COUNT(both); k++) {
			struct drive d;
			drive_init(&d, both[k]);
			drive_file(&d, argv[i], str_buf(&b), 0);
			const struct record_file *f = drive_record(&d, argv[i]);
			for (size_t j = 0; f && j < f->n_packages; j++)
				printf("%.*s %.*s\n", STR(f->packages[j].name),
				       STR(f->packages[j].version));
			if (f && f->unreadable.n)
				printf("E %s: %.*s\n", argv[i], STR(f->unreadable));
			drive_done(&d);
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_reject),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_gomod),
		cmocka_unit_test(test_gomod_reject),
		cmocka_unit_test(test_shared_binaries),
		cmocka_unit_test(test_shared_gomod),
		cmocka_unit_test(test_shared_rust),
	};
	return argc > 1 ? print(argc, argv) : cmocka_run_group_tests(tests, NULL, NULL);
}
