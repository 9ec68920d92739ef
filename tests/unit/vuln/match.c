/* The matcher against a database made here: who decides, what is fixed where, what is unknown, what is merged. */
#include "vuln/match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>

enum { NOW = 1800000000, DAY = 86400 };

static struct advisory record(const char *feed, const char *id, struct affected *aff)
{
	return (struct advisory){
		.id = str_of(id), .feed = str_of(feed), .affected = aff, .n_affected = 1
	};
}

static struct affected affects(const char *package, struct range *r)
{
	return (struct affected){ .ns = S("debian:12"),
				  .package = str_of(package),
				  .scheme = "deb",
				  .ranges = r,
				  .n_ranges = r ? 1 : 0,
				  .status = STATUS_AFFECTED };
}

struct db {
	char dir[64];
	struct arena a;
	struct advisory_writer *w;
};

static void put(struct db *d, const char *feed, int64_t fetched, const struct advisory *adv,
		size_t n)
{
	struct err e = { 0 };
	struct segment *s = NULL;
	struct feed_info info = {
		.feed = str_of(feed), .name = str_of(feed), .origin = S("test"), .fetched = fetched
	};
	assert_int_equal(segment_begin(d->w, &info, &s, &e), 0);
	for (size_t i = 0; i < n; i++)
		if (segment_add(s, &adv[i], &e))
			fail_msg("%s", e.text);
	if (strcmp(feed, "kev") == 0) {
		struct kev k = { .id = S("CVE-2026-0001"),
				 .added = S("2026-01-02"),
				 .due = S("2026-02-02"),
				 .ransomware = true };
		struct epss p = { .id = S("CVE-2026-0001"), .score = 0.5f, .percentile = 0.9f };
		assert_int_equal(segment_add_kev(s, &k, &e), 0);
		assert_int_equal(segment_add_epss(s, &p, &e), 0);
	}
	if (segment_end(s, 0, &e))
		fail_msg("%s", e.text);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st;
	(void)flag;
	(void)f;
	return remove(path);
}

static int setup(void **state)
{
	static struct db d;
	struct err e = { 0 };
	d = (struct db){ .dir = "/tmp/lazaret-match-XXXXXX" };
	assert_non_null(mkdtemp(d.dir));
	if (advisory_writer_open(str_of(d.dir), &d.w, &e))
		fail_msg("%s", e.text);
	*state = &d;
	return 0;
}

static int teardown(void **state)
{
	struct db *d = *state;
	arena_done(&d->a);
	nftw(d->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return 0;
}

static struct advisory_db *commit(struct db *d)
{
	struct err e = { 0 };
	struct advisory_db *db = NULL;
	if (advisory_writer_commit(d->w, &e))
		fail_msg("%s", e.text);
	advisory_writer_close(d->w);
	if (advisory_db_open(str_of(d->dir), &db, &e))
		fail_msg("%s", e.text);
	return db;
}

static struct package package(const char *name, const char *source, const char *version)
{
	return (struct package){ .type = S("deb"),
				 .name = str_of(name),
				 .version = str_of(version),
				 .arch = S("amd64"),
				 .source_name = str_of(source),
				 .source_version = str_of(version) };
}

static struct inventory inventory(struct db *d, struct package *p, size_t n)
{
	return (struct inventory){ .arena = &d->a,
				   .packages = p,
				   .n_packages = n,
				   .distribution = { .id = S("debian"),
						     .version = S("12"),
						     .advisory_namespace = S("debian:12"),
						     .scheme = "deb",
						     .eol = NOW + DAY } };
}

static struct match_result match(struct db *d, const struct inventory *inv, struct advisory_db *db)
{
	struct err e = { 0 };
	struct match_result m = { 0 };
	if (match_inventory(inv, db, &(struct match_options){ .now = NOW }, &d->a, &m, &e))
		fail_msg("%s", e.text);
	return m;
}

static const struct finding *find(const struct match_result *m, const char *id, const char *name)
{
	for (size_t i = 0; i < m->n_findings; i++)
		if (str_eq(m->findings[i].id, str_of(id)) &&
		    str_eq(m->findings[i].package->name, str_of(name)))
			return &m->findings[i];
	return NULL;
}

static void test_rules(void **state)
{
	struct db *d = *state;
	struct range to2 = { .introduced = S("0"), .fixed = S("2") },
		     to3 = { .introduced = S("0"), .fixed = S("3") };
	struct range open = { .introduced = S("0") },
		     broken = { .introduced = S("0"), .fixed = S("not a version!") };
	struct str cve1 = S("CVE-2026-0001"), two[] = { S("CVE-2026-0004"), S("CVE-2026-0005") };
	struct cvss vector = { .vector = S("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"),
			       .source = S("nvd") };
	struct affected a[] = { affects("foo", &to2),	 affects("foo", &open),
				affects("foo", &open),	 affects("foo", &to3),
				affects("foo", &open),	 affects("foo", &to2),
				affects("bar", &broken), affects("foo", &open) };
	a[1].not_affected = true;
	a[2].status = STATUS_WILL_NOT_FIX;
	a[2].severity = SEVERITY_LOW;
	struct advisory tracker[] = { record("debian", "CVE-2026-0001", &a[0]),
				      record("debian", "CVE-2026-0002", &a[1]),
				      record("debian", "CVE-2026-0003", &a[2]),
				      record("debian", "DSA-1-1", &a[3]),
				      record("debian", "CVE-2026-0008", &a[6]) };
	tracker[3].aliases = (struct strs){ two, 2, 2 };
	struct advisory osv[] = { record("osv", "DEBIAN-CVE-2026-0001", &a[4]),
				  record("osv", "CVE-2026-0002", &a[4]),
				  record("osv", "CVE-2026-0009", &a[7]) };
	osv[0].aliases = (struct strs){ &cve1, 1, 1 };
	osv[0].cvss = &vector;
	osv[0].n_cvss = 1;
	osv[2].withdrawn = NOW - DAY;
	put(d, "debian", NOW, tracker, COUNT(tracker));
	put(d, "osv", NOW - 30 * DAY, osv, COUNT(osv));
	put(d, "kev", NOW, NULL, 0);
	struct advisory_db *db = commit(d);
	struct package p[] = { package("foo-bin", "foo", "1"), package("libfoo", "foo", "2.5"),
			       package("bar", "bar", "1") };
	struct inventory inv = inventory(d, p, COUNT(p));
	struct match_result m = match(d, &inv, db);

	const struct finding *f = find(&m, "CVE-2026-0001", "foo-bin");
	assert_non_null(f);
	assert_int_equal(f->status, STATUS_FIXED);
	assert_true(str_eq(f->fixed, S("2")) && str_eq(f->feed, S("debian")));
	assert_int_equal(f->severity, SEVERITY_CRITICAL);
	assert_true(str_eq(f->severity_source, S("cvss:nvd")));
	assert_true(f->aliases.n == 1 && str_eq(f->aliases.v[0], S("DEBIAN-CVE-2026-0001")));
	assert_true(f->kev && f->kev_ransomware && f->epss > 0.49 && f->epss < 0.51);
	/* The tracker says 2.5 is fixed; the collected record's open range does not overrule it. */
	assert_null(find(&m, "CVE-2026-0001", "libfoo"));
	assert_null(find(&m, "CVE-2026-0002", "foo-bin"));
	f = find(&m, "CVE-2026-0003", "foo-bin");
	assert_non_null(f);
	assert_true(f->status == STATUS_WILL_NOT_FIX && f->severity == SEVERITY_LOW &&
		    str_eq(f->severity_source, S("debian")));
	assert_non_null(find(&m, "CVE-2026-0004", "foo-bin"));
	assert_non_null(find(&m, "CVE-2026-0005", "libfoo"));
	assert_null(find(&m, "DSA-1-1", "foo-bin"));
	f = find(&m, "CVE-2026-0008", "bar");
	assert_true(f && f->status == STATUS_UNKNOWN);
	assert_null(find(&m, "CVE-2026-0009", "foo-bin"));
	assert_int_equal(m.unknown.n, 0);
	assert_int_equal(m.warnings.n, 1);
	for (size_t i = 1; i < m.n_findings; i++)
		assert_true(m.findings[i - 1].severity >= m.findings[i].severity);
	advisory_db_close(db);
}

static void test_unknown(void **state)
{
	struct db *d = *state;
	put(d, "debian", NOW, NULL, 0);
	struct advisory_db *db = commit(d);
	struct package p[] = { package("foo", "foo", "1") };
	struct inventory inv = inventory(d, p, 1);
	assert_int_equal(match(d, &inv, db).unknown.n, 1);
	inv.distribution.eol = NOW - DAY;
	assert_int_equal(match(d, &inv, db).unknown.n, 2);
	inv.distribution = (struct distribution){ 0 };
	assert_int_equal(match(d, &inv, db).unknown.n, 1);
	inv.distribution = (struct distribution){ .id = S("plan9"), .version_id = S("4") };
	inv.n_packages = 0;
	assert_int_equal(match(d, &inv, db).unknown.n, 2);
	struct layer_info layer = { .examined = false };
	struct not_examined notes[] = { { .reason = S("encrypted"), .layer = 0 },
					{ .path = S("var/lib/dpkg/status"),
					  .reason = S("cut"),
					  .layer = 0,
					  .database = true } };
	inv.layers = &layer;
	inv.n_layers = 1;
	inv.not_examined = notes;
	inv.n_not_examined = 2;
	assert_int_equal(match(d, &inv, db).unknown.n, 4);
	advisory_db_close(db);
}

static struct match_result match_with(struct db *d, const struct inventory *inv,
				      struct advisory_db *db, const struct match_options *o)
{
	struct err e = { 0 };
	struct match_result m = { 0 };
	if (match_inventory(inv, db, o, &d->a, &m, &e))
		fail_msg("%s", e.text);
	return m;
}

static struct package library(const char *type, const char *name, const char *version)
{
	return (struct package){ .type = str_of(type),
				 .name = str_of(name),
				 .version = str_of(version),
				 .source_name = str_of(name),
				 .source_version = str_of(version),
				 .owner = -1 };
}

/* Languages are looked up in their own namespaces, whatever the distribution. */
static void test_libraries(void **state)
{
	struct db *d = *state;
	struct range to2 = { .introduced = S("1.0.0"), .fixed = S("2.0.0") },
		     to3 = { .introduced = S("2.5.0"), .fixed = S("3.0.0") };
	struct range two[] = { to2, to3 };
	struct str enumerated = S("0.9");
	struct affected a[] = {
		{ .ns = S("npm"),
		  .package = S("@s/left"),
		  .scheme = "semver",
		  .ranges = two,
		  .n_ranges = 2 },
		{ .ns = S("pypi"),
		  .package = S("typing-extensions"),
		  .scheme = "pep440",
		  .ranges = &to2,
		  .n_ranges = 1,
		  .versions = { &enumerated, 1, 1 } },
		{ .ns = S("bitnami"),
		  .package = S("nginx"),
		  .scheme = "semver",
		  .ranges = &to2,
		  .n_ranges = 1 },
		{ .ns = S("debian:12"),
		  .package = S("foo"),
		  .scheme = "deb",
		  .ranges = &to2,
		  .n_ranges = 1 },
	};
	struct advisory v[] = { record("osv", "GHSA-1", &a[0]), record("osv", "PYSEC-1", &a[1]),
				record("osv", "BIT-1", &a[2]), record("debian", "CVE-1-1", &a[3]) };
	put(d, "osv", NOW, v, COUNT(v));
	struct advisory_db *db = commit(d);
	struct package p[] = {
		library("npm", "@s/left", "1.5.0"),
		library("npm", "@s/left", "2.0.0"),
		library("npm", "@s/left", "2.6.0"),
		library("pypi", "Typing_Extensions", "1.1"),
		library("pypi", "typing.extensions", "0.9"),
		library("generic", "nginx", "1.18.0"),
		library("pypi", "typing-extensions", ""),
		library("cargo", "serde", "1.0.0"),
	};
	struct inventory inv = { .arena = &d->a, .packages = p, .n_packages = COUNT(p) };
	struct match_options o = { .now = NOW };
	struct match_result m = match_with(d, &inv, db, &o);
	assert_int_equal(m.n_findings, 5);
	static const struct {
		size_t package;
		const char *id, *fixed, *introduced;
	} t[] = { { 0, "GHSA-1", "2.0.0", "1.0.0" },
		  { 2, "GHSA-1", "3.0.0", "2.5.0" },
		  { 3, "PYSEC-1", "2.0.0", "1.0.0" },
		  { 4, "PYSEC-1", "", "" },
		  { 5, "BIT-1", "2.0.0", "1.0.0" } };
	for (size_t i = 0; i < COUNT(t); i++) {
		const struct finding *f = NULL;
		for (size_t k = 0; k < m.n_findings; k++)
			if (m.findings[k].package == &p[t[i].package])
				f = &m.findings[k];
		assert_non_null(f);
		assert_true(str_eq(f->id, str_of(t[i].id)));
		assert_true(str_eq(f->fixed, str_of(t[i].fixed)));
		assert_true(str_eq(f->evidence.range.introduced, str_of(t[i].introduced)));
		assert_true(f->evidence.enumerated == (t[i].introduced[0] == '\0'));
	}
	/* No advisories for cargo: unknown. One without a version: a warning. No distribution is no trouble. */
	assert_int_equal(m.unknown.n, 1);
	assert_int_equal(m.warnings.n, 1);
	o.kinds = MATCH_OS;
	m = match_with(d, &inv, db, &o);
	assert_int_equal(m.n_findings, 0);
	advisory_db_close(db);
}

/* What the distribution owns is not matched against its language where the distribution has advisories. */
static void test_owned(void **state)
{
	struct db *d = *state;
	struct range to2 = { .introduced = S("0"), .fixed = S("2.0.0") };
	struct affected a[] = {
		{ .ns = S("npm"),
		  .package = S("left"),
		  .scheme = "semver",
		  .ranges = &to2,
		  .n_ranges = 1 },
		{ .ns = S("debian:12"),
		  .package = S("other"),
		  .scheme = "deb",
		  .ranges = &to2,
		  .n_ranges = 1 },
	};
	struct advisory v[] = { record("osv", "GHSA-1", &a[0]),
				record("debian", "CVE-1-1", &a[1]) };
	put(d, "osv", NOW, v, COUNT(v));
	struct advisory_db *db = commit(d);
	struct package p[] = { library("npm", "left", "1.0.0"), library("npm", "left", "1.0.0"),
			       package("node-left", "node-left", "1.0.0") };
	p[0].owner = 2;
	p[0].is_owned = true;
	struct inventory inv = inventory(d, p, COUNT(p));
	struct match_options o = { .now = NOW };
	struct match_result m = match_with(d, &inv, db, &o);
	assert_int_equal(m.n_findings, 1);
	assert_ptr_equal(m.findings[0].package, &p[1]);
	o.include_owned = true;
	assert_int_equal(match_with(d, &inv, db, &o).n_findings, 2);
	o.include_owned = false;
	inv.distribution.advisory_namespace = S("debian:99");
	assert_int_equal(match_with(d, &inv, db, &o).n_findings, 2);
	advisory_db_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rules, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown, setup, teardown),
		cmocka_unit_test_setup_teardown(test_libraries, setup, teardown),
		cmocka_unit_test_setup_teardown(test_owned, setup, teardown),
	};
	return cmocka_run_group_tests_name("vuln/match", tests, NULL, NULL);
}
