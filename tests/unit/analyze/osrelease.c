/* os-release and the older files: our own cases, and the published ones of the shared test data. */
#include "drive.h"

#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

extern const struct analyzer analyzer_osrelease;

static void joined(struct drive *d, struct inventory *inv)
{
	struct fold f;
	struct err e;
	drive_fold(d, &f);
	drive_inventory(d, &f, inv);
	assert_int_equal(analyzer_osrelease.join(&f, inv, &e), 0);
}

static void test_own(void **state)
{
	static const struct {
		const char *files[3][2];
		const char *id, *version_id, *version, *codename, *ns, *path;
	} t[] = {
		{ { { "usr/lib/os-release", "# c\nID='de\"bian'\n" } },
		  "de\"bian",
		  "",
		  "",
		  "",
		  "",
		  "usr/lib/os-release" },
		{ { { "usr/lib/os-release", "ID=debian\nVERSION_ID=\"12\"\n" },
		    { "etc/debian_version", "12.5\n" } },
		  "debian",
		  "12.5",
		  "12",
		  "bookworm",
		  "debian:12",
		  "usr/lib/os-release" },
		{ { { "usr/lib/os-release", "ID=debian\nVERSION_ID=\"12\"\n" },
		    { "etc/debian_version", "11.1\n" } },
		  "debian",
		  "12",
		  "12",
		  "bookworm",
		  "debian:12",
		  "usr/lib/os-release" },
		{ { { "usr/lib/os-release", "ID=debian\nPRETTY_NAME=\"Debian GNU/Linux "
					    "forky/sid\"\nVERSION_CODENAME=forky" },
		    { "etc/debian_version", "forky/sid\n" } },
		  "debian",
		  "",
		  "14",
		  "forky",
		  "debian:14",
		  "usr/lib/os-release" },
		{ { { "etc/debian_version", "bullseye/sid\n" } },
		  "debian",
		  "",
		  "11",
		  "bullseye",
		  "debian:11",
		  "etc/debian_version" },
		{ { { "etc/os-release", "NAME=x\n" },
		    { "usr/lib/os-release", "ID=alpine\r\nVERSION_ID=3.19.1\r\n" } },
		  "alpine",
		  "3.19.1",
		  "3.19",
		  "",
		  "alpine:3.19",
		  "usr/lib/os-release" },
		{ { { "etc/os-release", "ID=ALPINE\nVERSION_ID=3.18.1\n" },
		    { "usr/lib/os-release", "ID=debian\n" } },
		  "alpine",
		  "3.18.1",
		  "3.18",
		  "",
		  "alpine:3.18",
		  "etc/os-release" },
		{ { { "etc/alpine-release", "3.9.4\n" } },
		  "alpine",
		  "3.9.4",
		  "3.9",
		  "",
		  "alpine:3.9",
		  "etc/alpine-release" },
		{ { { "etc/redhat-release", "Red Hat Enterprise Linux release 8.3 (Ootpa)\n" },
		    { "etc/oracle-release", "Oracle Linux Server release 8.3\n" } },
		  "ol",
		  "8.3",
		  "8",
		  "",
		  "oracle:8",
		  "etc/oracle-release" },
		{ { { "etc/centos-release", "CentOS Stream release 9\n" } },
		  "centos",
		  "9",
		  "9",
		  "",
		  "centos-stream:9",
		  "etc/centos-release" },
		{ { { "etc/system-release", "Amazon Linux AMI release 2018.03\n" } },
		  "amzn",
		  "2018.03",
		  "1",
		  "",
		  "amazon:1",
		  "etc/system-release" },
		{ { { "etc/system-release-cpe", "cpe:2.3:o:amazon:amazon_linux:2\n" } },
		  "amzn",
		  "2",
		  "2",
		  "",
		  "amazon:2",
		  "etc/system-release-cpe" },
		{ { { "etc/SuSE-release", "SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = "
					  "11\nPATCHLEVEL = 4\n" } },
		  "sles",
		  "11.4",
		  "11.4",
		  "",
		  "sles:11.4",
		  "etc/SuSE-release" },
		{ { { "etc/lsb-release",
		      "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=14.04\nDISTRIB_CODENAME=trusty\n" } },
		  "ubuntu",
		  "14.04",
		  "14.04",
		  "trusty",
		  "ubuntu:14.04",
		  "etc/lsb-release" },
		{ { { "bin/busybox", "\x7f"
				     "ELF BusyBox vX BusyBox v1.36.1 (2024)" } },
		  "busybox",
		  "1.36.1",
		  "",
		  "",
		  "",
		  "bin/busybox" },
		{ { { "etc/redhat-release", "Some Thing 1.0\n" } }, "", "", "", "", "", "" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		for (int spool = 0; spool < 2; spool++) {
			struct drive d;
			struct inventory inv;
			drive_init(&d, &analyzer_osrelease);
			d.spool = spool;
			for (size_t k = 0; k < COUNT(t[i].files) && t[i].files[k][0]; k++) {
				assert_true(drive_wants(&analyzer_osrelease, t[i].files[k][0]));
				assert_int_equal(drive_file(&d, t[i].files[k][0],
							    str_of(t[i].files[k][1]), 0),
						 0);
			}
			joined(&d, &inv);
			const struct distribution *g = &inv.distribution;
			const struct str have[] = { g->id,	 g->version_id,		g->version,
						    g->codename, g->advisory_namespace, g->path };
			const char *const want[] = { t[i].id,	    t[i].version_id, t[i].version,
						     t[i].codename, t[i].ns,	     t[i].path };
			for (size_t k = 0; k < COUNT(have); k++)
				if (!str_eq(have[k], str_of(want[k])))
					fail_msg("case %zu, field %zu: '%.*s' in place of '%s'", i,
						 k, STR(have[k]), want[k]);
			drive_done(&d);
		}
	}
}

static void test_limit(void **state)
{
	(void)state;
	struct drive d;
	struct inventory inv;
	struct buf big = { 0 };
	drive_init(&d, &analyzer_osrelease);
	while (big.n < 100 * 1024)
		buf_add_str(&big, S("ID=debian\n"));
	assert_int_equal(drive_file(&d, "etc/os-release", str_buf(&big), 0), ERR_LIMIT);
	joined(&d, &inv);
	assert_int_equal(inv.distribution.id.n, 0);
	buf_done(&big);
	drive_done(&d);
}

/* The part of an expected path behind the root. */
static const char *inside(struct str root, struct str path, char *out, size_t n)
{
	snprintf(out, n, "%.*s", STR(str_from(path, root.n + 1)));
	return out;
}

static void check_entry(const struct json *x)
{
	struct drive d;
	struct inventory inv;
	struct str file = json_get_str(x, "file"), root = json_get_str(x, "root");
	char path[300], name[400];
	drive_init(&d, &analyzer_osrelease);
	const struct json *files = json_get(x, "files");
	for (const struct json *f = json_first(files); f || file.n; f = f ? json_next(f) : NULL) {
		struct buf text = { 0 };
		struct str at = file.n ? file : json_str(f);
		snprintf(name, sizeof name, "os-release/%.*s", STR(at));
		assert_true(drive_read("LAZARET_TEST_DATA", name, &text));
		const char *in = file.n ? "etc/os-release" : inside(root, at, path, sizeof path);
		assert_true(drive_wants(&analyzer_osrelease, in));
		assert_int_equal(drive_file(&d, in, str_buf(&text), 0), 0);
		buf_done(&text);
		if (file.n)
			break;
	}
	joined(&d, &inv);
	const struct distribution *g = &inv.distribution;
	const char *what = file.n ? file.p : root.p;
	if (!str_eq(g->id, json_get_str(x, "id")))
		fail_msg("%s: id '%.*s'", what, STR(g->id));
	if (g->id.n && !str_eq(g->version_id, json_get_str(x, "version_id")))
		fail_msg("%s: version '%.*s'", what, STR(g->version_id));
	if (json_get_str(x, "pretty_name").n && g->id.n &&
	    !str_eq(g->pretty_name, json_get_str(x, "pretty_name")))
		fail_msg("%s: '%.*s'", what, STR(g->pretty_name));
	if (!json_bool(json_get(x, "recognised"), false) && g->advisory_namespace.n)
		fail_msg("%s: must not be known, but is %.*s", what, STR(g->advisory_namespace));
	drive_done(&d);
}

static void test_samples(void **state)
{
	struct buf text = { 0 };
	struct json *tree = NULL;
	struct err e;
	size_t n = 0;
	(void)state;
	if (!drive_read("LAZARET_TEST_DATA", "os-release/expected.json", &text)) {
		skip();
		return;
	}
	assert_int_equal(json_parse(str_buf(&text), &tree, &e), 0);
	JSON_EACH(x, tree)
	{
		check_entry(x);
		n++;
	}
	assert_true(n > 50);
	json_free(tree);
	buf_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_samples),
	};
	return cmocka_run_group_tests_name("analyze/osrelease", tests, NULL, NULL);
}
