/* Image manifests and indexes: OCI image specification 1.1 and Docker image manifest version 2, schema 2.
 *
 * A hostile document may be read one way by us and another way by the runtime: both index and manifest, a mediaType that
 * contradicts the descriptor that led here, keys that are there twice or in other case, embedded data that is not what
 * the digest says. All of these are refused. Sizes, counts and digests are checked before anything is fetched.
 * Schema 1 is not supported: its layers' order and its signature cannot be checked against a digest. */
#include "oci/fields.h"
#include "oci/media_type.h"

enum { ANNOTATIONS_MAX = 10000 };

static int base64_value(char c)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(alphabet, c) : NULL;
	return at ? (int)(at - alphabet) : -1;
}

static bool base64_decode(struct str s, struct buf *out)
{
	uint32_t bits = 0;
	size_t pad = 0;
	if (s.n % 4)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		int v = base64_value(s.p[i]);
		if (s.p[i] == '=' && i + 2 >= s.n) {
			pad++;
			v = 0;
		} else if (v < 0 || pad) {
			return false;
		}
		bits = bits << 6 | (uint32_t)v;
		for (size_t k = 0; i % 4 == 3 && k < 3 - pad; k++)
			buf_add_char(out, (char)(bits >> (16 - 8 * k)));
	}
	return true;
}

static int check_data(const struct json *j, const struct descriptor *d, struct err *e)
{
	struct buf bytes CLEANUP(buf_done) = { 0 };
	struct digest got;
	const struct json *data = json_get(j, "data");
	if (!data)
		return 0;
	if (!json_is_string(data) || !base64_decode(json_str(data), &bytes))
		return err_set(e, ERR_INVALID, "its embedded data is no base64");
	digest_of((enum digest_alg)d->digest.alg, str_buf(&bytes), &got);
	if (bytes.n != d->size || !digest_eq(&got, &d->digest))
		return err_set(e, ERR_INVALID,
			       "its embedded data differs from its digest and size");
	return 0;
}

static int parse_annotations(struct arena *a, const struct json *j, struct annotation **out,
			     size_t *n, struct err *e)
{
	size_t count = json_count(j), i = 0;
	if (j && !json_is_object(j))
		return err_set(e, ERR_INVALID, "its annotations are no object");
	if (count > ANNOTATIONS_MAX)
		return err_set(e, ERR_LIMIT, "it has more than %d annotations", ANNOTATIONS_MAX);
	struct annotation *v = arena_array(a, count, sizeof *v);
	JSON_EACH(child, j)
	{
		if (!json_is_string(child))
			return err_set(e, ERR_INVALID, "its annotation '%.*s' is no text",
				       STR(json_key(child)));
		v[i++] = (struct annotation){ arena_str(a, json_key(child)),
					      arena_str(a, json_str(child)) };
	}
	*out = v;
	*n = i;
	return 0;
}

static struct platform parse_platform(struct arena *a, const struct json *j)
{
	return (struct platform){
		.os = arena_str(a, json_get_str(j, "os")),
		.arch = arena_str(a, json_get_str(j, "architecture")),
		.variant = arena_str(a, json_get_str(j, "variant")),
		.os_version = arena_str(a, json_get_str(j, "os.version")),
	};
}

static int parse_descriptor(struct arena *a, const struct json *j, struct descriptor *out,
			    struct err *e)
{
	static const char *const names[] = { "mediaType",   "digest",	    "size",
					     "platform",    "urls",	    "data",
					     "annotations", "artifactType", NULL };
	struct descriptor d = { 0 };
	int r;
	if (!json_is_object(j))
		return err_set(e, ERR_INVALID, "it is no descriptor");
	if ((r = fields_check(j, names, e)) ||
	    (r = digest_parse(json_get_str(j, "digest"), &d.digest, e)))
		return r;
	if (!json_u64(json_get(j, "size"), &d.size))
		return err_set(e, ERR_INVALID, "its size is no whole number of bytes");
	d.media_type = arena_str(a, json_get_str(j, "mediaType"));
	d.artifact_type = arena_str(a, json_get_str(j, "artifactType"));
	d.platform = parse_platform(a, json_get(j, "platform"));
	d.foreign = json_count(json_get(j, "urls")) > 0 || media_type_is_foreign(d.media_type);
	if ((r = check_data(j, &d, e)) ||
	    (r = parse_annotations(a, json_get(j, "annotations"), &d.annotations, &d.n_annotations,
				   e)))
		return r;
	*out = d;
	return 0;
}

static int parse_descriptors(struct arena *a, const struct json *j, uint64_t max_size,
			     const char *limit, const char *what, struct descriptors *out,
			     struct err *e)
{
	struct descriptors list = { .cap = json_count(j) };
	list.v = arena_array(a, list.cap, sizeof *list.v);
	JSON_EACH(child, j)
	{
		struct descriptor *d = &list.v[list.n];
		int r = parse_descriptor(a, child, d, e);
		if (r)
			return err_in(e, "%s %zu", what, list.n);
		if (d->size > max_size)
			return err_set(e, ERR_LIMIT,
				       "%s %zu: its size of %llu bytes is above the limit %s, %llu",
				       what, list.n, (unsigned long long)d->size, limit,
				       (unsigned long long)max_size);
		list.n++;
	}
	*out = list;
	return 0;
}

static int too_many(const char *what, size_t n, const char *limit, uint64_t max, struct err *e)
{
	return err_set(e, ERR_LIMIT, "%zu %s are more than the limit %s, %llu", n, what, limit,
		       (unsigned long long)max);
}

static int parse_index(struct arena *a, const struct json *j, const struct limits *l,
		       struct manifest *m, struct err *e)
{
	const struct json *list = json_get(j, "manifests");
	if (!json_is_array(list))
		return err_set(e, ERR_INVALID, "'manifests' is no list");
	if (json_count(list) > l->index_manifests)
		return too_many("manifests", json_count(list), "index_manifests",
				l->index_manifests, e);
	int r = parse_annotations(a, json_get(j, "annotations"), &m->image.annotations,
				  &m->image.n_annotations, e);
	return r ? r
		 : parse_descriptors(a, list, l->manifest_bytes, "manifest_bytes", "manifest",
				     &m->index, e);
}

static int parse_image(struct arena *a, const struct json *j, const struct limits *l,
		       struct image *out, struct err *e)
{
	const struct json *list = json_get(j, "layers");
	struct descriptors layers = { 0 };
	int r;
	if (!json_is_array(list))
		return err_set(e, ERR_INVALID, "'layers' is no list");
	if (json_count(list) > l->layers)
		return too_many("layers", json_count(list), "layers", l->layers, e);
	if (parse_descriptor(a, json_get(j, "config"), &out->config, e))
		return err_in(e, "config");
	if ((r = parse_descriptors(a, list, l->blob_bytes, "blob_bytes", "layer", &layers, e)))
		return r;
	out->layers = layers.v;
	out->n_layers = layers.n;
	return parse_annotations(a, json_get(j, "annotations"), &out->annotations,
				 &out->n_annotations, e);
}

static int check_schema(const struct json *j, struct str media_type, struct err *e)
{
	uint64_t version;
	if (!json_is_object(j))
		return err_set(e, ERR_INVALID, "it is no JSON object");
	bool numbered = json_u64(json_get(j, "schemaVersion"), &version);
	if (media_type_is_schema1(media_type) ||
	    media_type_is_schema1(json_get_str(j, "mediaType")) || (numbered && version == 1))
		return err_set(e, ERR_UNSUPPORTED,
			       "it is a Docker schema 1 manifest, a format given up since 2017; "
			       "push the image again with a "
			       "current client");
	if (!numbered || version != 2)
		return err_set(e, ERR_INVALID, "its schemaVersion is not 2");
	return 0;
}

/* What it is, by its members; more than one answer is none. */
static int tell_kind(const struct json *j, enum manifest_kind *kind, struct err *e)
{
	bool index = json_get(j, "manifests") != NULL;
	bool image = json_get(j, "layers") || json_get(j, "config");
	if (json_get(j, "fsLayers"))
		return err_set(e, ERR_INVALID, "it has schemaVersion 2 and the fields of schema 1");
	if (index && image)
		return err_set(e, ERR_INVALID,
			       "it is both an index and a manifest ('manifests' beside 'layers' or "
			       "'config')");
	if (!index && !image)
		return err_set(e, ERR_INVALID, "it is neither an index nor a manifest");
	*kind = index ? MANIFEST_INDEX : MANIFEST_IMAGE;
	return 0;
}

static int check_type(struct str type, enum manifest_kind kind, const char *who, struct err *e)
{
	bool known = media_type_is_index(type) || media_type_is_manifest(type);
	if (!known)
		return err_set(e, ERR_UNSUPPORTED,
			       "%s media type '%.*s' is no image manifest or index", who,
			       STR(type));
	if (media_type_is_index(type) != (kind == MANIFEST_INDEX))
		return err_set(e, ERR_INVALID,
			       "%s media type '%.*s' is contradicted by its content, %s", who,
			       STR(type), kind == MANIFEST_INDEX ? "an index" : "a manifest");
	return 0;
}

static int check_types(struct str own, struct str given, enum manifest_kind kind, struct err *e)
{
	int r;
	if (own.n && (r = check_type(own, kind, "its", e)))
		return r;
	if (media_type_says_nothing(given))
		return 0;
	if ((r = check_type(given, kind, "its descriptor's", e)))
		return r;
	if (own.n && !str_eq_nocase(own, media_type_bare(given)))
		return err_set(e, ERR_INVALID,
			       "its media type '%.*s' is not that of its descriptor, '%.*s'",
			       STR(own), STR(given));
	return 0;
}

static int parse_json(struct arena *a, const struct json *j, struct str media_type,
		      const struct limits *l, struct manifest *m, struct err *e)
{
	static const char *const names[] = {
		"schemaVersion", "mediaType", "manifests",   "config",	     "layers",
		"fsLayers",	 "subject",   "annotations", "artifactType", NULL
	};
	int r;
	if ((r = check_schema(j, media_type, e)) || (r = fields_check(j, names, e)) ||
	    (r = tell_kind(j, &m->kind, e)))
		return r;
	struct str own = json_get_str(j, "mediaType");
	if ((r = check_types(own, media_type, m->kind, e)))
		return r;
	m->image.self.media_type = arena_str(a, own.n ? own : media_type_bare(media_type));
	m->image.self.artifact_type = arena_str(a, json_get_str(j, "artifactType"));
	if (json_get(j, "subject") && parse_descriptor(a, json_get(j, "subject"), &m->subject, e))
		return err_in(e, "subject");
	return m->kind == MANIFEST_INDEX ? parse_index(a, j, l, m, e)
					 : parse_image(a, j, l, &m->image, e);
}

int manifest_parse(struct arena *a, struct str bytes, struct str media_type, const struct limits *l,
		   struct manifest *out, struct err *e)
{
	struct json *j CLEANUP(cleanup_json) = NULL;
	struct manifest m = { 0 };
	if (bytes.n > l->manifest_bytes)
		return err_set(e, ERR_LIMIT,
			       "manifest of %zu bytes is above the limit manifest_bytes, %llu",
			       bytes.n, (unsigned long long)l->manifest_bytes);
	if (json_parse(bytes, &j, e) || parse_json(a, j, media_type, l, &m, e))
		return err_in(e, "manifest");
	m.image.manifest = arena_str(a, bytes);
	m.image.self.size = bytes.n;
	digest_of(DIGEST_SHA256, bytes, &m.image.self.digest);
	*out = m;
	return 0;
}
