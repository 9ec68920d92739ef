/* lazaret verify-blob: is a file signed by whom we believe? */
#include "cmd/blob.h"
#include "cmd/trust_options.h"

static const struct option options[] = {
#include "cmd/trust_blob.def"
#include "cmd/trust_options.def"
	{ 0 },
};

static void want_of_key(const struct key *k, struct blob_wants *w)
{
	enum digest_alg alg = alg_digest(key_default_alg(k, false));
	w->algs |= 1u << alg;
	w->whole |= key_type(k) == KEY_ED25519;
}

static struct blob_wants wants_of(const struct sigstore_bundle *b, const struct trust *t)
{
	struct blob_wants w = { .digests = true };
	w.algs = 1u << b->message_digest.alg;
	for (size_t i = 0; i < t->n_keys; i++)
		want_of_key(t->keys[i], &w);
	if (b->certs.n && cert_key(b->certs.v[0]))
		want_of_key(cert_key(b->certs.v[0]), &w);
	return w;
}

/* A bundle may hold a statement in place of the signature; only the one that cosign signs with is a signature. */
static void check_statement(struct arena *a, struct proof *p, struct str payload_type,
			    const struct digest *d)
{
	struct statement s CLEANUP(statement_done) = { 0 };
	struct err e = { 0 };
	if (!str_eq(payload_type, S(DSSE_IN_TOTO))) {
		proof_check(p, a, "predicate-type", CHECK_NO,
			    "the envelope holds no in-toto Statement");
		return;
	}
	if (statement_parse(p->payload, a, &s, &e)) {
		proof_check(p, a, "artifact", CHECK_NO, "%s", e.text);
		return;
	}
	p->predicate_type = arena_str(a, s.predicate_type);
	if (!str_eq(s.predicate_type, S(PREDICATE_COSIGN_SIGN)))
		proof_check(
			p, a, "predicate-type", CHECK_NO,
			"it is an attestation (%.*s) and no signature: see verify-blob-attestation",
			STR(str_upto(s.predicate_type, 200)));
	if (statement_has_subject(&s, d))
		p->artifact = *d;
	proof_check(p, a, "artifact", statement_has_subject(&s, d) ? CHECK_YES : CHECK_NO, "%s",
		    statement_has_subject(&s, d) ? "it is a subject of the statement"
						 : "it is no subject of the statement");
}

static int verify(const struct args *a, struct str name, const struct trust *t)
{
	struct sigstore_bundle *b CLEANUP(cleanup_sigstore_bundle) = NULL;
	struct signed_bytes what = { 0 };
	struct proof p = { 0 };
	struct err e = { 0 };
	bool usage_error;
	int r = blob_bundle(a, name, false, &b, &usage_error, &e);
	if (r && usage_error)
		return usage(a, "%s", e.text);
	if (r)
		return blob_refused(a, name, &e);
	struct blob_wants w = wants_of(b, t);
	if (blob_read(a->arena, name, &w, &what, &e) ||
	    sigstore_verify(b, &what, &t->policy, a->arena, &p, &e))
		return fail(a, &e);
	if (b->is_dsse)
		check_statement(a->arena, &p, b->dsse.payload_type, &what.sha256);
	return blob_answer(a, name, &what.sha256, &p);
}

static int run(const struct args *a)
{
	struct trust t = { 0 };
	if (a->words.n != 1)
		return usage(a, "one file, '-' or sha256:HEX at a time");
	if (!blob_format_known(a))
		return EXIT_USAGE;
	int status = trust_open(a, false, &t);
	if (status == EXIT_YES) {
		status = verify(a, a->words.v[0], &t);
		trust_close(&t);
	}
	return status;
}

const struct command command_verify_blob = { "verify-blob", "verify the signature of a file", NULL,
					     options, run };
