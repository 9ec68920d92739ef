/* Verifying images for several commands. What was asked for and was not found is a no (exit status 1); a registry that does
 * not answer leaves it open (3). */
#include "cmd/verify_job.h"

#include "cmd/alarm.h"
#include "cmd/proof_output.h"
#include "cmd/registry_options.h"

#include <stdio.h>

static int read_format(struct verify_job *j, struct err *e)
{
	struct str f = args_str(j->args, "format"), output = args_str(j->args, "output");
	if (str_eq(f, S("json")))
		j->format = VERIFY_JSON;
	else if (str_eq(f, S("payload")) || (!f.n && str_eq(output, S("json"))))
		j->format = VERIFY_PAYLOAD;
	else if (f.n && !str_eq(f, S("text")))
		return err_set(e, ERR_INVALID, "--format: there is no format '%.*s'", STR(f));
	else if (!f.n && output.n && !str_eq(output, S("text")))
		return err_set(e, ERR_INVALID, "--output: there is no format '%.*s'", STR(output));
	return 0;
}

static int read_words(struct verify_job *j, struct err *e)
{
	struct annotation *annotations;
	uint64_t require = 1;
	struct str platform = args_str(j->args, "platform");
	if (registry_options_read(j->args, &j->source, e) || read_format(j, e) ||
	    args_number(j->args, "require", VERIFY_SIGNATURES_MAX, &require, e) ||
	    read_annotations(j->args, "annotations", &annotations, &j->options.n_annotations, e))
		return e->code;
	if (require == 0)
		return err_set(e, ERR_INVALID, "--require: at least 1");
	if (platform.n && platform_parse(j->args->arena, platform, &j->platform, e))
		return err_in(e, "%s", args_from(j->args, "platform"));
	j->options.annotations = annotations;
	j->options.require = (size_t)require;
	j->options.recursive = args_flag(j->args, "recursive");
	j->options.platform = platform.n ? &j->platform : NULL;
	if (platform.n && j->options.recursive)
		return err_set(e, ERR_INVALID, "--platform and --recursive exclude each other");
	return 0;
}

int verify_job_open(struct verify_job *j, const struct args *a, bool others)
{
	struct err e = { 0 };
	*j = (struct verify_job){ .args = a };
	if (alarm_start(a, &e) || read_words(j, &e))
		return usage(a, "%s", e.text);
	int status = trust_open(a, others, &j->trust);
	if (status == EXIT_YES && (j->trust.n_keys || j->trust.has_identity))
		j->options.policy.sigstore = &j->trust.policy;
	return status;
}

void verify_job_close(struct verify_job *j)
{
	trust_close(&j->trust);
}

/* The policy asks for no signature of this image, and nobody else was named. */
static bool skips(const struct verify_job *j)
{
	return j->options.policy.notation && !j->options.policy.sigstore &&
	       notation_skips(j->notation.trust, j->notation.scope);
}

static int status_of(enum check_result r)
{
	return r == CHECK_YES ? EXIT_YES : r == CHECK_NO ? EXIT_NO : EXIT_FAILED;
}

struct verify_answer *verify_job_target(struct verify_job *j, struct str target)
{
	struct arena *a = j->args->arena;
	struct image_target t = { 0 };
	struct err e = { 0 };
	struct verify_answer *out = ARENA_PUSH(a, j->answers, j->n_answers, j->answers_cap);
	*out = (struct verify_answer){ .target = target, .status = EXIT_FAILED };
	int r = image_target_open(j->args, &j->source, target, false, &t, &e);
	if (r == 0) {
		out->shown = t.shown;
		j->notation.scope = j->notation_scope;
		if (!j->notation.scope.n)
			j->notation.scope = arena_printf(a, "%.*s/%.*s", STR(t.source->ref.host),
							 STR(t.source->ref.repository));
		if (skips(j))
			out->skipped = true;
		r = out->skipped ? 0
				 : verify_image(t.source, t.signatures, &t.descriptor, &j->options,
						a, &out->verified, &e);
		if (r)
			err_in(&e, "%.*s", STR(target));
	}
	if (r)
		out->error = arena_printf(a, "%s", e.text);
	else if (out->skipped)
		out->verified =
			(struct verified){ .target = t.descriptor,
					   .result = CHECK_SKIPPED,
					   .why = S("the trust policy asks for no signature") };
	if (r == 0)
		out->status = out->skipped ? EXIT_YES : status_of(verified_result(&out->verified));
	image_target_close(&t);
	return out;
}

/* Text. */
static void say_proofs(const struct args *a, const struct verified *v)
{
	char text[DIGEST_TEXT];
	for (size_t i = 0; i < v->n_proofs; i++) {
		const struct proof *p = &v->proofs[i];
		say(a, "%.*s signature in %s: %s%s%.*s", STR(p->format),
		    digest_text(&p->found, text), check_result_name(p->result),
		    p->why.n ? ": " : "", STR(p->why));
		proof_say(a, p);
	}
	for (size_t i = 0; i < v->notes.n; i++)
		say(a, "note: %.*s", STR(v->notes.v[i]));
}

static struct str clean(struct arena *a, struct str s)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	buf_add_shown(&b, s);
	return arena_str(a, str_buf(&b));
}

/* One line of each manifest that is trusted: its digest, and why. */
static void print_verified(const struct verify_job *j, struct str name, const struct verified *v,
			   bool root)
{
	FILE *out = j->payloads ? stderr : stdout;
	struct arena *a = j->args->arena;
	char digest[DIGEST_TEXT], index[DIGEST_TEXT];
	struct str platform =
		v->target.platform.os.n ? clean(a, platform_text(a, &v->target.platform)) : S("");
	say_proofs(j->args, v);
	digest_text(&v->target.digest, digest);
	if (v->result == CHECK_YES && v->through.alg != DIGEST_NONE)
		fprintf(out, "%.*s@%s verified, trusted through signed index %s", STR(name), digest,
			digest_text(&v->through, index));
	else if (v->result == CHECK_YES)
		fprintf(out, "%.*s@%s verified, %zu signer%s", STR(name), digest, v->signers,
			v->signers == 1 ? "" : "s");
	else if (root && verified_result(v) == CHECK_YES)
		fprintf(out, "%.*s@%s not signed itself, all that is asked for in it is", STR(name),
			digest);
	else
		fprintf(out, "%.*s@%s %s: %.*s", STR(name), digest,
			v->result == CHECK_NO	     ? "NOT verified"
			: v->result == CHECK_SKIPPED ? "skipped"
						     : "unknown",
			STR(clean(a, v->why)));
	fprintf(out, "%s%.*s%s\n", platform.n ? " (" : "", STR(platform), platform.n ? ")" : "");
	for (size_t i = 0; i < v->n_children; i++)
		print_verified(j, name, &v->children[i], false);
}

static void print_payloads(const struct verified *v)
{
	for (size_t i = 0; i < v->n_proofs; i++)
		if (v->proofs[i].result == CHECK_YES) {
			fwrite(v->proofs[i].payload.p, 1, v->proofs[i].payload.n, stdout);
			putchar('\n');
		}
	for (size_t i = 0; i < v->n_children; i++)
		print_payloads(&v->children[i]);
}

static void print_text(const struct verify_job *j, const struct verify_answer *r)
{
	struct str name = r->shown;
	if (r->error.n) {
		fprintf(stderr, "lazaret %s: %.*s\n", j->args->command->name,
			STR(clean(j->args->arena, r->error)));
		return;
	}
	ssize_t at = str_rfind_char(name, '@');
	print_verified(j, at < 0 ? name : str_upto(name, (size_t)at), &r->verified, true);
	if (j->payloads && r->status == EXIT_YES)
		print_payloads(&r->verified);
	if (r->status != EXIT_YES)
		fprintf(stderr, "lazaret %s: %.*s is not verified: %.*s\n", j->args->command->name,
			STR(r->target), STR(clean(j->args->arena, r->verified.why)));
}

/* JSON. */
static void put_verified(struct json_out *o, struct arena *a, const struct verified *v)
{
	char text[DIGEST_TEXT];
	json_put_member(o, "digest", str_of(digest_text(&v->target.digest, text)));
	json_put_member(o, "mediaType", v->target.media_type);
	if (v->target.platform.os.n)
		json_put_member(o, "platform", platform_text(a, &v->target.platform));
	json_put_key(o, "verified");
	json_put_bool(o, verified_result(v) == CHECK_YES);
	json_put_member(o, "result", str_of(check_result_name(v->result)));
	json_put_member_opt(o, "why", v->why);
	if (v->through.alg != DIGEST_NONE)
		json_put_member(o, "trustedThrough", str_of(digest_text(&v->through, text)));
	json_put_key(o, "signers");
	json_put_u64(o, v->signers);
	json_put_key(o, "signatures");
	json_begin_array(o);
	for (size_t i = 0; i < v->n_proofs; i++)
		proof_put_json(o, &v->proofs[i]);
	json_end_array(o);
	json_put_key(o, "notes");
	json_begin_array(o);
	for (size_t i = 0; i < v->notes.n; i++)
		json_put_str(o, v->notes.v[i]);
	json_end_array(o);
	json_put_key(o, "manifests");
	json_begin_array(o);
	for (size_t i = 0; i < v->n_children; i++) {
		json_begin_object(o);
		put_verified(o, a, &v->children[i]);
		json_end_object(o);
	}
	json_end_array(o);
}

static void put_answers(const struct verify_job *j, struct json_out *o)
{
	json_begin_object(o);
	json_put_key(o, "images");
	json_begin_array(o);
	for (size_t i = 0; i < j->n_answers; i++) {
		const struct verify_answer *r = &j->answers[i];
		json_begin_object(o);
		json_put_member(o, "artifact", r->target);
		json_put_member_opt(o, "error", r->error);
		if (!r->error.n)
			put_verified(o, j->args->arena, &r->verified);
		json_end_object(o);
	}
	json_end_array(o);
	json_end_object(o);
}

/* What was signed, of the good signatures: as cosign prints it. */
static void put_payloads(const struct verified *v, struct json_out *o)
{
	for (size_t i = 0; i < v->n_proofs; i++)
		if (v->proofs[i].result == CHECK_YES && v->proofs[i].payload.n)
			json_put_raw(o, v->proofs[i].payload);
	for (size_t i = 0; i < v->n_children; i++)
		put_payloads(&v->children[i], o);
}

static void print_json(const struct verify_job *j)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	struct json_out o;
	json_out_init(&o, &b, j->format == VERIFY_JSON ? 2 : 0);
	if (j->format == VERIFY_JSON) {
		put_answers(j, &o);
	} else {
		json_begin_array(&o);
		for (size_t i = 0; i < j->n_answers; i++)
			if (j->answers[i].status == EXIT_YES)
				put_payloads(&j->answers[i].verified, &o);
		json_end_array(&o);
	}
	puts(buf_cstr(&b));
}

int verify_job_print(struct verify_job *j)
{
	int status = EXIT_YES;
	for (size_t i = 0; i < j->n_answers; i++) {
		const struct verify_answer *r = &j->answers[i];
		if (r->status == EXIT_NO || status == EXIT_YES)
			status = r->status;
		if (j->format == VERIFY_TEXT)
			print_text(j, r);
		else if (j->format == VERIFY_PAYLOAD && r->status != EXIT_YES)
			fprintf(stderr, "lazaret %s: %.*s is not verified: %.*s\n",
				j->args->command->name, STR(r->target),
				STR(clean(j->args->arena,
					  r->error.n ? r->error : r->verified.why)));
	}
	if (j->format != VERIFY_TEXT)
		print_json(j);
	return status;
}
