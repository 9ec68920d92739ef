/* Notary Project signatures as referrers of an image (specs/signature-specification.md, "Storage"): a manifest of one
 * layer, the envelope. Everything about the envelope is notation.h's; here is where it lies.
 *
 * Each signature holds its time, so that an equal one is never there: a new one is added every time. */
#include "trust/scheme.h"
#include "oci/media_type.h"

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

static int check_manifest(struct str manifest, const struct descriptor *subject, struct arena *a,
			  struct err *e)
{
	struct descriptor blob;
	return notation_manifest_read(manifest, subject, a, &blob, e);
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
	struct buf envelope CLEANUP(buf_done) = { 0 };
	struct str manifest;
	struct descriptor layer, config, put;
	if (!m->key || !m->chain || !m->chain->n)
		return err_set(e, ERR_INVALID,
			       "a Notary Project signature wants a key and its certificate chain");
	if (notation_sign(m->target, media_type, &s, &envelope, e) ||
	    source_put_document(m->into, str_of(media_type), str_buf(&envelope), &layer, e) ||
	    source_put_document(m->into, S(MEDIA_OCI_EMPTY), S("{}"), &config, e))
		return e->code;
	manifest = notation_manifest_write(m->target, &layer, notation_thumbprints(m->chain, a),
					   m->now, a);
	if (source_put_referrer(m->into, manifest, &put, e))
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

const struct scheme scheme_notation_jws = {
	.name = "notation-jws",
	.format = "notation-jws",
	.blob_max = NOTATION_BLOB_MAX,
	.finds = finds_jws,
	.believes = believes,
	.check_manifest = check_manifest,
	.judge = judge,
	.make = make_jws,
};

const struct scheme scheme_notation_cose = {
	.name = "notation-cose",
	.format = "notation-cose",
	.blob_max = NOTATION_BLOB_MAX,
	.finds = finds_cose,
	.believes = believes,
	.check_manifest = check_manifest,
	.judge = judge,
	.make = make_cose,
};
