/* The payload that notation signs: {"targetArtifact": DESCRIPTOR}, JSON. It is looked at only after the signature over its
 * bytes was found good, and then still as something that a signer chose: keys that are there twice, sizes that are no
 * numbers and digests that are none are refused; what is not known is passed over, as others do. */
#include "trust/notation_envelope.h"

enum { KEYS_MAX = 2000 };

/* Quadratic, so bounded by the whole document. */
static int check_keys(const struct json *j, size_t *left, struct err *e)
{
	JSON_EACH(child, j)
	{
		if (*left == 0)
			return err_set(e, ERR_LIMIT, "more than %d values", KEYS_MAX);
		--*left;
		if (check_keys(child, left, e))
			return e->code;
		if (!json_is_object(j))
			continue;
		for (const struct json *k = json_first(j); k != child; k = json_next(k))
			if (str_eq(json_key(k), json_key(child)))
				return err_set(e, ERR_INVALID, "'%.*s' is there twice",
					       STR(str_upto(json_key(child), 100)));
	}
	return 0;
}

int notation_json(struct str text, struct json **out, struct err *e)
{
	struct json *j CLEANUP(cleanup_json) = NULL;
	size_t left = KEYS_MAX;
	if (json_parse(text, &j, e))
		return e->code;
	if (!json_is_object(j))
		return err_set(e, ERR_INVALID, "no JSON object");
	if (check_keys(j, &left, e))
		return e->code;
	*out = STEAL(j);
	return 0;
}

static int read_annotations(const struct json *j, struct arena *a, struct descriptor *out,
			    struct err *e)
{
	size_t n = json_count(j);
	if (!j)
		return 0;
	if (!json_is_object(j) || n > NOTATION_ANNOTATIONS_MAX)
		return err_set(e, ERR_INVALID, "its annotations are no object, or more than %d",
			       NOTATION_ANNOTATIONS_MAX);
	out->annotations = arena_array(a, n, sizeof *out->annotations);
	JSON_EACH(child, j)
	{
		if (!json_is_string(child))
			return err_set(e, ERR_INVALID, "an annotation is no text");
		out->annotations[out->n_annotations++] =
			(struct annotation){ arena_str(a, json_key(child)),
					     arena_str(a, json_str(child)) };
	}
	return 0;
}

int notation_payload_read(struct str payload, struct arena *a, struct descriptor *out,
			  struct err *e)
{
	struct json *j CLEANUP(cleanup_json) = NULL;
	struct descriptor d = { 0 };
	if (payload.n > NOTATION_PAYLOAD_MAX)
		return err_set(e, ERR_LIMIT, "a payload of %zu bytes is larger than %d", payload.n,
			       NOTATION_PAYLOAD_MAX);
	if (notation_json(payload, &j, e))
		return err_in(e, "payload");
	const struct json *target = json_get(j, "targetArtifact");
	d.media_type = arena_str(a, json_get_str(target, "mediaType"));
	if (d.media_type.n == 0 || !json_u64(json_get(target, "size"), &d.size))
		return err_set(e, ERR_INVALID, "payload: the artifact has no media type or size");
	if (digest_parse(json_get_str(target, "digest"), &d.digest, e) ||
	    read_annotations(json_get(target, "annotations"), a, &d, e))
		return err_in(e, "payload");
	*out = d;
	return 0;
}

static int compare_annotations(const void *a, const void *b)
{
	return str_cmp(((const struct annotation *)a)->key, ((const struct annotation *)b)->key);
}

struct str notation_payload_write(const struct descriptor *target, const struct annotation *v,
				  size_t n, struct arena *a)
{
	struct annotation *sorted = arena_array(a, n, sizeof *sorted);
	char text[DIGEST_TEXT];
	struct buf b = { 0 };
	struct json_out o;
	json_out_init(&o, &b, 0);
	o.html = true;
	json_begin_object(&o);
	json_put_key(&o, "targetArtifact");
	json_begin_object(&o);
	json_put_member(&o, "mediaType", target->media_type);
	json_put_member(&o, "digest", str_of(digest_text(&target->digest, text)));
	json_put_key(&o, "size");
	json_put_u64(&o, target->size);
	if (n) {
		memcpy(sorted, v, n * sizeof *v);
		qsort(sorted, n, sizeof *sorted, compare_annotations);
		json_put_key(&o, "annotations");
		json_begin_object(&o);
		for (size_t i = 0; i < n; i++)
			json_put_member(&o, arena_cstr(a, sorted[i].key), sorted[i].value);
		json_end_object(&o);
	}
	json_end_object(&o);
	json_end_object(&o);
	struct str s = arena_str(a, str_buf(&b));
	buf_done(&b);
	return s;
}
