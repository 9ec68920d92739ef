/* lazaret verify: are these images signed by whom we believe? */
#include "cmd/notation_options.h"
#include "cmd/verify_job.h"
#include "trust/revocation.h"

static const struct option options[] = {
#include "cmd/verify_image.def"
	{ "notation", 0, NULL, NULL, false, false, "believe notation's trust policy, too" },
	{ "trust-policy", 0, "FILE", "FILE", false, false, "notation's trust policy" },
	{ "trust-store", 0, "DIR", "DIR", false, false,
	  "notation's folder, with truststore in it" },
	{ "scope", 0, "NAME", NULL, false, false, "registry scope of an image in a layout" },
	{ "crl-dir", 0, "DIR", "DIR", false, false, "revocation lists for notation, as files" },
	{ 0 },
};

/* Notation's policy decides where it was asked for, or where nothing else was said of whom to believe. */
static bool wants_notation(const struct args *a)
{
	return args_flag(a, "notation") || args_str(a, "trust-policy").n ||
	       args_str(a, "trust-store").n ||
	       !(args_list(a, "key").n || args_str(a, "certificate-identity").n ||
		 args_str(a, "certificate-identity-regexp").n);
}

static int open_notation(struct verify_job *j, struct notation_trust **trust,
			 struct revocation **revocation, struct err *e)
{
	const struct args *a = j->args;
	struct str policy = { 0 }, dir;
	struct revocation_options o = {
		.offline = j->trust.offline,
		.crl_dir = args_str(a, "crl-dir"),
		.cache_dir = arena_printf(a->arena, "%.*s/crl", STR(cache_dir(a))),
		.now = j->trust.policy.now,
	};
	if (notation_folder(a, args_str(a, "trust-store"), &dir, e) ||
	    args_file(a, "trust-policy", JSON_TREE_MAX, &policy, e))
		return e->code;
	int r = policy.n ? notation_trust_parse(policy, dir, trust, e)
			 : notation_trust_open(dir, trust, e);
	if (r == 0)
		r = revocation_open(&o, revocation, e);
	if (r)
		return r;
	j->notation = (struct notation_policy){
		.trust = *trust,
		.revocation = *revocation,
		.revoked = j->trust.revoked,
		.cache = j->trust.policy.cache,
		.now = j->trust.policy.now,
	};
	j->options.policy.notation = &j->notation;
	return 0;
}

static int run_job(struct verify_job *j)
{
	struct notation_trust *trust = NULL;
	struct revocation *revocation = NULL;
	struct err e = { 0 };
	int status;
	if (wants_notation(j->args) && open_notation(j, &trust, &revocation, &e)) {
		if (j->options.policy.sigstore == NULL && e.code == ERR_NOT_FOUND)
			status =
				usage(j->args,
				      "whom to believe? Give --key, or --certificate-identity with "
				      "--certificate-oidc-issuer, or a notation trust policy (%s)",
				      e.text);
		else
			status = fail(j->args, &e);
	} else {
		for (size_t i = 0; i < j->args->words.n; i++)
			verify_job_target(j, j->args->words.v[i]);
		status = verify_job_print(j);
	}
	revocation_close(revocation);
	notation_trust_close(trust);
	return status;
}

static int run(const struct args *a)
{
	struct verify_job j;
	if (a->words.n == 0)
		return usage(a, "wanted: verify IMAGE... --key KEY");
	int status = verify_job_open(&j, a, wants_notation(a));
	if (status != EXIT_YES)
		return status;
	j.notation_scope = args_str(a, "scope");
	status = run_job(&j);
	verify_job_close(&j);
	return status;
}

const struct command command_verify = { "verify", "verify signatures of images", NULL, options,
					run };
