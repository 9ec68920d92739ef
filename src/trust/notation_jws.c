/* Notation's JWS envelope: RFC 7515 in the flattened JSON form, with one protected header, the certificates in the unprotected
 * "x5c". What is signed is the text PROTECTED.PAYLOAD as it came, never something written anew. Hostile input may repeat a
 * key so that two readers see two values, put a header in both places, use the general form beside the flattened one,
 * detach or not encode the payload (b64): all refused. */
#include "trust/notation_envelope.h"
#include "base/base64.h"
#include "base/time.h"

static const struct {
	const char *name;
	enum signature_alg alg;
} algs[] = {
	{ "PS256", SIGNATURE_PSS_SHA256 },   { "PS384", SIGNATURE_PSS_SHA384 },
	{ "PS512", SIGNATURE_PSS_SHA512 },   { "ES256", SIGNATURE_ECDSA_SHA256 },
	{ "ES384", SIGNATURE_ECDSA_SHA384 }, { "ES512", SIGNATURE_ECDSA_SHA512 },
};

static int decode(struct str text, const char *what, bool url, struct arena *a, struct str *out,
		  struct err *e)
{
	struct buf b = { 0 };
	bool good = text.n && (url ? base64url_decode(text, &b) : base64_decode(text, &b));
	if (good)
		*out = arena_str(a, str_buf(&b));
	buf_done(&b);
	return good ? 0 : err_set(e, ERR_INVALID, "JWS: %s is missing or no base64", what);
}

/* RFC 3339 as it is meant: whole seconds and an offset. */
static bool strict_time(struct str s, int64_t *out)
{
	bool zone =
		(s.n == 20 && s.p[19] == 'Z') || (s.n == 25 && (s.p[19] == '+' || s.p[19] == '-'));
	return zone && s.p[10] == 'T' && time_parse(s, out);
}

static int get_alg(struct str name, enum signature_alg *out, struct err *e)
{
	for (size_t i = 0; i < COUNT(algs); i++)
		if (str_eq(name, str_of(algs[i].name))) {
			*out = algs[i].alg;
			return 0;
		}
	return err_set(e, ERR_INVALID, "JWS: the algorithm '%.*s' is not allowed",
		       STR(str_upto(name, 40)));
}

static int get_crit(const struct json *j, struct arena *a, struct strs *out, struct err *e)
{
	if (!json_is_array(j) || json_count(j) == 0 || json_count(j) > NOTATION_HEADERS_MAX)
		return err_set(e, ERR_INVALID, "JWS: crit is missing or no list");
	JSON_EACH(name, j)
	{
		if (!json_is_string(name))
			return err_set(e, ERR_INVALID, "JWS: crit has what is no name");
		*ARENA_PUSH(a, out->v, out->n, out->cap) = arena_str(a, json_str(name));
	}
	return 0;
}

static void add_header(const struct json *j, struct arena *a, struct notation_headers *h)
{
	struct notation_header *v = ARENA_PUSH(a, h->v, h->n, h->cap);
	v->name = arena_str(a, json_key(j));
	v->text = arena_str(a, json_str(j));
	v->kind = !json_is_string(j)		   ? HEADER_OTHER
		  : strict_time(v->text, &v->time) ? HEADER_TIME
						   : HEADER_TEXT;
}

static int read_protected(const struct json *j, struct arena *a, struct notation_envelope *out,
			  struct err *e)
{
	struct notation_headers h = { 0 };
	if (json_count(j) > NOTATION_HEADERS_MAX)
		return err_set(e, ERR_LIMIT, "JWS: more than %d signed headers",
			       NOTATION_HEADERS_MAX);
	if (get_alg(json_get_str(j, "alg"), &out->alg, e) ||
	    get_crit(json_get(j, "crit"), a, &h.crit, e))
		return e->code;
	h.content_type = arena_str(a, json_get_str(j, "cty"));
	JSON_EACH(child, j)
	{
		struct str key = json_key(child);
		if (str_eq(key, S("b64")))
			return err_set(e, ERR_INVALID,
				       "JWS: a payload that is not encoded is not allowed");
		if (!str_eq(key, S("alg")) && !str_eq(key, S("crit")) && !str_eq(key, S("cty")))
			add_header(child, a, &h);
	}
	return notation_headers_judge(&h, a, out, e);
}

static int read_chain(const struct json *x5c, struct arena *a, struct strs *out, struct err *e)
{
	if (!json_is_array(x5c) || json_count(x5c) == 0)
		return err_set(e, ERR_INVALID, "JWS: there are no certificates");
	if (json_count(x5c) > CERTS_MAX)
		return err_set(e, ERR_LIMIT, "JWS: more than %d certificates", CERTS_MAX);
	JSON_EACH(cert, x5c)
	{
		struct str der;
		if (decode(json_str(cert), "a certificate", false, a, &der, e))
			return e->code;
		*ARENA_PUSH(a, out->v, out->n, out->cap) = der;
	}
	return 0;
}

static int read_unprotected(const struct json *header, const struct json *signed_header,
			    struct arena *a, struct notation_envelope *out, struct err *e)
{
	const struct json *stamp = json_get(header, NOTATION_HEADER "timestampSignature");
	if (!json_is_object(header))
		return err_set(e, ERR_INVALID, "JWS: the header is missing");
	JSON_EACH(child, header)
	if (json_get(signed_header, json_key(child).p))
		return err_set(e, ERR_INVALID, "JWS: '%.*s' is in both headers",
			       STR(str_upto(json_key(child), 100)));
	if (stamp && decode(json_str(stamp), "the timestamp", false, a, &out->timestamp, e))
		return e->code;
	out->agent = arena_str(a, json_get_str(header, NOTATION_HEADER "signingAgent"));
	return read_chain(json_get(header, "x5c"), a, &out->chain, e);
}

int notation_jws_read(struct str text, struct arena *a, struct notation_envelope *out,
		      struct err *e)
{
	struct json *j CLEANUP(cleanup_json) = NULL, *head CLEANUP(cleanup_json) = NULL;
	struct notation_envelope v = { .format = S("notation-jws") };
	if (notation_json(text, &j, e))
		return err_in(e, "JWS");
	if (json_get(j, "signatures"))
		return err_set(e, ERR_INVALID, "JWS: only the flattened form is allowed");
	struct str guarded = json_get_str(j, "protected"), payload = json_get_str(j, "payload");
	if (decode(guarded, "the protected header", true, a, &v.guarded, e) ||
	    decode(payload, "the payload", true, a, &v.payload, e) ||
	    decode(json_get_str(j, "signature"), "the signature", true, a, &v.signature, e))
		return e->code;
	if (notation_json(v.guarded, &head, e))
		return err_in(e, "JWS: the protected header");
	if (read_protected(head, a, &v, e) ||
	    read_unprotected(json_get(j, "header"), head, a, &v, e))
		return e->code;
	struct buf b = { 0 };
	buf_addf(&b, "%s.", guarded.p);
	buf_add_str(&b, payload);
	v.message = arena_str(a, str_buf(&b));
	buf_done(&b);
	*out = v;
	return 0;
}

static int compare_attributes(const void *a, const void *b)
{
	return str_cmp(((const struct notation_attribute *)a)->key,
		       ((const struct notation_attribute *)b)->key);
}

static void put_header(struct json_out *o, const struct notation_envelope *v, struct str key,
		       struct str text, struct arena *a)
{
	json_put_key(o, arena_cstr(a, key));
	if (!str_eq(key, S("crit"))) {
		json_put_str(o, text);
		return;
	}
	struct strs crit = notation_critical(v, false, a);
	json_begin_array(o);
	for (size_t i = 0; i < crit.n; i++)
		json_put_str(o, crit.v[i]);
	json_end_array(o);
}

/* As Go's encoder puts a map: the names in order, `<`, `>` and `&` escaped. */
static void put_protected(const struct notation_envelope *v, struct arena *a, struct buf *out)
{
	char time[TIME_TEXT], expiry[TIME_TEXT];
	bool authority = v->scheme == NOTATION_AUTHORITY;
	const char *alg = "";
	struct {
		struct notation_attribute *v;
		size_t n, cap;
	} h = { 0 };
	struct json_out o;
	for (size_t i = 0; i < COUNT(algs); i++)
		if (algs[i].alg == v->alg)
			alg = algs[i].name;
	const struct notation_attribute own[] = {
		{ S("alg"), str_of(alg) },
		{ S("crit"), S("") },
		{ S("cty"), v->content_type },
		{ S(NOTATION_HEADER "signingScheme"),
		  authority ? S("notary.x509.signingAuthority") : S("notary.x509") },
		{ authority ? S(NOTATION_HEADER "authenticSigningTime")
			    : S(NOTATION_HEADER "signingTime"),
		  str_of(time_text(v->time, time)) },
		{ S(NOTATION_HEADER "expiry"), str_of(time_text(v->expiry, expiry)) },
	};
	for (size_t i = 0; i < COUNT(own) - !v->expiry; i++)
		*ARENA_PUSH(a, h.v, h.n, h.cap) = own[i];
	for (size_t i = 0; i < v->n_attributes; i++)
		*ARENA_PUSH(a, h.v, h.n, h.cap) = v->attributes[i];
	qsort(h.v, h.n, sizeof *h.v, compare_attributes);
	json_out_init(&o, out, 0);
	o.html = true;
	json_begin_object(&o);
	for (size_t i = 0; i < h.n; i++)
		put_header(&o, v, h.v[i].key, h.v[i].value, a);
	json_end_object(&o);
}

void notation_jws_protect(struct notation_envelope *v, struct arena *a)
{
	struct buf b = { 0 };
	put_protected(v, a, &b);
	v->guarded = arena_str(a, str_buf(&b));
	b.n = 0;
	base64url_encode(v->guarded, &b);
	buf_add_char(&b, '.');
	base64url_encode(v->payload, &b);
	v->message = arena_str(a, str_buf(&b));
	buf_done(&b);
}

static void put_base64(struct json_out *o, const char *key, struct str bytes, bool url)
{
	struct buf b = { 0 };
	(url ? base64url_encode : base64_encode)(bytes, &b);
	if (key)
		json_put_member(o, key, str_buf(&b));
	else
		json_put_str(o, str_buf(&b));
	buf_done(&b);
}

void notation_jws_write(const struct notation_envelope *v, struct buf *out)
{
	struct json_out o;
	json_out_init(&o, out, 0);
	o.html = true;
	json_begin_object(&o);
	put_base64(&o, "payload", v->payload, true);
	put_base64(&o, "protected", v->guarded, true);
	json_put_key(&o, "header");
	json_begin_object(&o);
	if (v->timestamp.n)
		put_base64(&o, NOTATION_HEADER "timestampSignature", v->timestamp, false);
	if (v->chain.n) {
		json_put_key(&o, "x5c");
		json_begin_array(&o);
		for (size_t i = 0; i < v->chain.n; i++)
			put_base64(&o, NULL, v->chain.v[i], false);
		json_end_array(&o);
	}
	json_put_member_opt(&o, NOTATION_HEADER "signingAgent", v->agent);
	json_end_object(&o);
	put_base64(&o, "signature", v->signature, true);
	json_end_object(&o);
}
