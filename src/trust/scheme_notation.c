/* Notary Project signatures as referrers of an image (specs/signature-specification.md, "Storage"): a manifest of one
 * layer, the envelope. Everything about the envelope is notation.h's; here is where it lies.
 *
 * Each signature holds its time, so that an equal one is never there: a new one is added every time. */
#include "trust/scheme.h"
#include "base/json.h"
#include "base/time.h"
#include "oci/media_type.h"

#define EMPTY_CONFIG "application/vnd.oci.empty.v1+json"

static unsigned finds_jws(const struct descriptor *layer)
{
	return str_eq(layer->media_type, S(NOTATION_JWS)) ? FINDS_SIGNATURE : FINDS_NOTHING;
}

static unsigned finds_cose(const struct descriptor *layer)
{
	return str_eq(layer->media_type, S(NOTATION_COSE)) ? FINDS_SIGNATURE : FINDS_NOTHING;
}

static bool believes(const struct trust_policy *p)
{
	return p->notation != NULL;
}

static int judge(struct str blob, const struct descriptor *layer, const struct wanted *w,
		 const struct trust_policy *p, struct arena *a, struct proof *out, struct err *e)
{
	if (w->predicate_type.n)
		return JUDGED_OTHER;
	int r = notation_verify(blob, layer->media_type, w->target, p->notation, a, out, e);
	return r ? r : JUDGED;
}

static void write_manifest(const struct making *m, const struct descriptor *layer, struct arena *a,
			   struct buf *out)
{
	char text[DIGEST_TEXT], created[TIME_TEXT];
	struct json_out o;
	json_out_init(&o, out, 0);
	json_begin_object(&o);
	json_put_key(&o, "schemaVersion");
	json_put_u64(&o, 2);
	json_put_member(&o, "mediaType", S(MEDIA_OCI_MANIFEST));
	json_put_member(&o, "artifactType", S(NOTATION_ARTIFACT_TYPE));
	json_put_key(&o, "config");
	json_put_raw(&o, S("{\"mediaType\":\"" EMPTY_CONFIG "\",\"digest\":\"sha256:"
			   "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\","
			   "\"size\":2,\"data\":\"e30=\"}"));
	json_put_key(&o, "layers");
	json_begin_array(&o);
	json_begin_object(&o);
	json_put_member(&o, "mediaType", layer->media_type);
	json_put_member(&o, "digest", str_of(digest_text(&layer->digest, text)));
	json_put_key(&o, "size");
	json_put_u64(&o, layer->size);
	json_end_object(&o);
	json_end_array(&o);
	json_put_key(&o, "subject");
	json_begin_object(&o);
	json_put_member(&o, "mediaType", m->target->media_type);
	json_put_member(&o, "digest", str_of(digest_text(&m->target->digest, text)));
	json_put_key(&o, "size");
	json_put_u64(&o, m->target->size);
	json_end_object(&o);
	json_put_key(&o, "annotations");
	json_begin_object(&o);
	json_put_member(&o, "io.cncf.notary.x509chain.thumbprint#S256",
			notation_thumbprints(m->chain, a));
	json_put_member(&o, "org.opencontainers.image.created", str_of(time_text(m->now, created)));
	json_end_object(&o);
	json_end_object(&o);
}

static int make(const struct making *m, const char *media_type, struct arena *a, struct made *out,
		struct err *e)
{
	struct notation_signer s = {
		.key = m->key,
		.chain = m->chain,
		.annotations = m->annotations,
		.n_annotations = m->n_annotations,
		.now = m->now,
		.expiry = m->expiry,
		.stamp = m->stamp,
		.stamp_ctx = m->stamp_ctx,
	};
	struct buf envelope CLEANUP(buf_done) = { 0 }, manifest CLEANUP(buf_done) = { 0 };
	struct descriptor layer, config, put;
	if (!m->key || !m->chain || !m->chain->n)
		return err_set(e, ERR_INVALID,
			       "a Notary Project signature wants a key and its certificate chain");
	if (notation_sign(m->target, media_type, &s, &envelope, e) ||
	    source_put_document(m->into, str_of(media_type), str_buf(&envelope), &layer, e) ||
	    source_put_document(m->into, S(EMPTY_CONFIG), S("{}"), &config, e))
		return e->code;
	write_manifest(m, &layer, a, &manifest);
	if (source_put_referrer(m->into, str_buf(&manifest), &put, e))
		return e->code;
	*out = (struct made){ .manifest = put };
	return 0;
}

static int make_jws(const struct making *m, struct arena *a, struct made *out, struct err *e)
{
	return make(m, NOTATION_JWS, a, out, e);
}

static int make_cose(const struct making *m, struct arena *a, struct made *out, struct err *e)
{
	return make(m, NOTATION_COSE, a, out, e);
}

const struct scheme scheme_notation_jws = { "notation-jws", "notation-jws",
					    false,	    NOTATION_BLOB_MAX,
					    finds_jws,	    believes,
					    judge,	    make_jws };
const struct scheme scheme_notation_cose = { "notation-cose", "notation-cose",
					     false,	      NOTATION_BLOB_MAX,
					     finds_cose,      believes,
					     judge,	      make_cose };
