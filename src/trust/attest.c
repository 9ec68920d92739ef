/* In-toto statements about images (in-toto attestation framework 1.0, Statement 0.1 and 1) and the predicates that
 * cosign's --type names.
 *
 * The predicate is a file of the user's and may be large (an SBOM): it is checked as a stream and copied as it is, never
 * taken apart and written again. */
#include "trust/attest.h"

#include "base/stream.h"
#include "base/time.h"

#include <stdlib.h>

static int by_key(const void *a, const void *b)
{
	const struct annotation *x = a, *y = b;
	return str_cmp(x->key, y->key);
}

static void put_subject(struct json_out *o, const struct statement_parts *p, struct arena *a)
{
	char text[DIGEST_TEXT];
	struct str hex = str_of(digest_text(p->digest, text)), alg = str_cut(&hex, ':');
	struct annotation *sorted = arena_array(a, p->n_annotations + 1, sizeof *sorted);
	json_begin_object(o);
	json_put_member_opt(o, "name", p->name);
	json_put_key(o, "digest");
	json_begin_object(o);
	json_put_member(o, arena_cstr(a, alg), hex);
	json_end_object(o);
	if (p->n_annotations) {
		memcpy(sorted, p->annotations, p->n_annotations * sizeof *sorted);
		qsort(sorted, p->n_annotations, sizeof *sorted, by_key);
		json_put_key(o, "annotations");
		json_begin_object(o);
		for (size_t i = 0; i < p->n_annotations; i++)
			json_put_member(o, arena_cstr(a, sorted[i].key), sorted[i].value);
		json_end_object(o);
	}
	json_end_object(o);
}

void statement_parts_write(const struct statement_parts *p, struct buf *out)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	struct json_out o;
	json_out_init(&o, out, 0);
	o.html = true;
	json_begin_object(&o);
	json_put_member(&o, "_type", str_of(p->type));
	json_put_key(&o, "subject");
	json_begin_array(&o);
	put_subject(&o, p, &a);
	json_end_array(&o);
	json_put_member(&o, "predicateType", p->predicate_type);
	json_put_key(&o, "predicate");
	json_put_raw(&o, p->predicate);
	json_end_object(&o);
}

/* Predicates. */
static int pass_over(void *ctx, unsigned depth, struct str key, size_t index, struct err *e)
{
	(void)ctx, (void)depth, (void)key, (void)index, (void)e;
	return 0;
}

static int check_object(struct str text, struct err *e)
{
	static const struct json_handlers handlers = { .member = pass_over };
	struct stream *in CLEANUP(cleanup_stream) = stream_mem(text);
	if (!str_starts(text, S("{")))
		return err_set(e, ERR_INVALID, "it is no JSON object");
	return json_read(in, &handlers, NULL, e);
}

/* cosign's custom predicate: the file as text, and when. */
static struct str wrap_custom(struct str file, int64_t now, struct arena *a)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	struct json_out o;
	char time[TIME_TEXT];
	json_out_init(&o, &b, 0);
	o.html = true;
	json_begin_object(&o);
	json_put_member(&o, "Data", file);
	json_put_member(&o, "Timestamp", str_of(time_text(now, time)));
	json_end_object(&o);
	return arena_str(a, str_buf(&b));
}

static struct str as_text(struct str file, struct arena *a)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	struct json_out o;
	json_out_init(&o, &b, 0);
	o.html = true;
	json_put_str(&o, file);
	return arena_str(a, str_buf(&b));
}

int predicate_make(struct str type, struct str file, int64_t now, struct arena *a,
		   struct str *type_uri, struct str *predicate, struct err *e)
{
	struct str uri = predicate_type_uri(type), text = str_trim(file);
	bool tag_value = str_eq(type, S("spdx")) && !str_starts(text, S("{"));
	bool custom = str_eq(type, S("custom"));
	if (!uri.n || str_find_char(uri, ' ') >= 0 || !str_is_utf8(uri))
		return err_set(e, ERR_INVALID,
			       "'%.*s' is neither a predicate type by name nor a URI", STR(type));
	if (file.n > PREDICATE_MAX)
		return err_set(e, ERR_LIMIT, "the predicate has more than %d bytes", PREDICATE_MAX);
	if ((custom || tag_value) && !str_is_utf8(file))
		return err_set(e, ERR_INVALID, "the predicate is no text");
	if (!custom && !tag_value && check_object(text, e))
		return err_in(e, "predicate");
	*predicate = custom ? wrap_custom(file, now, a) : tag_value ? as_text(file, a) : text;
	*type_uri = arena_str(a, uri);
	return 0;
}

int attest_image(struct source *into, const struct attestation *t, struct arena *a,
		 struct made *out, struct err *e)
{
	struct making m = {
		.into = into,
		.target = t->subject,
		.name = t->name,
		.predicate_type = t->predicate_type,
		.predicate = t->predicate,
		.signer = t->signer,
		.key = t->key,
		.chain = t->chain,
		.now = t->now,
		.created = t->now,
	};
	struct made bundle, tag;
	if (scheme_find(S("bundle"))->make(&m, a, &bundle, e))
		return e->code;
	if (t->also_tag && scheme_find(S("cosign"))->make(&m, a, &tag, e))
		return e->code;
	*out = bundle;
	return 0;
}
