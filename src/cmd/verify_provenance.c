/* lazaret verify-provenance: was this built by whom, from what and with what one expects? Of images, with what is attached
 * to them, or of a file and a bundle beside it. */
#include "cmd/proof_output.h"
#include "cmd/verify_job.h"
#include "base/stream.h"
#include "trust/provenance.h"

#include <fcntl.h>
#include <stdio.h>

static const struct option options[] = {
#include "cmd/verify_image.def"
	{ "source-uri", 0, "URI", NULL, false, false, "repository that it must be built from" },
	{ "source-tag", 0, "TAG", NULL, false, false, "tag that it must be built from" },
	{ "source-branch", 0, "BRANCH", NULL, false, false, "branch that it must be built from" },
	{ "builder-id", 0, "ID", NULL, false, false, "who must have built it" },
	{ "workflow-input", 0, "NAME=VALUE", NULL, true, false,
	  "an input that the workflow must have had" },
	{ "parameter", 0, "PATH=VALUE", NULL, true, false,
	  "an external parameter that must be this" },
	{ "allow-parameter", 0, "PATH", NULL, true, true, "a parameter that may be anything" },
	{ "blob", 0, "FILE", "FILE", false, false, "a file in place of images" },
	{ "provenance-path", 0, "FILE", "FILE", false, false, "the bundle of --blob" },
	{ "print-provenance", 0, NULL, NULL, false, false, "print the statements" },
	{ 0 },
};

static void check(void *ctx, struct arena *a, struct proof *p)
{
	provenance_check(ctx, a, p);
}

static int read_wanted(const struct args *a, struct provenance_wanted *w, struct err *e)
{
	struct annotation *inputs, *parameters;
	*w = (struct provenance_wanted){
		.source_uri = args_str(a, "source-uri"),
		.source_tag = args_str(a, "source-tag"),
		.source_branch = args_str(a, "source-branch"),
		.builder_id = args_str(a, "builder-id"),
		.allowed = args_list(a, "allow-parameter"),
	};
	if (read_annotations(a, "workflow-input", &inputs, &w->n_inputs, e) ||
	    read_annotations(a, "parameter", &parameters, &w->n_parameters, e))
		return e->code;
	w->inputs = inputs;
	w->parameters = parameters;
	if (!w->source_uri.n)
		return err_set(e, ERR_INVALID,
			       "--source-uri is wanted: what must it be built from?");
	if (!args_str(a, "blob").n != (a->words.n > 0) ||
	    !args_str(a, "blob").n != !args_str(a, "provenance-path").n)
		return err_set(e, ERR_INVALID,
			       "wanted: verify-provenance IMAGE..., or --blob FILE "
			       "--provenance-path BUNDLE");
	return 0;
}

/* Version 1, else 0.2: a builder says one of them. */
static int run_images(struct verify_job *j)
{
	for (size_t i = 0; i < j->args->words.n; i++) {
		j->options.predicate_type = S(PREDICATE_SLSA_1);
		struct verify_answer *r = verify_job_target(j, j->args->words.v[i]);
		if (r->status != EXIT_NO || r->verified.n_proofs)
			continue;
		j->n_answers--;
		j->options.predicate_type = S(PREDICATE_SLSA_02);
		verify_job_target(j, j->args->words.v[i]);
	}
	return verify_job_print(j);
}

static int digest_file(const struct args *a, struct str path, struct digest *out, struct err *e)
{
	int fd = open(arena_cstr(a->arena, path), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open %.*s", STR(path));
	struct stream *in CLEANUP(cleanup_stream) = stream_fd(fd, true, -1, UINT64_MAX);
	return stream_digest(in, DIGEST_SHA256, out, e) ? err_in(e, "read %.*s", STR(path)) : 0;
}

static int judge_blob(struct verify_job *j, struct str text, const struct digest *d,
		      struct proof *p, struct err *e)
{
	struct arena *a = j->args->arena;
	struct sigstore_bundle *b CLEANUP(cleanup_sigstore_bundle) = NULL;
	struct descriptor target = { .digest = *d };
	struct wanted w = { .target = &target, .predicate_type = S(PREDICATE_SLSA_1) };
	struct err why = { 0 };
	struct str type;
	p->format = S("sigstore-bundle");
	if (sigstore_bundle_parse(text, &b, &why)) {
		proof_check(p, a, "signature", CHECK_NO, "%s", why.text);
		return 0;
	}
	if (!b->is_dsse || scheme_peek(&b->dsse, a, &type, &why)) {
		proof_check(p, a, "predicate-type", CHECK_NO, "%s",
			    b->is_dsse ? why.text : "the bundle holds a bare signature");
		return 0;
	}
	if (sigstore_verify(b, NULL, &j->trust.policy, a, p, e))
		return e->code;
	p->payload = arena_str(a, p->payload);
	if (str_eq(type, S(PREDICATE_SLSA_02)))
		w.predicate_type = type;
	if (p->result == CHECK_YES)
		scheme_check_statement(&w, a, p);
	if (p->result == CHECK_YES)
		j->options.check(j->options.ctx, a, p);
	return 0;
}

static int run_blob(struct verify_job *j)
{
	const struct args *a = j->args;
	struct str bundle = { 0 }, path = args_str(a, "blob"), why = { 0 };
	struct proof p = { 0 };
	struct digest d;
	char text[DIGEST_TEXT];
	struct err e = { 0 };
	if (digest_file(a, path, &d, &e) ||
	    args_file(a, "provenance-path", BUNDLE_MAX, &bundle, &e) ||
	    judge_blob(j, bundle, &d, &p, &e))
		return fail(a, &e);
	int status = proofs_status(&p, 1, &why);
	if (j->format == VERIFY_JSON)
		proofs_print_json(path, &d, status == EXIT_YES, why, &p, 1);
	else
		proof_say(a, &p);
	if (j->format == VERIFY_TEXT && status == EXIT_YES)
		printf("%s verified\n", digest_text(&d, text));
	if (status == EXIT_YES && (j->format == VERIFY_PAYLOAD || j->payloads))
		printf("%.*s\n", (int)p.payload.n, p.payload.p);
	if (status != EXIT_YES)
		fprintf(stderr, "lazaret verify-provenance: %.*s is not verified: %.*s\n",
			STR(path), STR(why));
	return status;
}

static int run(const struct args *a)
{
	struct verify_job j;
	struct provenance_wanted wanted;
	struct err e = { 0 };
	if (read_wanted(a, &wanted, &e))
		return usage(a, "%s", e.text);
	int status = verify_job_open(&j, a, false);
	if (status != EXIT_YES)
		return status;
	j.options.check = check;
	j.options.ctx = &wanted;
	j.payloads = args_flag(a, "print-provenance");
	status = args_str(a, "blob").n ? run_blob(&j) : run_images(&j);
	verify_job_close(&j);
	return status;
}

const struct command command_verify_provenance = { "verify-provenance",
						   "verify who built it, and from what", NULL,
						   options, run };
