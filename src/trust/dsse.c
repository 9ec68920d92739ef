/* DSSE envelopes: {"payload": base64, "payloadType": text, "signatures": [{"sig": base64, "keyid": text}]}. Hostile ones
 * hold many signatures, fields twice, or base64 in both alphabets; a payload is decoded once and what is verified is what
 * is parsed. Unknown fields are passed over, as the specification asks; bundles refuse them (bundle.c). */
#include "trust/dsse.h"
#include "base/base64.h"

static bool decode_any(struct str text, struct buf *out)
{
	if (base64_decode(text, out))
		return true;
	if (text.n % 4 == 0)
		for (int i = 0; i < 2 && str_ends(text, S("=")); i++)
			text.n--;
	return base64url_decode(text, out);
}

static int decode(const struct json *j, const char *what, struct arena *a, struct str *out,
		  struct err *e)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	if (!json_is_string(j))
		return err_set(e, ERR_INVALID, "the envelope has no %s", what);
	if (!decode_any(json_str(j), &b))
		return err_set(e, ERR_INVALID, "the envelope's %s is no base64", what);
	*out = arena_str(a, str_buf(&b));
	return 0;
}

static bool twice(const struct json *object, const char *key)
{
	size_t n = 0;
	JSON_EACH(child, object)
	n += str_eq(json_key(child), str_of(key));
	return n > 1;
}

static int parse_signatures(const struct json *list, struct arena *a, struct dsse *out,
			    struct err *e)
{
	size_t n = json_is_array(list) ? json_count(list) : 0;
	if (n == 0)
		return err_set(e, ERR_INVALID, "the envelope has no signatures");
	if (n > DSSE_SIGNATURES_MAX)
		return err_set(e, ERR_LIMIT, "the envelope has more than %d signatures",
			       DSSE_SIGNATURES_MAX);
	out->v = arena_array(a, n, sizeof *out->v);
	JSON_EACH(child, list)
	{
		struct dsse_signature *s = &out->v[out->n++];
		*s = (struct dsse_signature){ 0 };
		if (twice(child, "sig"))
			return err_set(e, ERR_INVALID, "a signature of the envelope has sig twice");
		if (decode(json_get(child, "sig"), "sig", a, &s->sig, e))
			return e->code;
		if (s->sig.n == 0)
			return err_set(e, ERR_INVALID, "a signature of the envelope is empty");
		s->keyid = arena_str(a, json_get_str(child, "keyid"));
	}
	return 0;
}

int dsse_parse(const struct json *envelope, struct arena *a, struct dsse *out, struct err *e)
{
	static const char *const keys[] = { "payload", "payloadType", "signatures" };
	struct dsse d = { 0 };
	if (!json_is_object(envelope))
		return err_set(e, ERR_INVALID, "the envelope is no JSON object");
	for (size_t i = 0; i < COUNT(keys); i++)
		if (twice(envelope, keys[i]))
			return err_set(e, ERR_INVALID, "the envelope has %s twice", keys[i]);
	d.payload_type = arena_str(a, json_get_str(envelope, "payloadType"));
	if (d.payload_type.n == 0)
		return err_set(e, ERR_INVALID, "the envelope has no payloadType");
	if (decode(json_get(envelope, "payload"), "payload", a, &d.payload, e) ||
	    parse_signatures(json_get(envelope, "signatures"), a, &d, e))
		return e->code;
	*out = d;
	return 0;
}

int dsse_parse_text(struct str text, struct arena *a, struct dsse *out, struct err *e)
{
	struct json *j CLEANUP(cleanup_json) = NULL;
	if (json_parse_upto(text, DSSE_MAX, &j, e))
		return err_in(e, "DSSE envelope");
	return dsse_parse(j, a, out, e);
}

void dsse_pae(struct str type, struct str payload, struct buf *out)
{
	buf_reserve(out, type.n + payload.n + 64);
	buf_addf(out, "DSSEv1 %zu ", type.n);
	buf_add_str(out, type);
	buf_addf(out, " %zu ", payload.n);
	buf_add_str(out, payload);
}

static void put_base64(struct json_out *o, const char *key, struct str bytes)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	base64_encode(bytes, &b);
	json_put_member(o, key, str_buf(&b));
}

void dsse_write(struct str type, struct str payload, struct str sig, struct str keyid,
		struct buf *out)
{
	struct json_out o;
	json_out_init(&o, out, 0);
	json_begin_object(&o);
	put_base64(&o, "payload", payload);
	json_put_member(&o, "payloadType", type);
	json_put_key(&o, "signatures");
	json_begin_array(&o);
	json_begin_object(&o);
	put_base64(&o, "sig", sig);
	json_put_member_opt(&o, "keyid", keyid);
	json_end_object(&o);
	json_end_array(&o);
	json_end_object(&o);
}
