/* lazaret trust: whom we believe, kept up to date by TUF. */
#include "base/fetch.h"
#include "base/json.h"
#include "base/time.h"
#include "cmd/alarm.h"
#include "cmd/command.h"
#include "cmd/trust_dir.h"
#include "cmd/trust_job.h"
#include "trust/tuf_source.h"

#include <stdio.h>

/* Sigstore's public good instance, and the newest root there was when this was written; later ones follow from it. */
#define PUBLIC_MIRROR "https://tuf-repo-cdn.sigstore.dev"
#define PUBLIC_ROOT_NAME "15.root.json"
#define PUBLIC_ROOT_SHA256 "73747011d0857ada15479a16c4cae0f3ed03aac698b523b97e1de314ac9d9ca8"

static const struct option options[] = {
	{ "mirror", 0, "URL", "DIR", false, false, "web server or folder that has the metadata" },
	{ "root", 0, "FILE", "FILE", false, false, "root to begin with" },
	{ "root-checksum", 0, "SHA256", NULL, false, false, "what the root's SHA-256 must be" },
	{ "offline", 0, NULL, NULL, false, false, "what is there already, and no network" },
	{ "at", 0, "TIME", NULL, false, false, "take this for the present time" },
	{ "format", 'f', "FORMAT", "text json", false, false, "format of show" },
	{ "timeout", 0, "DURATION", NULL, false, false, "give up after this long" },
	{ 0 },
};
static const char *const verbs[] = { "init", "update", "show", "import-dct", NULL };

/* What is not signed as it must be is a no; else we could not find out. */
int trust_verdict(const struct args *a, const struct err *e)
{
	int status = fail(a, e);
	return e->code == ERR_INVALID || e->code == ERR_LIMIT || e->code == ERR_UNSUPPORTED
		       ? EXIT_NO
		       : status;
}

static struct str environment(const struct args *a, const char *option, const char *name)
{
	struct str given = args_str(a, option);
	const char *v = given.n ? NULL : getenv(name);
	return v ? str_of(v) : given;
}

int trust_open_source(struct trust_job *j, struct str where, bool plain, struct err *e)
{
	struct fetch_options o = { .retries = 3, .plain_http = plain };
	if (tuf_source_is_web(where) && args_flag(j->a, "offline"))
		return err_set(e, ERR_IO, "%.*s cannot be asked: --offline", STR(where));
	if (tuf_source_is_web(where) && !j->fetch && fetch_open(&o, &j->fetch, e))
		return e->code;
	if (tuf_source_open(where, j->fetch, &j->source, e))
		return e->code;
	j->has_source = true;
	return 0;
}

static int check_sum(struct str bytes, struct str sum, struct err *e)
{
	struct digest wanted, is;
	digest_of(DIGEST_SHA256, bytes, &is);
	if (str_starts(sum, S("sha256:")))
		sum = str_from(sum, 7);
	if (!digest_from_hex(DIGEST_SHA256, sum, &wanted))
		return err_set(e, ERR_INVALID, "--root-checksum: '%.*s' is no SHA-256",
			       STR(str_upto(sum, 100)));
	if (!digest_eq(&wanted, &is))
		return err_set(e, ERR_INVALID, "the root's SHA-256 is not %.*s", STR(sum));
	return 0;
}

/* The root from a file, or the mirror's, which must be the one that this program knows. */
static int first_root(struct trust_job *j, struct str *out, struct err *e)
{
	struct str path = environment(j->a, "root", "TUF_ROOT_JSON"),
		   sum = args_str(j->a, "root-checksum");
	struct buf bytes CLEANUP(buf_done) = { 0 };
	if (path.n)
		return args_read(j->a, "root", path, TUF_ROOT_MAX, out, e) ||
				       (sum.n && check_sum(*out, sum, e))
			       ? e->code
			       : 0;
	if (j->source.mirror.get(&j->source, PUBLIC_ROOT_NAME, TUF_ROOT_MAX, &bytes, e))
		return err_in(e, "without --root FILE Sigstore's public root is wanted");
	*out = arena_str(j->a->arena, str_buf(&bytes));
	return check_sum(*out, sum.n ? sum : S(PUBLIC_ROOT_SHA256), e)
		       ? err_in(e, "%s", PUBLIC_ROOT_NAME)
		       : 0;
}

static bool wanted(struct str name)
{
	return str_eq(name, S("trusted_root.json")) ||
	       (str_starts(name, S("signing_config")) && str_ends(name, S(".json")));
}

/* The files that verifying and signing read, into the folder. */
static int load_files(struct trust_job *j, struct tuf *t, struct err *e)
{
	struct strs names = { 0 };
	tuf_names(t, j->a->arena, &names);
	for (size_t i = 0; i < names.n; i++) {
		struct buf bytes CLEANUP(buf_done) = { 0 };
		if (!wanted(names.v[i]) || str_eq(names.v[i], S("trusted_root.json")))
			continue;
		if (tuf_target(t, names.v[i], &bytes, e))
			return e->code;
		say(j->a, "%.*s: %zu bytes, verified", STR(names.v[i]), bytes.n);
	}
	struct buf root CLEANUP(buf_done) = { 0 };
	if (tuf_target(t, S("trusted_root.json"), &root, e))
		return e->code;
	say(j->a, "trusted_root.json: %zu bytes, verified", root.n);
	return 0;
}

static int refresh(struct trust_job *j)
{
	struct tuf *t CLEANUP(cleanup_tuf) = NULL;
	struct err e = { 0 };
	if (tuf_update(j->dir, j->has_source ? &j->source.mirror : NULL, j->now, &t, &e) ||
	    load_files(j, t, &e))
		return trust_verdict(j->a, &e);
	return EXIT_YES;
}

static int run_init(struct trust_job *j)
{
	struct str mirror = environment(j->a, "mirror", "TUF_MIRROR"), root = { 0 };
	struct err e = { 0 };
	if (mirror.n == 0)
		mirror = S(PUBLIC_MIRROR);
	/* A root from a file needs nobody else. */
	bool alone = args_flag(j->a, "offline") && tuf_source_is_web(mirror) &&
		     environment(j->a, "root", "TUF_ROOT_JSON").n;
	if (!alone && trust_open_source(j, mirror, true, &e))
		return fail(j->a, &e);
	if (first_root(j, &root, &e) || tuf_init(j->dir, root, mirror, &e))
		return trust_verdict(j->a, &e);
	say(j->a, "trust root in %.*s", STR(j->dir));
	return alone ? EXIT_YES : refresh(j);
}

static int run_update(struct trust_job *j)
{
	struct buf kept CLEANUP(buf_done) = { 0 };
	struct str mirror = environment(j->a, "mirror", "TUF_MIRROR");
	struct err e = { 0 };
	if (mirror.n == 0) {
		if (tuf_mirror(j->dir, &kept, &e))
			return fail(j->a, &e);
		mirror = arena_str(j->a->arena, str_buf(&kept));
	}
	bool ask = !args_flag(j->a, "offline") || !tuf_source_is_web(mirror);
	if (ask && trust_open_source(j, mirror, true, &e))
		return fail(j->a, &e);
	return refresh(j);
}

struct shown {
	struct tuf_role roles[4];
	size_t n_roles;
	struct strs names;
	struct str mirror;
};

static void show_text(const struct trust_job *j, const struct shown *s)
{
	char text[TIME_TEXT];
	printf("folder     %.*s\nmirror     %.*s\n", STR(j->dir), STR(s->mirror));
	for (size_t i = 0; i < s->n_roles; i++) {
		const struct tuf_role *r = &s->roles[i];
		printf("%-10s version %llu, %u of %zu keys, until %s%s\n", r->name,
		       (unsigned long long)r->version, r->threshold, r->n_keys,
		       time_text(r->expires, text), r->expires <= j->now ? " (expired)" : "");
	}
	for (size_t i = 0; i < s->names.n; i++)
		printf("file       %.*s\n", STR(s->names.v[i]));
}

static void show_json(const struct trust_job *j, const struct shown *s)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	struct json_out o;
	char text[TIME_TEXT];
	json_out_init(&o, &b, 2);
	json_begin_object(&o);
	json_put_member(&o, "folder", j->dir);
	json_put_member(&o, "mirror", s->mirror);
	json_put_key(&o, "roles");
	json_begin_array(&o);
	for (size_t i = 0; i < s->n_roles; i++) {
		const struct tuf_role *r = &s->roles[i];
		json_begin_object(&o);
		json_put_member(&o, "name", str_of(r->name));
		json_put_key(&o, "version");
		json_put_u64(&o, r->version);
		json_put_member(&o, "expires", str_of(time_text(r->expires, text)));
		json_put_key(&o, "expired");
		json_put_bool(&o, r->expires <= j->now);
		json_put_key(&o, "threshold");
		json_put_u64(&o, r->threshold);
		json_put_key(&o, "keys");
		json_put_u64(&o, r->n_keys);
		json_end_object(&o);
	}
	json_end_array(&o);
	json_put_key(&o, "files");
	json_begin_array(&o);
	for (size_t i = 0; i < s->names.n; i++)
		json_put_str(&o, s->names.v[i]);
	json_end_array(&o);
	json_end_object(&o);
	printf("%s\n", buf_cstr(&b));
}

/* What the folder holds, verified once more but for the clock. */
static int run_show(struct trust_job *j)
{
	struct tuf *t CLEANUP(cleanup_tuf) = NULL;
	struct strs names = { 0 };
	struct buf mirror CLEANUP(buf_done) = { 0 };
	struct shown s = { 0 };
	struct err e = { 0 };
	if (tuf_open_cached(j->dir, &t, &e) || tuf_mirror(j->dir, &mirror, &e))
		return trust_verdict(j->a, &e);
	s.mirror = str_buf(&mirror);
	s.n_roles = tuf_roles(t, s.roles);
	tuf_names(t, j->a->arena, &names);
	for (size_t i = 0; i < names.n; i++) {
		struct buf bytes CLEANUP(buf_done) = { 0 };
		struct err none = { 0 };
		if (wanted(names.v[i]) && tuf_target(t, names.v[i], &bytes, &none) == 0)
			*ARENA_PUSH(j->a->arena, s.names.v, s.names.n, s.names.cap) = names.v[i];
	}
	if (str_eq(args_str(j->a, "format"), S("json")))
		show_json(j, &s);
	else
		show_text(j, &s);
	return fflush(stdout) ? EXIT_FAILED : EXIT_YES;
}

static int run(const struct args *a)
{
	static const struct {
		const char *name;
		int (*run)(struct trust_job *j);
	} v[] = { { "init", run_init },
		  { "update", run_update },
		  { "show", run_show },
		  { "import-dct", trust_import_dct } };
	struct trust_job j = {
		.a = a, .dir = trust_dir(a), .now = time_now(), .source = { .dir = -1 }
	};
	struct err e = { 0 };
	struct str at = args_str(a, "at"), verb = a->words.n ? a->words.v[0] : S("");
	if (at.n && !time_parse(at, &j.now))
		return usage(a, "%s: '%.*s' is no time", args_from(a, "at"), STR(at));
	if (alarm_start(a, &e))
		return fail(a, &e);
	for (size_t i = 0; i < COUNT(v); i++) {
		size_t words = v[i].run == trust_import_dct ? 2 : 1;
		if (!str_eq(verb, str_of(v[i].name)) || a->words.n != words)
			continue;
		int status = v[i].run(&j);
		tuf_source_done(&j.source);
		fetch_close(j.fetch);
		return status;
	}
	return usage(a, "wanted: trust init, update, show, or import-dct DIR|URL");
}

const struct command command_trust = { "trust", "fetch and update trust roots", verbs, options,
				       run };
