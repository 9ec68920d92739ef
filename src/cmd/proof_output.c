/* Proofs as text and as JSON. Names of checks and members are stable; texts are not. */
#include "cmd/proof_output.h"
#include "base/time.h"
#include "oci/oci.h"

#include <stdio.h>

static void put_digest(struct json_out *o, const char *key, const struct digest *d)
{
	char text[DIGEST_TEXT];
	if (d->alg != DIGEST_NONE)
		json_put_member(o, key, str_of(digest_text(d, text)));
}

static void put_checks(struct json_out *o, const struct proof *p)
{
	json_put_key(o, "checks");
	json_begin_array(o);
	for (size_t i = 0; i < p->n_checks; i++) {
		json_begin_object(o);
		json_put_member(o, "name", str_of(p->checks[i].name));
		json_put_member(o, "result", str_of(check_result_name(p->checks[i].result)));
		json_put_member_opt(o, "text", p->checks[i].text);
		json_end_object(o);
	}
	json_end_array(o);
}

static void put_claims(struct json_out *o, const struct proof *p)
{
	if (!p->claims.n)
		return;
	json_put_key(o, "claims");
	json_begin_object(o);
	for (size_t i = 0; i < p->claims.n; i++)
		json_put_member(o, p->claims.v[i].name, p->claims.v[i].value);
	json_end_object(o);
}

static void put_annotations(struct json_out *o, const struct proof *p)
{
	if (!p->annotations.n)
		return;
	json_put_key(o, "annotations");
	json_begin_array(o);
	for (size_t i = 0; i < p->annotations.n; i++) {
		json_begin_object(o);
		json_put_member(o, "key", p->annotations.v[i].key);
		json_put_member(o, "value", p->annotations.v[i].value);
		json_end_object(o);
	}
	json_end_array(o);
}

void proof_put_json(struct json_out *o, const struct proof *p)
{
	char time[TIME_TEXT];
	json_begin_object(o);
	json_put_member(o, "format", p->format);
	json_put_member(o, "result", str_of(check_result_name(p->result)));
	json_put_member_opt(o, "why", p->why);
	put_digest(o, "manifest", &p->found);
	put_digest(o, "artifact", &p->artifact);
	put_digest(o, "key", &p->key);
	json_put_member_opt(o, "keyName", p->key_name);
	json_put_member_opt(o, "algorithm", p->algorithm);
	json_put_member_opt(o, "identity", p->identity);
	json_put_member_opt(o, "issuer", p->issuer);
	put_claims(o, p);
	if (p->time)
		json_put_member(o, "time", str_of(time_text(p->time, time)));
	json_put_member_opt(o, "timeFrom", p->time_from);
	json_put_member_opt(o, "root", p->root);
	json_put_member_opt(o, "predicateType", p->predicate_type);
	put_annotations(o, p);
	put_checks(o, p);
	json_end_object(o);
}

void proofs_print_json(struct str artifact, const struct digest *d, bool verified, struct str why,
		       const struct proof *v, size_t n)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	struct json_out o;
	json_out_init(&o, &b, 2);
	json_begin_object(&o);
	json_put_member(&o, "artifact", artifact);
	put_digest(&o, "digest", d);
	json_put_key(&o, "verified");
	json_put_bool(&o, verified);
	json_put_member_opt(&o, "why", why);
	json_put_key(&o, "signatures");
	json_begin_array(&o);
	for (size_t i = 0; i < n; i++)
		proof_put_json(&o, &v[i]);
	json_end_array(&o);
	json_end_object(&o);
	puts(buf_cstr(&b));
}

static void say_text(const struct args *a, const char *what, struct str text)
{
	if (text.n)
		say(a, "  %-14s %.*s", what, STR(text));
}

void proof_say(const struct args *a, const struct proof *p)
{
	char time[TIME_TEXT], digest[DIGEST_TEXT];
	say_text(a, "identity", p->identity);
	say_text(a, "issuer", p->issuer);
	say_text(a, "key", p->key_name);
	if (p->key.alg != DIGEST_NONE)
		say(a, "  %-14s %s", p->key_name.n ? "" : "key", digest_text(&p->key, digest));
	if (p->time)
		say(a, "  %-14s %s, %.*s", "signed", time_text(p->time, time), STR(p->time_from));
	say_text(a, "root", p->root);
	say_text(a, "predicate", p->predicate_type);
	for (size_t i = 0; i < p->n_checks; i++)
		say(a, "  %-14s %s%s%.*s", p->checks[i].name,
		    check_result_name(p->checks[i].result), p->checks[i].text.n ? ": " : "",
		    STR(p->checks[i].text));
}

int proofs_status(const struct proof *v, size_t n, struct str *why)
{
	int status = EXIT_NO;
	struct str reason = S("there is no signature");
	for (size_t i = 0; i < n; i++) {
		if (v[i].result == CHECK_YES)
			return EXIT_YES;
		if (i == 0 || (v[i].result == CHECK_UNKNOWN && status == EXIT_NO))
			reason = v[i].why;
		if (v[i].result == CHECK_UNKNOWN)
			status = EXIT_FAILED;
	}
	*why = reason;
	return status;
}
