/* Verification of Sigstore signatures (sigstore client specification; the behaviour of sigstore-go and cosign where it is
 * silent). Everything in a bundle is hostile until a key that the caller trusts has said so: first the signature, then
 * what gives trusted times (timestamps, logs), then the certificate at every one of these times, then who it names. All
 * stages run, so that the proof lists all that is wrong; the answer is a yes only when none is a no. */
#include "trust/judge.h"
#include "trust/rekor.h"
#include "trust/revoked.h"
#include "base/time.h"

const char *judge_time(struct judge *j, int64_t time)
{
	return time_text(time, arena_alloc(j->a, TIME_TEXT));
}

static void judge_time_of_signing(struct judge *j)
{
	const struct trusted_time *first = NULL;
	for (size_t i = 0; i < j->n_times; i++)
		if (!first || j->times[i].time < first->time)
			first = &j->times[i];
	if (!first) {
		proof_check(j->out, j->a, "time", CHECK_SKIPPED,
			    "no trusted time of signing is known");
		return;
	}
	j->out->time = first->time;
	j->out->time_from = first->from;
	proof_check(j->out, j->a, "time", CHECK_YES, "signed at %s by %.*s",
		    judge_time(j, first->time), STR(first->from));
}

/* The signer, and everybody between it and the root. */
static void judge_revocation(struct judge *j)
{
	struct err e = { 0 };
	int r = 1;
	if (!j->p->revoked) {
		proof_check(j->out, j->a, "revocation", CHECK_SKIPPED,
			    "no revocation list was given");
		return;
	}
	if (!j->key)
		return;
	r = revocations_allow(j->p->revoked, key_id(j->key), j->leaf ? cert_digest(j->leaf) : NULL,
			      j->out->identity, j->out->time, &e);
	for (size_t i = 1; r == 1 && i < j->chain.n; i++) {
		const struct key *k = cert_key(j->chain.v[i]);
		r = revocations_allow(j->p->revoked, k ? key_id(k) : NULL,
				      cert_digest(j->chain.v[i]), (struct str){ 0 }, j->out->time,
				      &e);
	}
	proof_check(j->out, j->a, "revocation",
		    r == 1   ? CHECK_YES
		    : r == 0 ? CHECK_NO
			     : CHECK_UNKNOWN,
		    "%s", r == 1 ? "not on the list" : e.text);
}

static void judge_artifact(struct judge *j)
{
	const struct digest *hint = &j->b->message_digest, *have;
	if (j->b->is_dsse) {
		j->out->payload = j->b->dsse.payload;
		return;
	}
	have = signed_digest(&j->what, DIGEST_SHA256);
	if (have)
		j->out->artifact = *have;
	have = hint->alg == DIGEST_NONE ? NULL : signed_digest(&j->what, hint->alg);
	if (hint->alg == DIGEST_NONE)
		proof_check(j->out, j->a, "artifact", CHECK_YES, "the signature is of it");
	else if (!have)
		proof_check(j->out, j->a, "artifact", CHECK_NO,
			    "the bundle's digest is of another algorithm than what is known");
	else if (digest_eq(hint, have))
		proof_check(j->out, j->a, "artifact", CHECK_YES, "its digest is the bundle's");
	else
		proof_check(j->out, j->a, "artifact", CHECK_NO,
			    "the bundle is of something with another digest");
}

static int rank_of(const char *name)
{
	static const char *const order[] = { "signature", "certificate", "sct",	      "log-entry",
					     "inclusion", "checkpoint",	 "timestamp", "time",
					     "identity",  "revocation",	 "artifact" };
	for (size_t i = 0; i < COUNT(order); i++)
		if (strcmp(name, order[i]) == 0)
			return (int)i;
	return COUNT(order);
}

/* Into the order that is promised; there are few, and they are nearly in it. */
static void sort_checks(struct proof *p)
{
	for (size_t i = 1; i < p->n_checks; i++) {
		struct check c = p->checks[i];
		size_t k = i;
		for (; k > 0 && rank_of(p->checks[k - 1].name) > rank_of(c.name); k--)
			p->checks[k] = p->checks[k - 1];
		p->checks[k] = c;
	}
}

static void learn_message(struct judge *j, const struct signed_bytes *what, struct buf *pae)
{
	if (j->b->is_dsse) {
		dsse_pae(j->b->dsse.payload_type, j->b->dsse.payload, pae);
		j->what.has_message = true;
		j->what.message = str_buf(pae);
	} else if (what) {
		j->what = *what;
	}
}

int sigstore_verify(const struct sigstore_bundle *b, const struct signed_bytes *what,
		    const struct sigstore_policy *p, struct arena *a, struct proof *out,
		    struct err *e)
{
	struct buf pae CLEANUP(buf_done) = { 0 };
	struct proof made = { .format = str_eq(b->version, S("cosign")) ? S("cosign")
									: S("sigstore-bundle") };
	struct judge j = { .b = b, .p = p, .a = a, .out = &made };
	if (!b->is_dsse && !what)
		return err_set(e, ERR_INVALID,
			       "the bundle signs a message: which one was not said");
	learn_message(&j, what, &pae);
	judge_signature(&j);
	if (j.key) {
		judge_timestamps(&j);
		judge_log(&j);
		judge_time_of_signing(&j);
		judge_certificate(&j);
		judge_scts(&j);
		judge_identity(&j);
		judge_revocation(&j);
		judge_artifact(&j);
	}
	sort_checks(&made);
	*out = made;
	return 0;
}
