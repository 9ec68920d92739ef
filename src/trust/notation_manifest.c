/* The OCI manifest that carries a notation signature: an artifact of its own type with the empty configuration, or the older
 * form whose configuration has that type; one layer, the envelope; a subject. A registry may serve anything, so the subject is
 * held against the one asked about, and sizes against limits before anything is fetched. */
#include "trust/notation_envelope.h"
#include "base/time.h"
#include "oci/media_type.h"

static int read_descriptor(const struct json *j, struct arena *a, struct descriptor *out,
			   struct err *e)
{
	struct descriptor d = { .media_type = arena_str(a, json_get_str(j, "mediaType")) };
	if (!json_u64(json_get(j, "size"), &d.size))
		return err_set(e, ERR_INVALID, "a descriptor has no size");
	if (digest_parse(json_get_str(j, "digest"), &d.digest, e))
		return e->code;
	*out = d;
	return 0;
}

static bool is_signature(const struct json *j)
{
	struct str config = json_get_str(json_get(j, "config"), "mediaType"),
		   type = json_get_str(j, "artifactType");
	if (type.n)
		return str_eq(type, S(NOTATION_ARTIFACT_TYPE)) &&
		       str_eq(config, S(MEDIA_OCI_EMPTY));
	return str_eq(config, S(NOTATION_ARTIFACT_TYPE));
}

static int no(struct err *e, const char *why)
{
	err_set(e, ERR_INVALID, "%s", why);
	return 0;
}

int notation_manifest_read(struct str manifest, const struct descriptor *subject, struct arena *a,
			   struct descriptor *blob, struct err *e)
{
	struct json *j CLEANUP(cleanup_json) = NULL;
	struct descriptor of, layer;
	if (notation_json(manifest, &j, e))
		return 0;
	const struct json *layers = json_get(j, "layers");
	if (!str_eq(json_get_str(j, "mediaType"), S(MEDIA_OCI_MANIFEST)) || !is_signature(j))
		return no(e, "no manifest of a notation signature");
	if (!json_is_array(layers) || json_count(layers) != 1)
		return no(e, "a manifest of a notation signature has exactly one layer");
	if (read_descriptor(json_get(j, "subject"), a, &of, e) ||
	    read_descriptor(json_first(layers), a, &layer, e))
		return 0;
	if (!digest_eq(&of.digest, &subject->digest) || of.size != subject->size ||
	    !str_eq(of.media_type, subject->media_type))
		return no(e, "the subject of the signature's manifest is another artifact");
	if (layer.size > NOTATION_BLOB_MAX)
		return no(e, "the signature is larger than is allowed");
	if (!str_eq(layer.media_type, S(NOTATION_JWS)) &&
	    !str_eq(layer.media_type, S(NOTATION_COSE)))
		return no(e, "the signature is of no envelope format that is known");
	*blob = layer;
	return 1;
}

static void put_descriptor(struct json_out *o, struct str media_type, const char *digest,
			   uint64_t size)
{
	json_begin_object(o);
	json_put_member(o, "mediaType", media_type);
	json_put_member(o, "digest", str_of(digest));
	json_put_key(o, "size");
	json_put_u64(o, size);
}

struct str notation_manifest_write(const struct descriptor *subject, const struct descriptor *blob,
				   struct str thumbprints, int64_t created, struct arena *a)
{
	char text[DIGEST_TEXT], time[TIME_TEXT];
	struct buf b = { 0 };
	struct json_out o;
	json_out_init(&o, &b, 0);
	o.html = true;
	json_begin_object(&o);
	json_put_key(&o, "schemaVersion");
	json_put_u64(&o, 2);
	json_put_member(&o, "mediaType", S(MEDIA_OCI_MANIFEST));
	json_put_member(&o, "artifactType", S(NOTATION_ARTIFACT_TYPE));
	json_put_key(&o, "config");
	put_descriptor(&o, S(MEDIA_OCI_EMPTY), OCI_EMPTY_DIGEST, 2);
	json_put_member(&o, "data", S("e30="));
	json_end_object(&o);
	json_put_key(&o, "layers");
	json_begin_array(&o);
	put_descriptor(&o, blob->media_type, digest_text(&blob->digest, text), blob->size);
	json_end_object(&o);
	json_end_array(&o);
	json_put_key(&o, "subject");
	put_descriptor(&o, subject->media_type, digest_text(&subject->digest, text), subject->size);
	json_end_object(&o);
	json_put_key(&o, "annotations");
	json_begin_object(&o);
	json_put_member(&o, NOTATION_THUMBPRINTS, thumbprints);
	json_put_member(&o, "org.opencontainers.image.created", str_of(time_text(created, time)));
	json_end_object(&o);
	json_end_object(&o);
	struct str s = arena_str(a, str_buf(&b));
	buf_done(&b);
	return s;
}
