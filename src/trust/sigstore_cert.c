/* The signer's certificate: issued by a trusted authority and good at every trusted time, in a trusted certificate
 * transparency log, naming somebody who was asked for. A certificate lives for minutes, so that without a trusted time it
 * proves nothing; only where logs are ignored on request is it judged as of now. */
#include "trust/judge.h"

static const struct certs *others_of(struct judge *j, const struct trusted_authority *t,
				     struct certs *both)
{
	size_t more = j->b->certs.n - 1;
	if (!more)
		return &t->others;
	both->v = arena_array(j->a, t->others.n + more, sizeof(struct cert *));
	for (size_t i = 0; i < t->others.n; i++)
		both->v[both->n++] = t->others.v[i];
	for (size_t i = 0; i < more; i++)
		both->v[both->n++] = j->b->certs.v[i + 1];
	return both;
}

static bool good_at(struct judge *j, const struct trusted_authority *t, const struct certs *others,
		    int64_t time, struct chain *c, struct err *e)
{
	if (cert_chain(j->leaf, others, &t->anchors, time, EKU_CODE_SIGNING, j->p->cache, c, e) !=
	    1)
		return false;
	if (!validity_has(&t->valid, time))
		err_set(e, ERR_INVALID, "%.*s was not trusted at %s", STR(t->name),
			judge_time(j, time));
	return validity_has(&t->valid, time);
}

static bool by_authority(struct judge *j, const struct trusted_authority *t, struct err *e)
{
	struct certs both = { 0 };
	struct chain c = { 0 };
	const struct certs *others = others_of(j, t, &both);
	for (size_t i = 0; i < j->n_times; i++)
		if (!good_at(j, t, others, j->times[i].time, &c, e))
			return false;
	if (!j->n_times && !good_at(j, t, others, j->p->now, &c, e))
		return false;
	j->chain = c;
	return true;
}

static bool by_any_authority(struct judge *j, struct err *e)
{
	err_set(e, ERR_NOT_FOUND, "no certificate authority is trusted");
	for (size_t r = 0; r < j->p->n_roots; r++) {
		const struct trusted_root *root = j->p->roots[r];
		for (size_t i = 0; i < root->n_cas; i++) {
			if (!by_authority(j, &root->cas[i], e))
				continue;
			j->out->root = arena_printf(j->a, "%.*s: %.*s", STR(root->from),
						    STR(root->cas[i].name));
			return true;
		}
	}
	return false;
}

void judge_certificate(struct judge *j)
{
	struct err e = { 0 };
	if (!j->leaf || j->by_key) {
		proof_check(j->out, j->a, "certificate", CHECK_SKIPPED,
			    "the key itself is trusted");
		return;
	}
	if (!j->n_times && !j->p->ignore_log) {
		proof_check(j->out, j->a, "certificate", CHECK_NO,
			    "no trusted time says when it was used: neither a timestamp nor a "
			    "log's signed time");
		return;
	}
	if (!by_any_authority(j, &e)) {
		proof_check(j->out, j->a, "certificate", CHECK_NO, "%s", e.text);
		return;
	}
	proof_check(j->out, j->a, "certificate", CHECK_YES, "issued under %.*s, good at %s%s",
		    STR(j->out->root), judge_time(j, j->n_times ? j->out->time : j->p->now),
		    j->n_times ? "" : " (now: no trusted time is known)");
}

/* 1 it is, 0 no log that is trusted, ERR_INVALID: a trusted log, wrongly. */
static int judge_sct(struct judge *j, const struct sct *s, struct str *log_name, struct err *e)
{
	for (size_t r = 0; r < j->p->n_roots; r++)
		for (size_t i = 0; i < j->p->roots[r]->n_ctlogs; i++) {
			const struct trusted_log *log = &j->p->roots[r]->ctlogs[i];
			if (!digest_eq(key_id(log->key), &s->log))
				continue;
			if (!validity_has(&log->valid, s->time / 1000)) {
				err_set(e, ERR_INVALID, "%.*s was not trusted at %s",
					STR(log->base_url), judge_time(j, s->time / 1000));
				continue;
			}
			if (!sct_verify(s, j->leaf, j->chain.v[1], log->key))
				return err_set(e, ERR_INVALID,
					       "the timestamp of %.*s is of another certificate",
					       STR(log->base_url));
			*log_name = log->base_url;
			return 1;
		}
	return 0;
}

void judge_scts(struct judge *j)
{
	struct sct v[SCTS_MAX];
	struct err e = { .text = "its logs are not trusted here" };
	struct str name = { 0 };
	int good = 0;
	if (!j->leaf || j->by_key || j->p->ignore_sct) {
		proof_check(j->out, j->a, "sct", CHECK_SKIPPED, "%s",
			    j->leaf && !j->by_key ? "certificate transparency is ignored, as asked"
						  : "the key itself is trusted");
		return;
	}
	if (j->chain.n < 2) {
		proof_check(j->out, j->a, "sct", CHECK_SKIPPED,
			    "the certificate's issuer is not known");
		return;
	}
	int n = cert_scts(j->leaf, v, &e);
	for (int i = 0; i < n; i++) {
		int r = judge_sct(j, &v[i], &name, &e);
		if (r < 0) {
			n = r;
			break;
		}
		good += r;
	}
	if (n > 0 && good)
		proof_check(j->out, j->a, "sct", CHECK_YES, "in %.*s", STR(name));
	else
		proof_check(j->out, j->a, "sct", CHECK_NO, "%s",
			    n == 0 ? "the certificate is in no transparency log" : e.text);
}

void judge_identity(struct judge *j)
{
	struct err e = { 0 };
	if (j->by_key) {
		proof_check(j->out, j->a, "identity", CHECK_YES, "the key %.*s",
			    STR(j->out->key_name));
		return;
	}
	if (!j->leaf || proof_claims_of(j->out, j->a, j->leaf, &e)) {
		proof_check(j->out, j->a, "identity", CHECK_NO, "%s",
			    j->leaf ? e.text : "nobody is known");
		return;
	}
	err_set(&e, ERR_INVALID, "signed by a certificate of '%.*s', and only keys are believed",
		STR(str_upto(j->out->identity, 200)));
	for (size_t i = 0; i < j->p->n_identities; i++) {
		if (identity_matches(&j->p->identities[i], j->out, &e) != 1)
			continue;
		proof_check(j->out, j->a, "identity", CHECK_YES, "%.*s, by %.*s",
			    STR(j->out->identity), STR(j->out->issuer));
		return;
	}
	proof_check(j->out, j->a, "identity", CHECK_NO, "%s", e.text);
}
