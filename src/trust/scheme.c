/* The list of signature formats, and what those of them share that carry in-toto statements.
 *
 * An attestation about an image, an SBOM say, is signed by somebody but is no approval of the image: the predicate type
 * decides, always, and one that was not asked for is neither taken nor counted. */
#include "trust/scheme.h"

#define FORMAT(name) extern const struct scheme scheme_##name;
#include "trust/formats.def"
#undef FORMAT

const struct scheme *const schemes[] = {
#define FORMAT(name) &scheme_##name,
#include "trust/formats.def"
#undef FORMAT
	NULL,
};

const struct scheme *scheme_find(struct str name)
{
	for (size_t i = 0; schemes[i]; i++)
		if (str_eq(name, str_of(schemes[i]->name)))
			return schemes[i];
	return NULL;
}

int scheme_peek(const struct dsse *d, struct arena *a, struct str *predicate_type, struct err *e)
{
	struct statement s;
	if (!str_eq(d->payload_type, S(DSSE_IN_TOTO)))
		return err_set(e, ERR_INVALID, "payload type '%.*s' is not " DSSE_IN_TOTO,
			       STR(str_upto(d->payload_type, 100)));
	if (statement_parse(d->payload, a, &s, e))
		return e->code;
	*predicate_type = arena_str(a, s.predicate_type);
	statement_done(&s);
	return 0;
}

/* Annotations of the subject that is the target: they are signed. */
static void add_annotations(const struct statement_subject *s, struct arena *a, struct proof *out)
{
	JSON_EACH(child, s->annotations)
	{
		if (json_is_string(child))
			*ARENA_PUSH(a, out->annotations.v, out->annotations.n,
				    out->annotations.cap) =
				(struct annotation){ arena_str(a, json_key(child)),
						     arena_str(a, json_str(child)) };
	}
}

static void check_subject(const struct statement *s, const struct digest *d, struct arena *a,
			  struct proof *out)
{
	char text[DIGEST_TEXT];
	digest_text(d, text);
	if (!statement_has_subject(s, d)) {
		proof_check(out, a, "artifact", CHECK_NO, "the statement is not about %s", text);
		return;
	}
	out->artifact = *d;
	for (size_t i = 0; i < s->n_subjects; i++)
		for (size_t k = 0; k < s->subjects[i].n_digests; k++)
			if (digest_eq(&s->subjects[i].digests[k], d)) {
				add_annotations(&s->subjects[i], a, out);
				break;
			}
	proof_check(out, a, "artifact", CHECK_YES, "the statement is about %s", text);
}

void scheme_check_statement(const struct wanted *w, struct arena *a, struct proof *out)
{
	struct statement s;
	struct err e = { 0 };
	struct str type = w->predicate_type.n ? w->predicate_type : S(PREDICATE_COSIGN_SIGN);
	if (statement_parse(out->payload, a, &s, &e)) {
		proof_check(out, a, "predicate-type", CHECK_NO, "%s", e.text);
		return;
	}
	out->predicate_type = arena_str(a, s.predicate_type);
	if (str_eq(s.predicate_type, type))
		proof_check(out, a, "predicate-type", CHECK_YES, "%.*s", STR(type));
	else
		proof_check(out, a, "predicate-type", CHECK_NO, "it is '%.*s', not '%.*s'",
			    STR(str_upto(s.predicate_type, 200)), STR(type));
	check_subject(&s, &w->target->digest, a, out);
	statement_done(&s);
}

int scheme_judge_statement(const struct sigstore_bundle *b, struct str signs,
			   const struct wanted *w, const struct trust_policy *p, struct arena *a,
			   struct proof *out, struct err *e)
{
	struct str type = { 0 };
	struct err why = { 0 };
	if (scheme_peek(&b->dsse, a, &type, &why)) {
		proof_check(out, a, "predicate-type", CHECK_NO, "%s", why.text);
		return JUDGED;
	}
	out->predicate_type = type;
	if (!str_eq(type, w->predicate_type.n ? w->predicate_type : signs))
		return JUDGED_OTHER;
	if (sigstore_verify(b, NULL, p->sigstore, a, out, e))
		return e->code;
	out->payload = arena_str(a, out->payload); /* it was the bundle's */
	if (out->result == CHECK_YES)
		scheme_check_statement(w, a, out);
	return JUDGED;
}
