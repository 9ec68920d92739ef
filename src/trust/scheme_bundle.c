/* Sigstore bundles as referrers of an image (cosign's specs/BUNDLE_SPEC.md): a manifest of one layer, the bundle. A
 * signature is a DSSE envelope with a statement of the predicate type that cosign signs, or a message signature over the
 * manifest's bytes; an envelope with any other statement is an attestation and no signature.
 *
 * Anybody who may push can attach another image's bundle, a thousand of them, or one whose annotations say something else
 * than the envelope: only what is signed counts. Bundles before 0.3 are not taken here, as cosign does not. */
#include "trust/attest.h"
#include "trust/cosign.h"
#include "trust/scheme.h"
#include "oci/media_type.h"

static unsigned finds(const struct descriptor *layer)
{
	return str_starts(layer->media_type, S("application/vnd.dev.sigstore.bundle"))
		       ? FINDS_SIGNATURE | FINDS_ATTESTATION
		       : FINDS_NOTHING;
}

static bool believes(const struct trust_policy *p)
{
	return p->sigstore != NULL;
}

static int judge_message(const struct sigstore_bundle *b, const struct wanted *w,
			 const struct trust_policy *p, struct arena *a, struct proof *out,
			 struct err *e)
{
	struct signed_bytes what = { .has_message = true, .message = w->manifest };
	char text[DIGEST_TEXT];
	if (w->predicate_type.n)
		return JUDGED_OTHER;
	if (sigstore_verify(b, &what, p->sigstore, a, out, e))
		return e->code;
	out->artifact = w->target->digest;
	if (out->result == CHECK_YES)
		proof_check(out, a, "artifact", CHECK_YES, "the manifest %s itself is signed",
			    digest_text(&w->target->digest, text));
	return JUDGED;
}

static int judge(struct str blob, const struct descriptor *layer, const struct wanted *w,
		 const struct trust_policy *p, struct arena *a, struct proof *out, struct err *e)
{
	struct sigstore_bundle *b CLEANUP(cleanup_sigstore_bundle) = NULL;
	struct err why = { 0 };
	(void)layer;
	if (sigstore_bundle_parse(blob, &b, &why)) {
		proof_check(out, a, "signature", CHECK_NO, "%s", why.text);
		return JUDGED;
	}
	if (!str_eq(b->version, S("0.3"))) {
		proof_check(out, a, "signature", CHECK_NO,
			    "bundles of version %.*s are not attached to images",
			    STR(str_upto(b->version, 20)));
		return JUDGED;
	}
	return b->is_dsse ? scheme_judge_statement(b, S(PREDICATE_COSIGN_SIGN), w, p, a, out, e)
			  : judge_message(b, w, p, a, out, e);
}

/* Making. */
static struct str statement_of(const struct making *m, struct arena *a)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	struct statement_parts p = {
		.type = STATEMENT_V1,
		.digest = &m->target->digest,
		.annotations = m->annotations,
		.n_annotations = m->n_annotations,
		.predicate_type =
			m->predicate_type.n ? m->predicate_type : S(PREDICATE_COSIGN_SIGN),
		.predicate = m->predicate_type.n ? m->predicate : S("{}"),
		.name = m->predicate_type.n ? m->name : S(""),
	};
	statement_parts_write(&p, &b);
	return arena_str(a, str_buf(&b));
}

/* Is the bundle in this manifest one of our key's with this very statement? What cannot be read is none. */
static bool is_equal(const struct making *m, const struct attached *at, struct str statement,
		     struct arena *a)
{
	struct key const *const keys[] = { m->key };
	const struct str names[] = { S("") };
	struct sigstore_policy policy = {
		.keys = keys, .key_names = names, .n_keys = 1, .now = m->now
	};
	struct sigstore_bundle *b CLEANUP(cleanup_sigstore_bundle) = NULL;
	struct buf text CLEANUP(buf_done) = { 0 };
	struct manifest found;
	struct proof proof = { 0 };
	struct str bytes;
	struct err e;
	struct stream *in CLEANUP(cleanup_stream) = NULL;
	return !source_get_document(m->into, &at->manifest, a, &bytes, &e) &&
	       !manifest_parse(a, bytes, at->manifest.media_type, &m->into->opt->limits, &found,
			       &e) &&
	       found.kind == MANIFEST_IMAGE && found.image.n_layers == 1 &&
	       finds(&found.image.layers[0]) &&
	       !source_get_verified(m->into, &found.image.layers[0], &in, &e) &&
	       !stream_read_all(in, BUNDLE_MAX, &text, &e) &&
	       !sigstore_bundle_parse(str_buf(&text), &b, &e) && b->is_dsse &&
	       str_eq(b->dsse.payload, statement) &&
	       !sigstore_verify(b, NULL, &policy, a, &proof, &e) && proof.result == CHECK_YES;
}

static int find_equal(const struct making *m, struct str statement, struct arena *a,
		      struct made *out, struct err *e)
{
	struct attached *v;
	size_t n;
	struct strs notes = { 0 };
	struct str type = m->predicate_type.n ? m->predicate_type : S(PREDICATE_COSIGN_SIGN);
	if (!m->key || (m->chain && m->chain->n))
		return 0;
	if (attached_list(m->into, &m->target->digest, a, &v, &n, &notes, e))
		return e->code;
	for (size_t i = 0; i < n; i++) {
		if (v[i].tag.n || !str_eq(v[i].predicate_type, type) ||
		    !is_equal(m, &v[i], statement, a))
			continue;
		*out = (struct made){ .manifest = v[i].manifest, .was_there = true };
		return 1;
	}
	return 0;
}

static int put_bundle(const struct making *m, struct str bundle, struct arena *a, struct made *out,
		      struct err *e)
{
	struct descriptor layer, config, manifest;
	struct buf text CLEANUP(buf_done) = { 0 };
	struct bundle_place place = {
		.subject = m->target,
		.bundle = &layer,
		.content = "dsse-envelope",
		.predicate_type =
			m->predicate_type.n ? m->predicate_type : S(PREDICATE_COSIGN_SIGN),
		.created = m->created,
	};
	(void)a;
	if (source_put_document(m->into, S(BUNDLE_MEDIA_TYPE), bundle, &layer, e) ||
	    source_put_document(m->into, S(MEDIA_OCI_EMPTY), S("{}"), &config, e))
		return e->code;
	cosign_bundle_manifest(&place, &text);
	if (source_put_referrer(m->into, str_buf(&text), &manifest, e))
		return e->code;
	*out = (struct made){ .manifest = manifest };
	return 0;
}

static int make(const struct making *m, struct arena *a, struct made *out, struct err *e)
{
	struct buf text CLEANUP(buf_done) = { 0 };
	struct bundle_parts parts = { 0 };
	struct str statement = statement_of(m, a);
	int r = find_equal(m, statement, a, out, e);
	if (r)
		return r < 0 ? r : 0;
	if (signer_sign_dsse(m->signer, S(DSSE_IN_TOTO), statement, a, &parts, e))
		return e->code;
	if (m->chain && m->chain->n) {
		parts.key = NULL;
		parts.cert_der = cert_der(m->chain->v[0]);
	}
	sigstore_bundle_write(&parts, &text);
	return put_bundle(m, str_buf(&text), a, out, e);
}

const struct scheme scheme_bundle = {
	.name = "bundle",
	.format = "sigstore-bundle",
	.blob_max = BUNDLE_MAX,
	.finds = finds,
	.believes = believes,
	.judge = judge,
	.make = make,
};
