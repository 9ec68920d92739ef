/* Verification of a notation signature against trust policy and stores, in the order of the specification: integrity,
 * authenticity (store, identity), expiry, time, revocation, and that the payload speaks of the artifact asked about. A failed
 * step that the policy only logs is a skipped check that says so; the first one that it enforces ends the verification, so
 * that nothing is asked of a network on behalf of a chain that nobody trusts. What an envelope says is believed only when
 * the signature over its bytes was found good. */
#include "trust/notation_policy.h"
#include "base/time.h"
#include "trust/revocation.h"
#include "trust/revoked.h"
#include "trust/timestamp.h"

struct run {
	const struct notation_policy *policy;
	const struct notation_statement *statement;
	const struct descriptor *target;
	struct notation_envelope envelope;
	struct descriptor payload;
	struct certs chain;
	bool trusted;
	struct arena *a;
	struct proof *p;
};

/* Adds the answer (1, 0 or negative) of a step; is there a reason to go on? */
static bool settle(struct run *r, enum notation_step step, const char *name, int answer,
		   struct str text)
{
	if (answer > 0)
		proof_check(r->p, r->a, name, CHECK_YES, "%.*s", STR(text));
	else if (r->statement->actions[step] == ACTION_LOG)
		proof_check(r->p, r->a, name, CHECK_SKIPPED, "logged only: %.*s", STR(text));
	else
		proof_check(r->p, r->a, name, answer < 0 ? CHECK_UNKNOWN : CHECK_NO, "%.*s",
			    STR(text));
	return answer > 0 || r->statement->actions[step] == ACTION_LOG;
}

static struct str err_str(const struct err *e)
{
	return str_of(e->text);
}

static const struct cert *leaf(const struct run *r)
{
	return r->chain.v[0];
}

/* 1 or 0. */
static int check_signature(struct run *r, struct err *e)
{
	const struct notation_envelope *v = &r->envelope;
	const struct key *k = cert_key(leaf(r));
	struct buf der = { 0 };
	if (v->alg != notation_alg(k)) {
		err_set(e, ERR_INVALID, "the algorithm is not the one of the certificate's key");
		return 0;
	}
	bool ecdsa = key_type(k) == KEY_ECDSA, good;
	good = !ecdsa || ecdsa_from_raw(v->signature, key_bits(k), &der);
	good = good && key_verify(k, v->alg, v->message, ecdsa ? str_buf(&der) : v->signature);
	buf_done(&der);
	if (!good)
		err_set(e, ERR_INVALID,
			"the signature does not hold under the key of its first certificate");
	return good;
}

static void add_time(struct run *r, const char *name, int64_t t)
{
	char text[TIME_TEXT];
	if (t)
		proof_claim(r->p, r->a, name, arena_str(r->a, str_of(time_text(t, text))));
}

static void describe(struct run *r)
{
	struct proof *p = r->p;
	const struct notation_envelope *v = &r->envelope;
	p->artifact = r->payload.digest;
	p->key = *key_id(cert_key(leaf(r)));
	p->identity = cert_subject(leaf(r), r->a);
	p->issuer = cert_issuer(leaf(r), r->a);
	p->algorithm = str_of(alg_name(v->alg));
	p->payload = v->payload;
	for (size_t i = 0; i < r->payload.n_annotations; i++)
		*ARENA_PUSH(r->a, p->annotations.v, p->annotations.n, p->annotations.cap) =
			r->payload.annotations[i];
	proof_claim(r->p, r->a, "signing-scheme",
		    v->scheme == NOTATION_AUTHORITY ? S("notary.x509.signingAuthority")
						    : S("notary.x509"));
	add_time(r, "signing-time", v->time);
	add_time(r, "expiry", v->expiry);
	proof_claim(r->p, r->a, "signing-agent (unsigned)", v->agent);
}

static bool integrity(struct run *r, struct str text, struct str media_type)
{
	struct err e = { 0 };
	const struct chain *limit = NULL;
	if (notation_envelope_read(text, media_type, r->a, &r->envelope, &e) ||
	    notation_chain_parse(&r->envelope.chain, &r->chain, &e))
		return settle(r, STEP_INTEGRITY, "envelope", 0, err_str(&e));
	if (r->chain.n > COUNT(limit->v))
		return settle(r, STEP_INTEGRITY, "certificate", 0, S("the chain is too long"));
	if (notation_chain_check(&r->chain, &e))
		return settle(r, STEP_INTEGRITY, "certificate", 0, err_str(&e));
	settle(r, STEP_INTEGRITY, "certificate", 1, cert_subject(leaf(r), r->a));
	if (!check_signature(r, &e))
		return settle(r, STEP_INTEGRITY, "signature", 0, err_str(&e));
	settle(r, STEP_INTEGRITY, "signature", 1, str_of(alg_name(r->envelope.alg)));
	if (notation_payload_read(r->envelope.payload, r->a, &r->payload, &e))
		return settle(r, STEP_INTEGRITY, "artifact", 0, err_str(&e));
	describe(r);
	return true;
}

/* A certificate of the chain is one of the store's, byte for byte. */
static bool in_store(struct run *r, const struct notation_store *s)
{
	for (size_t f = 0; f < s->n; f++)
		for (size_t i = 0; i < s->v[f].certs.n; i++)
			for (size_t k = 0; k < r->chain.n; k++)
				if (str_eq(cert_der(s->v[f].certs.v[i]), cert_der(r->chain.v[k]))) {
					r->p->root = arena_printf(r->a, "%s:%.*s (%.*s)",
								  notation_store_type_name(s->type),
								  STR(s->name), STR(s->v[f].file));
					return true;
				}
	return false;
}

static int check_store(struct run *r, struct str *why)
{
	enum notation_store_type type =
		r->envelope.scheme == NOTATION_AUTHORITY ? STORE_AUTHORITY : STORE_CA;
	int answer = 0;
	*why = arena_printf(r->a, "the policy '%.*s' has no trust store of the type %s",
			    STR(r->statement->name), notation_store_type_name(type));
	for (size_t i = 0; i < r->statement->n_stores; i++) {
		const struct notation_store *s = &r->policy->trust->stores[r->statement->stores[i]];
		if (s->type != type)
			continue;
		if (in_store(r, s)) {
			*why = r->p->root;
			return 1;
		}
		if (s->code)
			*why = s->why;
		else if (answer == 0)
			*why = S("no certificate of the chain is in a trust store of the policy");
		answer = s->code ? s->code : answer;
	}
	return answer;
}

static int check_identity(struct run *r, struct str *why)
{
	struct notation_identity subject = { 0 };
	const struct notation_statement *s = r->statement;
	*why = r->p->identity;
	if (s->anybody)
		return 1;
	if (!cert_subject_parts(leaf(r), r->a, &subject.v, &subject.n)) {
		*why = S("the subject has parts with several values, or what is no text");
		return 0;
	}
	for (size_t i = 0; i < subject.n; i++)
		for (size_t k = 0; k < i; k++)
			if (str_eq(subject.v[i].type, subject.v[k].type)) {
				*why = arena_printf(r->a, "the subject has %.*s twice",
						    STR(subject.v[i].type));
				return 0;
			}
	for (size_t i = 0; i < s->n_identities; i++)
		if (notation_name_subset(&s->identities[i], &subject))
			return 1;
	*why = arena_printf(r->a, "'%.*s' is none of the trusted identities", STR(r->p->identity));
	return 0;
}

static bool authenticity(struct run *r)
{
	struct str why = { 0 };
	int store = check_store(r, &why);
	if (!settle(r, STEP_AUTHENTICITY, "trust-store", store, why))
		return false;
	int identity = check_identity(r, &why);
	r->trusted = store > 0 && identity > 0;
	return settle(r, STEP_AUTHENTICITY, "identity", identity, why);
}

static bool expiry(struct run *r)
{
	char text[TIME_TEXT];
	int64_t t = r->envelope.expiry;
	if (!t) {
		proof_check(r->p, r->a, "expiry", CHECK_SKIPPED, "the signature does not expire");
		return true;
	}
	bool good = r->policy->now < t;
	return settle(r, STEP_EXPIRY, "expiry", good,
		      arena_printf(r->a, "the signature %s %s", good ? "expires" : "expired",
				   time_text(t, text)));
}

/* Every certificate was valid from..to. */
static int check_validity(const struct run *r, int64_t from, int64_t to, const char *what,
			  struct err *e)
{
	char text[TIME_TEXT];
	for (size_t i = 0; i < r->chain.n; i++) {
		const struct cert *c = r->chain.v[i];
		if (cert_not_before(c) <= from && to <= cert_not_after(c))
			continue;
		bool early = from < cert_not_before(c);
		err_set(e, ERR_INVALID, "certificate '%.*s' %s %s, and %s",
			STR(str_upto(cert_subject(c, r->a), 150)),
			early ? "is valid from" : "expired",
			time_text(early ? cert_not_before(c) : cert_not_after(c), text), what);
		return 0;
	}
	return 1;
}

/* Certificates of the policy's tsa stores; borrowed. A negative code: one could not be read. */
static int tsa_anchors(struct run *r, struct certs *out, struct err *e)
{
	int n = 0;
	for (size_t i = 0; i < r->statement->n_stores; i++) {
		const struct notation_store *s = &r->policy->trust->stores[r->statement->stores[i]];
		if (s->type != STORE_TSA)
			continue;
		n++;
		if (s->code)
			return err_set(e, s->code, "%.*s", STR(s->why));
		for (size_t f = 0; f < s->n; f++)
			for (size_t k = 0; k < s->v[f].certs.n; k++)
				*ARENA_PUSH(r->a, out->v, out->n, out->cap) = s->v[f].certs.v[k];
	}
	return n;
}

static int check_stamp_validity(struct run *r, const struct timestamp *t, struct err *e)
{
	if (r->policy->revocation == NULL)
		return err_set(e, ERR_UNSUPPORTED,
			       "whether the timestamp authority was revoked was not asked");
	int answer = revocation_check(r->policy->revocation, &t->chain, 0, false, e);
	if (answer <= 0) {
		err_in(e, "timestamp authority");
		return answer;
	}
	return check_validity(r, t->time - t->accuracy, t->time + t->accuracy,
			      "the timestamp is of another time", e);
}

static int check_stamp(struct run *r, const struct certs *anchors, struct str *from, struct err *e)
{
	struct timestamp t = { 0 };
	struct certs none = { 0 };
	if (r->envelope.timestamp.n == 0) {
		err_set(e, ERR_INVALID, "the policy wants a timestamp, and there is none");
		return 0;
	}
	int answer = timestamp_verify(r->envelope.timestamp, r->envelope.signature, &none, anchors,
				      r->policy->cache, r->a, &t, e);
	if (answer <= 0)
		return answer;
	answer = check_stamp_validity(r, &t, e);
	if (answer > 0) {
		r->p->time = t.time;
		r->p->time_from =
			arena_printf(r->a, "timestamp %.*s",
				     STR(str_upto(cert_subject(t.chain.v[0], r->a), 200)));
		*from = r->p->time_from;
	}
	timestamp_done(&t);
	return answer;
}

/* Has a certificate expired by now? */
static bool chain_expired(const struct run *r)
{
	for (size_t i = 0; i < r->chain.n; i++)
		if (r->policy->now > cert_not_after(r->chain.v[i]))
			return true;
	return false;
}

static bool authentic_time(struct run *r)
{
	struct err e = { 0 };
	struct certs anchors = { 0 };
	struct str said = S("every certificate is valid now");
	int64_t now = r->policy->now, signed_at = r->envelope.time;
	int answer;
	if (r->envelope.scheme == NOTATION_AUTHORITY) {
		answer = check_validity(r, signed_at, signed_at,
					"the signature was made at another time", &e);
		said = S("every certificate was valid when the authority signed");
		if (answer && r->trusted) {
			r->p->time = signed_at;
			r->p->time_from = S("signed attribute");
		}
		return settle(r, STEP_TIMESTAMP, "time", answer, answer > 0 ? said : err_str(&e));
	}
	answer = tsa_anchors(r, &anchors, &e);
	if (answer < 0)
		return settle(r, STEP_TIMESTAMP, "timestamp", answer, err_str(&e));
	if (answer && (!r->statement->stamp_after_expiry || chain_expired(r))) {
		answer = check_stamp(r, &anchors, &said, &e);
		return settle(r, STEP_TIMESTAMP, "timestamp", answer,
			      answer > 0 ? said : err_str(&e));
	}
	answer = check_validity(r, now, now, "no timestamp was asked for", &e);
	return settle(r, STEP_TIMESTAMP, "time", answer, answer > 0 ? said : err_str(&e));
}

static bool revocation(struct run *r)
{
	enum notation_action action = r->statement->actions[STEP_REVOCATION];
	bool authority = r->envelope.scheme == NOTATION_AUTHORITY;
	struct chain c = { .n = r->chain.n };
	struct err e = { 0 };
	int answer = ERR_UNSUPPORTED;
	if (action == ACTION_SKIP || (action == ACTION_LOG && !r->trusted)) {
		proof_check(r->p, r->a, "revocation", CHECK_SKIPPED,
			    action == ACTION_SKIP ? "not asked: the policy says so"
						  : "not asked: the chain is not trusted");
		return true;
	}
	for (size_t i = 0; i < c.n; i++)
		c.v[i] = r->chain.v[i];
	if (r->policy->revocation)
		answer = revocation_check(r->policy->revocation, &c,
					  authority ? r->envelope.time : 0, authority, &e);
	else
		err_set(&e, ERR_UNSUPPORTED, "whether a certificate was revoked was not asked");
	return settle(r, STEP_REVOCATION, "revocation", answer,
		      answer > 0 ? S("no certificate is revoked") : err_str(&e));
}

/* Our own list, which no policy of notation's knows of. */
static bool not_revoked(struct run *r)
{
	struct err e = { 0 };
	for (size_t i = 0; r->policy->revoked && i < r->chain.n; i++) {
		const struct cert *c = r->chain.v[i];
		const struct key *k = cert_key(c);
		int answer =
			revocations_allow(r->policy->revoked, k ? key_id(k) : NULL, cert_digest(c),
					  i ? S("") : r->p->identity, r->p->time, &e);
		if (answer <= 0) {
			proof_check(r->p, r->a, "revoked", answer < 0 ? CHECK_UNKNOWN : CHECK_NO,
				    "%s", e.text);
			return false;
		}
	}
	return true;
}

static void artifact(struct run *r)
{
	const struct descriptor *is = &r->payload, *wanted = r->target;
	char text[DIGEST_TEXT];
	digest_text(&is->digest, text);
	if (!digest_eq(&is->digest, &wanted->digest))
		proof_check(r->p, r->a, "artifact", CHECK_NO, "the signature is of %s", text);
	else if (is->size != wanted->size || !str_eq(is->media_type, wanted->media_type))
		proof_check(r->p, r->a, "artifact", CHECK_NO,
			    "size or media type of %s are not the signed ones", text);
	else
		proof_check(r->p, r->a, "artifact", CHECK_YES, "%s", text);
}

bool notation_skips(const struct notation_trust *t, struct str scope)
{
	const struct notation_statement *s = notation_policy_find(t, scope);
	return s && s->actions[STEP_INTEGRITY] == ACTION_SKIP;
}

int notation_verify(struct str envelope, struct str media_type, const struct descriptor *target,
		    const struct notation_policy *p, struct arena *a, struct proof *out,
		    struct err *e)
{
	struct proof proof = { .format = str_eq(media_type, S(NOTATION_COSE)) ? S("notation-cose")
									      : S("notation-jws") };
	struct run r = { .policy = p, .target = target, .a = a, .p = &proof };
	(void)e;
	r.statement = notation_policy_find(p->trust, p->scope);
	if (!r.statement) {
		proof_check(&proof, a, "policy", CHECK_NO,
			    "no statement of the trust policy is for '%.*s'", STR(p->scope));
	} else if (r.statement->actions[STEP_INTEGRITY] == ACTION_SKIP) {
		proof_check(&proof, a, "policy", CHECK_SKIPPED,
			    "nothing was verified: '%.*s' is of the level skip",
			    STR(r.statement->name));
	} else {
		proof_check(&proof, a, "policy", CHECK_YES, "'%.*s', %.*s", STR(r.statement->name),
			    STR(r.statement->level));
		if (integrity(&r, envelope, media_type) && authenticity(&r) && expiry(&r) &&
		    authentic_time(&r) && revocation(&r) && not_revoked(&r))
			artifact(&r);
	}
	certs_done(&r.chain);
	*out = proof;
	return 0;
}
