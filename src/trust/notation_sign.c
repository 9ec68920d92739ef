/* Making notation signatures: the payload, the protected header as notation's own encoder orders it, the envelope. The chain
 * is held to the rules that a verifier has, so that nothing is signed that nobody could verify. */
#include "trust/notation_policy.h"

static int check_signer(const struct notation_signer *s, struct err *e)
{
	if (notation_chain_check(s->chain, e))
		return e->code;
	const struct cert *leaf = s->chain->v[0];
	if (!key_eq(s->key, cert_key(leaf)))
		return err_set(e, ERR_INVALID,
			       "the first certificate of the chain is not that of the key");
	if (s->now < cert_not_before(leaf) || s->now > cert_not_after(leaf))
		return err_set(e, ERR_INVALID,
			       "the first certificate of the chain is not valid now");
	if (s->expiry && s->expiry <= s->now)
		return err_set(e, ERR_INVALID, "the signature would expire before it is made");
	for (size_t i = 0; i < s->n_annotations; i++) {
		struct str key = s->annotations[i].key;
		if (str_starts(key, S("io.cncf.notary")))
			return err_set(
				e, ERR_INVALID,
				"annotations that begin with io.cncf.notary are notation's own");
		for (size_t k = 0; k < i; k++)
			if (str_eq(key, s->annotations[k].key))
				return err_set(e, ERR_INVALID,
					       "the annotation '%.*s' is there twice", STR(key));
	}
	return s->n_annotations > NOTATION_ANNOTATIONS_MAX
		       ? err_set(e, ERR_LIMIT, "too many annotations")
		       : 0;
}

static int make_signature(const struct notation_signer *s, struct notation_envelope *v,
			  struct arena *a, struct err *e)
{
	struct buf made = { 0 }, raw = { 0 };
	int r = key_sign(s->key, v->alg, v->message, &made, e);
	bool ecdsa = key_type(s->key) == KEY_ECDSA;
	if (r == 0 && ecdsa && !ecdsa_to_raw(str_buf(&made), key_bits(s->key), &raw))
		r = err_set(e, ERR_INVALID, "the signature that the key made is broken");
	if (r == 0)
		v->signature = arena_str(a, str_buf(ecdsa ? &raw : &made));
	buf_done(&made);
	buf_done(&raw);
	return r;
}

static int add_stamp(const struct notation_signer *s, struct notation_envelope *v, struct arena *a,
		     struct err *e)
{
	struct digest d;
	struct buf token = { 0 };
	if (!s->stamp)
		return 0;
	digest_of(alg_digest(v->alg), v->signature, &d);
	int r = s->stamp(s->stamp_ctx, &d, &token, e);
	if (r == 0)
		v->timestamp = arena_str(a, str_buf(&token));
	buf_done(&token);
	return r;
}

static int sign(const struct descriptor *target, bool cose, const struct notation_signer *s,
		struct arena *a, struct buf *out, struct err *e)
{
	struct notation_envelope v = {
		.alg = notation_alg(s->key),
		.content_type = S(NOTATION_PAYLOAD),
		.scheme = NOTATION_X509,
		.time = s->now,
		.expiry = s->expiry,
		.agent = S("lazaret/" LAZARET_VERSION),
		.payload = notation_payload_write(target, s->annotations, s->n_annotations, a),
	};
	for (size_t i = 0; i < s->chain->n; i++)
		*ARENA_PUSH(a, v.chain.v, v.chain.n, v.chain.cap) = cert_der(s->chain->v[i]);
	(cose ? notation_cose_protect : notation_jws_protect)(&v, a);
	if (make_signature(s, &v, a, e) || add_stamp(s, &v, a, e))
		return e->code;
	(cose ? notation_cose_write : notation_jws_write)(&v, out);
	return 0;
}

int notation_sign(const struct descriptor *target, const char *media_type,
		  const struct notation_signer *s, struct buf *out, struct err *e)
{
	bool cose = str_eq(str_of(media_type), S(NOTATION_COSE));
	struct arena a = { 0 };
	if (!cose && !str_eq(str_of(media_type), S(NOTATION_JWS)))
		return err_set(e, ERR_UNSUPPORTED, "'%s' is no envelope format", media_type);
	if (check_signer(s, e))
		return e->code;
	int r = sign(target, cose, s, &a, out, e);
	arena_done(&a);
	return r;
}

struct str notation_thumbprints(const struct certs *chain, struct arena *a)
{
	struct buf b = { 0 };
	struct json_out o;
	char text[DIGEST_TEXT];
	json_out_init(&o, &b, 0);
	json_begin_array(&o);
	for (size_t i = 0; i < chain->n; i++)
		json_put_str(&o, str_from(str_of(digest_text(cert_digest(chain->v[i]), text)),
					  strlen("sha256:")));
	json_end_array(&o);
	struct str s = arena_str(a, str_buf(&b));
	buf_done(&b);
	return s;
}
