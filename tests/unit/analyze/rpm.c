/* rpm databases of every container against what rpm lists; damaged ones; headers; manifests.
 * With a path as argument (and a log's) it prints what was read: tests/e2e/test_rpm.py compares that with rpm itself. */
#include "analyze/rpm.h"

#include "base/json.h"
#include "base/stream.h"
#include "drive.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

extern const struct analyzer analyzer_rpm, analyzer_rpmmanifest;

static bool is_manifest(const char *name)
{
	return strncmp(name, "container-manifest", 18) == 0;
}

static struct str path_of(struct arena *a, const char *name)
{
	const char *folder = is_manifest(name) ? "var/lib/rpmmanifest" : "usr/lib/sysimage/rpm";
	return arena_printf(a, "%s/%.*s", folder, STR(str_of(name)));
}

/* Every file of a folder through its analyzer, logs first when reverse; the record of the one that matters. */
static struct record_file *drive_folder(struct drive *d, const char *folder, bool spool,
					bool reverse)
{
	static const char *const names[] = {
		"Packages",	    "Packages.db",	    "rpmdb.sqlite",
		"rpmdb.sqlite-wal", "container-manifest-1", "container-manifest-2"
	};
	const char *found = "";
	char dir[2048], path[4096];
	snprintf(dir, sizeof dir, "%s/%s", getenv("LAZARET_TESTS"), folder);
	for (size_t k = 0; k < COUNT(names); k++) {
		size_t i = reverse ? COUNT(names) - 1 - k : k;
		snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		if (access(path, R_OK) != 0)
			continue;
		if (!d->analyzer) {
			drive_init(d,
				   is_manifest(names[i]) ? &analyzer_rpmmanifest : &analyzer_rpm);
			d->spool = spool;
		}
		CLEANUP(buf_done) struct buf b = { 0 };
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		assert_true(drive_read("LAZARET_TESTS", path, &b));
		assert_true(drive_wants(d->analyzer, path_of(&d->arena, names[i]).p));
		drive_file(d, path_of(&d->arena, names[i]).p, str_buf(&b), 0);
		if (strcmp(names[i], "rpmdb.sqlite-wal") != 0)
			found = names[i];
	}
	if (!*found) {
		fail_msg("nothing in %s", dir);
		return NULL;
	}
	assert_int_equal(drive_finish(d), 0);
	return drive_record(d, path_of(&d->arena, found).p);
}

static const struct {
	const char *folder;
	size_t n; /* packages; 3 are those of make.py */
} good[] = {
	{ "little", 3 },     { "big", 3 },	   { "inline", 3 },	  { "ndb", 3 },
	{ "sqlite-512", 3 }, { "sqlite-4096", 3 }, { "sqlite-65536", 3 }, { "sqlite-deep", 300 },
	{ "wal", 2 },	     { "wal-salt", 2 },	   { "wal-sum", 2 },	  { "manifest", 3 },
	{ "manifest-1", 3 }, { "reserved", 3 },	   { "needs", 2 },
};

static const struct record_package *named(const struct record_file *f, const char *name)
{
	for (size_t i = 0; i < f->n_packages; i++)
		if (str_eq(f->packages[i].name, str_of(name)))
			return &f->packages[i];
	return NULL;
}

static void check_str(struct str got, const char *want)
{
	if (!str_eq(got, str_of(want)))
		fail_msg("'%.*s', not '%s'", STR(got), want);
}

static void check_words(const struct strs *got, const char *want)
{
	CLEANUP(buf_done) struct buf b = { 0 };
	for (size_t i = 0; i < got->n; i++)
		buf_addf(&b, "%s%.*s", i ? "|" : "", STR(got->v[i]));
	check_str(str_buf(&b), want);
}

/* Versions of symbols, features of rpm, its own configuration and repetitions are gone. */
static void check_needy(const struct record_package *p)
{
	check_words(&p->depends, "/bin/sh|beta|libc.so.6()(64bit)|perl(strict)|(alpha or beta)");
	check_words(&p->provides, "libneedy.so.1|needy|needy(x86-64)");
}

static void check_alpha(const struct record_package *p, bool manifest)
{
	check_str(p->version, "2:1.0-1");
	check_str(p->arch, "x86_64");
	check_str(p->source_name, "alpha-base");
	check_str(p->source_version, "1.0-1");
	check_str(record_attr(p->attrs, p->n_attrs, S("epoch")), "2");
	if (manifest)
		return;
	check_str(record_attr(p->attrs, p->n_attrs, S("module")), "alpha:1:2:3");
	check_str(p->licences.v[0], "MIT");
	assert_int_equal(p->n_owned, 3);
	check_str(p->owned[0].path, "usr/bin/alpha");
	assert_int_equal(p->owned[0].alg, DIGEST_SHA256);
	assert_int_equal(p->owned[0].sum[0], 0x58);
	assert_true(p->owned[1].is_dir);
	check_str(p->owned[2].path, "usr/bin/link");
	assert_null(p->owned[2].sum);
}

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good) * 4; i++) {
		struct drive d = { 0 };
		char folder[100];
		snprintf(folder, sizeof folder, "data/rpm/%s", good[i / 4].folder);
		const struct record_file *f = drive_folder(&d, folder, i & 1, i & 2);
		if (f->unreadable.n || f->n_packages != good[i / 4].n)
			fail_msg("%s: %zu packages, '%.*s'", folder, f->n_packages,
				 STR(f->unreadable));
		bool manifest = strncmp(good[i / 4].folder, "manifest", 8) == 0;
		bool plain = strcmp(good[i / 4].folder, "manifest-1") == 0;
		if (named(f, "alpha") && !plain)
			check_alpha(named(f, "alpha"), manifest);
		const struct record_package *beta = named(f, "beta");
		if (beta) {
			check_str(beta->version, "3.1~rc1-2.fc40");
			check_str(beta->arch, "noarch");
		}
		if (strcmp(good[i / 4].folder, "needs") == 0)
			check_needy(named(f, "needy"));
		const struct record_package *key = named(f, "gpg-pubkey");
		if (key && !manifest)
			check_str(record_attr(key->attrs, key->n_attrs, S("pseudo")), "key");
		/* The log took alpha away and brought the key; without it neither. */
		if (strcmp(good[i / 4].folder, "wal") == 0)
			assert_true(!named(f, "alpha") && key && beta);
		if (strncmp(good[i / 4].folder, "wal-", 4) == 0)
			assert_true(named(f, "alpha") && !key && beta);
		drive_done(&d);
	}
}

static void test_reject(void **state)
{
	(void)state;
	char path[4096];
	snprintf(path, sizeof path, "%s/reject/rpm", getenv("LAZARET_TESTS"));
	DIR *dir = opendir(path);
	assert_non_null(dir);
	size_t n = 0;
	for (struct dirent *x; (x = readdir(dir)); n++) {
		struct drive d = { 0 };
		if (x->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "reject/rpm/%s", x->d_name);
		const struct record_file *f = drive_folder(&d, path, n & 1, false);
		if (!f || !f->unreadable.n)
			fail_msg("%s was read", path);
		/* What is left of a database is kept. */
		if (strncmp(x->d_name, "header-", 7) == 0 && !named(f, "gpg-pubkey"))
			fail_msg("%s: the other package is lost", path);
		if (getenv("LAZARET_VERBOSE"))
			print_message("%s: %zu, %.*s\n", path, f->n_packages, STR(f->unreadable));
		drive_done(&d);
	}
	closedir(dir);
	assert_true(n > 30);
}

static void test_source(void **state)
{
	static const struct {
		const char *rpm, *name, *version;
	} t[] = {
		{ "bash-5.1.8-1.cm2.src.rpm", "bash", "5.1.8-1.cm2" },
		{ "java-11-openjdk-11.0.1-2.nosrc.rpm", "java-11-openjdk", "11.0.1-2" },
		{ "bash-5.1.8-1.cm2.rpm", NULL, NULL },
		{ "bash-1.src.rpm", NULL, NULL },
		{ "-1-2.src.rpm", NULL, NULL },
		{ "a--2.src.rpm", NULL, NULL },
		{ "a-1-.src.rpm", NULL, NULL },
		{ ".src.rpm", NULL, NULL },
		{ "", NULL, NULL },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct str name, version;
		assert_int_equal(rpm_source_split(str_of(t[i].rpm), &name, &version),
				 t[i].name != NULL);
		if (t[i].name) {
			check_str(name, t[i].name);
			check_str(version, t[i].version);
		}
	}
}

/* Names of dependencies are paid for: the package stays, what is too much is a trouble. */
static void test_budget(void **state)
{
	(void)state;
	CLEANUP(buf_done) struct buf body = { 0 };
	assert_true(drive_read("LAZARET_TESTS", "fuzz/corpus/rpm_header/needy", &body));
	for (int enough = 0; enough < 2; enough++) {
		struct arena a = { 0 };
		struct record_file file = { 0 };
		struct limits l;
		struct rpm_sink s;
		struct err e;
		limits_default(&l);
		rpm_sink_init(&s, &a, &file, &l, body.n);
		if (!enough)
			s.path_bytes = 100;
		assert_int_equal(rpm_sink_header(&s, str_buf(&body), &e), 0);
		assert_int_equal(file.n_packages, 1);
		assert_int_equal(file.packages[0].depends.n, enough ? 5 : 3);
		assert_int_equal(rpm_sink_result(&s, 0, &e), enough ? 0 : ERR_LIMIT);
		if (!enough)
			assert_non_null(strstr(e.text, "dependencies of needy"));
		arena_done(&a);
	}
}

/* A log without its database, and the last of two entries with one path. */
static void test_pairs(void **state)
{
	(void)state;
	struct drive d;
	CLEANUP(buf_done) struct buf one = { 0 }, log = { 0 };
	assert_true(drive_read("LAZARET_TESTS", "data/rpm/wal/rpmdb.sqlite", &one));
	assert_true(drive_read("LAZARET_TESTS", "data/rpm/wal/rpmdb.sqlite-wal", &log));
	drive_init(&d, &analyzer_rpm);
	drive_file(&d, "var/lib/rpm/rpmdb.sqlite-wal", str_buf(&log), 0);
	assert_int_equal(drive_finish(&d), 0);
	const struct record_file *f = drive_record(&d, "var/lib/rpm/rpmdb.sqlite-wal");
	assert_true(f && f->n_packages == 0 && f->unreadable.n == 0);
	drive_done(&d);

	drive_init(&d, &analyzer_rpm);
	drive_file(&d, "var/lib/rpm/rpmdb.sqlite", S("no database"), 0);
	drive_file(&d, "var/lib/rpm/rpmdb.sqlite", str_buf(&one), 0);
	drive_file(&d, "usr/lib/sysimage/rpm/rpmdb.sqlite-wal", str_buf(&log), 0);
	assert_int_equal(drive_finish(&d), 0);
	f = &d.record.files[1];
	assert_int_equal(f->n_packages, 2);
	assert_non_null(named(f, "alpha"));
	drive_done(&d);
}

/* Every package but a key provides itself. */
static void check_offers(const struct record_package *p)
{
	bool itself = str_eq(p->name, S("gpg-pubkey"));
	for (size_t i = 0; i < p->provides.n; i++)
		itself |= str_eq(p->provides.v[i], p->name);
	if (!itself)
		fail_msg("%.*s does not provide itself", STR(p->name));
}

/* The shared data: packages as rpm prints them. */
static void check_listed(const char *folder, const char *file)
{
	CLEANUP(buf_done) struct buf text = { 0 }, body = { 0 };
	CLEANUP(cleanup_json) struct json *j = NULL;
	struct err e;
	struct drive d;
	char path[300];
	snprintf(path, sizeof path, "packages/rpm/%s/expected.json", folder);
	if (!drive_read("LAZARET_TEST_DATA", path, &text))
		skip();
	snprintf(path, sizeof path, "packages/rpm/%s/%s", folder, file);
	drive_read("LAZARET_TEST_DATA", path, &body);
	assert_int_equal(json_parse(str_buf(&text), &j, &e), 0);
	drive_init(&d, &analyzer_rpm);
	snprintf(path, sizeof path, "var/lib/rpm/%s", file);
	assert_int_equal(drive_file(&d, path, str_buf(&body), 0), 0);
	assert_int_equal(drive_finish(&d), 0);
	const struct record_file *f = drive_record(&d, path);
	assert_int_equal(f->unreadable.n, 0);
	assert_int_equal(f->n_packages, json_count(j));
	JSON_EACH(x, j)
	{
		const struct record_package *p = named(f, json_get_str(x, "name").p);
		uint64_t epoch = 0;
		if (p)
			check_offers(p);
		struct str source = json_get_str(x, "source_rpm");
		if (!p)
			fail_msg("%s: no %.*s", folder, STR(json_get_str(x, "name")));
		struct str evr =
			arena_printf(&d.arena, "%.*s-%.*s", STR(json_get_str(x, "version")),
				     STR(json_get_str(x, "release")));
		if (json_u64(json_get(x, "epoch"), &epoch) && epoch)
			evr = arena_printf(&d.arena, "%llu:%.*s", (unsigned long long)epoch,
					   STR(evr));
		if (!str_eq(p->name, S("gpg-pubkey")))
			check_str(p->version, evr.p);
		if (str_ends(source, S(".src.rpm")))
			check_str(arena_printf(&d.arena, "%.*s-%.*s.src.rpm", STR(p->source_name),
					       STR(p->source_version)),
				  source.p);
		check_str(record_attr(p->attrs, p->n_attrs, S("vendor")),
			  str_eq(json_get_str(x, "vendor"), S("(none)"))
				  ? ""
				  : json_get_str(x, "vendor").p);
	}
	drive_done(&d);
}

static void test_ndb(void **state)
{
	(void)state;
	check_listed("sle15-bci-ndb", "Packages.db");
}

static void test_sqlite(void **state)
{
	(void)state;
	check_listed("cbl-mariner-2.0-sqlite", "rpmdb.sqlite");
}

static void test_bdb(void **state)
{
	(void)state;
	check_listed("libuuid-bdb", "Packages");
}

static void print_package(const struct record_package *p)
{
	printf("P\t%.*s\t%.*s\t%.*s\t%.*s\t%.*s\n", STR(p->name), STR(p->version), STR(p->arch),
	       STR(p->source_name), STR(p->source_version));
	for (size_t i = 0; i < p->depends.n; i++)
		printf("R\t%.*s\t%.*s\n", STR(p->name), STR(p->depends.v[i]));
	for (size_t i = 0; i < p->provides.n; i++)
		printf("V\t%.*s\t%.*s\n", STR(p->name), STR(p->provides.v[i]));
	for (size_t i = 0; i < p->n_owned; i++) {
		const struct owned_file *o = &p->owned[i];
		static const unsigned char len[] = { [DIGEST_SHA256] = 32,
						     [DIGEST_SHA512] = 64,
						     [DIGEST_MD5] = 16,
						     [DIGEST_SHA1] = 20 };
		printf("F\t%.*s\t", STR(o->path));
		for (size_t k = 0; o->sum && k < len[o->alg]; k++)
			printf("%02x", o->sum[k]);
		printf("\n");
	}
}

static int print_database(int argc, char **argv)
{
	struct drive d;
	drive_init(&d, &analyzer_rpm);
	for (int i = 1; i < argc; i++) {
		struct err e;
		CLEANUP(buf_done) struct buf b = { 0 };
		CLEANUP(cleanup_stream)
		struct stream *s =
			stream_fd(open(argv[i], O_RDONLY | O_CLOEXEC), true, -1, UINT64_MAX);
		if (stream_read_all(s, 1 << 30, &b, &e) < 0)
			return 1;
		const char *base = strrchr(argv[i], '/') + 1;
		drive_file(&d, arena_printf(&d.arena, "var/lib/rpm/%s", base).p, str_buf(&b), 0);
	}
	drive_finish(&d);
	for (size_t i = 0; i < d.record.n_files; i++) {
		const struct record_file *f = &d.record.files[i];
		for (size_t k = 0; k < f->n_packages; k++)
			print_package(&f->packages[k]);
		if (f->unreadable.n)
			printf("E\t%.*s\n", STR(f->unreadable));
	}
	drive_done(&d);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),   cmocka_unit_test(test_reject),
		cmocka_unit_test(test_source), cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_ndb),    cmocka_unit_test(test_sqlite),
		cmocka_unit_test(test_bdb),    cmocka_unit_test(test_budget),
	};
	return argc > 1 ? print_database(argc, argv) : cmocka_run_group_tests(tests, NULL, NULL);
}
