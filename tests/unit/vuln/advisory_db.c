/* The database: writing and finding, replacing, removing, damage, and a writer killed while it commits. */
#include "vuln/advisory_db.h"
#include "vuln/advisory_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char dir[64];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return remove(path);
}

static int setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof dir, "/tmp/lazaret-db.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static struct str db_dir(void)
{
	return str_of(dir);
}

/* A record "ID" about package "pN" of debian:12 fixed in `fixed`. */
static int add(struct segment *s, unsigned n, const char *fixed, struct err *e)
{
	char id[32], package[32];
	snprintf(id, sizeof id, "CVE-2024-%u", n);
	snprintf(package, sizeof package, "p%u", n % 100);
	struct str alias = S("GHSA-all");
	struct range range = { .fixed = str_of(fixed) };
	struct affected f[2] = {
		{ .ns = S("debian:12"),
		  .package = str_of(package),
		  .scheme = "deb",
		  .ranges = &range,
		  .n_ranges = 1,
		  .status = STATUS_AFFECTED },
		{ .ns = S("debian:11"),
		  .package = str_of(package),
		  .scheme = "deb",
		  .status = STATUS_WILL_NOT_FIX },
	};
	struct advisory adv = { .id = str_of(id),
				.summary = S("text that is kept once"),
				.affected = f,
				.n_affected = 2,
				.modified = n };
	if (n < 3)
		adv.aliases = (struct strs){ &alias, 1, 1 };
	return segment_add(s, &adv, e);
}

static void write_segment(struct advisory_writer *w, const char *name, unsigned n,
			  const char *fixed)
{
	struct feed_info info = {
		.feed = S("debian"), .name = str_of(name), .etag = S("\"x\""), .fetched = 1000
	};
	struct segment *s;
	struct err e = { 0 };
	assert_int_equal(segment_begin(w, &info, &s, &e), 0);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(add(s, i, fixed, &e), 0);
	assert_int_equal(segment_end(s, 2, &e), 0);
}

static void fill(const char *fixed, unsigned n)
{
	struct advisory_writer *w;
	struct err e = { 0 };
	assert_int_equal(advisory_writer_open(db_dir(), &w, &e), 0);
	write_segment(w, "debian/tracker", n, fixed);
	if (advisory_writer_commit(w, &e))
		fail_msg("%s", e.text);
	advisory_writer_close(w);
}

static struct str fixed_of(struct advisory_db *db, struct arena *a, const char *package)
{
	struct advisory *v = NULL;
	size_t n = 0;
	struct err e = { 0 };
	assert_int_equal(advisory_db_find(db, S("debian:12"), str_of(package), a, &v, &n, &e), 0);
	assert_true(n > 0);
	assert_int_equal(v[0].n_affected, 1);
	assert_int_equal(v[0].affected->n_ranges, 1);
	return v[0].affected->ranges[0].fixed;
}

static void test_none(void **state)
{
	struct advisory_db *db = NULL;
	struct err e = { 0 };
	(void)state;
	assert_int_equal(advisory_db_open(db_dir(), &db, &e), ERR_NOT_FOUND);
	assert_non_null(strstr(e.text, "lazaret db update"));
	assert_int_equal(advisory_db_open(S("/nowhere"), &db, &e), ERR_NOT_FOUND);
	assert_null(db);
}

static void add_scores(struct advisory_writer *w)
{
	struct feed_info info = { .feed = S("kev"), .name = S("kev") };
	struct kev k = { S("CVE-2024-1"), S("2024-05-01"), S("2024-06-01"), true };
	struct epss p[] = { { S("CVE-2024-9"), 0.5f, 0.75f }, { S("CVE-2024-1"), 0.25f, 0.125f } };
	struct segment *s;
	struct err e = { 0 };
	assert_int_equal(segment_begin(w, &info, &s, &e), 0);
	assert_int_equal(segment_add_kev(s, &k, &e), 0);
	for (size_t i = 0; i < COUNT(p); i++)
		assert_int_equal(segment_add_epss(s, &p[i], &e), 0);
	assert_int_equal(segment_end(s, 0, &e), 0);
}

static void test_write_and_find(void **state)
{
	struct advisory_writer *w;
	struct advisory_db *db;
	struct advisory *v = NULL;
	struct feed_info *feeds = NULL;
	struct arena a = { 0 };
	struct kev k;
	struct epss p;
	struct err e = { 0 };
	size_t n = 0;
	(void)state;
	assert_int_equal(advisory_writer_open(db_dir(), &w, &e), 0);
	write_segment(w, "debian/tracker", 1000, "2.0-1");
	add_scores(w);
	assert_int_equal(advisory_writer_commit(w, &e), 0);
	advisory_writer_close(w);
	assert_int_equal(advisory_db_open(db_dir(), &db, &e), 0);
	assert_int_equal(advisory_db_find(db, S("debian:12"), S("p7"), &a, &v, &n, &e), 0);
	assert_int_equal(n, 10);
	for (size_t i = 0; i < n; i++) {
		assert_true(str_eq(v[i].feed, S("debian")));
		assert_true(str_eq(v[i].affected->ns, S("debian:12")) &&
			    str_eq(v[i].affected->package, S("p7")));
		assert_true(str_eq(v[i].summary, S("text that is kept once")));
	}
	assert_int_equal(advisory_db_find(db, S("debian:11"), S("p7"), &a, &v, &n, &e), 0);
	assert_int_equal(v[0].affected->status, STATUS_WILL_NOT_FIX);
	assert_int_equal(advisory_db_find(db, S("debian:1"), S("p7"), &a, &v, &n, &e), 0);
	assert_int_equal(n, 0);
	assert_int_equal(advisory_db_get(db, S("CVE-2024-999"), &a, &v, &n, &e), 0);
	assert_true(n == 1 && v[0].n_affected == 0 && v[0].modified == 999);
	assert_int_equal(advisory_db_get(db, S("GHSA-all"), &a, &v, &n, &e), 0);
	assert_int_equal(n, 3);
	assert_true(advisory_db_kev(db, S("CVE-2024-1"), &k) && k.ransomware &&
		    str_eq(k.due, S("2024-06-01")));
	assert_false(advisory_db_kev(db, S("CVE-2024-2"), &k));
	assert_true(advisory_db_epss(db, S("CVE-2024-1"), &p) && p.score > 0.24f &&
		    p.score < 0.26f);
	assert_int_equal(advisory_db_namespace_records(db, S("debian:12")), 1000);
	assert_int_equal(advisory_db_namespace_records(db, S("debian:13")), 0);
	assert_int_equal(advisory_db_feeds(db, &a, &feeds, &n, &e), 0);
	assert_int_equal(n, 2);
	assert_true(str_eq(feeds[0].name, S("debian/tracker")) && feeds[0].records == 1000 &&
		    feeds[0].skipped == 2);
	assert_true(feeds[0].fetched == 1000 && feeds[0].newest == 999 &&
		    str_eq(feeds[0].etag, S("\"x\"")));
	assert_true(str_starts(advisory_db_generation(db), S("sha256:")));
	advisory_db_close(db);
	arena_done(&a);
}

static unsigned count_generations(void)
{
	unsigned n = 0;
	DIR *d = opendir(dir);
	for (struct dirent *x; (x = readdir(d));)
		n += str_starts(str_of(x->d_name), S("advisories-"));
	closedir(d);
	return n;
}

static void test_replace(void **state)
{
	struct advisory_db *old, *db;
	struct arena a = { 0 };
	struct err e = { 0 };
	struct stat st;
	char path[128];
	(void)state;
	fill("1", 10);
	assert_int_equal(advisory_db_open(db_dir(), &old, &e), 0);
	fill("2", 10);
	assert_int_equal(count_generations(), 2);
	fill("3", 10);
	assert_int_equal(count_generations(), 2);
	assert_int_equal(advisory_db_open(db_dir(), &db, &e), 0);
	assert_true(str_eq(fixed_of(old, &a, "p1"), S("1")));
	assert_true(str_eq(fixed_of(db, &a, "p1"), S("3")));
	advisory_db_close(old);
	advisory_db_close(db);
	snprintf(path, sizeof path, "%s/current", dir);
	assert_true(stat(path, &st) == 0 && (st.st_mode & 07777) == 0644);
	snprintf(path, sizeof path, "%s/segments", dir);
	assert_true(stat(path, &st) == 0 && (st.st_mode & 07777) == 0755);
	arena_done(&a);
}

static void test_touch_and_remove(void **state)
{
	struct advisory_writer *w;
	struct feed_info *feeds = NULL;
	struct arena a = { 0 };
	struct err e = { 0 };
	size_t n = 0;
	(void)state;
	fill("1", 10);
	assert_int_equal(advisory_writer_open(db_dir(), &w, &e), 0);
	assert_int_equal(advisory_writer_touch(w, S("debian/tracker"), 5000, &e), 0);
	assert_int_equal(advisory_writer_touch(w, S("debian/nothing"), 5000, &e), ERR_NOT_FOUND);
	assert_int_equal(advisory_writer_feeds(w, &a, &feeds, &n, &e), 0);
	assert_true(n == 1 && feeds[0].fetched == 5000 && feeds[0].records == 10);
	assert_int_equal(advisory_writer_remove(w, S("debian/tracker"), &e), 0);
	assert_int_equal(advisory_writer_commit(w, &e), 0);
	assert_int_equal(advisory_writer_feeds(w, &a, &feeds, &n, &e), 0);
	assert_int_equal(n, 0);
	advisory_writer_close(w);
	arena_done(&a);
}

static void test_refused_records(void **state)
{
	struct advisory_writer *w;
	struct segment *s;
	struct err e = { 0 };
	char name[600];
	memset(name, 'x', sizeof name);
	struct affected f = { .ns = S("debian:12"),
			      .package = { name, sizeof name },
			      .scheme = "deb" };
	struct advisory adv = { .id = S("X"), .affected = &f, .n_affected = 1 };
	struct feed_info info = { .feed = S("f"), .name = { name, 81 } };
	(void)state;
	assert_int_equal(advisory_writer_open(db_dir(), &w, &e), 0);
	assert_int_equal(segment_begin(w, &info, &s, &e), ERR_LIMIT);
	info.name = S("../../etc/passwd");
	assert_int_equal(segment_begin(w, &info, &s, &e), 0);
	assert_int_equal(segment_add(s, &adv, &e), ERR_LIMIT);
	adv.id = S("");
	assert_int_equal(segment_add(s, &adv, &e), ERR_LIMIT);
	assert_int_equal(segment_end(s, 0, &e), 0);
	assert_int_equal(advisory_writer_commit(w, &e), 0);
	advisory_writer_close(w);
}

/* Where the newest generation lies. */
static void generation_path(char *path, size_t n)
{
	struct current c;
	struct err e;
	assert_int_equal(current_read(db_dir(), &c, &e), 0);
	snprintf(path, n, "%s/%s", dir, c.file);
}

static void test_damaged(void **state)
{
	struct advisory_db *db = NULL;
	struct advisory *v;
	struct arena a = { 0 };
	struct err e = { 0 };
	struct buf b = { 0 };
	char path[256];
	size_t n;
	(void)state;
	fill("1", 10);
	generation_path(path, sizeof path);
	struct stream *in = stream_fd(open(path, O_RDONLY), true, 0, UINT64_MAX);
	assert_int_equal(stream_read_all(in, 1 << 30, &b, &e), 0);
	stream_close(in);
	/* The length of a text now reaches behind its record. */
	ssize_t at = str_find(str_buf(&b), S("text that is kept"));
	assert_true(at > 0);
	FILE *f = fopen(path, "r+");
	for (size_t i = (size_t)at; i < b.n; i++) {
		if (str_starts(str_from(str_buf(&b), i), S("text that is kept once"))) {
			fseek(f, (long)i - 1, SEEK_SET);
			fputc(0x7f, f);
		}
	}
	fclose(f);
	assert_int_equal(advisory_db_open(db_dir(), &db, &e), 0);
	assert_int_equal(advisory_db_find(db, S("debian:12"), S("p1"), &a, &v, &n, &e),
			 ERR_INVALID);
	advisory_db_close(db);
	/* Cut short, and no database at all. */
	assert_int_equal(truncate(path, (off_t)b.n / 2), 0);
	assert_int_equal(advisory_db_open(db_dir(), &db, &e), ERR_INVALID);
	f = fopen(path, "w");
	for (size_t i = 0; i < b.n; i++)
		fputc('x', f);
	fclose(f);
	assert_int_equal(advisory_db_open(db_dir(), &db, &e), ERR_INVALID);
	buf_done(&b);
	arena_done(&a);
}

static void test_damaged_segment(void **state)
{
	struct advisory_writer *w;
	struct advisory_db *db;
	struct arena a = { 0 };
	struct err e = { 0 };
	char path[256];
	(void)state;
	fill("1", 10);
	assert_int_equal(advisory_writer_open(db_dir(), &w, &e), 0);
	write_segment(w, "debian/tracker", 20, "2");
	snprintf(path, sizeof path, "%s/segments/debian%%2Ftracker.seg", dir);
	FILE *f = fopen(path, "r+");
	assert_non_null(f);
	fseek(f, 60, SEEK_SET);
	fputs("\xff\xff\xff\xff\xff\xff", f);
	fclose(f);
	assert_int_equal(advisory_writer_commit(w, &e), ERR_INVALID);
	assert_non_null(strstr(e.text, "debian%2Ftracker.seg"));
	assert_int_not_equal(access(path, F_OK), 0);
	advisory_writer_close(w);
	/* The generation before is still there. */
	assert_int_equal(advisory_db_open(db_dir(), &db, &e), 0);
	assert_true(str_eq(fixed_of(db, &a, "p1"), S("1")));
	advisory_db_close(db);
	arena_done(&a);
}

static void test_current_rejects(void **state)
{
	static const struct {
		const char *text;
		int code;
	} t[] = {
		{ "", ERR_INVALID },
		{ "format 1\n", ERR_INVALID },
		{ "format 99\nfile advisories-1.mdb\n", ERR_UNSUPPORTED },
		{ "format 1\nfile ../../etc/passwd\nsize 1\ndigest x\n", ERR_INVALID },
		{ "format 1\nfile advisories-/../../x.mdb\nsize 1\ndigest x\n", ERR_INVALID },
		{ "format 1\nfile advisories-1.mdb\nsize -1\n", ERR_INVALID },
		{ "format 1\nfile advisories-1.mdb\nsize 5\ndigest sha256:00\n", ERR_INVALID },
	};
	char path[128];
	(void)state;
	snprintf(path, sizeof path, "%s/current", dir);
	for (size_t i = 0; i < COUNT(t); i++) {
		struct advisory_db *db = NULL;
		struct err e = { 0 };
		FILE *f = fopen(path, "w");
		fputs(t[i].text, f);
		fclose(f);
		if (advisory_db_open(db_dir(), &db, &e) != t[i].code)
			fail_msg("%zu: %s", i, e.text);
	}
}

/* Whatever the moment, the database opens and holds one of the two states whole. */
static void test_killed_writer(void **state)
{
	struct arena a = { 0 };
	struct err e = { 0 };
	(void)state;
	fill("1", 3000);
	for (unsigned i = 0; i < 25; i++) {
		pid_t child = fork();
		if (child == 0) {
			for (unsigned round = 0;; round++)
				fill(round & 1 ? "1" : "2", 3000);
		}
		usleep(1000 + i * 3000);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		struct advisory_db *db;
		if (advisory_db_open(db_dir(), &db, &e))
			fail_msg("after kill %u: %s", i, e.text);
		struct str first = fixed_of(db, &a, "p0"), last = fixed_of(db, &a, "p99");
		assert_true(str_eq(first, S("1")) || str_eq(first, S("2")));
		assert_true(str_eq(first, last));
		assert_int_equal(advisory_db_namespace_records(db, S("debian:11")), 3000);
		advisory_db_close(db);
	}
	fill("3", 10);
	assert_true(count_generations() <= 2);
	arena_done(&a);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_none),
		TEST(test_write_and_find),
		TEST(test_replace),
		TEST(test_touch_and_remove),
		TEST(test_refused_records),
		TEST(test_damaged),
		TEST(test_damaged_segment),
		TEST(test_current_rejects),
		TEST(test_killed_writer),
	};
	return cmocka_run_group_tests_name("vuln/advisory_db", tests, NULL, NULL);
}
