/* in-toto Statements 0.1 and 1: {"_type", "subject": [{"name", "digest": {alg: hex}}], "predicateType", "predicate"}.
 * The bytes are signed, but by whom is not for this file to say: lists and digests are bounded, and a key that two readers
 * could read differently because it is there twice is refused. Digests of algorithms that are not ours are passed over. */
#include "trust/dsse.h"

enum { KEYS_MAX = 100 };

static const struct {
	const char *name, *uri;
} types[] = {
	{ "slsaprovenance", "https://slsa.dev/provenance/v0.2" },
	{ "slsaprovenance02", "https://slsa.dev/provenance/v0.2" },
	{ "slsaprovenance1", "https://slsa.dev/provenance/v1" },
	{ "spdx", "https://spdx.dev/Document" },
	{ "spdxjson", "https://spdx.dev/Document" },
	{ "cyclonedx", "https://cyclonedx.org/bom" },
	{ "link", "https://in-toto.io/Link/v1" },
	{ "vuln", "https://cosign.sigstore.dev/attestation/vuln/v1" },
	{ "openvex", "https://openvex.dev/ns" },
	{ "custom", "https://cosign.sigstore.dev/attestation/v1" },
};
static const struct {
	const char *name;
	enum digest_alg alg;
} algs[] = {
	{ "sha256", DIGEST_SHA256 },
	{ "sha384", DIGEST_SHA384 },
	{ "sha512", DIGEST_SHA512 },
};

struct str predicate_type_uri(struct str name)
{
	for (size_t i = 0; i < COUNT(types); i++)
		if (str_eq(name, str_of(types[i].name)))
			return str_of(types[i].uri);
	return str_find_char(name, ':') > 0 ? name : (struct str){ 0 };
}

/* And they are few: nothing that we ask has many. */
static bool keys_differ(const struct json *object)
{
	if (json_count(object) > KEYS_MAX)
		return false;
	JSON_EACH(one, object)
	for (const struct json *other = json_next(one); other; other = json_next(other))
		if (str_eq(json_key(one), json_key(other)))
			return false;
	return true;
}

static int parse_digests(const struct json *object, struct arena *a, struct statement_subject *s,
			 struct err *e)
{
	size_t n = json_is_object(object) ? json_count(object) : 0;
	if (n == 0)
		return err_set(e, ERR_INVALID, "a subject has no digest");
	if (n > SUBJECT_DIGESTS_MAX)
		return err_set(e, ERR_LIMIT, "a subject has more than %d digests",
			       SUBJECT_DIGESTS_MAX);
	if (!keys_differ(object))
		return err_set(e, ERR_INVALID, "a subject has two digests of one algorithm");
	s->digests = arena_array(a, n, sizeof *s->digests);
	JSON_EACH(child, object)
	for (size_t i = 0; i < COUNT(algs); i++) {
		if (!str_eq(json_key(child), str_of(algs[i].name)))
			continue;
		if (!digest_from_hex(algs[i].alg, json_str(child), &s->digests[s->n_digests++]))
			return err_set(e, ERR_INVALID, "a subject's %s is no digest", algs[i].name);
	}
	return 0;
}

static int parse_subjects(const struct json *list, struct arena *a, struct statement *s,
			  struct err *e)
{
	size_t n = json_is_array(list) ? json_count(list) : 0;
	if (n == 0)
		return err_set(e, ERR_INVALID, "the statement has no subject");
	if (n > STATEMENT_SUBJECTS_MAX)
		return err_set(e, ERR_LIMIT, "the statement has more than %d subjects",
			       STATEMENT_SUBJECTS_MAX);
	s->subjects = arena_array(a, n, sizeof *s->subjects);
	JSON_EACH(child, list)
	{
		struct statement_subject *one = &s->subjects[s->n_subjects++];
		*one = (struct statement_subject){
			.name = json_get_str(child, "name"),
			.annotations = json_get(child, "annotations"),
		};
		if (!keys_differ(child))
			return err_set(e, ERR_INVALID, "a subject has a key twice, or too many");
		if (parse_digests(json_get(child, "digest"), a, one, e))
			return e->code;
	}
	return 0;
}

static int parse(struct statement *s, struct arena *a, struct err *e)
{
	if (!json_is_object(s->tree))
		return err_set(e, ERR_INVALID, "the statement is no JSON object");
	s->type = json_get_str(s->tree, "_type");
	if (!str_eq(s->type, S("https://in-toto.io/Statement/v1")) &&
	    !str_eq(s->type, S("https://in-toto.io/Statement/v0.1")))
		return err_set(e, ERR_INVALID, "'%.*s' is no in-toto Statement that we know",
			       STR(str_upto(s->type, 100)));
	if (!keys_differ(s->tree))
		return err_set(e, ERR_INVALID, "the statement has a key twice, or too many");
	s->predicate_type = json_get_str(s->tree, "predicateType");
	if (s->predicate_type.n == 0)
		return err_set(e, ERR_INVALID, "the statement has no predicateType");
	s->predicate = json_get(s->tree, "predicate");
	if (json_is_null(s->predicate))
		s->predicate = NULL;
	if (s->predicate && !json_is_object(s->predicate) && !json_is_string(s->predicate))
		return err_set(e, ERR_INVALID,
			       "the statement's predicate is neither object nor text");
	return parse_subjects(json_get(s->tree, "subject"), a, s, e);
}

int statement_parse(struct str payload, struct arena *a, struct statement *out, struct err *e)
{
	struct statement s = { 0 };
	if (json_parse_upto(payload, DSSE_MAX, &s.tree, e))
		return err_in(e, "in-toto Statement");
	if (parse(&s, a, e)) {
		json_free(s.tree);
		return e->code;
	}
	*out = s;
	return 0;
}

void statement_done(struct statement *s)
{
	json_free(s->tree);
	s->tree = NULL;
}

bool statement_has_subject(const struct statement *s, const struct digest *d)
{
	for (size_t i = 0; i < s->n_subjects; i++)
		for (size_t k = 0; k < s->subjects[i].n_digests; k++)
			if (digest_eq(&s->subjects[i].digests[k], d))
				return true;
	return false;
}
