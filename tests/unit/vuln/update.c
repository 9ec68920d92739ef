/* Importing folders and fetching from a server: what comes in, what stays when a document fails, what is not read
 * again; the counts of the shared data. */
#include "vuln/update.h"

#include "http_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

static char dir[64];
static struct launcher *launcher;

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
	snprintf(dir, sizeof dir, "/tmp/lazaret-update.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Writes dir/NAME, with its folders. */
static void write_file(const char *name, const char *text)
{
	char path[256];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	for (char *p = path + strlen(dir) + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		mkdir(path, 0755);
		*p = '/';
	}
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int import(const char *what, struct update_results *out, struct arena *a, struct err *e)
{
	char db[128], path[256];
	snprintf(db, sizeof db, "%s/db", dir);
	snprintf(path, sizeof path, "%s/%s", dir, what);
	struct str v[] = { str_of(path) };
	const struct strs paths = { v, 1, 1 };
	const struct update_options o = { .dir = str_of(db), .launcher = launcher, .now = 1000 };
	*out = (struct update_results){ 0 };
	return update_import(&o, &paths, a, out, e);
}

static const struct update_result *result_of(const struct update_results *r, const char *name)
{
	for (size_t i = 0; i < r->n; i++)
		if (str_eq(r->v[i].name, str_of(name)))
			return &r->v[i];
	fail_msg("no result of %s", name);
	return NULL;
}

/* Records about the package, in the database as it is now. */
static size_t count_of(const char *ns, const char *package)
{
	struct advisory_db *db;
	struct advisory *v;
	struct arena a = { 0 };
	struct err e;
	char path[128];
	size_t n;
	snprintf(path, sizeof path, "%s/db", dir);
	assert_int_equal(advisory_db_open(str_of(path), &db, &e), 0);
	assert_int_equal(advisory_db_find(db, str_of(ns), str_of(package), &a, &v, &n, &e), 0);
	advisory_db_close(db);
	arena_done(&a);
	return n;
}

#define NPM(id, package) \
	"{\"id\":\"" id "\",\"modified\":\"2099-01-01T00:00:00Z\",\"affected\":[{\"package\":{" \
			"\"ecosystem\":\"npm\",\"name\":\"" package \
	"\"},\"versions\":[\"1.0.0\"]}]}"
#define SECDB(package) \
	"{\"distroversion\":\"v3.19\",\"reponame\":\"main\",\"packages\":[{\"pkg\":{\"name\":" \
	"\"" package "\",\"secfixes\":{\"1-r0\":[\"CVE-1\"]}}}]}"

static void test_import(void **state)
{
	struct update_results r;
	struct arena a = { 0 };
	struct err e = { 0 };
	(void)state;
	write_file("in/npm/A-1.json", NPM("A-1", "one"));
	write_file("in/npm/A-2.json", NPM("A-2", "one"));
	write_file("in/npm/A-3.json", "{\"id\":\"A-3\",\"modified\":\"\",");
	write_file("in/v3.19/main.json", SECDB("zlib"));
	write_file("in/readme.txt", "hello");
	write_file("in/.hidden/A-9.json", NPM("A-9", "one"));
	if (import("in", &r, &a, &e))
		fail_msg("%s", e.text);
	assert_int_equal(r.n, 2);
	assert_int_equal(r.n_unknown, 1);
	assert_true(str_ends(r.unknown.v[0], S("in/readme.txt")));
	assert_true(result_of(&r, "osv/npm")->records == 2 &&
		    result_of(&r, "osv/npm")->skipped == 1);
	assert_true(str_starts(result_of(&r, "osv/npm")->notes.v[0], S("A-3.json: ")));
	assert_int_equal(result_of(&r, "alpine/v3.19/main")->records, 1);
	assert_int_equal(count_of("npm", "one"), 2);
	assert_int_equal(count_of("alpine:3.19", "zlib"), 1);
	arena_done(&a);
}

/* A document that fails keeps what it had, and does not keep others out. */
static void test_import_again(void **state)
{
	struct update_results r;
	struct arena a = { 0 };
	struct err e = { 0 };
	(void)state;
	write_file("in/v3.19/main.json", SECDB("zlib"));
	write_file("in/v3.19/community.json", SECDB("lua"));
	assert_int_equal(import("in", &r, &a, &e), 0);
	write_file("in/v3.19/main.json", "{\"packages\":[{\"pkg\":{\"secfixes\":{");
	write_file("in/npm/A-1.json", NPM("A-1", "one"));
	assert_int_equal(import("in", &r, &a, &e), 0);
	assert_int_equal(result_of(&r, "alpine/v3.19/main")->code, ERR_INVALID);
	assert_non_null(strstr(result_of(&r, "alpine/v3.19/main")->error.p, "main.json"));
	assert_true(result_of(&r, "alpine/v3.19/community")->unchanged);
	assert_int_equal(result_of(&r, "alpine/v3.19/community")->records, 1);
	assert_int_equal(count_of("alpine:3.19", "zlib"), 1);
	assert_int_equal(count_of("alpine:3.19", "lua"), 1);
	assert_int_equal(count_of("npm", "one"), 1);
	arena_done(&a);
}

static void test_import_nothing(void **state)
{
	struct update_results r;
	struct arena a = { 0 };
	struct err e = { 0 };
	(void)state;
	write_file("in/readme.txt", "hello");
	write_file("bad/main.json", "{\"packages\":[{\"pkg\":{\"secfixes\":{");
	assert_int_equal(import("in", &r, &a, &e), ERR_NOT_FOUND);
	assert_int_equal(import("nowhere", &r, &a, &e), ERR_NOT_FOUND);
	assert_int_equal(import("bad", &r, &a, &e), ERR_INVALID);
	arena_done(&a);
}

/* The table of the shared data's README. */
static void test_shared_data(void **state)
{
	static const struct {
		const char *name;
		uint64_t records;
	} t[] = {
		{ "osv/AlmaLinux", 5637 },
		{ "osv/Go", 4291 },
		{ "osv/PyPI", 2661 },
		{ ("osv/crates" ".io"),
		  714 },
		{ "osv/RubyGems", 1233 },
		{ "osv/Packagist", 1589 },
		{ "osv/npm", 1035 },
		{ "osv/Maven", 551 },
		{ "osv/NuGet", 13 },
		{ "osv/Ubuntu", 13855 },
		{ "kev", 1404 },
		{ "debian/tracker", 13031 },
	};
	const char *data = getenv("LAZARET_TEST_DATA");
	struct update_results r = { 0 };
	struct arena a = { 0 };
	struct err e = { 0 };
	char path[512], db[128];
	(void)state;
	if (!data)
		skip();
	snprintf(path, sizeof path, "%s/advisories", data);
	snprintf(db, sizeof db, "%s/db", dir);
	struct str v[] = { str_of(path) };
	const struct strs paths = { v, 1, 1 };
	const struct update_options o = { .dir = str_of(db), .launcher = launcher, .now = 1000 };
	if (update_import(&o, &paths, &a, &r, &e))
		fail_msg("%s", e.text);
	for (size_t i = 0; i < COUNT(t); i++) {
		const struct update_result *x = result_of(&r, t[i].name);
		if (x->records != t[i].records || x->skipped || x->code)
			fail_msg("%s: %llu records, %llu skipped: %.*s", t[i].name,
				 (unsigned long long)x->records, (unsigned long long)x->skipped,
				 STR(x->error));
	}
	assert_int_equal(r.n, COUNT(t) + 18);
	assert_int_equal(r.n_unknown, 0);
	assert_true(count_of("golang", "stdlib") > 100);
	assert_true(count_of("maven", "org.apache.logging.log4j:log4j-core") > 1);
	arena_done(&a);
}

/* A publisher: KEV with an ETag, EPSS with a date; `mood` makes it worse. */
enum mood { WELL, KEV_FAILS, KEV_BROKEN, ALL_GONE };
static struct {
	struct http_server server;
	_Atomic enum mood mood;
	atomic_uint full; /* bodies sent */
} publisher;

static void publish(struct http_server *s, int fd, struct str method, struct str path,
		    struct str head)
{
	enum mood mood = publisher.mood;
	bool kev = str_eq(path, S("/kev/known_exploited_vulnerabilities.json"));
	(void)s;
	(void)method;
	if (mood == ALL_GONE || (kev && mood == KEV_FAILS)) {
		http_answer(fd, mood == ALL_GONE ? 404 : 500, "", "no");
	} else if (kev && mood == KEV_BROKEN) {
		http_answer(fd, 200, "", "{\"vulnerabilities\":[{");
	} else if (str_eq(http_header(head, "if-none-match"), S("\"k1\"")) ||
		   str_eq(http_header(head, "if-modified-since"), S("yesterday"))) {
		http_answer(fd, 304, "", "");
	} else if (kev) {
		atomic_fetch_add(&publisher.full, 1);
		http_answer(fd, 200, "ETag: \"k1\"\r\n",
			    "{\"catalogVersion\":\"1\",\"vulnerabilities\":[{\"cveID\":\"CVE-2099-"
			    "1\",\"dateAdded\":\"2099-01-01\"}]}");
	} else {
		atomic_fetch_add(&publisher.full, 1);
		http_answer(fd, 200, "Last-Modified: yesterday\r\n",
			    "cve,epss,percentile\nCVE-2099-1,0.5,0.5\n");
	}
}

static int fetch_all(struct fetch *f, const char *const *names, size_t n_names,
		     struct update_results *out, struct arena *a, struct err *e)
{
	char db[128];
	struct str feeds_wanted[4], mirrors[2];
	snprintf(db, sizeof db, "%s/db", dir);
	for (size_t i = 0; i < n_names; i++)
		feeds_wanted[i] = str_of(names[i]);
	mirrors[0] = arena_printf(a, "kev=http://127.0.0.1:%u/kev/", publisher.server.port);
	mirrors[1] = arena_printf(a, "epss=http://127.0.0.1:%u/epss", publisher.server.port);
	const struct update_options o = { .dir = str_of(db),
					  .launcher = launcher,
					  .now = 2000,
					  .fetch = f,
					  .feeds = { feeds_wanted, n_names, n_names },
					  .mirrors = { mirrors, 2, 2 } };
	*out = (struct update_results){ 0 };
	return update_fetch(&o, a, out, e);
}

static bool kev_is_in(void)
{
	struct advisory_db *db;
	struct kev k;
	struct err e;
	char path[128];
	snprintf(path, sizeof path, "%s/db", dir);
	assert_int_equal(advisory_db_open(str_of(path), &db, &e), 0);
	bool in = advisory_db_kev(db, S("CVE-2099-1"), &k);
	advisory_db_close(db);
	return in;
}

static void check_moods(struct fetch *f, struct arena *a)
{
	static const char *const both[] = { "kev", "epss" };
	struct update_results r;
	struct err e = { 0 };
	if (fetch_all(f, both, 2, &r, a, &e))
		fail_msg("%s", e.text);
	assert_true(r.n == 2 && result_of(&r, "kev")->records == 1 &&
		    result_of(&r, "epss")->records == 1);
	assert_int_equal(fetch_all(f, both, 2, &r, a, &e), 0);
	assert_true(result_of(&r, "kev")->unchanged && result_of(&r, "epss")->unchanged);
	assert_int_equal(result_of(&r, "kev")->records, 1);
	assert_int_equal(publisher.full, 2);
	publisher.mood = KEV_FAILS;
	assert_int_equal(fetch_all(f, both, 2, &r, a, &e), 0);
	assert_int_equal(result_of(&r, "kev")->code, ERR_IO);
	assert_non_null(strstr(result_of(&r, "kev")->error.p, "500"));
	assert_true(result_of(&r, "epss")->unchanged && kev_is_in());
	publisher.mood = KEV_BROKEN;
	assert_int_equal(fetch_all(f, both, 2, &r, a, &e), 0);
	assert_int_equal(result_of(&r, "kev")->code, ERR_INVALID);
	assert_true(kev_is_in());
	assert_int_equal(fetch_all(f, both, 1, &r, a, &e), ERR_INVALID);
	publisher.mood = ALL_GONE;
	assert_true(fetch_all(f, both, 2, &r, a, &e) < 0);
	assert_true(kev_is_in());
}

static void test_fetch(void **state)
{
	static const char *const nothing[] = { "astrology" };
	struct fetch_options options = { .retries = 0 };
	struct fetch *f = NULL;
	struct update_results r;
	struct arena a = { 0 };
	struct err e = { 0 };
	(void)state;
	publisher.server.handle = publish;
	http_start(&publisher.server);
	assert_int_equal(fetch_open(&options, &f, &e), 0);
	assert_int_equal(fetch_all(f, nothing, 1, &r, &a, &e), ERR_NOT_FOUND);
	check_moods(f, &a);
	fetch_close(f);
	http_stop(&publisher.server);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_import, setup, teardown),
		cmocka_unit_test_setup_teardown(test_import_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_import_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fetch, setup, teardown),
		cmocka_unit_test_setup_teardown(test_shared_data, setup, teardown),
	};
	struct err e;
	if (launcher_open(&launcher, &e))
		return 1;
	int r = cmocka_run_group_tests_name("vuln/update", tests, NULL, NULL);
	launcher_close(launcher);
	return r;
}
