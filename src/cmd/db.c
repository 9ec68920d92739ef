/* lazaret db update, import, info: fills the advisory database and says what it holds. */
#include "vuln/repository.h"
#include "vuln/update.h"
#include "analyze/scan.h"
#include "base/json.h"
#include "base/time.h"
#include "cmd/alarm.h"
#include "cmd/progress.h"

#include <stdio.h>

enum { OLD_DAYS = 7, DAY = 86400 };

static const struct option options[] = {
	{ "feed", 0, "LIST", "osv alpine debian kev epss coordinates", true, true, "only these feeds" },
	{ "mirror", 0, "FEED=URL", NULL, true, false, "fetch a feed from a mirror" },
	{ "for", 0, "TARGET", NULL, false, false, "read the package repository of this image" },
	{ "repository", 0, "URL", NULL, true, false, "repository in place of the apt sources" },
	{ "keyring", 0, "FILE", "FILE", false, false, "keys the repository must be signed with" },
	{ "platform", 0, "OS/ARCH", "linux/amd64 linux/arm64", false, false,
	  "platform of an index" },
	{ "distro", 0, "ID:VERSION", NULL, false, false, "its distribution, whatever it says" },
	{ "format", 'f', "FORMAT", "table json", false, false, "format of info" },
	{ "timeout", 0, "DURATION", NULL, false, false, "give up after this long" },
	{ 0 },
};
static const char *const verbs[] = { "update", "import", "info", NULL };

struct job {
	const struct args *args;
	struct update_options update;
	struct progress progress;
};

static void on_document(void *ctx, struct str name, size_t index, size_t count)
{
	struct job *j = ctx;
	char text[200];
	snprintf(text, sizeof text, "feed %zu of %zu: %.*s", index + 1, count,
		 STR(str_upto(name, 100)));
	progress_text(&j->progress, text);
}

/* Of each feed the first document that failed, and how many more. */
static size_t print_failures(const struct update_results *r)
{
	size_t failed = 0;
	for (size_t i = 0; i < r->n; i++) {
		const struct update_result *d = &r->v[i];
		size_t before = 0, behind = 0;
		if (!d->code)
			continue;
		failed++;
		for (size_t k = 0; k < r->n; k++)
			if (r->v[k].code && str_eq(r->v[k].feed, d->feed))
				*(k < i ? &before : &behind) += 1;
		if (before)
			continue;
		fprintf(stderr, "lazaret db: %.*s: %.*s\n", STR(d->name), STR(d->error));
		if (behind > 1)
			fprintf(stderr, "lazaret db: %.*s: %zu more documents failed\n",
				STR(d->feed), behind - 1);
	}
	return failed;
}

/* One line a document that is in, and why records were left out. */
static int print_results(const struct args *a, const struct update_results *r)
{
	size_t failed = print_failures(r);
	for (size_t i = 0; i < r->n; i++) {
		const struct update_result *d = &r->v[i];
		if (d->code || d->absent)
			continue;
		say(a, "%-40.*s %8llu records%s", STR(d->name), (unsigned long long)d->records,
		    d->unchanged ? ", unchanged" : "");
		if (d->skipped)
			say(a, "  %llu records could not be read", (unsigned long long)d->skipped);
		for (size_t k = 0; k < d->notes.n; k++)
			say(a, "  %.*s", STR(d->notes.v[k]));
	}
	for (size_t i = 0; i < r->unknown.n; i++)
		say(a, "no document of any feed: %.*s", STR(r->unknown.v[i]));
	if (r->n_unknown > r->unknown.n)
		say(a, "and %llu more files", (unsigned long long)(r->n_unknown - r->unknown.n));
	return failed ? EXIT_FAILED : EXIT_YES;
}

static int open_fetch(struct job *j, struct err *e)
{
	struct fetch_options o = { .retries = 3 };
	return fetch_open(&o, &j->update.fetch, e);
}

static int update_feeds(struct job *j, struct update_results *results, struct err *e)
{
	if (j->update.fetch == NULL && open_fetch(j, e))
		return e->code;
	int r = update_fetch(&j->update, j->args->arena, results, e);
	fetch_close(j->update.fetch);
	return r;
}

static int run_update(struct job *j)
{
	const struct args *a = j->args;
	struct update_results results = { 0 };
	struct err e = { 0 };
	struct strs paths = { a->words.v + 1, a->words.n - 1, 0 };
	bool import = str_eq(a->words.v[0], S("import"));
	j->update = (struct update_options){ .dir = db_dir(a),
					     .now = time_now(),
					     .feeds = args_list(a, "feed"),
					     .mirrors = args_list(a, "mirror"),
					     .progress = on_document,
					     .ctx = j };
	if (launcher_open(&j->update.launcher, &e))
		return fail(a, &e);
	progress_start(&j->progress, a);
	int r = import ? update_import(&j->update, &paths, a->arena, &results, &e)
		       : update_feeds(j, &results, &e);
	progress_stop(&j->progress);
	launcher_close(j->update.launcher);
	int status = print_results(a, &results);
	return r ? fail(a, &e) : status;
}

static void on_step(void *ctx, const char *what)
{
	progress_text(ctx, what);
}

/* The image whose distribution is asked about: a target as scan takes it, of one platform. */
static int read_target(struct job *j, struct launcher *l, struct str target, struct inventory *inv,
		       struct err *e)
{
	const struct args *a = j->args;
	struct source *s CLEANUP(cleanup_source) = NULL;
	struct source_options so = { .retries = 3 };
	struct scan_options o = { .launcher = l, .cache_dir = cache_dir(a), .cache_max = 1 << 30 };
	struct platform platform;
	struct image *images = NULL;
	size_t n = 0;
	struct str wanted = args_str(a, "platform");
	o.distro = args_str(a, "distro");
	limits_default(&so.limits);
	o.limits = so.limits;
	platform_host(&platform);
	if (wanted.n && platform_parse(a->arena, wanted, &platform, e))
		return err_in(e, "%s", args_from(a, "platform"));
	if (source_open(target, &so, &s, e))
		return e->code;
	if (source_is_dir(s))
		return scan_image(s, NULL, &o, a->arena, inv, e);
	int r = source_images(s, &platform, a->arena, &images, &n, e);
	return r ? r : scan_image(s, &images[0], &o, a->arena, inv, e);
}

static int print_repositories(const struct args *a, const struct repository_result *r)
{
	size_t failed = 0;
	for (size_t i = 0; i < r->n; i++) {
		const struct repository_done *d = &r->v[i];
		if (d->failed) {
			fprintf(stderr, "lazaret db: %.*s: %.*s\n", STR(d->origin), STR(d->why));
			failed++;
			continue;
		}
		say(a,
		    "%.*s: the image is behind in %llu source packages, %llu advisories (%llu "
		    "documents, %llu KiB fetched)",
		    STR(d->origin), (unsigned long long)d->behind,
		    (unsigned long long)d->advisories, (unsigned long long)d->fetched,
		    (unsigned long long)(d->bytes + 1023) / 1024);
		for (size_t k = 0; k < d->notes.n; k++)
			say(a, "  %.*s", STR(d->notes.v[k]));
	}
	for (size_t i = 0; i < r->notes.n; i++)
		say(a, "%.*s", STR(r->notes.v[i]));
	return failed ? EXIT_FAILED : EXIT_YES;
}

static int update_repositories(struct job *j, struct launcher *l, struct repository_result *out,
			       struct err *e)
{
	const struct args *a = j->args;
	struct inventory inv = { 0 };
	struct repository_options o = {
		.launcher = l,
		.cache_dir = arena_printf(a->arena, "%.*s/repository", STR(cache_dir(a))),
		.apt_dir = S("/etc/apt"),
		.keyring_dir = S("/usr/share/keyrings"),
		.repositories = args_list(a, "repository"),
		.keyring = args_str(a, "keyring"),
		.now = time_now(),
		.progress = on_step,
		.progress_ctx = &j->progress,
	};
	struct str target = args_str(a, "for");
	if (read_target(j, l, target, &inv, e))
		return err_in(e, "%.*s", STR(target));
	if (advisory_writer_open(db_dir(a), &o.writer, e))
		return e->code;
	int r = repository_update(&inv, &o, a->arena, out, e);
	if (r == 0)
		r = advisory_writer_commit(o.writer, e);
	advisory_writer_close(o.writer);
	return r;
}

static int run_for(struct job *j)
{
	const struct args *a = j->args;
	struct launcher *l = NULL;
	struct repository_result result = { 0 };
	struct err e = { 0 };
	if (launcher_open(&l, &e))
		return fail(a, &e);
	progress_start(&j->progress, a);
	int r = update_repositories(j, l, &result, &e);
	progress_stop(&j->progress);
	launcher_close(l);
	int status = print_repositories(a, &result);
	return r ? fail(a, &e) : status;
}

static void print_table(const struct feed_info *f, size_t n, int64_t now)
{
	char date[DATE_TEXT];
	printf("%-44s %-10s %10s  %s\n", "DOCUMENT", "FETCHED", "RECORDS", "FROM");
	for (size_t i = 0; i < n; i++) {
		printf("%-44.*s %-10s %10llu  %.*s%s\n", STR(f[i].name),
		       f[i].fetched ? date_text(f[i].fetched, date) : "-",
		       (unsigned long long)f[i].records, STR(f[i].origin),
		       f[i].repository ? " (package repository)" : "");
		if (f[i].skipped)
			printf("  %llu records could not be read\n",
			       (unsigned long long)f[i].skipped);
		if (now - f[i].fetched > OLD_DAYS * DAY)
			printf("  Warning: fetched %lld days ago\n",
			       (long long)((now - f[i].fetched) / DAY));
	}
}

static void print_json(const struct feed_info *f, size_t n, struct str generation)
{
	struct buf b = { 0 };
	struct json_out o;
	char text[TIME_TEXT];
	json_out_init(&o, &b, 2);
	json_begin_object(&o);
	json_put_member(&o, "generation", generation);
	json_put_key(&o, "feeds");
	json_begin_array(&o);
	for (size_t i = 0; i < n; i++) {
		json_begin_object(&o);
		json_put_member(&o, "feed", f[i].feed);
		json_put_member(&o, "name", f[i].name);
		json_put_member(&o, "origin", f[i].origin);
		json_put_member(&o, "fetched", str_of(time_text(f[i].fetched, text)));
		if (f[i].newest)
			json_put_member(&o, "newest", str_of(time_text(f[i].newest, text)));
		json_put_key(&o, "records");
		json_put_u64(&o, f[i].records);
		json_put_key(&o, "skipped");
		json_put_u64(&o, f[i].skipped);
		json_put_key(&o, "repository");
		json_put_bool(&o, f[i].repository);
		json_end_object(&o);
	}
	json_end_array(&o);
	json_end_object(&o);
	puts(buf_cstr(&b));
	buf_done(&b);
}

static int run_info(const struct args *a)
{
	struct advisory_db *db = NULL;
	struct feed_info *f = NULL;
	size_t n = 0;
	struct err e = { 0 };
	struct str format = args_str(a, "format");
	if (format.n && !str_eq(format, S("json")) && !str_eq(format, S("table")))
		return usage(a, "--format: there is no format '%.*s'", STR(format));
	if (advisory_db_open(db_dir(a), &db, &e))
		return fail(a, &e);
	int r = advisory_db_feeds(db, a->arena, &f, &n, &e);
	if (r >= 0 && str_eq(format, S("json")))
		print_json(f, n, advisory_db_generation(db));
	else if (r >= 0)
		print_table(f, n, time_now());
	advisory_db_close(db);
	return r < 0 ? fail(a, &e) : EXIT_YES;
}

static int run(const struct args *a)
{
	struct job j = { .args = a };
	struct err e = { 0 };
	struct str verb = a->words.n ? a->words.v[0] : S("");
	if (alarm_start(a, &e))
		return usage(a, "%s", e.text);
	if (str_eq(verb, S("info")) && a->words.n == 1)
		return run_info(a);
	if (str_eq(verb, S("import")) && a->words.n > 1)
		return run_update(&j);
	if (str_eq(verb, S("update")) && a->words.n == 1)
		return args_str(a, "for").n ? run_for(&j) : run_update(&j);
	return usage(a, "wanted: db update, db import PATH... or db info");
}

const struct command command_db = { "db", "fill the advisory database, say what it holds", verbs,
				    options, run };
