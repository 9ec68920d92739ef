/* dpkg: status files, file lists, sums, diversions; published samples of the shared test data. */
#include "drive.h"

#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

extern const struct analyzer analyzer_dpkg, analyzer_dpkg_files;

static const size_t chunks[] = { 0, 1, 7, 4096 };

#define assert_str(have, want) assert_true(str_eq((have), S(want)))

static struct str attr(const struct record_package *p, const char *key)
{
	return record_attr(p->attrs, p->n_attrs, str_of(key));
}

static void check_status(const struct drive *d, const struct record_file *f)
{
	static const char *const want[][6] = {
		{ "held", "1:2.0-3+b2", "amd64", "held", "1:2.0-3", "" },
		{ "held", "1:2.0-3+b2", "i386", "held-src", "1:2.0-3", "" },
		{ "half", "0.1", "all", "half-src", "0.1", "half-installed" },
		{ "unpacked", "0.2+b", "all", "unpacked", "0.2+b", "unpacked" },
		{ "leaving", "0.4", "all", "leaving", "0.4", "" },
		{ "last", "9", "", "last", "9", "" },
	};
	assert_int_equal(f->n_packages, COUNT(want));
	for (size_t i = 0; i < COUNT(want); i++) {
		const struct record_package *p = &f->packages[i];
		const struct str have[] = { p->name,	    p->version,	       p->arch,
					    p->source_name, p->source_version, attr(p, "status") };
		for (size_t k = 0; k < COUNT(have); k++)
			if (!str_eq(have[k], str_of(want[i][k])))
				fail_msg("package %zu, %zu: '%.*s'", i, k, STR(have[k]));
		assert_str(p->type, "deb");
	}
	const struct record_package *held = &f->packages[0];
	assert_str(attr(held, "hold"), "true");
	assert_str(attr(held, "multi-arch"), "same");
	assert_str(attr(held, "maintainer"), "Some One <one@example.org>");
	assert_str(attr(&f->packages[2], "flag"), "reinstreq");
	assert_int_equal(held->depends.n, 4);
	assert_str(held->depends.v[0], "libc6 (>= 2.34)");
	assert_str(held->depends.v[3], "libd");
	assert_int_equal(f->packages[5].provides.n, 2);
	assert_int_equal(held->n_owned, 2);
	assert_str(held->owned[0].path, "etc/held.conf");
	assert_int_equal(held->owned[0].alg, DIGEST_MD5);
	assert_int_equal(held->owned[1].alg, DIGEST_NONE);
	/* noversion, bad name, broken */
	assert_int_equal(d->record.n_notes, 3);
}

static void test_status(void **state)
{
	(void)state;
	struct buf text = { 0 };
	assert_true(drive_read("LAZARET_TESTS", "data/dpkg/status", &text));
	for (size_t i = 0; i < COUNT(chunks); i++) {
		struct drive d;
		drive_init(&d, &analyzer_dpkg);
		assert_int_equal(drive_file(&d, "var/lib/dpkg/status", str_buf(&text), chunks[i]),
				 0);
		check_status(&d, drive_record(&d, "var/lib/dpkg/status"));
		drive_done(&d);
	}
	buf_done(&text);
}

static void test_limits(void **state)
{
	(void)state;
	struct drive d;
	struct buf text = { 0 };
	drive_init(&d, &analyzer_dpkg);
	d.limits.packages = 2;
	struct str three =
		S("Package: a\nVersion: 1\n\nPackage: b\nVersion: 1\n\nPackage: c\nVersion: 1\n");
	assert_int_equal(drive_file(&d, "var/lib/dpkg/status", three, 0), ERR_LIMIT);
	assert_int_equal(drive_record(&d, "var/lib/dpkg/status")->n_packages, 2);
	assert_true(drive_record(&d, "var/lib/dpkg/status")->unreadable.n > 0);
	drive_done(&d);

	/* A line beyond the limit breaks its paragraph only. */
	drive_init(&d, &analyzer_dpkg);
	buf_add_str(&text, S("Package: long\nVersion: 1\nDepends: "));
	for (size_t i = 0; i < 3 << 20; i++)
		buf_add_char(&text, 'x');
	buf_add_str(&text, S("\n\nPackage: next\nVersion: 1\nDescription: "));
	for (size_t i = 0; i < 3 << 20; i++)
		buf_add_char(&text, 'y');
	assert_int_equal(drive_file(&d, "var/lib/dpkg/status", str_buf(&text), 4096), 0);
	assert_int_equal(drive_record(&d, "var/lib/dpkg/status")->n_packages, 1);
	assert_str(drive_record(&d, "var/lib/dpkg/status")->packages[0].name, "next");
	assert_int_equal(d.record.n_notes, 1);
	assert_true(d.arena.total < 8 << 20);
	drive_done(&d);
	buf_done(&text);

	drive_init(&d, &analyzer_dpkg_files);
	d.limits.owned_files = 1;
	assert_int_equal(drive_file(&d, "var/lib/dpkg/info/a.list", S("/a\n/b\n"), 0), ERR_LIMIT);
	drive_done(&d);
}

static struct record_file files_record(struct drive *d, const char *path, struct str body,
				       size_t chunk)
{
	assert_int_equal(drive_file(d, path, body, chunk), 0);
	return *drive_record(d, path);
}

static void test_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(chunks); i++) {
		struct drive d;
		drive_init(&d, &analyzer_dpkg_files);
		struct record_file list =
			files_record(&d, "var/lib/dpkg/info/p:amd64.list",
				     S("/.\n/etc\n/etc/p.conf\n/usr\n/usr/bin\n/usr/bin/p\n/usr/"
				       "share\n/usr/share/empty\n/usr/bin2\n"
				       "/../etc/shadow\n/usr//x\n"),
				     chunks[i]);
		assert_int_equal(list.n_owned, 4);
		struct record_file sums =
			files_record(&d, "var/lib/dpkg/info/p:amd64.md5sums",
				     S("d41d8cd98f00b204e9800998ecf8427e  "
				       "usr/bin/p\nD41D8CD98F00B204E9800998ECF8427E *./usr/bin2\n"
				       "nonsense\nd41d8cd98f00b204e9800998ecf8427e  ../x\n"),
				     chunks[i]);
		assert_int_equal(sums.n_owned, 2);
		assert_str(sums.owned[1].path, "usr/bin2");
		assert_memory_equal(
			sums.owned[1].sum,
			"\xd4\x1d\x8c\xd9\x8f\x00\xb2\x04\xe9\x80\x09\x98\xec\xf8\x42\x7e", 16);
		assert_int_equal(d.record.n_notes, 2);
		assert_int_equal(drive_file(&d, "var/lib/dpkg/updates/0001", S("Package: x\n"), 0),
				 0);
		assert_int_equal(d.record.n_notes, 3);
		assert_int_equal(drive_finish(&d), 0);
		/* The list keeps what has no sum. */
		struct record_file *left = drive_record(&d, "var/lib/dpkg/info/p:amd64.list");
		assert_int_equal(left->n_owned, 2);
		assert_str(left->owned[0].path, "etc/p.conf");
		assert_str(left->owned[1].path, "usr/share/empty");
		drive_done(&d);
	}
}

/* Both analyzers over one layer, as a walk would have it. */
static void add_files(struct drive *to, const char *path, struct str body,
		      const struct analyzer *an)
{
	to->analyzer = an;
	assert_int_equal(drive_file(to, path, body, 0), 0);
}

static const struct package *find(const struct inventory *inv, const char *name, const char *arch)
{
	for (size_t i = 0; i < inv->n_packages; i++)
		if (str_eq(inv->packages[i].name, str_of(name)) &&
		    str_eq(inv->packages[i].arch, str_of(arch)))
			return &inv->packages[i];
	fail_msg("no package %s", name);
	return NULL;
}

static bool owns(const struct package *p, const char *path)
{
	for (size_t i = 0; i < p->n_owned; i++)
		if (str_eq(p->owned[i].path, str_of(path)))
			return true;
	return false;
}

static void test_join(void **state)
{
	(void)state;
	struct drive d;
	struct fold f;
	struct inventory inv;
	struct err e;
	drive_init(&d, &analyzer_dpkg);
	add_files(&d, "var/lib/dpkg/status",
		  S("Package: p\nArchitecture: amd64\nVersion: 1\nConffiles:\n /etc/p "
		    "d41d8cd98f00b204e9800998ecf8427e\n\n"
		    "Package: p\nArchitecture: i386\nVersion: 1\n\nPackage: q\nArchitecture: "
		    "all\nVersion: 2\n"),
		  &analyzer_dpkg);
	add_files(&d, "var/lib/dpkg/status.d/base",
		  S("Package: base-files\nArchitecture: all\nVersion: 3\n"), &analyzer_dpkg);
	d.an.shared = NULL;
	add_files(&d, "var/lib/dpkg/info/p:amd64.list",
		  S("/etc\n/etc/p\n/usr\n/usr/bin\n/usr/bin/p\n"), &analyzer_dpkg_files);
	add_files(&d, "var/lib/dpkg/info/p:i386.list", S("/usr\n/usr/lib\n/usr/lib/p32\n"),
		  &analyzer_dpkg_files);
	add_files(&d, "var/lib/dpkg/info/q.md5sums",
		  S("d41d8cd98f00b204e9800998ecf8427e  usr/bin/p\nd41d8cd98f00b204e9800998ecf8427e "
		    " usr/bin/q\n"),
		  &analyzer_dpkg_files);
	add_files(&d, "var/lib/dpkg/info/gone.list", S("/usr/bin/gone\n"), &analyzer_dpkg_files);
	add_files(&d, "var/lib/dpkg/diversions",
		  S("/usr/bin/p\n/usr/bin/p.real\nq\n/usr/bin/q\n/usr/bin/q.local\n:\n"),
		  &analyzer_dpkg_files);
	add_files(&d, "var/lib/dpkg/status.d/base.md5sums",
		  S("d41d8cd98f00b204e9800998ecf8427e  etc/issue\n"), &analyzer_dpkg_files);
	assert_int_equal(drive_finish(&d), 0);
	drive_fold(&d, &f);
	drive_inventory(&d, &f, &inv);
	assert_int_equal(analyzer_dpkg_files.join(&f, &inv, &e), 0);
	const struct package *p = find(&inv, "p", "amd64"), *q = find(&inv, "q", "all");
	assert_int_equal(p->n_owned, 2);
	assert_true(owns(p, "etc/p") && owns(p, "usr/bin/p.real"));
	assert_int_equal(p->owned[0].alg, DIGEST_MD5);
	assert_int_equal(find(&inv, "p", "i386")->n_owned, 1);
	assert_true(owns(q, "usr/bin/p") && owns(q, "usr/bin/q.local"));
	assert_true(owns(find(&inv, "base-files", "all"), "etc/issue"));
	drive_done(&d);
}

/* Published samples */

static void compare(const char *name, const struct record_file *f, const struct json *expected)
{
	size_t i = 0;
	JSON_EACH(x, expected)
	{
		if (!json_bool(json_get(x, "installed"), false))
			continue;
		if (i == f->n_packages)
			fail_msg("%s: only %zu packages", name, i);
		const struct record_package *p = &f->packages[i++];
		struct str version = json_get_str(x, "source_version");
		if (!str_eq(p->name, json_get_str(x, "name")) ||
		    !str_eq(p->version, json_get_str(x, "version")) ||
		    !str_eq(p->arch, json_get_str(x, "arch")) ||
		    !str_eq(p->source_name, json_get_str(x, "source")) ||
		    !str_eq(p->source_version, version))
			fail_msg("%s: %.*s %.*s of %.*s %.*s", name, STR(p->name), STR(p->version),
				 STR(p->source_name), STR(p->source_version));
	}
	if (i != f->n_packages)
		fail_msg("%s: %zu packages, expected %zu", name, f->n_packages, i);
}

static void check_sample(const char *file, const char *path, const char *expected, const char *key)
{
	struct buf text = { 0 }, want = { 0 };
	struct json *tree = NULL;
	struct err e;
	if (!drive_read("LAZARET_TEST_DATA", file, &text) ||
	    !drive_read("LAZARET_TEST_DATA", expected, &want)) {
		skip();
		return;
	}
	assert_int_equal(json_parse(str_buf(&want), &tree, &e), 0);
	for (size_t i = 0; i < COUNT(chunks); i++) {
		struct drive d;
		drive_init(&d, &analyzer_dpkg);
		assert_true(drive_wants(&analyzer_dpkg, path));
		assert_int_equal(drive_file(&d, path, str_buf(&text), chunks[i]), 0);
		compare(file, drive_record(&d, path), key ? json_get(tree, key) : tree);
		drive_done(&d);
	}
	json_free(tree);
	buf_done(&text);
	buf_done(&want);
}

static void test_samples(void **state)
{
	static const char *const syft[] = {
		"coreutils-relationships", "corrupt",	     "deinstall", "doc-examples", "empty",
		"installed-size-4KB",	   "libpam-runtime", "multiple",  "single"
	};
	static const char *const trivy[] = { "valid", "third-party", "only-apt" };
	static const char *const plain[] = { "debian-only", "postgresql", "vcpkg" };
	const char *status = "var/lib/dpkg/status";
	char file[300], want[300];
	(void)state;
	for (size_t i = 0; i < COUNT(syft); i++) {
		snprintf(file, sizeof file, "packages/dpkg/syft-status/%s", syft[i]);
		check_sample(file, status, "packages/dpkg/syft-status/expected.json", syft[i]);
	}
	for (size_t i = 0; i < COUNT(trivy); i++) {
		snprintf(file, sizeof file, "packages/dpkg/trivy-%s/var/lib/dpkg/status", trivy[i]);
		snprintf(want, sizeof want, "packages/dpkg/trivy-%s/expected.json", trivy[i]);
		check_sample(file, status, want, NULL);
	}
	for (size_t i = 0; i < COUNT(plain); i++) {
		snprintf(file, sizeof file, "packages/dpkg/%s.status", plain[i]);
		snprintf(want, sizeof want, "packages/dpkg/%s.expected.json", plain[i]);
		check_sample(file, status, want, NULL);
	}
	check_sample("packages/dpkg/distroless/var/lib/dpkg/status.d/libsqlite3-0",
		     "var/lib/dpkg/status.d/libsqlite3-0", "packages/dpkg/distroless/expected.json",
		     NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),	cmocka_unit_test(test_limits),
		cmocka_unit_test(test_files),	cmocka_unit_test(test_join),
		cmocka_unit_test(test_samples),
	};
	return cmocka_run_group_tests_name("analyze/dpkg", tests, NULL, NULL);
}
