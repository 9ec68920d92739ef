/* Time-stamp tokens judged (RFC 3161): the certificate that signing-certificate-v2 names is the one whose key signed, whose
 * use is looked at and whose chain is built - one certificate throughout, so that no other can lend its good name. A hostile
 * token brings foreign certificates, several signers, a good signature over other attributes. SHA-1 is not accepted
 * anywhere in it, so neither is the older signing-certificate attribute. */
#include "trust/timestamp_parse.h"
#include "trust/der_alg.h"

#include <stdio.h>
#include <sys/random.h>

enum { NONCE_BYTES = 8 };

void timestamp_done(struct timestamp *t)
{
	certs_done(&t->held);
	*t = (struct timestamp){ 0 };
}

static bool names(const struct token_signer *s, const struct cert *c)
{
	struct str value, key_id;
	struct cert_fields f;
	struct digest d;
	bool critical;
	if (s->certificate.alg == DIGEST_NONE)
		return false;
	digest_of(s->certificate.alg, cert_der(c), &d);
	if (!digest_eq(&d, &s->certificate))
		return false;
	if (s->key_id.n > 0)
		return cert_extension(c, "2.5.29.14", &critical, &value) &&
		       der_take(&value, DER_OCTETS, &key_id) && str_eq(key_id, s->key_id);
	cert_fields(c, &f);
	return str_eq(f.issuer, s->issuer) && str_eq(f.serial, s->serial);
}

static bool signed_by(const struct token *t, const struct token_signer *s, const struct cert *c)
{
	struct buf attributes CLEANUP(buf_done) = { 0 };
	struct digest content;
	if (s->digest == DIGEST_NONE || s->alg == SIGNATURE_NONE || !cert_key(c))
		return false;
	digest_of(s->digest, t->tst, &content);
	if (!str_eq(s->message_digest, (struct str){ (char *)content.bytes, content.len }))
		return false;
	/* Signed as a SET, whatever the tag in the message (RFC 5652, section 5.4). */
	der_header(&attributes, DER_SET, s->attributes.n);
	buf_add_str(&attributes, s->attributes);
	return key_verify(cert_key(c), s->alg, str_buf(&attributes), s->signature);
}

static bool stamps_only(const struct cert *c, struct arena *a)
{
	struct strs oids;
	bool critical;
	cert_ext_key_usage(c, a, &critical, &oids);
	return critical && oids.n == 1 && str_eq(oids.v[0], S(EKU_TIME_STAMPING));
}

struct judging {
	const struct token *token;
	struct certs pool; /* borrowed: what came along and what the caller has */
	const struct certs *anchors;
	struct chain_cache *cache;
	struct arena *arena;
	struct chain chain;
};

static int no(struct err *e, const char *why)
{
	return err_set(e, 0, "timestamp: %s", why);
}

static int judge_signer(struct judging *j, const struct token_signer *s, struct err *e)
{
	const struct cert *c = NULL;
	if (s->certificate.alg == DIGEST_NONE)
		return no(e, "its certificate is not named by signing-certificate-v2 with a hash "
			     "that is accepted");
	for (size_t i = 0; !c && i < j->pool.n; i++)
		c = names(s, j->pool.v[i]) ? j->pool.v[i] : NULL;
	if (!c)
		return no(e, "the certificate that signed it is not there");
	if (!signed_by(j->token, s, c))
		return no(e, "its signature does not hold");
	if (!stamps_only(c, j->arena))
		return no(e, "its certificate is not for timestamps alone");
	int r = cert_chain(c, &j->pool, j->anchors, j->token->info.time, EKU_TIME_STAMPING,
			   j->cache, &j->chain, e);
	return r > 0 ? r : err_in(e, "timestamp");
}

static void lend(struct arena *a, struct certs *pool, const struct certs *from)
{
	for (size_t i = 0; from && i < from->n; i++)
		*ARENA_PUSH(a, pool->v, pool->n, pool->cap) = from->v[i];
}

static int take_certificates(const struct token *t, struct certs *held, struct err *e)
{
	struct str in = t->certificates;
	struct buf plain CLEANUP(buf_done) = { 0 };
	struct der d;
	while (in.n > 0 && der_next(&in, &d))
		if (d.tag ==
		    DER_SEQUENCE) /* the others are attribute certificates and older kinds */
			buf_add_str(&plain, d.whole);
	return plain.n ? certs_parse(str_buf(&plain), held, e) : 0;
}

static int judge(const struct token *t, const struct certs *others, const struct certs *anchors,
		 struct chain_cache *cache, struct arena *a, struct timestamp *out, struct err *e)
{
	struct certs held CLEANUP(certs_done) = { 0 };
	struct judging j = { .token = t, .anchors = anchors, .cache = cache, .arena = a };
	struct err why;
	if (take_certificates(t, &held, &why) < 0)
		return err_set(e, 0, "timestamp: its certificates: %.400s", why.text);
	lend(a, &j.pool, &held);
	lend(a, &j.pool, others);
	lend(a, &j.pool, anchors);
	int r = 0;
	for (size_t i = 0; r == 0 && i < t->n_signers; i++)
		r = judge_signer(&j, &t->signers[i], e);
	if (r <= 0)
		return r;
	*out = t->info;
	out->chain = j.chain;
	out->held = held;
	held = (struct certs){ 0 };
	return 1;
}

int timestamp_verify_digest(struct str der, const struct digest *d, const struct certs *others,
			    const struct certs *anchors, struct chain_cache *cache, struct arena *a,
			    struct timestamp *out, struct err *e)
{
	struct token t;
	if (token_parse(der, a, &t, e) < 0)
		return 0;
	if (!digest_eq(&t.info.imprint, d))
		return no(e, "it is of something else: the digests differ");
	return judge(&t, others, anchors, cache, a, out, e);
}

int timestamp_verify(struct str der, struct str message, const struct certs *others,
		     const struct certs *anchors, struct chain_cache *cache, struct arena *a,
		     struct timestamp *out, struct err *e)
{
	struct token t;
	struct digest d;
	if (token_parse(der, a, &t, e) < 0)
		return 0;
	digest_of(t.info.imprint.alg, message, &d);
	return timestamp_verify_digest(der, &d, others, anchors, cache, a, out, e);
}

int timestamp_read(struct str der, struct arena *a, struct timestamp *out, struct err *e)
{
	struct token t;
	int r = token_parse(der, a, &t, e);
	if (r == 0)
		*out = t.info;
	return r;
}

int timestamp_request(const struct digest *d, bool want_certs, struct buf *out, struct buf *nonce,
		      struct err *e)
{
	struct buf alg CLEANUP(buf_done) = { 0 }, imprint CLEANUP(buf_done) = { 0 },
		       all CLEANUP(buf_done) = { 0 };
	unsigned char random[NONCE_BYTES];
	struct str oid = der_digest_oid(d->alg);
	if (oid.n == 0)
		return err_set(e, ERR_UNSUPPORTED, "timestamp: no request with this hash");
	if (getrandom(random, sizeof random, 0) != sizeof random)
		return err_sys(e, "timestamp: random bytes");
	random[0] = (random[0] & 0x3f) | 0x40; /* positive and in its shortest form */
	der_header(&alg, DER_OID, oid.n);
	buf_add_str(&alg, oid);
	der_header(&alg, DER_NULL, 0);
	der_wrap(&alg, DER_SEQUENCE);
	buf_add_str(&imprint, str_buf(&alg));
	der_header(&imprint, DER_OCTETS, d->len);
	buf_add(&imprint, d->bytes, d->len);
	der_wrap(&imprint, DER_SEQUENCE);
	buf_add_str(&all, S("\x02\x01\x01")); /* version */
	buf_add_str(&all, str_buf(&imprint));
	der_header(&all, DER_INTEGER, sizeof random);
	buf_add(&all, random, sizeof random);
	if (want_certs)
		buf_add_str(&all, S("\x01\x01\xff"));
	der_wrap(&all, DER_SEQUENCE);
	buf_add_str(out, str_buf(&all));
	buf_add(nonce, random, sizeof random);
	return 0;
}

int timestamp_token(struct str response, const struct digest *d, struct str nonce,
		    struct buf *token, struct err *e)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	struct token t;
	int r = token_parse(response, &a, &t, e);
	if (r < 0)
		return r;
	if (t.whole.n == response.n)
		return err_set(e, ERR_INVALID, "timestamp: a token came without its response");
	if (!digest_eq(&t.info.imprint, d))
		return err_set(e, ERR_INVALID, "timestamp: the authority stamped something else");
	if (!str_eq(t.nonce, nonce))
		return err_set(e, ERR_INVALID, "timestamp: the response is to another request");
	buf_add_str(token, t.whole);
	return 0;
}
