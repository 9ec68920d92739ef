/* One scan from options to reports, for every command that needs one. */
#include "cmd/scan_job.h"

#include "analyze/base_image.h"
#include "base/child.h"
#include "base/time.h"
#include "cmd/alarm.h"
#include "cmd/content.h"
#include "cmd/registry_options.h"
#include "iac/image.h"
#include "policy/licences.h"
#include "report/sbom_read.h"
#include "vuln/coordinates.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	DEFAULT_CACHE_MAX = 1 << 30,
	BASE_LAYERS_MAX = 64 << 20,
	SBOM_HEAD = 4096,
};

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
	o->strict = args_flag(a, "strict");
	return 0;
}

static int read_source_options(const struct args *a, struct source_options *o, struct err *e)
{
	o->skip_files = args_list(a, "skip-files");
	o->skip_dirs = args_list(a, "skip-dirs");
	o->cross_file_systems = args_flag(a, "cross-file-systems");
	return registry_options_read(a, o, e);
}

static int read_words(const struct args *a, const char *name, const char *const *words,
		      const unsigned *bits, unsigned otherwise, unsigned *out, struct err *e)
{
	struct strs v = args_list(a, name);
	*out = v.n ? 0 : otherwise;
	for (size_t i = 0; i < v.n; i++) {
		size_t k = 0;
		while (words[k] && !str_eq(str_of(words[k]), v.v[i]))
			k++;
		if (!words[k])
			return err_set(e, ERR_INVALID, "%s: '%.*s' is not known",
				       args_from(a, name), STR(v.v[i]));
		*out |= bits[k];
	}
	return 0;
}

static int read_base_layers(struct scan_job *j, struct err *e)
{
	struct str text = { 0 };
	int r = args_file(j->args, "base-layers", BASE_LAYERS_MAX, &text, e);
	if (r || text.n == 0)
		return r;
	struct base_layers *known = ARENA_NEW(j->args->arena, struct base_layers);
	j->scan.base_layers = known;
	if (base_layers_parse(j->args->arena, text, known, e))
		return err_in(e, "%s", args_from(j->args, "base-layers"));
	return 0;
}

static int read_scan_options(struct scan_job *j, struct err *e)
{
	const struct args *a = j->args;
	uint64_t jobs = 0;
	j->scan.cache_max = DEFAULT_CACHE_MAX;
	if (args_number(a, "jobs", 256, &jobs, e) ||
	    args_number(a, "cache-max", UINT64_MAX, &j->scan.cache_max, e))
		return e->code;
	j->scan.jobs = (unsigned)jobs;
	if (read_base_layers(j, e))
		return e->code;
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

/* What is looked for, and what of it decides. */
static int read_judging(struct scan_job *j, struct err *e)
{
	/* As Trivy has them, with its old and its American names. */
	static const char *const scanners[] = { "vuln",	   "secret",  "config",	 "misconfig",
						"license", "licence", "malware", NULL };
	static const unsigned bits[] = { SCAN_PACKAGES, SCAN_SECRETS,  SCAN_CONFIG, SCAN_CONFIG,
					 SCAN_LICENCES, SCAN_LICENCES, SCAN_MALWARE };
	static const char *const types[] = { "os", "library", NULL };
	static const unsigned kinds[] = { MATCH_OS, MATCH_LIBRARY };
	const struct args *a = j->args;
	if (args_number(a, "exit-code", 255, &j->exit_code, e) ||
	    args_number(a, "exit-on-eol", 255, &j->eol_code, e) ||
	    read_filters(a, &j->verdict, e) ||
	    read_words(a, "scanners", scanners, bits, SCAN_PACKAGES | SCAN_SECRETS,
		       &j->scan.analysis.scanners, e) ||
	    read_words(a, "pkg-types", types, kinds, MATCH_OS | MATCH_LIBRARY, &j->match.kinds, e))
		return e->code;
	j->scan.analysis.databases_only = j->match.kinds == MATCH_OS;
	j->match.now = j->verdict.now;
	j->match.include_owned = args_flag(a, "include-owned");
	/* As in Trivy: --exit-code alone asks for a verdict over everything that is reported. */
	if (j->exit_code && !j->verdict.fail) {
		j->verdict.fail = true;
		j->verdict.fail_on = SEVERITY_UNKNOWN;
	}
	j->verdict.exit_on_eol = j->eol_code != 0;
	if (content_read(a, &j->scan, e))
		return e->code;
	return exceptions_read(a, &j->exceptions, e);
}

static int read_options(struct scan_job *j, bool judges, struct err *e)
{
	const struct args *a = j->args;
	if (read_source_options(a, &j->source, e) || read_scan_options(j, e))
		return e->code;
	j->scan.limits = j->source.limits;
	j->scan.analysis.scanners = SCAN_PACKAGES | SCAN_LICENCES;
	return judges ? read_judging(j, e) : 0;
}

static int open_database(struct scan_job *j, struct err *e)
{
	int r = advisory_db_open(db_dir(j->args), &j->db, e);
	return r == ERR_NOT_FOUND ? 0 : r;
}

/* What the report says of its making: reproducible where SOURCE_DATE_EPOCH is set. Nothing is decided by it. */
static int64_t created(const struct scan_job *j)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	uint64_t t;
	return epoch && str_to_u64(str_of(epoch), INT64_MAX, &t) ? (int64_t)t : j->verdict.now;
}

static bool content_trust(void)
{
	const char *v = getenv("DOCKER_CONTENT_TRUST");
	return v && (!strcmp(v, "1") || !strcmp(v, "true"));
}

static void judge_configuration(struct scan_job *j, struct report *r)
{
	const struct image_check_options o = { .now = j->verdict.now,
					       .content_trust = content_trust() };
	image_check(r->inventory, &o, j->args->arena, &r->checks, &r->n_checks);
}

/* Asked only for what no SBOM tells. */
static void say_nothing_told(struct report *r, struct arena *a)
{
	if (!(r->inventory->scanners & (SCAN_PACKAGES | SCAN_LICENCES)))
		*ARENA_PUSH(a, r->unknown.v, r->unknown.n, r->unknown.cap) =
			S("nothing of what was asked for can be told from an SBOM");
}

static int judge(struct scan_job *j, struct source *s, struct report *r, struct err *e)
{
	struct arena *a = j->args->arena;
	struct match_result m = { 0 };
	const struct inventory *inv = r->inventory;
	if (!(inv->scanners & SCAN_PACKAGES))
		;
	else if (!j->db)
		*ARENA_PUSH(a, m.unknown.v, m.unknown.n, m.unknown.cap) =
			arena_printf(a,
				     "there is no advisory database in %.*s; make one with "
				     "'lazaret db update' or 'lazaret db import'",
				     STR(db_dir(j->args)));
	else if (match_inventory(inv, j->db, &j->match, a, &m, e))
		return err_in(e, "match the packages of %.*s", STR(inv->target));
	if (j->db)
		r->database = advisory_db_generation(j->db);
	r->findings = m.findings;
	r->n_findings = m.n_findings;
	r->unknown = m.unknown;
	r->warnings = m.warnings;
	if (!s)
		say_nothing_told(r, a);
	if (inv->scanners & SCAN_LICENCES)
		licences_judge(r, a);
	if (inv->scanners & SCAN_CONFIG)
		judge_configuration(j, r);
	content_judge(a, r);
	int code = exceptions_apply(&j->exceptions, s, r, j->verdict.now, a, e);
	if (code == 0)
		verdict_decide(r, &j->verdict, a);
	return code;
}

static int add_report(struct scan_job *j, struct source *s, const struct inventory *inv,
		      struct err *e)
{
	struct report r = { .inventory = inv, .created = created(j) };
	/* A list of packages is no judgement of them. */
	r.verdict.kind = VERDICT_UNKNOWN;
	int code = j->judges ? judge(j, s, &r, e) : 0;
	if (code == 0)
		*ARENA_PUSH(j->args->arena, j->reports, j->n_reports, j->reports_cap) = r;
	return code;
}

/* An image that is alone is taken as it is, but not where a platform was asked for. */
static int fits_platform(const struct scan_job *j, const struct image *image, struct err *e)
{
	if (!image || j->all_platforms || !args_str(j->args, "platform").n ||
	    platform_match(&image->cfg.platform, &j->platform))
		return 0;
	struct arena *a = j->args->arena;
	return err_set(e, ERR_NOT_FOUND, "the image is for %.*s, not for %.*s",
		       STR(platform_text(a, &image->cfg.platform)),
		       STR(platform_text(a, &j->platform)));
}

/* Those of the kinds asked for; Java archives by the names that the database has for them. */
static int keep_packages(struct scan_job *j, struct inventory *inv, struct err *e)
{
	inventory_keep(inv, j->match.kinds & MATCH_OS, j->match.kinds & MATCH_LIBRARY);
	return j->db && (j->match.kinds & MATCH_LIBRARY) ? coordinates_resolve(inv, j->db, e) : 0;
}

static int scan_one(struct scan_job *j, struct source *s, struct image *image, struct err *e)
{
	struct inventory *inv = ARENA_NEW(j->args->arena, struct inventory);
	if (fits_platform(j, image, e))
		return e->code;
	int r = scan_image(s, image, &j->scan, j->args->arena, inv, e);
	if (r == 0 && !image && (j->scan.analysis.scanners & SCAN_CONFIG))
		inventory_note(inv, -1, (struct str){ 0 },
			       "a folder has no configuration of an image, and configuration files "
			       "(of Docker, Kubernetes and others) are not checked");
	if (r == 0)
		r = keep_packages(j, inv, e);
	return r ? r : add_report(j, s, inv, e);
}

static int scan_source(struct scan_job *j, struct str target, struct err *e)
{
	struct source *s CLEANUP(cleanup_source) = NULL;
	struct image *images = NULL;
	size_t n = 0;
	if (source_open(target, &j->source, &s, e))
		return e->code;
	if (source_is_dir(s))
		return scan_one(j, s, NULL, e);
	if (j->source.skip_files.n || j->source.skip_dirs.n)
		say(j->args, "%.*s is no folder: --skip-files and --skip-dirs say nothing about it",
		    STR(target));
	int r = source_images(s, j->all_platforms ? NULL : &j->platform, j->args->arena, &images,
			      &n, e);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = scan_one(j, s, &images[i], e);
	return r;
}

/* "sbom:FILE", "sbom:-" for standard input, or a file that begins like an SBOM. The
 * descriptor, -1 when it is none, or a code in e. */
static int open_sbom(struct scan_job *j, struct str target, struct str *name, struct err *e)
{
	char head[SBOM_HEAD];
	struct stat st;
	bool told = str_starts(target, S("sbom:"));
	*name = told ? str_from(target, S("sbom:").n) : target;
	const char *path = arena_cstr(j->args->arena, *name);
	if (told && str_eq(*name, S("-"))) {
		int in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
		*name = S("standard input");
		if (in < 0)
			err_sys(e, "read standard input");
		return in;
	}
	/* A pipe or a device is opened only when the target says that it is an SBOM. */
	if (!told && (stat(path, &st) != 0 || !S_ISREG(st.st_mode)))
		return -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && told)
		err_sys(e, "open %s", path);
	if (fd < 0 || told)
		return fd;
	ssize_t n = pread(fd, head, sizeof head, 0);
	if (n > 0 && sbom_looks_like((struct str){ head, (size_t)n }))
		return fd;
	close(fd);
	return -1;
}

static int scan_sbom(struct scan_job *j, int fd, struct str name, struct err *e)
{
	struct inventory *inv = ARENA_NEW(j->args->arena, struct inventory);
	struct scan_options o = j->scan;
	/* What nobody asked for by name is not missed in an SBOM. */
	if (!args_has(j->args, "scanners") || !args_list(j->args, "scanners").n)
		o.analysis.scanners &= SCAN_PACKAGES | SCAN_LICENCES;
	int r = sbom_read(fd, name, &o, j->args->arena, inv, e);
	if (r == 0)
		r = keep_packages(j, inv, e);
	return r ? r : add_report(j, NULL, inv, e);
}

int scan_job_target(struct scan_job *j, struct str target, struct err *e)
{
	struct str name;
	e->code = 0;
	int fd CLEANUP(cleanup_fd) = open_sbom(j, target, &name, e);
	int r = fd >= 0 ? scan_sbom(j, fd, name, e) : e->code ? e->code : scan_source(j, target, e);
	/* Some parts name it themselves. */
	if (r && !str_starts(str_of(e->text), arena_printf(j->args->arena, "%.*s: ", STR(target))))
		err_in(e, "%.*s", STR(target));
	return r;
}

int scan_job_open(struct scan_job *j, const struct args *a, struct err *e)
{
	*j = (struct scan_job){ .args = a };
	content_load(a);
	return launcher_open(&j->scan.launcher, e);
}

int scan_job_read(struct scan_job *j, bool judges, struct err *e)
{
	j->judges = judges;
	j->match.kinds = MATCH_OS | MATCH_LIBRARY;
	j->verdict.now = time_now();
	if (read_options(j, judges, e) || alarm_start(j->args, e))
		return e->code;
	progress_start(&j->progress, j->args);
	j->scan.progress = progress_layer;
	j->scan.progress_ctx = &j->progress;
	return open_database(j, e);
}

void scan_job_close(struct scan_job *j)
{
	progress_stop(&j->progress);
	if (j->db)
		advisory_db_close(j->db);
	j->db = NULL;
	launcher_close(j->scan.launcher);
}

int scan_job_exit_status(const struct scan_job *j)
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
