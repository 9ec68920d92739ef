/* Language packages: every folder of tests/data/language_trees is a small tree whose packages, after fold and joins, are those of
 * its file `expected`; every file of tests/reject/language_trees is unreadable; the shared samples give what they must.
 * With LAZARET_BLESS set, `expected` is written instead. */
#include "analyze/analyzer.h"

#include "analyze/inventory.h"
#include "base/json.h"
#include "drive.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <cmocka.h>

#define ANALYZERS(_) \
	_(package_json) \
	_(package_lock) _(pnpm_lock) _(yarn_lock) _(python_dist) _(python_lock) _(pyproject) \
		_(pipfile_lock) _(requirements) _(conda_meta) _(bun_lock) _(deno_lock) \
			_(python_egg) _(unlocked)
#define DECLARE(name) extern const struct analyzer analyzer_##name;
#define POINTER(name) &analyzer_##name,
ANALYZERS(DECLARE)
static const struct analyzer *const ours[] = { ANALYZERS(POINTER) NULL };

static bool takes(const struct analyzer *a, const char *path, struct str body)
{
	struct file f = { .path = str_of(path), .size = body.n };
	return drive_wants(a, path) && (!a->wants || a->wants(&f, str_upto(body, 64)));
}

/* The file through all who want it; how many could not read it. */
static size_t give(struct drive *d, const char *path, struct str body, size_t *taken)
{
	size_t bad = 0;
	for (size_t i = 0; ours[i]; i++) {
		if (!takes(ours[i], path, body))
			continue;
		d->analyzer = ours[i];
		*taken += ours[i] != &analyzer_unlocked; /* takes any bytes */
		if (drive_file(d, path, body, 0) < 0)
			bad++;
	}
	return bad;
}

static struct {
	char *v[2000];
	size_t n;
} found;

static int on_file(const char *path, const struct stat *st, int kind, struct FTW *w)
{
	(void)st;
	(void)w;
	if (kind == FTW_F && found.n < COUNT(found.v))
		found.v[found.n++] = strdup(path);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list(const char *dir)
{
	while (found.n)
		free(found.v[--found.n]);
	assert_int_equal(nftw(dir, on_file, 16, FTW_PHYS), 0);
	qsort(found.v, found.n, sizeof *found.v, by_name);
}

static void read_path(const char *path, struct buf *b)
{
	struct err e;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail_msg("cannot open %s", path);
	CLEANUP(cleanup_stream) struct stream *s = stream_fd(fd, true, -1, UINT64_MAX);
	assert_int_equal(stream_read_all(s, 1 << 28, b, &e), 0);
}

static void put_list(struct buf *b, const char *what, struct strs s)
{
	for (size_t i = 0; i < s.n; i++)
		buf_addf(b, "%s%.*s", i ? ", " : what, STR(s.v[i]));
}

static void put_package(struct buf *b, const struct package *p)
{
	static const char *const relations[] = { "", " root", " direct", " indirect" };
	buf_addf(b, "%.*s: %.*s %.*s %.*s%s%s%s", STR(p->path), STR(p->type), STR(p->name),
		 STR(p->version.n ? p->version : S("-")), relations[p->relation],
		 p->dev ? " dev" : "", p->optional ? " optional" : "");
	put_list(b, " | ", p->licences);
	put_list(b, " > ", p->depends);
	for (size_t i = 0; i < p->n_attrs; i++) {
		struct attr at = p->attrs[i];
		if (!str_eq(at.key, S("relation")) && !str_eq(at.key, S("dev")) &&
		    !str_eq(at.key, S("optional")))
			buf_addf(b, " [%.*s %.*s]", STR(at.key), STR(at.value));
	}
	buf_add_char(b, '\n');
}

static int by_place(const void *a, const void *b)
{
	const struct package *x = a, *y = b;
	int r = str_cmp(x->path, y->path);
	r = r ? r : str_cmp(x->name, y->name);
	return r ? r : str_cmp(x->version, y->version);
}

static void describe(struct drive *d, struct buf *b)
{
	struct fold f;
	struct err e;
	struct layer_info layer = { 0 };
	struct inventory inv = { .arena = &d->arena, .layers = &layer, .n_layers = 1 };
	drive_fold(d, &f);
	inventory_add_packages(&inv, &f);
	for (size_t i = 0; ours[i]; i++)
		if (ours[i]->join)
			assert_int_equal(ours[i]->join(&f, &inv, &e), 0);
	if (inv.n_packages)
		qsort(inv.packages, inv.n_packages, sizeof *inv.packages, by_place);
	for (size_t i = 0; i < inv.n_packages; i++)
		put_package(b, &inv.packages[i]);
	for (size_t i = 0; i < inv.n_not_examined; i++)
		buf_addf(b, "! %.*s: %.*s\n", STR(inv.not_examined[i].path),
			 STR(inv.not_examined[i].reason));
	for (size_t i = 0; i < d->record.n_notes; i++)
		buf_addf(b, "! %.*s: %.*s\n", STR(d->record.notes[i].path),
			 STR(d->record.notes[i].reason));
}

static void run_case(const char *dir)
{
	struct drive d;
	CLEANUP(buf_done) struct buf got = { 0 }, want = { 0 };
	char expected[4096];
	size_t taken = 0;
	drive_init(&d, ours[0]);
	list(dir);
	for (size_t i = 0; i < found.n; i++) {
		const char *path = found.v[i] + strlen(dir) + 1;
		CLEANUP(buf_done) struct buf body = { 0 };
		read_path(found.v[i], &body);
		d.spool = i & 1;
		if (give(&d, path, str_buf(&body), &taken))
			fail_msg("%s: %.*s", found.v[i],
				 STR(d.record.files[d.record.n_files - 1].unreadable));
	}
	describe(&d, &got);
	drive_done(&d);
	assert_true(taken > 0);
	snprintf(expected, sizeof expected, "%s/expected", dir);
	if (getenv("LAZARET_BLESS")) {
		int fd = open(expected, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		assert_int_equal(write(fd, got.p, got.n), got.n);
		close(fd);
		return;
	}
	read_path(expected, &want);
	if (!str_eq(str_buf(&got), str_buf(&want)))
		fail_msg("%s: got\n%s", dir, buf_cstr(&got));
}

static void test_cases(void **state)
{
	(void)state;
	char dir[4096], path[8192];
	snprintf(dir, sizeof dir, "%s/data/language_trees", getenv("LAZARET_TESTS"));
	DIR *d = opendir(dir);
	assert_non_null(d);
	size_t n = 0;
	for (struct dirent *x; (x = readdir(d));) {
		if (x->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", dir, x->d_name);
		run_case(path);
		n++;
	}
	closedir(d);
	assert_true(n > 8);
}

/* tests/reject/language_trees/CASE/PATH: read as PATH, refused by all who take it. */
static void test_reject(void **state)
{
	(void)state;
	char dir[4096];
	snprintf(dir, sizeof dir, "%s/reject/language_trees", getenv("LAZARET_TESTS"));
	list(dir);
	assert_true(found.n > 10);
	for (size_t i = 0; i < found.n; i++) {
		struct drive d;
		const char *path = strchr(found.v[i] + strlen(dir) + 1, '/');
		CLEANUP(buf_done) struct buf body = { 0 };
		size_t taken = 0;
		assert_non_null(path);
		read_path(found.v[i], &body);
		drive_init(&d, ours[0]);
		size_t bad = give(&d, path + 1, str_buf(&body), &taken);
		if (!taken || bad != taken)
			fail_msg("%s: %zu of %zu refuse it", found.v[i], bad, taken);
		drive_done(&d);
	}
}

/* The shared samples */

static const struct sample {
	const char *file, *as;
	bool no_dev; /* the expected list leaves development packages out */
} samples[] = {
	{ "node/package-lock_v1.json", "package-lock.json" },
	{ "node/package-lock_v2.json", "package-lock.json" },
	{ "node/package-lock_v3.json", "npm-shrinkwrap.json" },
	{ "node/package-lock_v3_with_workspace.json", "package-lock.json" },
	{ "node/yarn_happy.lock", "yarn.lock" },
	{ "node/yarn_v2_happy.lock", "yarn.lock" },
	{ "node/yarn_with_npm.lock", "yarn.lock" },
	{ "node/pnpm-lock_normal.yaml", "pnpm-lock.yaml" },
	{ "node/pnpm-lock_v6_with_dev.yaml", "pnpm-lock.yaml", true },
	{ "node/pnpm-lock_v9.yaml", "pnpm-lock.yaml" },
	{ "node/package.json", "node_modules/bootstrap/package.json" },
	{ "node/legacy_package.json", "node_modules/angular/package.json" },
	{ "python/poetry_normal.lock", "poetry.lock" },
	{ "python/poetry_flask.lock", "poetry.lock" },
	{ "python/poetry_v2_flask.lock", "poetry.lock" },
	{ "python/Pipfile_normal.lock", "Pipfile.lock" },
	{ "python/Pipfile_django.lock", "Pipfile.lock" },
	{ "python/uv_normal.lock", "uv.lock" },
	{ "python/requirements_flask.txt", "requirements.txt" },
	{ "python/requirements_hash.txt", "requirements-hash.txt" },
	{ "python/requirements_operator.txt", "app/requirements.txt" },
};

static bool has(const struct record_package *p, const char *key, const char *value)
{
	return str_eq(record_attr(p->attrs, p->n_attrs, str_of(key)), str_of(value));
}

static bool matches(const struct record_package *p, const struct json *want, const char *file)
{
	if (!str_eq(p->name, json_get_str(want, "name")) ||
	    !str_eq(p->version, json_get_str(want, "version")))
		return false;
	struct str relation = json_get_str(want, "relationship"),
		   got = record_attr(p->attrs, p->n_attrs, S("relation"));
	if (relation.n && !str_eq(relation, got.n ? got : S("unknown")))
		fail_msg("%s: %.*s is %.*s, not %.*s", file, STR(p->name), STR(got), STR(relation));
	if (json_bool(json_get(want, "dev"), false) != has(p, "dev", "true"))
		fail_msg("%s: %.*s: dev", file, STR(p->name));
	JSON_EACH(l, json_get(want, "licenses"))
	if (!p->licences.n || !str_eq(p->licences.v[0], json_str(l)))
		fail_msg("%s: %.*s: licence", file, STR(p->name));
	return true;
}

static void run_sample(const struct sample *s, const struct json *expected)
{
	struct drive d;
	CLEANUP(buf_done) struct buf body = { 0 };
	char path[512];
	size_t taken = 0, n = 0, all = 0;
	snprintf(path, sizeof path, "packages/%s", s->file);
	assert_true(drive_read("LAZARET_TEST_DATA", path, &body));
	drive_init(&d, ours[0]);
	size_t bad = give(&d, s->as, str_buf(&body), &taken);
	const struct record_file *f = drive_record(&d, s->as);
	if (bad || taken != 1 || !f) {
		fail_msg("%s: %.*s", s->file, STR(f ? f->unreadable : S("not taken")));
		return;
	}
	JSON_EACH(want, expected)
	{
		size_t i = 0;
		while (i < f->n_packages && !matches(&f->packages[i], want, s->file))
			i++;
		if (i == f->n_packages)
			fail_msg("%s: %.*s %.*s is missing", s->file,
				 STR(json_get_str(want, "name")),
				 STR(json_get_str(want, "version")));
		n++;
	}
	for (size_t i = 0; i < f->n_packages; i++)
		all += !s->no_dev || !has(&f->packages[i], "dev", "true");
	if (all != n || !n)
		fail_msg("%s: %zu packages, not %zu", s->file, all, n);
	drive_done(&d);
}

static void test_samples(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(samples); i++) {
		CLEANUP(buf_done) struct buf b = { 0 };
		struct json *all CLEANUP(cleanup_json) = NULL;
		struct err e;
		char name[100];
		const char *slash = strchr(samples[i].file, '/');
		snprintf(name, sizeof name, "packages/%.*s/expected.json",
			 (int)(slash - samples[i].file), samples[i].file);
		if (!drive_read("LAZARET_TEST_DATA", name, &b))
			skip();
		assert_int_equal(json_parse(str_buf(&b), &all, &e), 0);
		run_sample(&samples[i], json_get(all, slash + 1));
	}
}

/* Locks of large workspaces are larger than a JSON tree or a plain YAML text may be. */
static void check_large(const char *path, const char *begin, const char *format, const char *end)
{
	enum { PACKAGES = 40000 };
	struct drive d;
	CLEANUP(buf_done) struct buf b = { 0 };
	size_t taken = 0;
	buf_add_str(&b, str_of(begin));
	for (unsigned i = 0; i < PACKAGES; i++) {
		struct str rest = str_of(format), part;
		for (unsigned k = 0; rest.n; k++) {
			part = str_cut(&rest, '#');
			if (k)
				buf_addf(&b, "%u", i);
			buf_add_str(&b, part);
		}
	}
	buf_add_str(&b, str_of(end));
	assert_true(b.n > JSON_TREE_MAX);
	drive_init(&d, ours[0]);
	d.spool = true;
	assert_int_equal(give(&d, path, str_buf(&b), &taken), 0);
	assert_int_equal(taken, 1);
	assert_int_equal(drive_record(&d, path)->n_packages, PACKAGES);
	drive_done(&d);
}

#define HASH "sha512-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="

static void test_large(void **state)
{
	(void)state;
	check_large("package-lock.json", "{\"lockfileVersion\":3,\"packages\":{",
		    "\"node_modules/p#\":{\"version\":\"1.0.#\",\"integrity\":\"" HASH "\"},",
		    "\"\":{}}}");
	check_large("bun.lock", "{\"packages\":{",
		    "\"p#\":[\"p#@1.0.#\",\"\",{\"dependencies\":{\"p1\":\"1\"}},\"" HASH "\"],",
		    "}}");
	check_large("pnpm-lock.yaml", "lockfileVersion: '6.0'\npackages:\n",
		    "  /p#@1.0.#:\n    resolution: {integrity: " HASH "}\n", "");
	check_large("yarn.lock", "",
		    "p#@^1:\n  version \"1.0.#\"\n  integrity " HASH
		    "\n  dependencies:\n    p1 \"^1\"\n",
		    "");
	check_large("poetry.lock", "[metadata]\nlock-version = \"2.0\"\n",
		    "[[package]]\nname = \"p#\"\nversion = \"1.#\"\nfiles = [{hash = \"" HASH
		    "\"}]\n",
		    "");
}

/* The site-packages of the samples: each file alone. */
static void test_site_packages(void **state)
{
	CLEANUP(buf_done) struct buf b = { 0 };
	struct json *all CLEANUP(cleanup_json) = NULL;
	struct err e;
	(void)state;
	if (!drive_read("LAZARET_TEST_DATA", "packages/python/expected.json", &b))
		skip();
	assert_int_equal(json_parse(str_buf(&b), &all, &e), 0);
	JSON_EACH(want, json_get(all, "site-packages"))
	{
		struct drive d;
		CLEANUP(buf_done) struct buf body = { 0 };
		char path[1024];
		size_t taken = 0;
		const char *file = json_get_str(want, "file").p;
		snprintf(path, sizeof path, "packages/python/%s", file);
		drive_read("LAZARET_TEST_DATA", path, &body);
		drive_init(&d, ours[0]);
		size_t bad = give(&d, file, str_buf(&body), &taken);
		bool valid = json_bool(json_get(want, "valid"), false);
		const struct record_file *f = drive_record(&d, file);
		if (taken != 1 || bad != !valid || !f || f->n_packages != valid) {
			fail_msg("%s: taken by %zu, refused by %zu", file, taken, bad);
			return;
		}
		struct str licence = json_get_str(want, "license");
		if (valid && !matches(&f->packages[0], want, file))
			fail_msg("%s: %.*s", file, STR(f->packages[0].name));
		if (licence.n && !str_eq(f->packages[0].licences.v[0], licence))
			fail_msg("%s: %.*s", file, STR(f->packages[0].licences.v[0]));
		drive_done(&d);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),	      cmocka_unit_test(test_reject),
		cmocka_unit_test(test_samples),	      cmocka_unit_test(test_large),
		cmocka_unit_test(test_site_packages),
	};
	int r = cmocka_run_group_tests(tests, NULL, NULL);
	while (found.n)
		free(found.v[--found.n]);
	return r;
}
