/* Identities. An expression always has to describe the whole text: one that is searched for anywhere would take
 * "https://github.com/us/" for "https://evil.example/https://github.com/us/". An expression that is given up (steps,
 * memory) does not match. Extensions .1 to .6 hold bare text, .8 and the later ones a DER UTF8String. */
#include "trust/identity.h"

static const struct {
	const char *oid, *name;
	bool der;
} extensions[] = {
	{ "1.3.6.1.4.1.57264.1.2", "workflow-trigger", false },
	{ "1.3.6.1.4.1.57264.1.3", "workflow-sha", false },
	{ "1.3.6.1.4.1.57264.1.4", "workflow-name", false },
	{ "1.3.6.1.4.1.57264.1.5", "workflow-repository", false },
	{ "1.3.6.1.4.1.57264.1.6", "workflow-ref", false },
	{ "1.3.6.1.4.1.57264.1.9", "build-signer-uri", true },
	{ "1.3.6.1.4.1.57264.1.10", "build-signer-digest", true },
	{ "1.3.6.1.4.1.57264.1.11", "runner-environment", true },
	{ "1.3.6.1.4.1.57264.1.12", "source-repository-uri", true },
	{ "1.3.6.1.4.1.57264.1.13", "source-repository-digest", true },
	{ "1.3.6.1.4.1.57264.1.14", "source-repository-ref", true },
	{ "1.3.6.1.4.1.57264.1.15", "source-repository-identifier", true },
	{ "1.3.6.1.4.1.57264.1.16", "source-repository-owner-uri", true },
	{ "1.3.6.1.4.1.57264.1.17", "source-repository-owner-identifier", true },
	{ "1.3.6.1.4.1.57264.1.18", "build-config-uri", true },
	{ "1.3.6.1.4.1.57264.1.19", "build-config-digest", true },
	{ "1.3.6.1.4.1.57264.1.20", "build-trigger", true },
	{ "1.3.6.1.4.1.57264.1.21", "run-invocation-uri", true },
	{ "1.3.6.1.4.1.57264.1.22", "source-repository-visibility", true },
	{ "1.3.6.1.4.1.57264.1.23", "deployment-environment", true },
	{ "1.3.6.1.4.1.57264.1.24", "token-subject", true },
};
#define OID_ISSUER "1.3.6.1.4.1.57264.1.8"
#define OID_ISSUER_OLD "1.3.6.1.4.1.57264.1.1"

int text_matcher_init(struct text_matcher *m, const struct str *exact, const struct str *regexp,
		      struct err *e)
{
	struct text_matcher made = { 0 };
	if (exact) {
		made.has_exact = true;
		made.exact = *exact;
	}
	if (regexp && regexp_open(*regexp, &made.regexp, e))
		return e->code;
	*m = made;
	return 0;
}

void text_matcher_done(struct text_matcher *m)
{
	regexp_close(m->regexp);
	m->regexp = NULL;
}

bool text_matcher_is_set(const struct text_matcher *m)
{
	return m->has_exact || m->regexp;
}

bool text_matcher_matches(const struct text_matcher *m, struct str text)
{
	return text_matcher_is_set(m) && (!m->has_exact || str_eq(m->exact, text)) &&
	       (!m->regexp || regexp_whole(m->regexp, text) == 1);
}

void identity_done(struct identity *i)
{
	text_matcher_done(&i->san);
	text_matcher_done(&i->issuer);
	for (size_t k = 0; k < i->n_claims; k++)
		text_matcher_done(&i->claims[k].value);
}

static struct str claim_of(const struct proof *p, const char *name)
{
	for (size_t i = 0; i < p->claims.n; i++)
		if (strcmp(p->claims.v[i].name, name) == 0)
			return p->claims.v[i].value;
	return (struct str){ 0 };
}

int identity_matches(const struct identity *i, const struct proof *p, struct err *e)
{
	if (!text_matcher_is_set(&i->san) || !text_matcher_is_set(&i->issuer)) {
		err_set(e, ERR_INVALID,
			"an identity without a name or without an issuer allows nobody");
		return 0;
	}
	if (!p->identity.n) {
		err_set(e, ERR_INVALID, "the certificate names nobody");
		return 0;
	}
	if (!text_matcher_matches(&i->san, p->identity)) {
		err_set(e, ERR_INVALID, "signed by '%.*s', which is not wanted",
			STR(str_upto(p->identity, 200)));
		return 0;
	}
	if (!text_matcher_matches(&i->issuer, p->issuer)) {
		err_set(e, ERR_INVALID, "issuer '%.*s' is not wanted",
			STR(str_upto(p->issuer, 200)));
		return 0;
	}
	for (size_t k = 0; k < i->n_claims; k++) {
		struct str have = claim_of(p, i->claims[k].name);
		if (text_matcher_matches(&i->claims[k].value, have))
			continue;
		err_set(e, ERR_INVALID, "%s is '%.*s', which is not wanted", i->claims[k].name,
			STR(str_upto(have, 200)));
		return 0;
	}
	return 1;
}

/* A DER UTF8String that fills the value. */
static bool utf8_string(struct str der, struct str *out)
{
	const unsigned char *p = (const unsigned char *)der.p;
	size_t n, head = 2;
	if (der.n < 2 || p[0] != 0x0c)
		return false;
	n = p[1];
	if (p[1] == 0x81 && der.n > 2) {
		n = p[2];
		head = 3;
	} else if (p[1] == 0x82 && der.n > 3) {
		n = (size_t)p[2] << 8 | p[3];
		head = 4;
	} else if (p[1] > 0x7f) {
		return false;
	}
	if (der.n != head + n)
		return false;
	*out = str_from(der, head);
	return true;
}

static int read_extension(const struct cert *c, const char *oid, bool der, struct arena *a,
			  struct str *out, struct err *e)
{
	bool critical;
	struct str value, text;
	if (!cert_extension(c, oid, &critical, &value))
		return 0;
	text = value;
	if ((der && !utf8_string(value, &text)) || !str_is_utf8(text))
		return err_set(e, ERR_INVALID, "the certificate's extension %s is no text", oid);
	*out = arena_str(a, text);
	return 0;
}

static struct str choose_san(const struct cert *c, struct arena *a)
{
	static const enum san_kind order[] = { SAN_URI, SAN_EMAIL, SAN_OTHER_NAME, SAN_DNS };
	struct san *v = NULL;
	size_t n = 0;
	cert_sans(c, a, &v, &n);
	for (size_t k = 0; k < COUNT(order); k++)
		for (size_t i = 0; i < n; i++)
			if (v[i].kind == order[k])
				return v[i].value;
	return (struct str){ 0 };
}

int proof_claims_of(struct proof *p, struct arena *a, const struct cert *c, struct err *e)
{
	p->identity = choose_san(c, a);
	p->issuer = (struct str){ 0 };
	if (read_extension(c, OID_ISSUER_OLD, false, a, &p->issuer, e) ||
	    read_extension(c, OID_ISSUER, true, a, &p->issuer, e))
		return e->code;
	for (size_t i = 0; i < COUNT(extensions); i++) {
		struct str value = { 0 };
		if (read_extension(c, extensions[i].oid, extensions[i].der, a, &value, e))
			return e->code;
		proof_claim(p, a, extensions[i].name, value);
	}
	return 0;
}
