/* cosign's shapes in a registry (cosign's specs/SIGNATURE_SPEC.md and BUNDLE_SPEC.md; the payload is the simple signing
 * format of containers/image).
 *
 * Whoever may push to the repository writes these documents. A payload may be read one way by us and another by a policy
 * engine (members twice, in other case, a critical member that only one of us knows), may be another type's (an SBOM is
 * none), or speak of another image; manifests may hold layers without end. What is signed are the payload's bytes as they
 * lie there: they are parsed, never written again. Manifests are rewritten when a layer is added; what of a layer is not
 * media type, size, digest and annotations is refused rather than lost. */
#include "trust/cosign.h"

#include "base/base64.h"
#include "base/time.h"
#include "oci/fields.h"
#include "oci/media_type.h"

#include <stdlib.h>

#define SIMPLE_SIGNING_TYPE "cosign container image signature"

static int by_key(const void *a, const void *b)
{
	const struct annotation *x = a, *y = b;
	return str_cmp(x->key, y->key);
}

static void put_annotations(struct json_out *o, struct arena *a, const struct annotation *v,
			    size_t n)
{
	struct annotation *sorted = arena_array(a, n + 1, sizeof *sorted);
	for (size_t i = 0; i < n; i++)
		sorted[i] = v[i];
	qsort(sorted, n, sizeof *sorted, by_key);
	json_begin_object(o);
	for (size_t i = 0; i < n; i++)
		json_put_member(o, arena_cstr(a, sorted[i].key), sorted[i].value);
	json_end_object(o);
}

static void put_digest(struct json_out *o, const char *key, const struct digest *d)
{
	char text[DIGEST_TEXT];
	json_put_member(o, key, str_of(digest_text(d, text)));
}

/* Simple signing. */
void simple_signing_write(const struct simple_signing *s, struct arena *a, struct buf *out)
{
	struct json_out o;
	json_out_init(&o, out, 0);
	o.html = true;
	json_begin_object(&o);
	json_put_key(&o, "critical");
	json_begin_object(&o);
	json_put_key(&o, "identity");
	json_begin_object(&o);
	json_put_member(&o, "docker-reference", s->reference);
	json_end_object(&o);
	json_put_key(&o, "image");
	json_begin_object(&o);
	put_digest(&o, "docker-manifest-digest", &s->digest);
	json_end_object(&o);
	json_put_member(&o, "type", S(SIMPLE_SIGNING_TYPE));
	json_end_object(&o);
	json_put_key(&o, "optional");
	if (s->n_annotations)
		put_annotations(&o, a, s->annotations, s->n_annotations);
	else
		json_put_null(&o);
	json_end_object(&o);
}

/* An object whose members are exactly these (or fewer, where `all` is not asked for), each once. */
static int members(const struct json *j, const char *what, const char *const *names, bool all,
		   struct err *e)
{
	size_t known = 0;
	if (!json_is_object(j))
		return err_set(e, ERR_INVALID, "simple signing: %s is no object", what);
	if (fields_check(j, names, e))
		return err_in(e, "simple signing: %s", what);
	for (size_t i = 0; names[i]; i++) {
		known += json_get(j, names[i]) != NULL;
		if (all && !json_get(j, names[i]))
			return err_set(e, ERR_INVALID, "simple signing: %s has no %s", what,
				       names[i]);
	}
	if (json_count(j) != known)
		return err_set(e, ERR_INVALID, "simple signing: %s has members that are not known",
			       what);
	return 0;
}

static int parse_critical(const struct json *j, struct arena *a, struct simple_signing *out,
			  struct err *e)
{
	static const char *const critical[] = { "identity", "image", "type", NULL };
	static const char *const image[] = { "docker-manifest-digest", NULL };
	static const char *const identity[] = { "docker-reference", NULL };
	if (members(j, "critical", critical, true, e) ||
	    members(json_get(j, "image"), "critical.image", image, true, e) ||
	    members(json_get(j, "identity"), "critical.identity", identity, true, e))
		return e->code;
	struct str type = json_get_str(j, "type");
	if (!str_eq(type, S(SIMPLE_SIGNING_TYPE)))
		return err_set(e, ERR_INVALID,
			       "simple signing: its type is '%.*s', not '" SIMPLE_SIGNING_TYPE "'",
			       STR(str_upto(type, 100)));
	const struct json *reference = json_get(json_get(j, "identity"), "docker-reference");
	if (!json_is_string(reference))
		return err_set(e, ERR_INVALID, "simple signing: docker-reference is no text");
	if (digest_parse(json_get_str(json_get(j, "image"), "docker-manifest-digest"), &out->digest,
			 e))
		return err_in(e, "simple signing: docker-manifest-digest");
	out->reference = arena_str(a, json_str(reference));
	return 0;
}

static int parse_optional(const struct json *j, struct arena *a, struct simple_signing *out,
			  struct err *e)
{
	size_t n = json_count(j);
	if (n > SIMPLE_SIGNING_ANNOTATIONS_MAX)
		return err_set(e, ERR_LIMIT, "simple signing: it has more than %d annotations",
			       SIMPLE_SIGNING_ANNOTATIONS_MAX);
	out->annotations = arena_array(a, n + 1, sizeof *out->annotations);
	JSON_EACH(child, j)
	{
		for (size_t i = 0; i < out->n_annotations; i++)
			if (str_eq(out->annotations[i].key, json_key(child)))
				return err_set(e, ERR_INVALID,
					       "simple signing: an annotation is there twice");
		if (json_is_string(child))
			out->annotations[out->n_annotations++] =
				(struct annotation){ arena_str(a, json_key(child)),
						     arena_str(a, json_str(child)) };
	}
	return 0;
}

int simple_signing_parse(struct str payload, struct arena *a, struct simple_signing *out,
			 struct err *e)
{
	static const char *const names[] = { "critical", "optional", NULL };
	struct json *j CLEANUP(cleanup_json) = NULL;
	struct simple_signing s = { 0 };
	if (payload.n > SIMPLE_SIGNING_MAX)
		return err_set(e, ERR_LIMIT, "simple signing: payload of %zu bytes, more than %d",
			       payload.n, SIMPLE_SIGNING_MAX);
	if (!str_is_utf8(payload))
		return err_set(e, ERR_INVALID, "simple signing: the payload is no UTF-8");
	if (json_parse(payload, &j, e))
		return err_in(e, "simple signing");
	if (members(j, "payload", names, false, e) ||
	    parse_critical(json_get(j, "critical"), a, &s, e))
		return e->code;
	const struct json *optional = json_get(j, "optional");
	if (json_is_object(optional) && parse_optional(optional, a, &s, e))
		return e->code;
	*out = s;
	return 0;
}

/* Manifests of tags. */
static void put_descriptor(struct json_out *o, struct arena *a, const struct descriptor *d)
{
	json_begin_object(o);
	json_put_member(o, "mediaType", d->media_type);
	json_put_key(o, "size");
	json_put_u64(o, d->size);
	put_digest(o, "digest", &d->digest);
	if (d->n_annotations) {
		json_put_key(o, "annotations");
		put_annotations(o, a, d->annotations, d->n_annotations);
	}
	json_end_object(o);
}

/* Layers are their own diff ids: payloads are not compressed. Go's zero time stands where no time is. */
static void write_config(const struct descriptor *layers, size_t n, struct buf *out)
{
	char text[DIGEST_TEXT];
	struct json_out o;
	json_out_init(&o, out, 0);
	json_begin_object(&o);
	json_put_member(&o, "architecture", S(""));
	json_put_member(&o, "created", S("0001-01-01T00:00:00Z"));
	json_put_key(&o, "history");
	json_begin_array(&o);
	for (size_t i = 0; i < n; i++) {
		json_begin_object(&o);
		json_put_member(&o, "created", S("0001-01-01T00:00:00Z"));
		json_end_object(&o);
	}
	json_end_array(&o);
	json_put_member(&o, "os", S(""));
	json_put_key(&o, "rootfs");
	json_begin_object(&o);
	json_put_member(&o, "type", S("layers"));
	json_put_key(&o, "diff_ids");
	json_begin_array(&o);
	for (size_t i = 0; i < n; i++)
		json_put_str(&o, str_of(digest_text(&layers[i].digest, text)));
	json_end_array(&o);
	json_end_object(&o);
	json_put_key(&o, "config");
	json_begin_object(&o);
	json_end_object(&o);
	json_end_object(&o);
}

static int read_old(struct str old, struct arena *a, struct image *out, struct err *e)
{
	struct limits l;
	struct manifest m;
	limits_default(&l);
	l.layers = COSIGN_LAYERS_MAX;
	if (manifest_parse(a, old, S(""), &l, &m, e))
		return e->code;
	if (m.kind != MANIFEST_IMAGE || m.image.self.artifact_type.n)
		return err_set(e, ERR_UNSUPPORTED, "what the tag names is no manifest of cosign");
	if (m.image.n_layers >= COSIGN_LAYERS_MAX)
		return err_set(e, ERR_LIMIT, "there are %d layers already", COSIGN_LAYERS_MAX);
	for (size_t i = 0; i < m.image.n_layers; i++)
		if (m.image.layers[i].foreign || m.image.layers[i].platform.os.n)
			return err_set(e, ERR_UNSUPPORTED, "layer %zu is none of cosign's", i);
	*out = m.image;
	return 0;
}

int cosign_manifest_add(struct str old, const struct descriptor *layer, bool docker,
			struct arena *a, struct buf *manifest, struct buf *config, struct err *e)
{
	struct image m = { .self.media_type =
				   docker ? S(MEDIA_DOCKER_MANIFEST) : S(MEDIA_OCI_MANIFEST) };
	struct descriptor about = { .media_type =
					    docker ? S(MEDIA_DOCKER_CONFIG) : S(MEDIA_OCI_CONFIG) };
	struct json_out o;
	if (old.n && read_old(old, a, &m, e))
		return err_in(e, "add a signature");
	if (old.n)
		about.media_type = m.config.media_type;
	struct descriptor *layers = arena_array(a, m.n_layers + 1, sizeof *layers);
	for (size_t i = 0; i < m.n_layers; i++)
		layers[i] = m.layers[i];
	layers[m.n_layers] = *layer;
	write_config(layers, m.n_layers + 1, config);
	about.size = config->n;
	digest_of(DIGEST_SHA256, str_buf(config), &about.digest);
	json_out_init(&o, manifest, 0);
	json_begin_object(&o);
	json_put_key(&o, "schemaVersion");
	json_put_u64(&o, 2);
	json_put_member(&o, "mediaType",
			m.self.media_type.n ? m.self.media_type : S(MEDIA_OCI_MANIFEST));
	json_put_key(&o, "config");
	put_descriptor(&o, a, &about);
	json_put_key(&o, "layers");
	json_begin_array(&o);
	for (size_t i = 0; i <= m.n_layers; i++)
		put_descriptor(&o, a, &layers[i]);
	json_end_array(&o);
	if (m.n_annotations) {
		json_put_key(&o, "annotations");
		put_annotations(&o, a, m.annotations, m.n_annotations);
	}
	json_end_object(&o);
	return 0;
}

/* Annotations of a layer. */
bool cosign_layer_material(const struct descriptor *layer, struct cosign_material *out)
{
	struct cosign_material m = { 0 };
	static const char *const names[] = { COSIGN_SIGNATURE, "dev.sigstore.cosign/certificate",
					     "dev.sigstore.cosign/chain",
					     "dev.sigstore.cosign/bundle",
					     "dev.sigstore.cosign/rfc3161timestamp" };
	struct str *const places[] = { &m.signature, &m.certificate, &m.chain, &m.rekor_bundle,
				       &m.timestamp };
	bool found = false;
	for (size_t i = 0; i < layer->n_annotations; i++)
		for (size_t k = 0; k < COUNT(names); k++) {
			if (!str_eq(layer->annotations[i].key, str_of(names[k])))
				continue;
			*places[k] = layer->annotations[i].value;
			found |= k == 0;
		}
	if (found)
		*out = m;
	return found;
}

static struct str base64_in(struct arena *a, struct str bytes)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	base64_encode(bytes, &b);
	return arena_str(a, str_buf(&b));
}

/* Rekor's answer as cosign keeps it, with the names of Go's fields. */
static struct str rekor_bundle(struct arena *a, const struct log_entry *entry)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	struct json_out o;
	struct buf hex CLEANUP(buf_done) = { 0 };
	for (size_t i = 0; i < entry->log_id.n; i++)
		buf_addf(&hex, "%02x", (unsigned char)entry->log_id.p[i]);
	json_out_init(&o, &b, 0);
	json_begin_object(&o);
	json_put_member(&o, "SignedEntryTimestamp", base64_in(a, entry->set));
	json_put_key(&o, "Payload");
	json_begin_object(&o);
	json_put_member(&o, "body", base64_in(a, entry->body));
	json_put_key(&o, "integratedTime");
	json_put_u64(&o, (uint64_t)entry->integrated_time);
	json_put_key(&o, "logIndex");
	json_put_u64(&o, entry->index);
	json_put_member(&o, "logID", str_buf(&hex));
	json_end_object(&o);
	json_end_object(&o);
	return arena_str(a, str_buf(&b));
}

void cosign_layer_annotations(const struct cosign_parts *p, struct arena *a, struct annotation **v,
			      size_t *n)
{
	struct annotation *out = arena_array(a, 6, sizeof *out);
	size_t k = 0;
	out[k++] = (struct annotation){ S(COSIGN_SIGNATURE), base64_in(a, p->signature) };
	if (p->entry)
		out[k++] = (struct annotation){ S("dev.sigstore.cosign/bundle"),
						rekor_bundle(a, p->entry) };
	if (p->certificate.n) {
		out[k++] =
			(struct annotation){ S("dev.sigstore.cosign/certificate"), p->certificate };
		out[k++] = (struct annotation){ S("dev.sigstore.cosign/chain"), p->chain };
	}
	if (p->timestamp.n) {
		struct str der = base64_in(a, p->timestamp);
		out[k++] =
			(struct annotation){ S("dev.sigstore.cosign/rfc3161timestamp"),
					     arena_printf(a, "{\"SignedRFC3161Timestamp\":\"%s\"}",
							  der.p) };
	}
	if (p->predicate_type.n)
		out[k++] = (struct annotation){ S("predicateType"), p->predicate_type };
	*v = out;
	*n = k;
}

/* Manifests of bundles. */
static void put_empty_config(struct json_out *o, struct str media_type, struct str artifact_type)
{
	json_begin_object(o);
	json_put_member(o, "mediaType", media_type);
	json_put_key(o, "size");
	json_put_u64(o, 2);
	json_put_member(o, "digest", S(OCI_EMPTY_DIGEST));
	json_put_member_opt(o, "artifactType", artifact_type);
	json_end_object(o);
}

static void begin_manifest(struct json_out *o, struct buf *out)
{
	json_out_init(o, out, 0);
	json_begin_object(o);
	json_put_key(o, "schemaVersion");
	json_put_u64(o, 2);
	json_put_member(o, "mediaType", S(MEDIA_OCI_MANIFEST));
	json_put_key(o, "config");
}

void cosign_referrer_manifest(struct str type, const struct descriptor *subject,
			      const struct descriptor *layer, struct buf *out)
{
	struct json_out o;
	struct arena a CLEANUP(arena_done) = { 0 };
	struct descriptor about = *subject;
	about.n_annotations = 0;
	begin_manifest(&o, out);
	put_empty_config(&o, type, S(""));
	json_put_key(&o, "layers");
	json_begin_array(&o);
	put_descriptor(&o, &a, layer);
	json_end_array(&o);
	json_put_key(&o, "subject");
	put_descriptor(&o, &a, &about);
	json_put_member(&o, "artifactType", type);
	json_end_object(&o);
}

void cosign_bundle_manifest(const struct bundle_place *p, struct buf *out)
{
	char created[TIME_TEXT];
	struct json_out o;
	struct arena a CLEANUP(arena_done) = { 0 };
	struct descriptor subject = *p->subject;
	subject.n_annotations = 0;
	begin_manifest(&o, out);
	/* The artifact type is where cosign's own clean looks for it. */
	put_empty_config(&o, S(MEDIA_OCI_EMPTY), S(BUNDLE_MEDIA_TYPE));
	json_put_key(&o, "layers");
	json_begin_array(&o);
	put_descriptor(&o, &a, p->bundle);
	json_end_array(&o);
	json_put_key(&o, "annotations");
	json_begin_object(&o);
	json_put_member(&o, "dev.sigstore.bundle.content", str_of(p->content));
	json_put_member_opt(&o, "dev.sigstore.bundle.predicateType", p->predicate_type);
	json_put_member(&o, "org.opencontainers.image.created",
			str_of(time_text(p->created, created)));
	json_end_object(&o);
	json_put_key(&o, "subject");
	put_descriptor(&o, &a, &subject);
	json_put_member(&o, "artifactType", S(BUNDLE_MEDIA_TYPE));
	json_end_object(&o);
}
