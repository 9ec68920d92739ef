/* lazaret verify-blob-attestation: does somebody whom we believe say something of a certain type about a file? */
#include "cmd/blob.h"
#include "cmd/trust_options.h"

static const struct option options[] = {
#include "cmd/trust_blob.def"
	{ "type", 't', "TYPE",
	  "slsaprovenance slsaprovenance1 spdx spdxjson cyclonedx link vuln openvex custom", false,
	  false, "predicate type that is wanted" },
#include "cmd/trust_options.def"
	{ 0 },
};

static int read_blob(const struct args *a, struct str word, const struct statement *s,
		     struct signed_bytes *what, struct err *e)
{
	struct blob_wants w = { .digests = true };
	for (size_t i = 0; i < s->n_subjects; i++)
		for (size_t k = 0; k < s->subjects[i].n_digests; k++)
			w.algs |= 1u << s->subjects[i].digests[k].alg;
	return blob_read(a->arena, word, &w, what, e);
}

static void check_artifact(struct arena *a, struct proof *p, const struct statement *s,
			   const struct signed_bytes *what)
{
	const struct digest *v[] = { &what->sha256, &what->sha384, &what->sha512 };
	for (size_t i = 0; i < COUNT(v); i++) {
		if (v[i]->alg == DIGEST_NONE || !statement_has_subject(s, v[i]))
			continue;
		p->artifact = *v[i];
		proof_check(p, a, "artifact", CHECK_YES, "it is a subject of the statement");
		return;
	}
	proof_check(p, a, "artifact", CHECK_NO, "it is no subject of the statement");
}

/* What the statement says; whatever cannot be read is a no. */
static int check_statement(const struct args *a, struct str word, struct str type, struct proof *p,
			   struct signed_bytes *what, struct err *e)
{
	struct statement s CLEANUP(statement_done) = { 0 };
	if (statement_parse(p->payload, a->arena, &s, e)) {
		proof_check(p, a->arena, "artifact", CHECK_NO, "%s", e->text);
		return 0;
	}
	p->predicate_type = arena_str(a->arena, s.predicate_type);
	proof_check(p, a->arena, "predicate-type",
		    str_eq(type, s.predicate_type) ? CHECK_YES : CHECK_NO,
		    "it is '%.*s', wanted is '%.*s'", STR(str_upto(s.predicate_type, 200)),
		    STR(str_upto(type, 200)));
	if (read_blob(a, word, &s, what, e))
		return e->code;
	check_artifact(a->arena, p, &s, what);
	return 0;
}

static int verify(const struct args *a, struct str word, struct str type, const struct trust *t)
{
	struct sigstore_bundle *b CLEANUP(cleanup_sigstore_bundle) = NULL;
	struct signed_bytes what = { 0 };
	struct proof p = { 0 };
	struct err e = { 0 };
	bool usage_error;
	int r = blob_bundle(a, word, true, &b, &usage_error, &e);
	if (r && usage_error)
		return usage(a, "%s", e.text);
	if (r)
		return blob_refused(a, word, &e);
	if (!b->is_dsse) {
		err_set(&e, ERR_INVALID, "it is a signature and no attestation: see verify-blob");
		return blob_refused(a, word, &e);
	}
	if (sigstore_verify(b, NULL, &t->policy, a->arena, &p, &e))
		return fail(a, &e);
	if (!str_eq(b->dsse.payload_type, S(DSSE_IN_TOTO)))
		proof_check(&p, a->arena, "predicate-type", CHECK_NO,
			    "the envelope holds no in-toto Statement");
	p.payload = b->dsse.payload;
	if (check_statement(a, word, type, &p, &what, &e))
		return fail(a, &e);
	return blob_answer(a, word, &what.sha256, &p);
}

static int run(const struct args *a)
{
	struct trust t = { 0 };
	struct str type = args_str(a, "type");
	if (a->words.n != 1)
		return usage(a, "one file, '-' or sha256:HEX at a time");
	if (!blob_format_known(a))
		return EXIT_USAGE;
	struct str uri = predicate_type_uri(type.n ? type : S("custom"));
	if (!uri.n)
		return usage(a, "%s: there is no type '%.*s', and it is no URI",
			     args_from(a, "type"), STR(type));
	int status = trust_open(a, false, &t);
	if (status == EXIT_YES) {
		status = verify(a, a->words.v[0], uri, &t);
		trust_close(&t);
	}
	return status;
}

const struct command command_verify_blob_attestation = { "verify-blob-attestation",
							 "verify an attestation about a file", NULL,
							 options, run };
