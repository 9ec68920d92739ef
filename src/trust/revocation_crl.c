/* Certificate revocation lists (RFC 5280, section 5), read from their bytes without a copy: they may be tens of megabytes.
 * Hostile ones are old, of another issuer, of a part of the certificates only, or have entries that end early: a list that
 * does not speak of the certificate at hand is no answer. Not supported, and said so: indirect lists (entries of other
 * issuers) and lists of some reasons only. */
#include "trust/der_alg.h"
#include "trust/revocation_parse.h"

#define OID_CE(last) "\x55\x1d" last
#define OID_REASON OID_CE("\x15")
#define OID_INVALIDITY OID_CE("\x18")
#define OID_NUMBER OID_CE("\x14")
#define OID_DELTA OID_CE("\x1b")
#define OID_POINT OID_CE("\x1c")
#define OID_FRESHEST OID_CE("\x2e")
enum { REASON_REMOVED = 8, CRL_SIGN = 1 << 6, TAG_0 = 0xa0, TAG_URI = 0x86 };

struct extension {
	struct str oid, value;
	bool critical;
};

static bool next_extension(struct str *in, struct extension *out)
{
	struct str one, critical;
	if (!der_take(in, DER_SEQUENCE, &one) || !der_take(&one, DER_OID, &out->oid))
		return false;
	out->critical =
		der_take(&one, DER_BOOLEAN, &critical) && critical.n == 1 && critical.p[0] != 0;
	return der_take(&one, DER_OCTETS, &out->value) && one.n == 0;
}

/* The URIs of a DistributionPointName's fullName. */
static void name_urls(struct str name, struct arena *a, struct strs *out)
{
	struct str full;
	struct der d;
	if (!der_take(&name, TAG_0, &full))
		return;
	while (full.n > 0 && der_next(&full, &d))
		if (d.tag == TAG_URI && out->n < REVOCATION_URLS_MAX &&
		    str_starts(d.content, S("http://")))
			*ARENA_PUSH(a, out->v, out->n, out->cap) = arena_str(a, d.content);
}

void crl_urls(struct str value, struct arena *a, struct strs *out, bool *partial)
{
	struct str points = { 0 }, point, name;
	if (!der_take(&value, DER_SEQUENCE, &points)) {
		*partial = true;
		return;
	}
	while (points.n > 0 && der_take(&points, DER_SEQUENCE, &point)) {
		bool named = der_take(&point, TAG_0, &name);
		if (point.n > 0) /* reasons, cRLIssuer */
			*partial = true;
		else if (named)
			name_urls(name, a, out);
	}
	*partial |= points.n > 0;
}

static int unsupported(const char *what, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "CRL: %s", what);
}

static int broken(struct err *e)
{
	return err_set(e, ERR_INVALID, "no CRL, or a broken one");
}

static int parse_point(struct str value, struct crl *l, struct err *e)
{
	struct str all;
	struct der d;
	if (!der_take(&value, DER_SEQUENCE, &all))
		return broken(e);
	while (all.n > 0) {
		if (!der_next(&all, &d))
			return broken(e);
		if (d.tag == TAG_0)
			l->point = d.content;
		else if (d.tag == 0x81)
			l->users_only = true;
		else if (d.tag == 0x82)
			l->authorities_only = true;
		else
			return unsupported("indirect, or of a part of the reasons or of attributes",
					   e);
	}
	return 0;
}

static int parse_extensions(struct str in, struct crl *l, struct err *e)
{
	struct extension x;
	struct str all;
	if (!der_take(&in, DER_SEQUENCE, &all) || in.n != 0)
		return broken(e);
	while (all.n > 0) {
		int r = 0;
		if (!next_extension(&all, &x))
			return broken(e);
		if (str_eq(x.oid, S(OID_NUMBER))) {
			r = der_take(&x.value, DER_INTEGER, &l->number) ? 0 : broken(e);
		} else if (str_eq(x.oid, S(OID_DELTA))) {
			l->delta = true;
			r = der_take(&x.value, DER_INTEGER, &l->base) ? 0 : broken(e);
		} else if (str_eq(x.oid, S(OID_POINT))) {
			r = parse_point(x.value, l, e);
		} else if (str_eq(x.oid, S(OID_FRESHEST))) {
			l->freshest = x.value;
		} else if (x.critical) {
			r = unsupported("a critical extension that is not known here", e);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static int parse_tbs(struct str in, struct crl *l, struct err *e)
{
	struct str version, extensions;
	struct der issuer, time;
	enum signature_alg inner;
	der_take(&in, DER_INTEGER, &version);
	if (!der_take_signature_alg(&in, DIGEST_NONE, &inner) || inner != l->alg ||
	    !der_next(&in, &issuer) || issuer.tag != DER_SEQUENCE || !der_next(&in, &time) ||
	    !der_time(&time, &l->this_update))
		return broken(e);
	l->issuer = issuer.whole;
	if (!der_next(&in, &time) || !der_time(&time, &l->next_update))
		return unsupported("it does not say when the next one comes", e);
	der_take(&in, DER_SEQUENCE, &l->entries);
	if (in.n == 0)
		return 0;
	if (!der_take(&in, TAG_0, &extensions) || in.n != 0)
		return broken(e);
	return parse_extensions(extensions, l, e);
}

int crl_parse(struct str der, struct crl *out, struct err *e)
{
	struct crl l = { 0 };
	struct str all, rest = der;
	struct der tbs;
	if (der.n > CRL_MAX)
		return err_set(e, ERR_LIMIT, "a CRL of more than %d bytes", CRL_MAX);
	if (!der_valid(der) || !der_take(&rest, DER_SEQUENCE, &all) || !der_next(&all, &tbs) ||
	    tbs.tag != DER_SEQUENCE || !der_take_signature_alg(&all, DIGEST_NONE, &l.alg) ||
	    !der_take_bits(&all, &l.signature) || all.n != 0)
		return broken(e);
	if (l.alg == SIGNATURE_NONE)
		return unsupported("signed in a way that is not accepted", e);
	l.tbs = tbs.whole;
	int r = parse_tbs(tbs.content, &l, e);
	if (r == 0)
		*out = l;
	return r;
}

/* The list of a point is for the certificates that name the point. */
static bool same_point(const struct crl *l, const struct cert *c)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	struct strs theirs = { 0 }, ours = { 0 };
	struct str value;
	bool critical, partial = false;
	if (l->point.n == 0)
		return true;
	name_urls(l->point, &a, &theirs);
	if (cert_extension(c, "2.5.29.31", &critical, &value))
		crl_urls(value, &a, &ours, &partial);
	for (size_t i = 0; i < theirs.n; i++)
		for (size_t k = 0; k < ours.n; k++)
			if (str_eq(theirs.v[i], ours.v[k]))
				return true;
	return false;
}

int crl_check(const struct crl *l, const struct cert *c, const struct cert *issuer, int64_t now,
	      struct err *e)
{
	struct cert_fields of_c, of_issuer;
	bool critical, ca;
	unsigned usage;
	int path_len;
	cert_fields(c, &of_c);
	cert_fields(issuer, &of_issuer);
	cert_basic_constraints(c, &critical, &ca, &path_len);
	if (!str_eq(l->issuer, of_c.issuer) && !str_eq(l->issuer, of_issuer.subject))
		return err_set(e, ERR_NOT_FOUND, "the CRL is of another issuer");
	if ((l->users_only && ca) || (l->authorities_only && !ca) || !same_point(l, c))
		return err_set(e, ERR_NOT_FOUND, "the CRL is of other certificates of the issuer");
	if (cert_key_usage(issuer, &critical, &usage) && !(usage & CRL_SIGN))
		return err_set(e, ERR_INVALID, "the CRL's issuer may not sign CRLs");
	if (l->this_update > now + REVOCATION_SKEW)
		return err_set(e, ERR_INVALID, "the CRL is of a later time");
	if (l->next_update < now)
		return err_set(e, ERR_INVALID, "the CRL is too old");
	if (!cert_key(issuer) || !key_verify(cert_key(issuer), l->alg, l->tbs, l->signature))
		return err_set(e, ERR_INVALID, "the CRL's signature does not hold");
	return 0;
}

static bool read_entry(struct str in, struct revoked_state *out)
{
	struct str extensions = { 0 }, reason, value;
	struct extension x;
	struct der time;
	struct revoked_state s = { .revoked = true };
	if (!der_next(&in, &time) || !der_time(&time, &s.since))
		return false;
	if (in.n > 0 && (!der_take(&in, DER_SEQUENCE, &extensions) || in.n != 0))
		return false;
	while (extensions.n > 0) {
		if (!next_extension(&extensions, &x))
			return false;
		value = x.value;
		if (str_eq(x.oid, S(OID_REASON)) && der_take(&value, DER_ENUMERATED, &reason))
			s.revoked = !(reason.n == 1 && reason.p[0] == REASON_REMOVED);
		else if (str_eq(x.oid, S(OID_INVALIDITY)) &&
			 (!der_next(&value, &time) || !der_time(&time, &s.invalid)))
			return false;
	}
	*out = s;
	return true;
}

int crl_find(const struct crl *l, const struct cert *c, struct revoked_state *out, struct err *e)
{
	struct str in = l->entries, one;
	struct cert_fields f;
	struct der serial;
	int found = 0;
	cert_fields(c, &f);
	while (in.n > 0) {
		if (!der_take(&in, DER_SEQUENCE, &one) || !der_next(&one, &serial))
			return broken(e);
		if (!str_eq(serial.whole, f.serial))
			continue;
		if (!read_entry(one, out))
			return broken(e);
		found = 1;
	}
	return found;
}

/* INTEGERs in their shortest form, none negative. */
static int compare_numbers(struct str a, struct str b)
{
	return a.n != b.n ? (a.n < b.n ? -1 : 1) : str_cmp(a, b);
}

bool crl_extends(const struct crl *delta, const struct crl *base)
{
	return delta->delta && !base->delta && base->number.n > 0 &&
	       str_eq(delta->issuer, base->issuer) && str_eq(delta->point, base->point) &&
	       delta->users_only == base->users_only &&
	       delta->authorities_only == base->authorities_only &&
	       compare_numbers(delta->base, base->number) <= 0 &&
	       compare_numbers(delta->number, base->number) >= 0;
}
