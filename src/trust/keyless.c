/* One signature from end to end: certificate (Fulcio), signature, timestamps (RFC 3161), log entries (Rekor 1 and 2). Key
 * and keyless differ only in where key and certificate come from.
 *
 * Services may be hostile or taken over: the clients refuse answers that are not about what was asked, the
 * certificate is judged before anything is signed with it, and what was made is verified as a verifier would, when
 * trust roots are there. Without them nobody's word is checked, and only a verifier will find out.
 * Not supported: certificates of the caller's own beside a key. */
#include "trust/keyless.h"

#include "base/time.h"
#include "trust/fulcio.h"
#include "trust/rekor_client.h"
#include "trust/timestamp.h"
#include "trust/tsa_client.h"

enum { RENEW_BEFORE = 30 }; /* seconds that a certificate must still last when it is used */

struct signer {
	struct signer_options o;
	struct key *own; /* ephemeral; NULL: o.key signs */
	struct certs certs;
	struct identity_token id;
	struct arena arena;
};

static bool proves_no_time(const struct signer_options *o)
{
	if (o->tsas_needed)
		return false;
	for (size_t i = 0; i < o->logs.n; i++)
		if (o->logs.v[i].version == 1)
			return false;
	return true;
}

static int check_options(const struct signer_options *o, struct err *e)
{
	bool asks = !o->key || o->logs_needed || o->tsas_needed;
	if (asks && !o->fetch)
		return err_set(e, ERR_INVALID, "signing services are named, but must not be asked");
	if (o->logs.n < o->logs_needed || o->tsas.n < o->tsas_needed)
		return err_set(e, ERR_INVALID, "fewer services are named than must answer");
	if (o->key)
		return key_is_private(o->key)
			       ? 0
			       : err_set(e, ERR_INVALID, "this is a public key: it cannot sign");
	if (!o->fulcio.url.n || !o->token.n)
		return err_set(e, ERR_INVALID,
			       "signing without a key wants a certificate authority and an "
			       "identity token");
	if (proves_no_time(o))
		return err_set(e, ERR_INVALID,
			       "signing without a key wants a timestamp authority or a log of "
			       "Rekor 1: nothing else proves the time of signing");
	return 0;
}

static int open_keyless(struct signer *s, struct err *e)
{
	char text[TIME_TEXT];
	if (identity_token_read(s->o.token, &s->arena, &s->id, e))
		return e->code;
	if (s->id.expires && s->id.expires < time_now())
		return err_set(e, ERR_AUTH, "the identity token ended %s",
			       time_text(s->id.expires, text));
	return key_generate(KEY_ECDSA, 256, &s->own, e);
}

int signer_open(const struct signer_options *o, struct signer **out, struct err *e)
{
	struct signer *s CLEANUP(cleanup_signer) = NULL;
	if (check_options(o, e))
		return e->code;
	s = calloc(1, sizeof *s);
	if (!s)
		abort();
	s->o = *o;
	if (!o->key && open_keyless(s, e))
		return e->code;
	*out = STEAL(s);
	return 0;
}

void signer_close(struct signer *s)
{
	if (!s)
		return;
	key_close(s->own);
	certs_done(&s->certs);
	arena_done(&s->arena);
	free(s);
}

void cleanup_signer(struct signer **s)
{
	signer_close(*s);
}

const struct certs *signer_certs(const struct signer *s)
{
	return s->own ? &s->certs : NULL;
}

/* Certificates */
static bool scts_hold(const struct signer *s, const struct sct *scts, int n,
		      const struct cert *leaf, const struct cert *issuer)
{
	for (int i = 0; i < n; i++)
		for (size_t r = 0; r < s->o.n_roots; r++)
			for (size_t k = 0; k < s->o.roots[r]->n_ctlogs; k++) {
				const struct trusted_log *log = &s->o.roots[r]->ctlogs[k];
				if (validity_has(&log->valid, scts[i].time / 1000) &&
				    str_eq(log->id, (struct str){ (const char *)scts[i].log.bytes,
								  scts[i].log.len }) &&
				    sct_verify(&scts[i], leaf, issuer, log->key))
					return true;
			}
	return false;
}

/* Leads to an anchor of the roots, and a log of theirs promised to show it. */
static int check_certificate(const struct signer *s, const struct certs *certs, struct err *e)
{
	const struct cert *leaf = certs->v[0];
	int64_t at = cert_not_before(leaf);
	struct sct scts[SCTS_MAX];
	int n = cert_scts(leaf, scts, e);
	if (n < 0)
		return e->code;
	for (size_t r = 0; r < s->o.n_roots; r++)
		for (size_t k = 0; k < s->o.roots[r]->n_cas; k++) {
			const struct trusted_authority *ca = &s->o.roots[r]->cas[k];
			struct chain chain = { 0 };
			if (!validity_has(&ca->valid, at) ||
			    cert_chain(leaf, &ca->others, &ca->anchors, at, EKU_CODE_SIGNING, NULL,
				       &chain, e) != 1)
				continue;
			if (chain.n > 1 && scts_hold(s, scts, n, leaf, chain.v[1]))
				return 0;
			return err_set(e, ERR_INVALID,
				       "no trusted certificate log has promised to show the "
				       "certificate that %.*s made",
				       STR(str_upto(s->o.fulcio.url, 200)));
		}
	return err_set(e, ERR_INVALID, "the certificate that %.*s made leads to no trusted root",
		       STR(str_upto(s->o.fulcio.url, 200)));
}

/* A certificate that lasts long enough for one more signature. */
static int certify(struct signer *s, struct err *e)
{
	struct certs certs CLEANUP(certs_done) = { 0 };
	if (!s->own || (s->certs.n && time_now() + RENEW_BEFORE <= cert_not_after(s->certs.v[0])))
		return 0;
	struct fulcio_request r = {
		.url = s->o.fulcio.url, .token = s->o.token, .subject = s->id.subject, .key = s->own
	};
	if (fulcio_certificate(s->o.fetch, &r, &certs, e))
		return e->code;
	if (s->o.n_roots && check_certificate(s, &certs, e))
		return e->code;
	certs_done(&s->certs);
	s->certs = certs;
	certs = (struct certs){ 0 };
	return 0;
}

/* Logs and timestamp authorities */
/* Asks one service after the other until enough have answered; a wrong answer ends it, a missing one does not. */
static int ask_enough(const struct service_list *l, size_t needed,
		      int (*ask)(void *ctx, const struct signing_service *s, struct err *e),
		      void *ctx, struct err *e)
{
	struct err first = { 0 };
	size_t done = 0;
	for (size_t i = 0; i < l->n && done < needed; i++) {
		struct err failed = { 0 };
		int r = ask(ctx, &l->v[i], &failed);
		if (r && r != ERR_IO) {
			*e = failed;
			return r;
		}
		done += r == 0;
		if (r && !first.code)
			first = failed;
	}
	if (done == needed)
		return 0;
	if (!first.code)
		return err_set(e, ERR_INVALID, "%zu services are named, %zu must answer", l->n,
			       needed);
	*e = first;
	return e->code;
}

struct logging {
	struct signer *s;
	struct rekor_request request;
	struct arena *a;
	struct log_entry *v;
	size_t n, cap;
};

static int ask_log(void *ctx, const struct signing_service *log, struct err *e)
{
	struct logging *l = ctx;
	struct log_entry entry;
	if (log->version == 2 && l->request.alg == SIGNATURE_ED25519)
		return err_set(e, ERR_UNSUPPORTED,
			       "an Ed25519 key's signature of an envelope cannot go to a log of "
			       "Rekor 2");
	int r = rekor_log(l->s->o.fetch, log->url, log->version, &l->request, l->a, &entry, e);
	if (r)
		return r;
	*ARENA_PUSH(l->a, l->v, l->n, l->cap) = entry;
	return 0;
}

struct stamping {
	struct signer *s;
	struct str message;
	struct arena *a;
	struct str *v;
	size_t n, cap;
};

static int ask_tsa(void *ctx, const struct signing_service *tsa, struct err *e)
{
	struct stamping *t = ctx;
	struct str der;
	int r = tsa_timestamp(t->s->o.fetch, tsa->url, t->message, t->a, &der, e);
	if (r)
		return r;
	*ARENA_PUSH(t->a, t->v, t->n, t->cap) = der;
	return 0;
}

int signer_timestamps(struct signer *s, struct str message, struct arena *a, struct str **v,
		      size_t *n, struct err *e)
{
	struct stamping t = { .s = s, .message = message, .a = a };
	if (ask_enough(&s->o.tsas, s->o.tsas_needed, ask_tsa, &t, e))
		return e->code;
	*v = t.v;
	*n = t.n;
	return 0;
}

/* Signatures */
static int digest_for(enum digest_alg alg, const struct signed_bytes *what, struct digest *out,
		      struct err *e)
{
	const struct digest *known = alg == DIGEST_SHA512   ? &what->sha512
				     : alg == DIGEST_SHA384 ? &what->sha384
							    : &what->sha256;
	if (known->alg != alg && !what->has_message)
		return err_set(e, ERR_INVALID,
			       "the digest that this kind of key signs is not known");
	if (known->alg == alg)
		*out = *known;
	else
		digest_of(alg, what->message, out);
	return 0;
}

/* The signature and what it was made of; *d is empty for plain Ed25519. */
static int make_signature(const struct key *k, enum signature_alg alg,
			  const struct signed_bytes *what, struct arena *a, struct digest *d,
			  struct str *sig, struct err *e)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	enum digest_alg hash = alg_digest(alg);
	int r;
	*d = (struct digest){ 0 };
	if (hash == DIGEST_NONE)
		r = what->has_message ? key_sign(k, alg, what->message, &b, e)
				      : err_set(e, ERR_INVALID, "this kind of key signs messages");
	else
		r = digest_for(hash, what, d, e) ? e->code : key_sign_digest(k, alg, d, &b, e);
	if (r)
		return err_in(e, "signing");
	*sig = arena_str(a, str_buf(&b));
	return 0;
}

/* Certificate, signature, timestamps, log entries. `dsse`: of an envelope, its signature is still to come. */
static int sign(struct signer *s, const struct signed_bytes *what, struct dsse *dsse,
		struct arena *a, struct bundle_parts *p, struct err *e)
{
	struct digest d;
	struct str *timestamps = NULL;
	if (certify(s, e))
		return e->code;
	const struct key *k = s->own ? s->own : s->o.key;
	enum signature_alg alg = key_default_alg(k, dsse != NULL);
	if (make_signature(k, alg, what, a, &d, &p->signature, e))
		return e->code;
	if (s->own)
		p->cert_der = arena_str(a, cert_der(s->certs.v[0]));
	else
		p->key = s->o.key;
	if (dsse)
		dsse->v[0].sig = p->signature;
	else
		p->message_digest = d;
	struct logging l = { .s = s,
			     .a = a,
			     .request = { .key = k,
					  .cert_der = p->cert_der,
					  .alg = alg,
					  .digest = d,
					  .signature = p->signature,
					  .dsse = dsse,
					  .roots = s->o.roots,
					  .n_roots = s->o.n_roots } };
	if (signer_timestamps(s, p->signature, a, &timestamps, &p->n_timestamps, e) ||
	    ask_enough(&s->o.logs, s->o.logs_needed, ask_log, &l, e))
		return e->code;
	p->timestamps = timestamps;
	p->entries = l.v;
	p->n_entries = l.n;
	p->dsse = dsse;
	return 0;
}

/* As somebody will verify it who trusts these roots and whoever signed. */
static int verify_made(const struct signer *s, const struct bundle_parts *p,
		       const struct signed_bytes *what, struct err *e)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	struct buf text CLEANUP(buf_done) = { 0 };
	struct sigstore_bundle *b CLEANUP(cleanup_sigstore_bundle) = NULL;
	struct identity anybody CLEANUP(identity_done) = { 0 };
	struct str all = S("(?s).*");
	struct str name = S("--key");
	struct sigstore_policy policy = {
		.roots = s->o.roots,
		.n_roots = s->o.n_roots,
		.keys = &p->key,
		.key_names = &name,
		.n_keys = p->key != NULL,
		.identities = &anybody,
		.n_identities = p->key == NULL,
		.require_log = s->o.logs_needed > 0,
		.ignore_log = s->o.logs_needed == 0,
		.require_timestamp = s->o.tsas_needed > 0,
		.now = time_now(),
	};
	struct proof proof = { 0 };
	sigstore_bundle_write(p, &text);
	if (text_matcher_init(&anybody.san, NULL, &all, e) ||
	    text_matcher_init(&anybody.issuer, NULL, &all, e) ||
	    sigstore_bundle_parse(str_buf(&text), &b, e) ||
	    sigstore_verify(b, p->dsse ? NULL : what, &policy, &a, &proof, e))
		return err_in(e, "verifying what was signed");
	if (proof.result != CHECK_YES)
		return err_set(e, ERR_INVALID,
			       "what was signed does not verify under the trust root given: %.*s",
			       STR(proof.why));
	return 0;
}

static int sign_and_verify(struct signer *s, const struct signed_bytes *what, struct dsse *dsse,
			   struct arena *a, struct bundle_parts *out, struct err *e)
{
	struct bundle_parts p = { 0 };
	bool asked = s->own || s->o.logs_needed || s->o.tsas_needed;
	if (sign(s, what, dsse, a, &p, e))
		return e->code;
	if (dsse)
		p.signature = (struct str){ 0 };
	if (s->o.n_roots && asked && verify_made(s, &p, what, e))
		return e->code;
	*out = p;
	return 0;
}

int signer_sign_message(struct signer *s, const struct signed_bytes *what, struct arena *a,
			struct bundle_parts *out, struct err *e)
{
	return sign_and_verify(s, what, NULL, a, out, e);
}

int signer_sign_dsse(struct signer *s, struct str payload_type, struct str payload, struct arena *a,
		     struct bundle_parts *out, struct err *e)
{
	struct buf pae CLEANUP(buf_done) = { 0 };
	struct dsse *dsse = ARENA_NEW(a, struct dsse);
	dsse->payload_type = arena_str(a, payload_type);
	dsse->payload = arena_str(a, payload);
	dsse->v = ARENA_NEW(a, struct dsse_signature);
	dsse->n = 1;
	dsse_pae(payload_type, payload, &pae);
	struct signed_bytes what = { .has_message = true, .message = str_buf(&pae) };
	return sign_and_verify(s, &what, dsse, a, out, e);
}
