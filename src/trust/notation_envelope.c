/* What the two envelope formats of the Notary Project's signature specification have in common: the rules of the signed
 * headers. A hostile signer may leave out what must be there, mix the two signing schemes, name critical headers that are
 * not there, twice or unknown. All of that is refused; a header that asks for a verification plugin is too, since there are
 * none here. */
#include "trust/notation_envelope.h"

static const struct {
	const char *name;
	enum notation_scheme scheme;
} schemes[] = {
	{ "notary.x509", NOTATION_X509 },
	{ "notary.x509.signingAuthority", NOTATION_AUTHORITY },
};

static const struct notation_header *find(const struct notation_headers *h, const char *name)
{
	for (size_t i = 0; i < h->n; i++)
		if (str_eq(h->v[i].name, str_of(name)))
			return &h->v[i];
	return NULL;
}

static int get_time(const struct notation_headers *h, const char *name, int64_t *out, struct err *e)
{
	const struct notation_header *v = find(h, name);
	if (!v)
		return err_set(e, ERR_INVALID, "the header %s is missing", name);
	if (v->kind != HEADER_TIME || v->time <= 0)
		return err_set(e, ERR_INVALID, "the header %s is no time", name);
	*out = v->time;
	return 0;
}

static int get_scheme(const struct notation_headers *h, struct notation_envelope *out,
		      struct err *e)
{
	const struct notation_header *v = find(h, NOTATION_HEADER "signingScheme");
	if (!v || v->kind != HEADER_TEXT)
		return err_set(e, ERR_INVALID, "there is no signing scheme");
	for (size_t i = 0; i < COUNT(schemes); i++)
		if (str_eq(v->text, str_of(schemes[i].name))) {
			out->scheme = schemes[i].scheme;
			return 0;
		}
	return err_set(e, ERR_INVALID, "the signing scheme '%.*s' is not known",
		       STR(str_upto(v->text, 100)));
}

static int get_times(const struct notation_headers *h, struct notation_envelope *out, struct err *e)
{
	bool authority = out->scheme == NOTATION_AUTHORITY;
	const char *const names[] = { NOTATION_HEADER "signingTime",
				      NOTATION_HEADER "authenticSigningTime" };
	if (find(h, names[!authority]))
		return err_set(e, ERR_INVALID, "the header %s does not go with the scheme %s",
			       names[!authority], schemes[authority].name);
	if (get_time(h, names[authority], &out->time, e))
		return e->code;
	if (!find(h, NOTATION_HEADER "expiry"))
		return 0;
	if (get_time(h, NOTATION_HEADER "expiry", &out->expiry, e))
		return e->code;
	if (out->expiry <= out->time)
		return err_set(e, ERR_INVALID, "the signature expires before it was made");
	return 0;
}

struct strs notation_critical(const struct notation_envelope *v, bool attributes_last,
			      struct arena *a)
{
	struct strs out = { 0 };
	*ARENA_PUSH(a, out.v, out.n, out.cap) = S(NOTATION_HEADER "signingScheme");
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; pass == attributes_last && i < v->n_attributes; i++)
			if (v->attributes[i].critical)
				*ARENA_PUSH(a, out.v, out.n, out.cap) = v->attributes[i].key;
		if (pass != attributes_last && v->scheme == NOTATION_AUTHORITY)
			*ARENA_PUSH(a, out.v, out.n, out.cap) =
				S(NOTATION_HEADER "authenticSigningTime");
		if (pass != attributes_last && v->expiry)
			*ARENA_PUSH(a, out.v, out.n, out.cap) = S(NOTATION_HEADER "expiry");
	}
	return out;
}

static bool has(const struct strs *v, struct str s)
{
	for (size_t i = 0; i < v->n; i++)
		if (str_eq(v->v[i], s))
			return true;
	return false;
}

/* Exactly those that the specification wants critical: another one would be one that we cannot honour. */
static int check_critical(const struct notation_headers *h, const struct notation_envelope *v,
			  struct arena *a, struct err *e)
{
	struct notation_envelope plain = { .scheme = v->scheme, .expiry = v->expiry };
	struct strs wanted = notation_critical(&plain, true, a);
	for (size_t i = 0; i < wanted.n; i++)
		if (!has(&h->crit, wanted.v[i]))
			return err_set(e, ERR_INVALID, "the header %.*s is not marked critical",
				       STR(wanted.v[i]));
	for (size_t i = 0; i < h->crit.n; i++) {
		struct strs before = { h->crit.v, i, 0 };
		struct str name = str_upto(h->crit.v[i], 100);
		if (has(&before, h->crit.v[i]))
			return err_set(e, ERR_INVALID, "'%.*s' is marked critical twice",
				       STR(name));
		if (!has(&wanted, h->crit.v[i]))
			return err_set(e, ERR_INVALID, "the critical header '%.*s' is not known",
				       STR(name));
	}
	return 0;
}

static bool is_ours(struct str name)
{
	static const char *const names[] = { "signingScheme", "signingTime", "authenticSigningTime",
					     "expiry" };
	for (size_t i = 0; i < COUNT(names); i++)
		if (str_starts(name, S(NOTATION_HEADER)) &&
		    str_eq(str_from(name, sizeof NOTATION_HEADER - 1), str_of(names[i])))
			return true;
	return false;
}

int notation_headers_judge(const struct notation_headers *h, struct arena *a,
			   struct notation_envelope *out, struct err *e)
{
	if (!str_eq(h->content_type, S(NOTATION_PAYLOAD)))
		return err_set(e, ERR_INVALID,
			       "the content type '%.*s' is not that of a notation payload",
			       STR(str_upto(h->content_type, 100)));
	out->content_type = h->content_type;
	if (get_scheme(h, out, e) || get_times(h, out, e) || check_critical(h, out, a, e))
		return e->code;
	out->attributes = arena_array(a, h->n, sizeof *out->attributes);
	for (size_t i = 0; i < h->n; i++) {
		if (str_starts(h->v[i].name, S(NOTATION_HEADER "verificationPlugin")))
			return err_set(e, ERR_UNSUPPORTED,
				       "the signature wants a verification plugin, which there is "
				       "none of");
		if (!is_ours(h->v[i].name))
			out->attributes[out->n_attributes++] =
				(struct notation_attribute){ h->v[i].name, h->v[i].text, false };
	}
	return 0;
}

int notation_envelope_read(struct str text, struct str media_type, struct arena *a,
			   struct notation_envelope *out, struct err *e)
{
	if (text.n > NOTATION_BLOB_MAX)
		return err_set(e, ERR_LIMIT, "a signature of %zu bytes is larger than %d", text.n,
			       NOTATION_BLOB_MAX);
	if (str_eq(media_type, S(NOTATION_JWS)))
		return notation_jws_read(text, a, out, e);
	if (str_eq(media_type, S(NOTATION_COSE)))
		return notation_cose_read(text, a, out, e);
	return err_set(e, ERR_UNSUPPORTED, "'%.*s' is no envelope format",
		       STR(str_upto(media_type, 100)));
}
