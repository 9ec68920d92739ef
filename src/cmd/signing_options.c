/* From options to a signer. What is not named is not asked: there is no service that this program knows by itself. */
#include "cmd/signing_options.h"

#include "base/time.h"
#include "cmd/password.h"
#include "trust/pem.h"

#include <limits.h>
#include <stdlib.h>

enum {
	REKOR_NEWEST = 2,
	RETRIES = 2,
	ANSWER_SECONDS = 90
}; /* a log of Rekor 2 takes 20 and more */
#define AUDIENCE "sigstore"

/* Services */
static int add_urls(const struct args *a, const char *name, unsigned version,
		    struct service_list *out, size_t *needed)
{
	struct strs urls = args_list(a, name);
	for (size_t i = 0; i < urls.n; i++)
		*ARENA_PUSH(a->arena, out->v, out->n, out->cap) =
			(struct signing_service){ .url = urls.v[i], .version = version };
	*needed = urls.n;
	return urls.n != 0;
}

static int read_config(const struct args *a, struct signer_options *o, struct err *e)
{
	struct signing_config c = { 0 };
	struct service_list cas = { 0 };
	struct str text = { 0 };
	int64_t now = time_now();
	size_t needed;
	if (args_file(a, "signing-config", SIGNING_CONFIG_MAX, &text, e))
		return e->code;
	if (!text.p)
		return 0;
	if (signing_config_parse(text, a->arena, &c, e) ||
	    service_select(&c.cas, "certificate authorities", 1, now, a->arena, &cas, &needed, e) ||
	    service_select(&c.logs, "logs", REKOR_NEWEST, now, a->arena, &o->logs, &o->logs_needed,
			   e) ||
	    service_select(&c.tsas, "timestamp authorities", 1, now, a->arena, &o->tsas,
			   &o->tsas_needed, e))
		return err_in(e, "%s", args_from(a, "signing-config"));
	if (cas.n)
		o->fulcio = cas.v[0];
	return 0;
}

/* What is named by itself takes the place of what the configuration has. */
static int read_services(const struct args *a, struct signer_options *o, struct err *e)
{
	struct service_list logs = { 0 }, tsas = { 0 };
	struct str upload = args_str(a, "tlog-upload"), version = args_str(a, "rekor-version");
	uint64_t generation = 1;
	size_t n;
	if (version.n && (!str_to_u64(version, REKOR_NEWEST, &generation) || !generation))
		return err_set(e, ERR_INVALID, "%s: there is no generation '%.*s' of logs",
			       args_from(a, "rekor-version"), STR(version));
	if (read_config(a, o, e))
		return e->code;
	if (add_urls(a, "rekor-url", (unsigned)generation, &logs, &n)) {
		o->logs = logs;
		o->logs_needed = n;
	}
	if (add_urls(a, "timestamp-server-url", 1, &tsas, &n)) {
		o->tsas = tsas;
		o->tsas_needed = n;
	}
	if (args_str(a, "fulcio-url").n)
		o->fulcio =
			(struct signing_service){ .url = args_str(a, "fulcio-url"), .version = 1 };
	if (upload.n && !args_flag(a, "tlog-upload"))
		o->logs_needed = o->logs.n = 0;
	else if (upload.n && !o->logs.n)
		return err_set(e, ERR_INVALID,
			       "--tlog-upload: no log is assumed: name one with --rekor-url or "
			       "--signing-config");
	return 0;
}

/* Identity tokens */
static struct str env(const char *name)
{
	return str_of(getenv(name));
}

static struct ambient_tokens ambient(void)
{
	return (struct ambient_tokens){ .token = env("SIGSTORE_ID_TOKEN"),
					.github_url = env("ACTIONS_ID_TOKEN_REQUEST_URL"),
					.github_token = env("ACTIONS_ID_TOKEN_REQUEST_TOKEN") };
}

static bool has_token(const struct args *a)
{
	struct ambient_tokens t = ambient();
	return args_str(a, "identity-token").n || t.token.n || (t.github_url.n && t.github_token.n);
}

/* The option's value is a token, or names a file that holds one. */
static int given_token(const struct args *a, struct buf *out, struct err *e)
{
	struct arena none CLEANUP(arena_done) = { 0 };
	struct identity_token ignored;
	struct err no;
	struct str value = args_str(a, "identity-token"), text = value;
	if (identity_token_read(value, &none, &ignored, &no) == 0) {
		buf_add_str(out, value);
		return 0;
	}
	if (value.n > PATH_MAX || str_starts(value, S("ey")))
		return err_set(e, ERR_INVALID, "%s: %s", args_from(a, "identity-token"), no.text);
	if (args_file(a, "identity-token", IDENTITY_TOKEN_MAX, &text, e))
		return e->code;
	buf_add_str(out, str_trim(text));
	explicit_bzero((void *)(uintptr_t)text.p, text.n);
	return 0;
}

static int check_issuer(const struct args *a, struct str token, struct err *e)
{
	struct identity_token t;
	struct str want = args_str(a, "oidc-issuer");
	if (identity_token_read(token, a->arena, &t, e))
		return e->code;
	if (want.n && !str_eq(want, t.issuer))
		return err_set(e, ERR_INVALID,
			       "the identity token is of the issuer '%.*s', not of "
			       "the one that --oidc-issuer names",
			       STR(str_upto(t.issuer, 200)));
	return 0;
}

/* What a token service answers is its fault, not that of the words of the command. */
static int ask_token(struct signing *s, struct err *e)
{
	struct ambient_tokens t = ambient();
	int r = identity_token_ambient(&t, S(AUDIENCE), s->fetch, &s->token, e);
	if (r == ERR_INVALID)
		e->code = ERR_IO;
	return r ? e->code : 0;
}

static int read_token(const struct args *a, struct signing *s, struct err *e)
{
	int r = args_str(a, "identity-token").n ? given_token(a, &s->token, e) : ask_token(s, e);
	return r ? r : check_issuer(a, str_buf(&s->token), e);
}

/* Names every option that is missing for signing without a key. */
static int check_keyless(const struct args *a, const struct signer_options *o, struct err *e)
{
	bool ca = o->fulcio.url.n, token = has_token(a);
	bool time = o->logs_needed || o->tsas_needed;
	if (ca && token && time)
		return 0;
	return err_set(e, ERR_INVALID,
		       "signing without --key: no service is assumed; missing are%s%s%s "
		       "(or --signing-config FILE)",
		       ca ? "" : " --fulcio-url",
		       token ? "" : " --identity-token (or SIGSTORE_ID_TOKEN)",
		       time ? "" : " --rekor-url or --timestamp-server-url");
}

/* Keys and roots */
static int read_roots(const struct args *a, struct signing *s, struct err *e)
{
	struct strs paths = args_list(a, "trusted-root");
	s->roots = arena_array(&s->arena, paths.n, sizeof(struct trusted_root *));
	for (size_t i = 0; i < paths.n; i++) {
		struct str text;
		if (args_read(a, "trusted-root", paths.v[i], TRUSTED_ROOT_MAX, &text, e) ||
		    trusted_root_parse(text, paths.v[i], &s->roots[i], e))
			return err_in(e, "%.*s", STR(paths.v[i]));
		s->n_roots++;
	}
	return 0;
}

static int open_fetch(struct signing *s, const struct signer_options *o, struct err *e)
{
	struct fetch_options fo = { .retries = RETRIES, .total_seconds = ANSWER_SECONDS };
	if (o->key && !o->logs_needed && !o->tsas_needed)
		return 0;
	return fetch_open(&fo, &s->fetch, e);
}

static int read_signer(const struct args *a, struct str key, struct signing *s, struct err *e)
{
	struct signer_options o = { 0 };
	struct password password = password_of(a);
	if (read_services(a, &o, e) || (!key.n && check_keyless(a, &o, e)))
		return e->code;
	if (key.n && key_load_private(key, &password, &s->key, e))
		return err_in(e, "%s", args_from(a, "key"));
	o.key = s->key;
	if (key.n && args_str(a, "identity-token").n)
		return err_set(e, ERR_INVALID,
			       "--key and --identity-token: it is either a key or an "
			       "identity that signs");
	if (read_roots(a, s, e) || open_fetch(s, &o, e) || (!key.n && read_token(a, s, e)))
		return e->code;
	o.token = str_buf(&s->token);
	o.fetch = s->fetch;
	o.roots = (const struct trusted_root *const *)s->roots;
	o.n_roots = s->n_roots;
	return signer_open(&o, &s->signer, e);
}

int signing_open_key(const struct args *a, struct str key, struct signing *out, struct err *e)
{
	struct signing s = { 0 };
	if (read_signer(a, key, &s, e)) {
		int code = e->code;
		signing_close(&s);
		return code;
	}
	*out = s;
	return 0;
}

int signing_open(const struct args *a, struct signing *out, struct err *e)
{
	return signing_open_key(a, args_str(a, "key"), out, e);
}

void signing_close(struct signing *s)
{
	signer_close(s->signer);
	key_close(s->key);
	for (size_t i = 0; i < s->n_roots; i++)
		trusted_root_close(s->roots[i]);
	if (s->fetch)
		fetch_close(s->fetch);
	secret_done(&s->token);
	arena_done(&s->arena);
	*s = (struct signing){ 0 };
}

int64_t signing_created(void)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	uint64_t t;
	return epoch && str_to_u64(str_of(epoch), INT64_MAX, &t) ? (int64_t)t : time_now();
}
