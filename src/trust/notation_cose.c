/* Notation's COSE envelope: COSE_Sign1, tagged (RFC 9052), certificates in the unprotected "x5chain" (RFC 9360) as a list even
 * of one. The protected header's bytes are verified as they came. Hostile input may repeat a label, put one in both maps,
 * leave the tag of a time away, detach the payload: all refused. External data is not used. */
#include "trust/notation_envelope.h"
#include "trust/cbor.h"

enum {
	TAG_SIGN1 = 18,
	TAG_TIME = 1,
	LABEL_ALG = 1,
	LABEL_CRIT = 2,
	LABEL_TYPE = 3,
	LABEL_X5CHAIN = 33
};
static const struct {
	int64_t id;
	enum signature_alg alg;
} algs[] = {
	{ -37, SIGNATURE_PSS_SHA256 },	 { -38, SIGNATURE_PSS_SHA384 },
	{ -39, SIGNATURE_PSS_SHA512 },	 { -7, SIGNATURE_ECDSA_SHA256 },
	{ -35, SIGNATURE_ECDSA_SHA384 }, { -36, SIGNATURE_ECDSA_SHA512 },
};

static int get_alg(struct str value, enum signature_alg *out, struct err *e)
{
	int64_t id;
	if (!cbor_is_int(value, &id))
		return err_set(e, ERR_INVALID, "COSE: the algorithm is no number");
	for (size_t i = 0; i < COUNT(algs); i++)
		if (algs[i].id == id) {
			*out = algs[i].alg;
			return 0;
		}
	return err_set(e, ERR_INVALID, "COSE: the algorithm %lld is not allowed", (long long)id);
}

/* Names of labels: a text is its own, a number is "label N". */
static int label_name(struct str key, struct arena *a, struct str *out, struct err *e)
{
	int64_t n;
	struct str text;
	if (cbor_is_int(key, &n))
		*out = arena_printf(a, "label %lld", (long long)n);
	else if (cbor_is_text(key, &text))
		*out = arena_str(a, text);
	else
		return err_set(e, ERR_INVALID, "COSE: a label is neither number nor text");
	return 0;
}

static int get_crit(struct str value, struct arena *a, struct strs *out, struct err *e)
{
	struct cbor list;
	struct str item;
	if (cbor_next(&value, &list, e))
		return e->code;
	if (list.type != CBOR_ARRAY || list.n == 0)
		return err_set(e, ERR_INVALID, "COSE: crit is no list");
	for (size_t i = 0; i < list.n; i++)
		if (cbor_item(&value, &item, e) ||
		    label_name(item, a, ARENA_PUSH(a, out->v, out->n, out->cap), e))
			return e->code;
	return 0;
}

static int add_header(const struct cbor_pair *p, struct arena *a, struct notation_headers *h,
		      struct err *e)
{
	struct notation_header v = { .kind = HEADER_OTHER };
	struct str value = p->value;
	struct cbor item;
	struct str text;
	if (label_name(p->key, a, &v.name, e))
		return e->code;
	if (cbor_is_text(value, &text)) {
		v.kind = HEADER_TEXT;
		v.text = arena_str(a, text);
	} else if (cbor_next(&value, &item, e) == 0 && item.type == CBOR_TAG &&
		   item.n == TAG_TIME && cbor_is_int(value, &v.time)) {
		v.kind = HEADER_TIME;
	}
	*ARENA_PUSH(a, h->v, h->n, h->cap) = v;
	return 0;
}

static int read_protected(const struct cbor_pair *p, size_t n, struct arena *a,
			  struct notation_envelope *out, struct err *e)
{
	struct notation_headers h = { 0 };
	bool alg = false;
	for (size_t i = 0; i < n; i++) {
		int64_t label = 0;
		struct str text = { 0 };
		int r = 0;
		if (!cbor_is_int(p[i].key, &label) || label < LABEL_ALG || label > LABEL_TYPE) {
			r = add_header(&p[i], a, &h, e);
		} else if (label == LABEL_ALG) {
			r = get_alg(p[i].value, &out->alg, e);
			alg = true;
		} else if (label == LABEL_CRIT) {
			r = get_crit(p[i].value, a, &h.crit, e);
		} else if (!cbor_is_text(p[i].value, &text)) {
			r = err_set(e, ERR_INVALID, "COSE: the content type is no text");
		} else {
			h.content_type = arena_str(a, text);
		}
		if (r)
			return r;
	}
	if (!alg)
		return err_set(e, ERR_INVALID, "COSE: there is no algorithm");
	return notation_headers_judge(&h, a, out, e);
}

static int read_chain(struct str value, struct arena *a, struct strs *out, struct err *e)
{
	struct cbor list, item;
	if (cbor_next(&value, &list, e))
		return e->code;
	if (list.type != CBOR_ARRAY || list.n == 0)
		return err_set(e, ERR_INVALID, "COSE: the certificates are no list");
	if (list.n > CERTS_MAX)
		return err_set(e, ERR_LIMIT, "COSE: more than %d certificates", CERTS_MAX);
	for (size_t i = 0; i < list.n; i++) {
		if (cbor_next(&value, &item, e))
			return e->code;
		if (item.type != CBOR_BYTES)
			return err_set(e, ERR_INVALID, "COSE: a certificate is no byte string");
		*ARENA_PUSH(a, out->v, out->n, out->cap) = arena_str(a, item.bytes);
	}
	return 0;
}

static int read_unprotected(const struct cbor_pair *p, size_t n, struct arena *a,
			    struct notation_envelope *out, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		int64_t label = 0;
		struct str name = { 0 }, value = { 0 };
		if (cbor_is_int(p[i].key, &label) && label == LABEL_X5CHAIN) {
			if (read_chain(p[i].value, a, &out->chain, e))
				return e->code;
		} else if (!cbor_is_text(p[i].key, &name)) {
			continue;
		} else if (str_eq(name, S(NOTATION_HEADER "timestampSignature"))) {
			if (!cbor_is_bytes(p[i].value, &value) || value.n == 0)
				return err_set(e, ERR_INVALID,
					       "COSE: the timestamp is no byte string");
			out->timestamp = arena_str(a, value);
		} else if (str_eq(name, S(NOTATION_HEADER "signingAgent")) &&
			   cbor_is_text(p[i].value, &value)) {
			out->agent = arena_str(a, value);
		}
	}
	return out->chain.n ? 0 : err_set(e, ERR_INVALID, "COSE: there are no certificates");
}

static int read_maps(struct str unprotected, struct arena *a, struct notation_envelope *out,
		     struct err *e)
{
	struct cbor_pair in[CBOR_ITEMS_MAX], beside[CBOR_ITEMS_MAX];
	size_t n_in = 0, n_beside = 0;
	if (cbor_map(out->guarded, in, &n_in, e) || cbor_map(unprotected, beside, &n_beside, e))
		return err_in(e, "COSE: headers");
	for (size_t i = 0; i < n_in; i++)
		for (size_t k = 0; k < n_beside; k++)
			if (str_eq(in[i].key, beside[k].key))
				return err_set(e, ERR_INVALID, "COSE: a label is in both headers");
	if (read_protected(in, n_in, a, out, e))
		return e->code;
	return read_unprotected(beside, n_beside, a, out, e);
}

static void add_message(struct notation_envelope *v, struct arena *a)
{
	struct buf b = { 0 };
	cbor_put_head(&b, CBOR_ARRAY, 4);
	cbor_put_text(&b, S("Signature1"));
	cbor_put_bytes(&b, v->guarded);
	cbor_put_bytes(&b, S(""));
	cbor_put_bytes(&b, v->payload);
	v->message = arena_str(a, str_buf(&b));
	buf_done(&b);
}

static int next_bytes(struct str *s, const char *what, struct arena *a, struct str *out,
		      struct err *e)
{
	struct cbor item;
	if (cbor_next(s, &item, e))
		return err_in(e, "COSE: %s", what);
	if (item.type != CBOR_BYTES || item.bytes.n == 0)
		return err_set(e, ERR_INVALID, "COSE: %s is no byte string, or empty", what);
	*out = arena_str(a, item.bytes);
	return 0;
}

int notation_cose_read(struct str text, struct arena *a, struct notation_envelope *out,
		       struct err *e)
{
	struct notation_envelope v = { .format = S("notation-cose") };
	struct cbor tag, array;
	struct str unprotected;
	if (cbor_next(&text, &tag, e) || cbor_next(&text, &array, e))
		return err_in(e, "COSE");
	if (tag.type != CBOR_TAG || tag.n != TAG_SIGN1 || array.type != CBOR_ARRAY || array.n != 4)
		return err_set(e, ERR_INVALID, "COSE: no tagged COSE_Sign1 message");
	if (next_bytes(&text, "the protected header", a, &v.guarded, e))
		return e->code;
	if (cbor_item(&text, &unprotected, e))
		return err_in(e, "COSE: the unprotected header");
	if (next_bytes(&text, "the payload", a, &v.payload, e) ||
	    next_bytes(&text, "the signature", a, &v.signature, e))
		return e->code;
	if (text.n)
		return err_set(e, ERR_INVALID, "COSE: bytes behind the message");
	if (read_maps(unprotected, a, &v, e))
		return e->code;
	add_message(&v, a);
	*out = v;
	return 0;
}

/* A map that is being made; keys and values are encoded one by one. */
struct map {
	struct arena *a;
	struct cbor_pair v[CBOR_ITEMS_MAX];
	size_t n;
	struct buf b;
};

static struct str take(struct map *m)
{
	struct str s = arena_str(m->a, str_buf(&m->b));
	m->b.n = 0;
	return s;
}

static void key_int(struct map *m, int64_t label)
{
	cbor_put_int(&m->b, label);
	m->v[m->n].key = take(m);
}

static void key_text(struct map *m, struct str label)
{
	cbor_put_text(&m->b, label);
	m->v[m->n].key = take(m);
}

static void value(struct map *m)
{
	m->v[m->n++].value = take(m);
}

static struct str map_end(struct map *m)
{
	cbor_put_map(&m->b, m->v, m->n);
	struct str s = take(m);
	buf_done(&m->b);
	return s;
}

static void put_text(struct map *m, struct str label, struct str text)
{
	key_text(m, label);
	cbor_put_text(&m->b, text);
	value(m);
}

static void put_time(struct map *m, struct str label, int64_t time)
{
	key_text(m, label);
	cbor_put_head(&m->b, CBOR_TAG, TAG_TIME);
	cbor_put_int(&m->b, time);
	value(m);
}

void notation_cose_protect(struct notation_envelope *v, struct arena *a)
{
	struct map m = { .a = a };
	struct strs crit = notation_critical(v, true, a);
	bool authority = v->scheme == NOTATION_AUTHORITY;
	key_int(&m, LABEL_ALG);
	for (size_t i = 0; i < COUNT(algs); i++)
		if (algs[i].alg == v->alg)
			cbor_put_int(&m.b, algs[i].id);
	value(&m);
	key_int(&m, LABEL_CRIT);
	cbor_put_head(&m.b, CBOR_ARRAY, crit.n);
	for (size_t i = 0; i < crit.n; i++)
		cbor_put_text(&m.b, crit.v[i]);
	value(&m);
	key_int(&m, LABEL_TYPE);
	cbor_put_text(&m.b, v->content_type);
	value(&m);
	put_text(&m, S(NOTATION_HEADER "signingScheme"),
		 authority ? S("notary.x509.signingAuthority") : S("notary.x509"));
	put_time(&m,
		 authority ? S(NOTATION_HEADER "authenticSigningTime")
			   : S(NOTATION_HEADER "signingTime"),
		 v->time);
	if (v->expiry)
		put_time(&m, S(NOTATION_HEADER "expiry"), v->expiry);
	for (size_t i = 0; i < v->n_attributes; i++)
		put_text(&m, v->attributes[i].key, v->attributes[i].value);
	v->guarded = map_end(&m);
	add_message(v, a);
}

static void put_unprotected(const struct notation_envelope *v, struct arena *a, struct buf *out)
{
	struct map m = { .a = a };
	if (v->chain.n) {
		key_int(&m, LABEL_X5CHAIN);
		cbor_put_head(&m.b, CBOR_ARRAY, v->chain.n);
		for (size_t i = 0; i < v->chain.n; i++)
			cbor_put_bytes(&m.b, v->chain.v[i]);
		value(&m);
	}
	if (v->agent.n)
		put_text(&m, S(NOTATION_HEADER "signingAgent"), v->agent);
	if (v->timestamp.n) {
		key_text(&m, S(NOTATION_HEADER "timestampSignature"));
		cbor_put_bytes(&m.b, v->timestamp);
		value(&m);
	}
	buf_add_str(out, map_end(&m));
}

void notation_cose_write(const struct notation_envelope *v, struct buf *out)
{
	struct arena a = { 0 };
	cbor_put_head(out, CBOR_TAG, TAG_SIGN1);
	cbor_put_head(out, CBOR_ARRAY, 4);
	cbor_put_bytes(out, v->guarded);
	put_unprotected(v, &a, out);
	cbor_put_bytes(out, v->payload);
	cbor_put_bytes(out, v->signature);
	arena_done(&a);
}
