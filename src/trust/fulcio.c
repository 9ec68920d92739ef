/* Fulcio's API, version 2: POST /api/v2/signingCert with the public key, a signature of the token's subject that proves
 * the key to be ours, and the token as bearer. The answer holds PEM certificates, leaf first.
 *
 * A hostile authority may answer with a certificate for another key, one that may not sign code, or certificates that
 * have nothing to do with each other; all are refused. Whether it is an authority that anybody trusts is judged with
 * the whole signature. Not supported: detached SCTs, certificate requests. */
#include "trust/fulcio.h"

#include "base/base64.h"
#include "base/json.h"
#include "trust/service.h"

static int request_body(const struct fulcio_request *r, struct buf *out, struct err *e)
{
	struct buf pem CLEANUP(buf_done) = { 0 }, sig CLEANUP(buf_done) = { 0 };
	struct buf text CLEANUP(buf_done) = { 0 };
	struct json_out o;
	enum signature_alg alg = key_default_alg(r->key, false);
	if (key_sign(r->key, alg, r->subject, &sig, e))
		return err_in(e, "proving that the key is ours");
	key_pem(r->key, &pem);
	base64_encode(str_buf(&sig), &text);
	json_out_init(&o, out, 0);
	json_begin_object(&o);
	json_put_key(&o, "publicKeyRequest");
	json_begin_object(&o);
	json_put_key(&o, "publicKey");
	json_begin_object(&o);
	json_put_member(&o, "algorithm",
			key_type(r->key) == KEY_ECDSA	  ? S("ECDSA")
			: key_type(r->key) == KEY_ED25519 ? S("ED25519")
							  : S("RSA_PSS"));
	json_put_member(&o, "content", str_buf(&pem));
	json_end_object(&o);
	json_put_member(&o, "proofOfPossession", str_buf(&text));
	json_end_object(&o);
	json_end_object(&o);
	return 0;
}

int fulcio_answer(struct str text, struct certs *out, struct err *e)
{
	struct json *j CLEANUP(cleanup_json) = NULL;
	struct certs certs CLEANUP(certs_done) = { 0 };
	if (json_parse(text, &j, e))
		return err_in(e, "the certificate authority's answer");
	if (json_get(j, "signedCertificateDetachedSct"))
		return err_set(e, ERR_UNSUPPORTED,
			       "the certificate authority's timestamps are not in its certificate");
	const struct json *list = json_get(
		json_get(json_get(j, "signedCertificateEmbeddedSct"), "chain"), "certificates");
	if (!json_is_array(list) || !json_count(list) || json_count(list) > CERTS_MAX)
		return err_set(e, ERR_INVALID,
			       "the certificate authority's answer holds no certificates");
	JSON_EACH(c, list)
	{
		size_t before = certs.n;
		if (certs_parse(json_str(c), &certs, e))
			return err_in(e, "the certificate authority's answer");
		if (certs.n != before + 1)
			return err_set(e, ERR_INVALID,
				       "the certificate authority's answer has %zu certificates "
				       "where one belongs",
				       certs.n - before);
	}
	*out = certs;
	certs = (struct certs){ 0 };
	return 0;
}

static bool may_sign_code(const struct cert *c)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	struct strs oids = { 0 };
	bool critical;
	cert_ext_key_usage(c, &a, &critical, &oids);
	for (size_t i = 0; i < oids.n; i++)
		if (str_eq(oids.v[i], S(EKU_CODE_SIGNING)))
			return true;
	return false;
}

static int check(const struct certs *certs, const struct key *key, struct err *e)
{
	const struct key *theirs = certs->n ? cert_key(certs->v[0]) : NULL;
	if (!theirs || !key_eq(theirs, key))
		return err_set(e, ERR_INVALID,
			       "the certificate authority certified another key than ours");
	if (!may_sign_code(certs->v[0]))
		return err_set(e, ERR_INVALID,
			       "the certificate authority's certificate is none for signing code");
	for (size_t i = 0; i + 1 < certs->n; i++)
		if (!cert_issued_by(certs->v[i], certs->v[i + 1]))
			return err_set(e, ERR_INVALID,
				       "certificate %zu of the certificate authority's answer is "
				       "not issued by the next",
				       i + 1);
	return 0;
}

int fulcio_certificate(struct fetch *f, const struct fulcio_request *r, struct certs *out,
		       struct err *e)
{
	static const char what[] = "certificate authority";
	static const struct fetch_header headers[] = { { S("Content-Type"), S("application/json") },
						       { S("Accept"), S("application/json") } };
	struct arena a CLEANUP(arena_done) = { 0 };
	struct buf body CLEANUP(buf_done) = { 0 }, bearer CLEANUP(buf_done) = { 0 };
	struct certs certs CLEANUP(certs_done) = { 0 };
	struct service_answer answer;
	if (request_body(r, &body, e))
		return e->code;
	buf_add_str(&bearer, S("Bearer "));
	buf_add_str(&bearer, r->token);
	struct fetch_request ask = { .url = service_url(&a, r->url, "api/v2/signingCert"),
				     .headers = headers,
				     .n_headers = COUNT(headers),
				     .authorization = str_buf(&bearer),
				     .body = str_buf(&body) };
	int code = service_ask(f, what, &ask, FULCIO_ANSWER_MAX, &a, &answer, e);
	if (code == 0 && answer.status != 200 && answer.status != 201)
		code = service_failed(what, &ask, &answer, e);
	explicit_bzero(bearer.p, bearer.n);
	if (code)
		return code;
	if (fulcio_answer(answer.body, &certs, e) || check(&certs, r->key, e))
		return e->code;
	*out = certs;
	certs = (struct certs){ 0 };
	return 0;
}
