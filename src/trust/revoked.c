/* The list of what is no longer trusted, as people write it (YAML, see revoked.h). It takes trust away, so nothing in it is
 * passed over: a key that is not known, an entry that names nothing or two things, a date that is none make the whole list
 * invalid. Identities are compared byte by byte; there are no patterns. */
#include "trust/revoked.h"

#include "base/time.h"
#include "base/yaml.h"

static int parse_digest(const struct yaml *y, struct digest *out, struct err *e)
{
	int r = digest_parse(y->value, out, e);
	if (r == 0 && out->alg != DIGEST_SHA256)
		r = err_set(e, ERR_INVALID, "'%.*s' is not of SHA-256",
			    STR(str_upto(y->value, 100)));
	return r;
}

static int parse_field(const struct yaml *y, struct revoked *out, struct err *e)
{
	if (y->kind != YAML_SCALAR || y->value.n == 0)
		return err_set(e, ERR_INVALID, "'%.*s' needs a text", STR(str_upto(y->key, 100)));
	if (str_eq(y->key, S("key")))
		return parse_digest(y, &out->key, e);
	if (str_eq(y->key, S("certificate")))
		return parse_digest(y, &out->certificate, e);
	if (str_eq(y->key, S("identity")))
		out->identity = y->value;
	else if (str_eq(y->key, S("reason")))
		out->reason = y->value;
	else if (!str_eq(y->key, S("since")))
		return err_set(e, ERR_INVALID, "'%.*s' is not known", STR(str_upto(y->key, 100)));
	else if (!time_parse(y->value, &out->since))
		return err_set(e, ERR_INVALID, "'%.*s' is no time", STR(str_upto(y->value, 100)));
	return 0;
}

static int parse_entry(const struct yaml *y, struct revoked *out, struct err *e)
{
	struct revoked v = { .since = INT64_MIN };
	if (y->kind != YAML_MAP)
		return err_set(e, ERR_INVALID, "an entry that is no map");
	for (const struct yaml *f = y->first; f; f = f->next) {
		int r = parse_field(f, &v, e);
		if (r < 0)
			return r;
	}
	if ((v.key.alg != DIGEST_NONE) + (v.certificate.alg != DIGEST_NONE) + (v.identity.n > 0) !=
	    1)
		return err_set(e, ERR_INVALID,
			       "an entry needs one of key, certificate and identity");
	*out = v;
	return 0;
}

int revocations_parse(struct str yaml, struct str from, struct arena *a, struct revocations *out,
		      struct err *e)
{
	struct revocations v = { 0 };
	struct yaml *root;
	if (yaml.n > REVOKED_FILE_MAX)
		return err_set(e, ERR_LIMIT, "%.*s: more than %d bytes", STR(from),
			       REVOKED_FILE_MAX);
	int r = yaml_parse(a, yaml, &root, e);
	if (r < 0)
		return err_in(e, "%.*s", STR(from));
	const struct yaml *list = yaml_get(root, S("revoked"));
	if (!list || list->next || root->first != list ||
	    (list->kind != YAML_LIST && list->value.n > 0) || list->kind == YAML_MAP)
		return err_set(e, ERR_INVALID,
			       "%.*s: a list 'revoked' is expected, and nothing else", STR(from));
	for (const struct yaml *y = list->first; y; y = y->next) {
		if (v.n == REVOKED_MAX)
			return err_set(e, ERR_LIMIT, "%.*s: more than %d entries", STR(from),
				       REVOKED_MAX);
		r = parse_entry(y, ARENA_PUSH(a, v.v, v.n, v.cap), e);
		if (r < 0)
			return err_in(e, "%.*s:%u", STR(from), y->line);
	}
	*out = v;
	return 0;
}

static bool names(const struct revoked *v, const struct digest *key,
		  const struct digest *certificate, struct str identity)
{
	return (v->key.alg != DIGEST_NONE && key && digest_eq(&v->key, key)) ||
	       (v->certificate.alg != DIGEST_NONE && certificate &&
		digest_eq(&v->certificate, certificate)) ||
	       (v->identity.n > 0 && str_eq(v->identity, identity));
}

int revocations_allow(const struct revocations *r, const struct digest *key,
		      const struct digest *certificate, struct str identity, int64_t trusted_time,
		      struct err *e)
{
	char text[DIGEST_TEXT], since[TIME_TEXT];
	for (size_t i = 0; i < r->n; i++) {
		const struct revoked *v = &r->v[i];
		if (!names(v, key, certificate, identity) ||
		    (trusted_time != 0 && trusted_time < v->since))
			continue;
		bool always = v->since == INT64_MIN;
		struct str who =
			v->identity.n > 0
				? v->identity
				: str_of(digest_text(v->key.alg ? &v->key : &v->certificate, text));
		return err_set(e, 0, "%s %.*s is revoked%s%s%s%.*s",
			       v->identity.n > 0 ? "identity"
			       : v->key.alg	 ? "key"
						 : "certificate",
			       STR(str_upto(who, 150)), always ? "" : " since ",
			       always ? "" : time_text(v->since, since), v->reason.n ? ": " : "",
			       STR(str_upto(v->reason, 150)));
	}
	return 1;
}
