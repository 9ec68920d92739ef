/* Reads the options of trust_options.def. */
#include "cmd/trust_options.h"
#include "base/time.h"
#include "cmd/password.h"
#include "cmd/trust_dir.h"
#include "trust/revoked.h"
#include "trust/tuf.h"

#include <stdio.h>

static const struct {
	const char *option, *claim;
} claims[] = {
	{ "certificate-github-workflow-name", "workflow-name" },
	{ "certificate-github-workflow-ref", "workflow-ref" },
	{ "certificate-github-workflow-repository", "workflow-repository" },
	{ "certificate-github-workflow-sha", "workflow-sha" },
	{ "certificate-github-workflow-trigger", "workflow-trigger" },
};

static bool given(const struct args *a, const char *name)
{
	return args_list(a, name).n > 0;
}

static int matcher_of(const struct args *a, const char *option, struct text_matcher *m,
		      struct err *e)
{
	char regexp[60];
	snprintf(regexp, sizeof regexp, "%s-regexp", option);
	struct str exact = args_str(a, option), pattern = args_str(a, regexp);
	if (text_matcher_init(m, exact.n ? &exact : NULL, pattern.n ? &pattern : NULL, e))
		return err_in(e, "%s", args_from(a, regexp));
	return 0;
}

static int read_claims(const struct args *a, struct identity *i, struct err *e)
{
	i->claims = arena_array(a->arena, COUNT(claims), sizeof *i->claims);
	for (size_t k = 0; k < COUNT(claims); k++) {
		struct str value = args_str(a, claims[k].option);
		if (!given(a, claims[k].option))
			continue;
		struct claim_matcher *m = &i->claims[i->n_claims++];
		*m = (struct claim_matcher){ .name = claims[k].claim };
		if (text_matcher_init(&m->value, &value, NULL, e))
			return e->code;
	}
	return 0;
}

static int read_identity(const struct args *a, struct trust *t, struct err *e)
{
	struct identity *i = &t->identity;
	if (matcher_of(a, "certificate-identity", &i->san, e) ||
	    matcher_of(a, "certificate-oidc-issuer", &i->issuer, e) || read_claims(a, i, e))
		return e->code;
	bool san = text_matcher_is_set(&i->san), issuer = text_matcher_is_set(&i->issuer);
	if (!san && !issuer && !i->n_claims)
		return 0;
	if (!san || !issuer)
		return err_set(
			e, ERR_INVALID,
			"a certificate is believed by name and issuer: give --certificate-identity "
			"(or -regexp) and --certificate-oidc-issuer (or -regexp)");
	t->has_identity = t->wants_certificate = true;
	t->policy.identities = i;
	t->policy.n_identities = 1;
	return 0;
}

/* A reference without what may be secret in it: a PIN, the signed query of an address. */
static struct str name_of(struct str ref)
{
	struct str rest = ref;
	bool query = str_starts(ref, S("pkcs11:")) || str_starts(ref, S("https://"));
	return query ? str_cut(&rest, '?') : ref;
}

static int read_keys(const struct args *a, struct trust *t, struct err *e)
{
	struct strs names = args_list(a, "key");
	struct str *shown = arena_array(a->arena, names.n, sizeof *shown);
	struct password ask = password_of(a);
	t->keys = arena_array(a->arena, names.n, sizeof(struct key *));
	for (size_t i = 0; i < names.n; i++) {
		if (key_load_public(names.v[i], &ask, t->offline, &t->keys[i], e))
			return err_in(e, "%s", args_from(a, "key"));
		shown[i] = name_of(names.v[i]);
		t->n_keys++;
	}
	t->policy.keys = (const struct key *const *)t->keys;
	t->policy.key_names = shown;
	t->policy.n_keys = names.n;
	return 0;
}

static struct trusted_root *add_root(struct trust *t, struct trusted_root *r)
{
	t->roots[t->n_roots++] = r;
	return r;
}

/* The last certificate of a chain is what is trusted; the others lead to it. */
static int read_chain(struct str text, struct trusted_root *r, struct err *e)
{
	struct certs chain CLEANUP(certs_done) = { 0 };
	struct buf others CLEANUP(buf_done) = { 0 };
	if (certs_parse(text, &chain, e))
		return e->code;
	for (size_t i = 0; i + 1 < chain.n; i++)
		buf_add_str(&others, cert_der(chain.v[i]));
	return trusted_root_add_authority(r, cert_der(chain.v[chain.n - 1]), str_buf(&others), e);
}

static int read_own_authority(const struct args *a, struct trust *t, struct err *e)
{
	struct str roots = { 0 }, others = { 0 }, chain = { 0 };
	size_t max = (size_t)CERTS_MAX * CERT_DER_MAX * 2;
	if (args_file(a, "ca-roots", max, &roots, e) ||
	    args_file(a, "ca-intermediates", max, &others, e) ||
	    args_file(a, "certificate-chain", max, &chain, e))
		return e->code;
	if (!roots.n && !chain.n)
		return 0;
	const char *option = roots.n ? "ca-roots" : "certificate-chain";
	struct trusted_root *r = add_root(t, trusted_root_new(args_str(a, option)));
	int code =
		roots.n ? trusted_root_add_authority(r, roots, others, e) : read_chain(chain, r, e);
	return code ? err_in(e, "%s", args_from(a, option)) : 0;
}

/* What `lazaret trust` keeps. */
static int read_kept_root(const struct args *a, struct trust *t, struct err *e)
{
	struct str path, text;
	struct trusted_root *r = NULL;
	int code = trust_cached_root(trust_dir(a), S("trusted_root.json"), a->arena, &path, e);
	if (code == ERR_NOT_FOUND)
		return err_set(e, ERR_NOT_FOUND,
			       "there is no trusted root to judge certificates by: give "
			       "--trusted-root FILE, or keep one with `lazaret trust init`");
	if (code || args_read(a, "trusted-root", path, TRUSTED_ROOT_MAX, &text, e) ||
	    trusted_root_parse(text, path, &r, e))
		return e->code;
	add_root(t, r);
	return 0;
}

static int read_roots(const struct args *a, struct trust *t, struct err *e)
{
	struct strs files = args_list(a, "trusted-root");
	t->roots = arena_array(a->arena, files.n + 2, sizeof(struct trusted_root *));
	for (size_t i = 0; i < files.n; i++) {
		struct str text;
		struct trusted_root *r = NULL;
		if (args_read(a, "trusted-root", files.v[i], TRUSTED_ROOT_MAX, &text, e))
			return e->code;
		if (trusted_root_parse(text, files.v[i], &r, e))
			return err_in(e, "%s", args_from(a, "trusted-root"));
		add_root(t, r);
	}
	if (read_own_authority(a, t, e))
		return e->code;
	if (t->n_roots == 0 && t->wants_certificate && read_kept_root(a, t, e))
		return e->code;
	t->policy.roots = (const struct trusted_root *const *)t->roots;
	t->policy.n_roots = t->n_roots;
	return 0;
}

static int read_revoked(const struct args *a, struct trust *t, struct err *e)
{
	struct str text = { 0 };
	if (!given(a, "revoked"))
		return 0;
	if (args_file(a, "revoked", REVOKED_FILE_MAX, &text, e))
		return e->code;
	t->revoked = ARENA_NEW(a->arena, struct revocations);
	if (revocations_parse(text, args_str(a, "revoked"), a->arena, t->revoked, e))
		return err_in(e, "%s", args_from(a, "revoked"));
	t->policy.revoked = t->revoked;
	return 0;
}

/* What can be wrong with words alone: a usage error. */
static int read_words(const struct args *a, bool others, struct trust *t, struct err *e)
{
	struct str at = args_str(a, "at");
	t->offline = args_flag(a, "offline");
	t->policy.now = time_now();
	if (given(a, "at") && !time_parse(at, &t->policy.now))
		return err_set(e, ERR_INVALID, "%s: '%.*s' is no time like 2026-01-31T12:00:00Z",
			       args_from(a, "at"), STR(str_upto(at, 60)));
	t->policy.ignore_log = args_flag(a, "insecure-ignore-tlog");
	t->policy.ignore_sct = args_flag(a, "insecure-ignore-sct");
	t->policy.require_timestamp = args_flag(a, "use-signed-timestamps");
	t->policy.require_log = args_flag(a, "require-log");
	if (t->policy.ignore_log && t->policy.require_log)
		return err_set(e, ERR_INVALID,
			       "--require-log and --insecure-ignore-tlog exclude each other");
	if (given(a, "ca-roots") && given(a, "certificate-chain"))
		return err_set(e, ERR_INVALID,
			       "--ca-roots and --certificate-chain exclude each other");
	if (given(a, "ca-intermediates") && !given(a, "ca-roots"))
		return err_set(e, ERR_INVALID, "--ca-intermediates wants --ca-roots");
	if (read_identity(a, t, e))
		return e->code;
	if (!others && !given(a, "key") && !t->has_identity)
		return err_set(
			e, ERR_INVALID,
			"whom to believe? Give --key, or --certificate-identity (or -regexp) with "
			"--certificate-oidc-issuer (or -regexp)");
	return 0;
}

int trust_open(const struct args *a, bool others, struct trust *out)
{
	struct trust t = { 0 };
	struct err e = { 0 };
	int status = EXIT_YES;
	if (read_words(a, others, &t, &e))
		status = usage(a, "%s", e.text);
	else if (read_keys(a, &t, &e) || read_roots(a, &t, &e) || read_revoked(a, &t, &e))
		status = fail(a, &e);
	if (status != EXIT_YES) {
		trust_close(&t);
		return status;
	}
	t.policy.cache = chain_cache_open();
	*out = t;
	if (t.has_identity)
		out->policy.identities = &out->identity;
	return EXIT_YES;
}

void trust_close(struct trust *t)
{
	for (size_t i = 0; i < t->n_keys; i++)
		key_close(t->keys[i]);
	for (size_t i = 0; i < t->n_roots; i++)
		trusted_root_close(t->roots[i]);
	identity_done(&t->identity);
	chain_cache_close(t->policy.cache);
	*t = (struct trust){ 0 };
}
