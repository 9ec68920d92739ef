/* lazaret scan TARGET...: image -> inventory -> findings -> verdict -> reports. */
#include "analyze/scan.h"
#include "base/child.h"
#include "base/time.h"
#include "cmd/alarm.h"
#include "cmd/output.h"
#include "cmd/progress.h"
#include "policy/verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { DEFAULT_CACHE_MAX = 1 << 30, PASSWORD_MAX = 64 * 1024 };

static const struct option options[] = {
	{ "format", 'f', "FORMAT[=FILE]", "table json", true, false, "report format, may repeat" },
	{ "output", 'o', "FILE", "FILE", false, false, "write the report to a file" },
	{ "severity", 's', "LIST", "UNKNOWN NEGLIGIBLE LOW MEDIUM HIGH CRITICAL", true, true,
	  "report these severities" },
	{ "ignore-unfixed", 0, NULL, NULL, false, false, "leave out what has no fix" },
	{ "ignore-status", 0, "LIST",
	  "unknown not_affected affected fixed under_investigation will_not_fix fix_deferred "
	  "end_of_life",
	  true, true, "leave out findings of these statuses" },
	{ "fail-on", 0, "SEVERITY", "NEGLIGIBLE LOW MEDIUM HIGH CRITICAL", false, false,
	  "deny from this severity on" },
	{ "exit-code", 0, "N", NULL, false, false,
	  "exit status when findings are reported or denied" },
	{ "exit-on-eol", 0, "N", NULL, false, false,
	  "exit status when the distribution has ended" },
	{ "allow-unknown", 0, NULL, NULL, false, false, "accept what cannot be known" },
	{ "platform", 0, "OS/ARCH", "linux/amd64 linux/arm64 all", false, false,
	  "platform of an index, or all" },
	{ "distro", 0, "ID:VERSION", NULL, false, false, "distribution, whatever the image says" },
	{ "username", 0, "NAME", NULL, false, false, "registry user" },
	{ "password-stdin", 0, NULL, NULL, false, false,
	  "read the registry password from standard input" },
	{ "insecure-registry", 0, NULL, NULL, false, false,
	  "plain http and unverified TLS are allowed" },
	{ "registry-mirror", 0, "HOST=URL", NULL, true, false,
	  "ask this mirror before the registry" },
	{ "retries", 0, "N", NULL, false, false, "tries after a failed registry request" },
	{ "skip-files", 0, "GLOB", NULL, true, true, "files left out of a directory scan" },
	{ "skip-dirs", 0, "GLOB", NULL, true, true, "folders left out of a directory scan" },
	{ "cross-file-systems", 0, NULL, NULL, false, false, "follow mounts in a directory scan" },
	{ "jobs", 'j', "N", NULL, false, false, "layers at once" },
	{ "no-cache", 0, NULL, NULL, false, false, "neither read nor write layer records" },
	{ "cache-max", 0, "BYTES", NULL, false, false, "size of the layer cache" },
	{ "limit", 0, "NAME=VALUE", NULL, true, false, "change a limit" },
	{ "timeout", 0, "DURATION", NULL, false, false, "give up after this long" },
	{ 0 },
};

struct job {
	const struct args *args;
	struct source_options source;
	struct scan_options scan;
	struct verdict_options verdict;
	struct outputs outputs;
	struct platform platform;
	bool all_platforms;
	uint64_t exit_code, eol_code; /* 0: not given */
	struct advisory_db *db;
	struct progress progress;
	struct report *reports;
	size_t n_reports, reports_cap;
};

static int number(const struct args *a, const char *name, uint64_t max, uint64_t *out,
		  struct err *e)
{
	struct str s = args_str(a, name);
	if (s.n && !str_to_u64(s, max, out))
		return err_set(e, ERR_INVALID, "%s: '%.*s' is no number from 0 to %llu",
			       args_from(a, name), STR(s), (unsigned long long)max);
	return 0;
}

static int read_limits(const struct args *a, struct limits *l, struct err *e)
{
	struct strs v = args_list(a, "limit");
	limits_default(l);
	for (size_t i = 0; i < v.n; i++)
		if (limits_set(l, v.v[i], e))
			return err_in(e, "%s", args_from(a, "limit"));
	return 0;
}

static int read_filters(const struct args *a, struct verdict_options *o, struct err *e)
{
	struct strs v = args_list(a, "severity");
	for (size_t i = 0; i < v.n; i++) {
		enum severity s;
		if (!severity_parse(v.v[i], &s))
			return err_set(e, ERR_INVALID, "%s: there is no severity '%.*s'",
				       args_from(a, "severity"), STR(v.v[i]));
		o->severities |= 1u << s;
	}
	v = args_list(a, "ignore-status");
	for (size_t i = 0; i < v.n; i++) {
		enum status s;
		if (!status_parse(v.v[i], &s))
			return err_set(e, ERR_INVALID, "%s: there is no status '%.*s'",
				       args_from(a, "ignore-status"), STR(v.v[i]));
		o->ignore_statuses |= 1u << s;
	}
	struct str fail_on = args_str(a, "fail-on");
	o->fail = fail_on.n != 0;
	if (o->fail && !severity_parse(fail_on, &o->fail_on))
		return err_set(e, ERR_INVALID, "%s: there is no severity '%.*s'",
			       args_from(a, "fail-on"), STR(fail_on));
	o->ignore_unfixed = args_flag(a, "ignore-unfixed");
	o->allow_unknown = args_flag(a, "allow-unknown");
	o->now = time_now();
	return 0;
}

/* The password from standard input, up to the first line end. */
static int read_password(const struct args *a, struct str *out, struct err *e)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	struct stream *in CLEANUP(cleanup_stream) = stream_fd(STDIN_FILENO, false, -1, UINT64_MAX);
	struct str line = { 0 };
	if (stream_read_all(in, PASSWORD_MAX, &b, e))
		return err_in(e, "read the password from standard input");
	struct str rest = str_buf(&b);
	str_line(&rest, &line);
	*out = arena_str(a->arena, line);
	return 0;
}

static int read_source_options(const struct args *a, struct source_options *o, struct err *e)
{
	uint64_t retries = 3;
	if (number(a, "retries", 100, &retries, e))
		return e->code;
	o->retries = (unsigned)retries;
	o->username = args_str(a, "username");
	o->insecure = args_flag(a, "insecure-registry");
	o->mirrors = args_list(a, "registry-mirror");
	o->skip_files = args_list(a, "skip-files");
	o->skip_dirs = args_list(a, "skip-dirs");
	o->cross_file_systems = args_flag(a, "cross-file-systems");
	if (args_flag(a, "password-stdin"))
		return read_password(a, &o->password, e);
	if (o->username.n)
		return err_set(e, ERR_INVALID, "--username wants --password-stdin");
	return 0;
}

static int read_scan_options(struct job *j, struct err *e)
{
	const struct args *a = j->args;
	uint64_t jobs = 0;
	j->scan.cache_max = DEFAULT_CACHE_MAX;
	if (number(a, "jobs", 256, &jobs, e) ||
	    number(a, "cache-max", UINT64_MAX, &j->scan.cache_max, e) ||
	    number(a, "exit-code", 255, &j->exit_code, e) ||
	    number(a, "exit-on-eol", 255, &j->eol_code, e))
		return e->code;
	j->scan.jobs = (unsigned)jobs;
	j->scan.distro = args_str(a, "distro");
	if (!args_flag(a, "no-cache"))
		j->scan.cache_dir = cache_dir(a);
	struct str platform = args_str(a, "platform");
	j->all_platforms = str_eq(platform, S("all"));
	platform_host(&j->platform);
	if (platform.n && !j->all_platforms && platform_parse(a->arena, platform, &j->platform, e))
		return err_in(e, "%s", args_from(a, "platform"));
	return 0;
}

static int read_options(struct job *j, struct err *e)
{
	const struct args *a = j->args;
	if (read_limits(a, &j->scan.limits, e) || read_filters(a, &j->verdict, e) ||
	    read_source_options(a, &j->source, e) || read_scan_options(j, e) ||
	    outputs_parse(a, &j->outputs, e))
		return e->code;
	j->source.limits = j->scan.limits;
	/* As in Trivy: --exit-code alone asks for a verdict over everything that is reported. */
	if (j->exit_code && !j->verdict.fail) {
		j->verdict.fail = true;
		j->verdict.fail_on = SEVERITY_UNKNOWN;
	}
	j->verdict.exit_on_eol = j->eol_code != 0;
	return 0;
}

static int open_database(struct job *j, struct err *e)
{
	int r = advisory_db_open(db_dir(j->args), &j->db, e);
	return r == ERR_NOT_FOUND ? 0 : r;
}

/* What the report says of its making: reproducible where SOURCE_DATE_EPOCH is set. Nothing is decided by it. */
static int64_t created(const struct job *j)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	uint64_t t;
	return epoch && str_to_u64(str_of(epoch), INT64_MAX, &t) ? (int64_t)t : j->verdict.now;
}

static int add_report(struct job *j, const struct inventory *inv, struct err *e)
{
	struct arena *a = j->args->arena;
	struct match_result m = { 0 };
	struct report r = { .inventory = inv, .created = created(j) };
	if (!j->db)
		*ARENA_PUSH(a, m.unknown.v, m.unknown.n, m.unknown.cap) =
			arena_printf(a,
				     "there is no advisory database in %.*s; make one with "
				     "'lazaret db update' or 'lazaret db import'",
				     STR(db_dir(j->args)));
	else if (match_inventory(inv, j->db, j->verdict.now, a, &m, e))
		return err_in(e, "match the packages of %.*s", STR(inv->target));
	if (j->db)
		r.database = advisory_db_generation(j->db);
	r.findings = m.findings;
	r.n_findings = m.n_findings;
	r.unknown = m.unknown;
	r.warnings = m.warnings;
	verdict_decide(&r, &j->verdict, a);
	*ARENA_PUSH(a, j->reports, j->n_reports, j->reports_cap) = r;
	return 0;
}

static int scan_one(struct job *j, struct source *s, struct image *image, struct err *e)
{
	struct inventory *inv = ARENA_NEW(j->args->arena, struct inventory);
	int r = scan_image(s, image, &j->scan, j->args->arena, inv, e);
	return r ? r : add_report(j, inv, e);
}

static int scan_target(struct job *j, struct str target, struct err *e)
{
	struct source *s CLEANUP(cleanup_source) = NULL;
	struct image *images = NULL;
	size_t n = 0;
	if (source_open(target, &j->source, &s, e))
		return e->code;
	if (source_is_dir(s))
		return scan_one(j, s, NULL, e);
	int r = source_images(s, j->all_platforms ? NULL : &j->platform, j->args->arena, &images,
			      &n, e);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = scan_one(j, s, &images[i], e);
	return r;
}

static int exit_status(const struct job *j)
{
	int status = EXIT_YES;
	for (size_t i = 0; i < j->n_reports; i++) {
		const struct distribution *d = &j->reports[i].inventory->distribution;
		bool ended = d->eol && d->eol < j->verdict.now;
		switch (j->reports[i].verdict.kind) {
		case VERDICT_CLEAN:
		case VERDICT_FINDINGS:
			break;
		case VERDICT_DENIED:
			return j->eol_code && ended ? (int)j->eol_code
			       : j->exit_code	    ? (int)j->exit_code
						    : EXIT_NO;
		case VERDICT_UNKNOWN:
			status = EXIT_NO;
			break;
		}
	}
	return status;
}

static int scan_all(struct job *j, struct err *e)
{
	const struct args *a = j->args;
	int r = open_database(j, e);
	for (size_t i = 0; r == 0 && i < a->words.n; i++)
		if ((r = scan_target(j, a->words.v[i], e)))
			err_in(e, "%.*s", STR(a->words.v[i]));
	progress_stop(&j->progress);
	if (r == 0)
		r = outputs_write(&j->outputs, j->reports, j->n_reports, e);
	if (j->db)
		advisory_db_close(j->db);
	return r;
}

static int run_job(struct job *j)
{
	const struct args *a = j->args;
	struct err e = { 0 };
	if (read_options(j, &e) || alarm_start(a, &e))
		return usage(a, "%s", e.text);
	progress_start(&j->progress, a);
	j->scan.progress = progress_layer;
	j->scan.progress_ctx = &j->progress;
	return scan_all(j, &e) ? fail(a, &e) : exit_status(j);
}

static int run(const struct args *a)
{
	struct job j = { .args = a };
	struct err e = { 0 };
	if (a->words.n == 0)
		return usage(a, "wanted: an image, an archive or a folder");
	/* Forked before any thread exists, and before a password is read. */
	if (launcher_open(&j.scan.launcher, &e))
		return fail(a, &e);
	int status = run_job(&j);
	launcher_close(j.scan.launcher);
	return status;
}

const struct command command_scan = { "scan", "find what is known to be wrong with an image", NULL,
				      options, run };
