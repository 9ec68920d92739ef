/* Bodies of log entries: hashedrekord 0.0.1 and 0.0.2, dsse 0.0.1, intoto 0.0.1 and 0.0.2, rekord 0.0.1 (sigstore/rekor,
 * pkg/types). An entry that is valid but of something else is the classic attack (GHSA-whqx-f9j3-ch6m, GHSA-8gw7-4j42-w388),
 * so that signature, key and digest are compared, all of them, for every kind; a kind that cannot be compared is a no. */
#include "trust/rekor.h"
#include "trust/pem.h"
#include "base/base64.h"

const struct digest *signed_digest(struct signed_bytes *s, enum digest_alg alg)
{
	struct digest *d = alg == DIGEST_SHA256	  ? &s->sha256
			   : alg == DIGEST_SHA384 ? &s->sha384
			   : alg == DIGEST_SHA512 ? &s->sha512
						  : NULL;
	if (d && d->alg == DIGEST_NONE && s->has_message)
		digest_of(alg, s->message, d);
	return d && d->alg == alg ? d : NULL;
}

static int no(struct err *e, const char *what)
{
	err_set(e, ERR_INVALID, "the log entry is of another %s", what);
	return 0;
}

static bool is_base64_of(struct str text, struct str bytes)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	return base64_decode(text, &b) && str_eq(str_buf(&b), bytes);
}

/* Base64 of one PEM block that is the signer's certificate, or key when there is no certificate. */
static bool is_signer(struct str text, const struct rekor_subject *s)
{
	struct buf pem CLEANUP(buf_done) = { 0 }, der CLEANUP(buf_done) = { 0 },
		       more CLEANUP(buf_done) = { 0 };
	struct str rest, label;
	struct err e;
	if (!base64_decode(text, &pem))
		return false;
	rest = str_buf(&pem);
	if (pem_next(&rest, &label, &der, &e) != 1 ||
	    !str_eq(label, s->cert_der.n ? S("CERTIFICATE") : S("PUBLIC KEY")))
		return false;
	if (!str_eq(str_buf(&der), s->cert_der.n ? s->cert_der : key_spki(s->key)))
		return false;
	return pem_next(&rest, &label, &more, &e) == 0;
}

/* {"algorithm": "sha256", "value": HEX} of what was signed. */
static bool is_hash_of(const struct json *j, struct signed_bytes *what)
{
	static const struct {
		const char *name;
		enum digest_alg alg;
	} algs[] = { { "sha256", DIGEST_SHA256 },
		     { "sha384", DIGEST_SHA384 },
		     { "sha512", DIGEST_SHA512 } };
	for (size_t i = 0; i < COUNT(algs); i++) {
		struct digest d;
		if (!str_eq(json_get_str(j, "algorithm"), str_of(algs[i].name)))
			continue;
		const struct digest *have = signed_digest(what, algs[i].alg);
		return have && digest_from_hex(algs[i].alg, json_get_str(j, "value"), &d) &&
		       digest_eq(&d, have);
	}
	return false;
}

static bool is_hash_of_text(const struct json *j, struct str text)
{
	struct signed_bytes s = { .has_message = true, .message = text };
	return is_hash_of(j, &s);
}

static int hashedrekord(const struct json *spec, const struct rekor_subject *s, struct err *e)
{
	const struct json *sig = json_get(spec, "signature");
	if (!is_base64_of(json_get_str(sig, "content"), s->signature))
		return no(e, "signature");
	if (!is_signer(json_get_str(json_get(sig, "publicKey"), "content"), s))
		return no(e, "key");
	if (!is_hash_of(json_get(json_get(spec, "data"), "hash"), s->what))
		return no(e, "digest");
	return 1;
}

static int rekord(const struct json *spec, const struct rekor_subject *s, struct err *e)
{
	if (!str_eq(json_get_str(json_get(spec, "signature"), "format"), S("x509")))
		return no(e, "kind of signature");
	return hashedrekord(spec, s, e);
}

static int dsse(const struct json *spec, const struct rekor_subject *s, struct err *e)
{
	const struct json *list = json_get(spec, "signatures"), *sig = json_first(list);
	if (!s->dsse)
		return no(e, "kind of content");
	if (!json_is_array(list) || json_count(list) != 1 ||
	    !is_base64_of(json_get_str(sig, "signature"), s->signature))
		return no(e, "signature");
	if (!is_signer(json_get_str(sig, "verifier"), s))
		return no(e, "key");
	if (!is_hash_of_text(json_get(spec, "payloadHash"), s->dsse->payload))
		return no(e, "payload");
	return 1;
}

/* The signature is base64 of base64 there. */
static bool is_base64_twice(struct str text, struct str bytes)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	return base64_decode(text, &b) && is_base64_of(str_buf(&b), bytes);
}

static int intoto2(const struct json *spec, const struct rekor_subject *s, struct err *e)
{
	const struct json *content = json_get(spec, "content"),
			  *envelope = json_get(content, "envelope");
	const struct json *list = json_get(envelope, "signatures"), *sig = json_first(list);
	if (!s->dsse || !str_eq(json_get_str(envelope, "payloadType"), s->dsse->payload_type))
		return no(e, "kind of content");
	if (!json_is_array(list) || json_count(list) != 1 ||
	    !is_base64_twice(json_get_str(sig, "sig"), s->signature))
		return no(e, "signature");
	if (!is_signer(json_get_str(sig, "publicKey"), s))
		return no(e, "key");
	if (!is_hash_of_text(json_get(content, "payloadHash"), s->dsse->payload))
		return no(e, "payload");
	return 1;
}

/* The first version names the envelope by its bytes alone. */
static int intoto1(const struct json *spec, const struct rekor_subject *s, struct err *e)
{
	const struct json *content = json_get(spec, "content"),
			  *payload = json_get(content, "payloadHash");
	if (!s->dsse || !s->envelope_json.n)
		return no(e, "kind of content, or of an envelope whose bytes are not known");
	if (!is_signer(json_get_str(spec, "publicKey"), s))
		return no(e, "key");
	if (!is_hash_of_text(json_get(content, "hash"), s->envelope_json))
		return no(e, "envelope");
	if (payload && !is_hash_of_text(payload, s->dsse->payload))
		return no(e, "payload");
	return 1;
}

static void put_base64(struct json_out *o, const char *key, struct str bytes)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	base64_encode(bytes, &b);
	json_put_member(o, key, str_buf(&b));
}

/* What the log's leaf must be: JSON with sorted keys and no white space (RFC 8785). */
static bool hashedrekord2_text(const struct rekor_subject *s, struct buf *out)
{
	enum digest_alg alg = alg_digest(s->alg);
	const struct digest *d = signed_digest(s->what, alg);
	struct json_out o;
	if (!d)
		return false;
	json_out_init(&o, out, 0);
	buf_add_str(out, S("{\"apiVersion\":\"0.0.2\",\"kind\":\"hashedrekord\",\"spec\":{"
			   "\"hashedRekordV002\":"));
	json_begin_object(&o);
	json_put_key(&o, "data");
	json_begin_object(&o);
	json_put_member(&o, "algorithm",
			alg == DIGEST_SHA256   ? S("SHA2_256")
			: alg == DIGEST_SHA384 ? S("SHA2_384")
					       : S("SHA2_512"));
	put_base64(&o, "digest", (struct str){ (const char *)d->bytes, d->len });
	json_end_object(&o);
	json_put_key(&o, "signature");
	json_begin_object(&o);
	put_base64(&o, "content", s->signature);
	json_put_key(&o, "verifier");
	json_begin_object(&o);
	json_put_member(&o, "keyDetails", str_of(alg_details(s->alg, s->key)));
	json_put_key(&o, s->cert_der.n ? "x509Certificate" : "publicKey");
	json_begin_object(&o);
	put_base64(&o, "rawBytes", s->cert_der.n ? s->cert_der : key_spki(s->key));
	json_end_object(&o);
	json_end_object(&o);
	json_end_object(&o);
	json_end_object(&o);
	buf_add_str(out, S("}}"));
	return true;
}

static int hashedrekord2(const struct log_entry *l, const struct rekor_subject *s, struct arena *a,
			 struct str *body, struct err *e)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	if (!hashedrekord2_text(s, &b)) {
		err_set(e, ERR_INVALID, "a signature %s cannot be in a Rekor 2 log",
			alg_name(s->alg));
		return 0;
	}
	if (l->body.n && !str_eq(l->body, str_buf(&b)))
		return no(e, "signature, key or digest");
	*body = arena_str(a, str_buf(&b));
	return 1;
}

static const struct {
	const char *kind, *version;
	int (*is_of)(const struct json *spec, const struct rekor_subject *s, struct err *e);
} kinds[] = {
	{ "hashedrekord", "0.0.1", hashedrekord },
	{ "dsse", "0.0.1", dsse },
	{ "intoto", "0.0.2", intoto2 },
	{ "intoto", "0.0.1", intoto1 },
	{ "rekord", "0.0.1", rekord },
};

int rekor_entry_is_of(const struct log_entry *l, const struct rekor_subject *s, struct arena *a,
		      struct str *body, struct err *e)
{
	struct json *j CLEANUP(cleanup_json) = NULL;
	if (str_eq(l->kind, S("hashedrekord")) && str_eq(l->version, S("0.0.2")))
		return hashedrekord2(l, s, a, body, e);
	if (json_parse(l->body, &j, e)) {
		err_in(e, "the log entry's body");
		return 0;
	}
	if (!str_eq(json_get_str(j, "kind"), l->kind) ||
	    !str_eq(json_get_str(j, "apiVersion"), l->version))
		return no(e, "kind than its body");
	*body = l->body;
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (str_eq(l->kind, str_of(kinds[i].kind)) &&
		    str_eq(l->version, str_of(kinds[i].version)))
			return kinds[i].is_of(json_get(j, "spec"), s, e);
	err_set(e, ERR_UNSUPPORTED, "log entries %.*s %.*s are not known",
		STR(str_upto(l->kind, 40)), STR(str_upto(l->version, 40)));
	return 0;
}
