/* cosign's older signatures and attestations: behind the tags sha256-HEX.sig and .att, or as a referrer of the same shape
 * (its experimental OCI 1.1 mode). Only this form is read by podman, CRI-O and skopeo.
 *
 * Annotations are the signature's whole proof and anybody who may push writes them; the payload says which image is meant,
 * and a signature that holds for another image's payload is the usual replay. Appending to a tag is read, change, write:
 * source_update_tag sees to it that two signers lose nothing. */
#include "trust/attest.h"
#include "trust/cosign.h"
#include "trust/cosign_tag.h"
#include "trust/pem.h"
#include "trust/scheme.h"
#include "base/base64.h"

#define CERTIFICATE "CERTIFICATE"

static unsigned finds(const struct descriptor *layer)
{
	return str_eq(layer->media_type, S(COSIGN_SIMPLE_SIGNING)) ? FINDS_SIGNATURE
	       : str_eq(layer->media_type, S(COSIGN_DSSE))	   ? FINDS_ATTESTATION
								   : FINDS_NOTHING;
}

static bool believes(const struct trust_policy *p)
{
	return p->sigstore != NULL;
}

/* Judging. */
static void check_payload(struct str payload, const struct wanted *w, struct arena *a,
			  struct proof *out)
{
	struct simple_signing s;
	struct err e = { 0 };
	char got[DIGEST_TEXT], text[DIGEST_TEXT];
	if (simple_signing_parse(payload, a, &s, &e)) {
		proof_check(out, a, "artifact", CHECK_NO, "%s", e.text);
		return;
	}
	out->payload = arena_str(a, payload);
	out->artifact = s.digest;
	for (size_t i = 0; i < s.n_annotations; i++)
		*ARENA_PUSH(a, out->annotations.v, out->annotations.n, out->annotations.cap) =
			s.annotations[i];
	digest_text(&w->target->digest, text);
	if (digest_eq(&s.digest, &w->target->digest))
		proof_check(out, a, "artifact", CHECK_YES, "the payload is about %s", text);
	else
		proof_check(out, a, "artifact", CHECK_NO, "the payload is about %s, not about %s",
			    digest_text(&s.digest, got), text);
}

static int judge_signature(const struct sigstore_bundle *b, struct str blob, const struct wanted *w,
			   const struct trust_policy *p, struct arena *a, struct proof *out,
			   struct err *e)
{
	struct signed_bytes what = { .has_message = true, .message = blob };
	if (sigstore_verify(b, &what, p->sigstore, a, out, e))
		return e->code;
	if (out->result == CHECK_YES)
		check_payload(blob, w, a, out);
	return JUDGED;
}

static int judge(struct str blob, const struct descriptor *layer, const struct wanted *w,
		 const struct trust_policy *p, struct arena *a, struct proof *out, struct err *e)
{
	struct sigstore_bundle *b CLEANUP(cleanup_sigstore_bundle) = NULL;
	struct cosign_material m = { 0 };
	struct err why = { 0 };
	bool is_dsse = finds(layer) == FINDS_ATTESTATION;
	if (is_dsse != (w->predicate_type.n > 0))
		return JUDGED_OTHER;
	if (!cosign_layer_material(layer, &m) && !is_dsse) {
		proof_check(out, a, "signature", CHECK_NO,
			    "the layer has no annotation " COSIGN_SIGNATURE);
		return JUDGED;
	}
	if (sigstore_bundle_from_cosign(&m, blob, is_dsse, &b, &why)) {
		proof_check(out, a, "signature", CHECK_NO, "%s", why.text);
		return JUDGED;
	}
	return is_dsse ? scheme_judge_statement(b, S(""), w, p, a, out, e)
		       : judge_signature(b, blob, w, p, a, out, e);
}

/* Making. */
static struct str pem_chain(const struct certs *chain, size_t from, size_t to, struct arena *a)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	for (size_t i = from; i < to; i++)
		pem_write(S(CERTIFICATE), cert_der(chain->v[i]), &b);
	return arena_str(a, str_buf(&b));
}

/* What a layer is made of: its bytes and what stands beside them. */
struct piece {
	struct str media_type, bytes;
	struct cosign_parts parts;
	struct descriptor layer;
};

static void add_chain(const struct making *m, struct arena *a, struct cosign_parts *parts)
{
	const struct certs *chain = m->chain && m->chain->n ? m->chain : signer_certs(m->signer);
	if (!chain || !chain->n)
		return;
	parts->certificate = pem_chain(chain, 0, 1, a);
	parts->chain = pem_chain(chain, 1, chain->n, a);
}

static int sign_payload(const struct making *m, struct arena *a, struct piece *out, struct err *e)
{
	struct signed_bytes what = { .has_message = true, .message = out->bytes };
	struct bundle_parts made = { 0 };
	if (signer_sign_message(m->signer, &what, a, &made, e))
		return e->code;
	out->parts.signature = made.signature;
	out->parts.entry = made.n_entries && made.entries[0].set.n ? &made.entries[0] : NULL;
	out->parts.timestamp = made.n_timestamps ? made.timestamps[0] : S("");
	return 0;
}

static int sign_statement(const struct making *m, struct arena *a, struct piece *out, struct err *e)
{
	struct bundle_parts made = { 0 };
	struct buf b CLEANUP(buf_done) = { 0 };
	struct str *stamps = NULL;
	size_t n = 0;
	if (signer_sign_dsse(m->signer, S(DSSE_IN_TOTO), out->bytes, a, &made, e))
		return e->code;
	dsse_write(made.dsse->payload_type, made.dsse->payload, made.dsse->v[0].sig,
		   made.dsse->v[0].keyid, &b);
	out->bytes = arena_str(a, str_buf(&b));
	if (signer_timestamps(m->signer, out->bytes, a, &stamps, &n, e))
		return e->code;
	out->parts.entry = made.n_entries && made.entries[0].set.n ? &made.entries[0] : NULL;
	out->parts.timestamp = n ? stamps[0] : S("");
	out->parts.predicate_type = m->predicate_type;
	return 0;
}

/* What will be signed. */
static void prepare(const struct making *m, struct arena *a, struct piece *out)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	struct annotation *annotations = arena_array(a, m->n_annotations + 1, sizeof *annotations);
	for (size_t i = 0; i < m->n_annotations; i++)
		annotations[i] = m->annotations[i];
	if (m->predicate_type.n) {
		struct statement_parts p = {
			.type = STATEMENT_V01,
			.name = m->name,
			.digest = &m->target->digest,
			.predicate_type = m->predicate_type,
			.predicate = m->predicate,
		};
		statement_parts_write(&p, &b);
		out->media_type = S(COSIGN_DSSE);
	} else {
		struct simple_signing s = { m->name, m->target->digest, annotations,
					    m->n_annotations };
		simple_signing_write(&s, a, &b);
		out->media_type = S(COSIGN_SIMPLE_SIGNING);
	}
	out->bytes = arena_str(a, str_buf(&b));
}

/* Does this layer hold the same, signed by our key? */
static bool layer_is_equal(const struct making *m, const struct descriptor *layer, struct str bytes,
			   struct arena *a)
{
	struct buf sig CLEANUP(buf_done) = { 0 }, text CLEANUP(buf_done) = { 0 };
	struct stream *in CLEANUP(cleanup_stream) = NULL;
	struct cosign_material material;
	struct digest digest;
	struct dsse envelope;
	struct err e;
	if (!m->predicate_type.n) {
		digest_of((enum digest_alg)layer->digest.alg, bytes, &digest);
		return str_eq(layer->media_type, S(COSIGN_SIMPLE_SIGNING)) &&
		       digest_eq(&digest, &layer->digest) &&
		       cosign_layer_material(layer, &material) &&
		       base64_decode(material.signature, &sig) &&
		       key_verify(m->key, key_default_alg(m->key, false), bytes, str_buf(&sig));
	}
	if (!str_eq(layer->media_type, S(COSIGN_DSSE)) ||
	    source_get_verified(m->into, layer, &in, &e) ||
	    stream_read_all(in, BUNDLE_MAX, &text, &e) ||
	    dsse_parse_text(str_buf(&text), a, &envelope, &e) || envelope.n != 1 ||
	    !str_eq(envelope.payload, bytes))
		return false;
	dsse_pae(S(DSSE_IN_TOTO), bytes, &sig);
	return key_verify(m->key, key_default_alg(m->key, true), str_buf(&sig), envelope.v[0].sig);
}

static int find_equal(const struct making *m, struct str tag, struct str bytes, struct arena *a,
		      struct made *out, struct err *e)
{
	struct limits l = m->into->opt->limits;
	struct descriptor d;
	struct manifest found;
	struct str text;
	struct err ignored;
	l.layers = COSIGN_LAYERS_MAX;
	if (!m->key || (m->chain && m->chain->n))
		return 0;
	int r = source_find(m->into, tag, &d, &ignored);
	if (r == ERR_NOT_FOUND)
		return 0;
	if (r)
		return err_set(e, r, "%s", ignored.text);
	if (source_get_document(m->into, &d, a, &text, e) ||
	    manifest_parse(a, text, d.media_type, &l, &found, e))
		return err_in(e, "tag %.*s", STR(tag));
	for (size_t i = 0; found.kind == MANIFEST_IMAGE && i < found.image.n_layers; i++) {
		if (!layer_is_equal(m, &found.image.layers[i], bytes, a))
			continue;
		*out = (struct made){ .manifest = d, .tag = tag, .was_there = true };
		return 1;
	}
	return 0;
}

static int put_piece(const struct making *m, struct piece *p, struct str tag, struct arena *a,
		     struct made *out, struct err *e)
{
	struct cosign_addition x = { m->into, tag, &p->layer, m->docker_types, false };
	struct descriptor manifest;
	if (source_put_document(m->into, p->media_type, p->bytes, &p->layer, e))
		return e->code;
	cosign_layer_annotations(&p->parts, a, &p->layer.annotations, &p->layer.n_annotations);
	if (cosign_tag_add(&x, a, &manifest, e))
		return e->code;
	*out = (struct made){ .manifest = manifest, .tag = tag };
	return 0;
}

static int make(const struct making *m, struct arena *a, struct made *out, struct err *e)
{
	struct piece p = { 0 };
	bool attests = m->predicate_type.n > 0;
	struct str tag = attached_tag(a, &m->target->digest, attests ? ".att" : ".sig");
	prepare(m, a, &p);
	int r = find_equal(m, tag, p.bytes, a, out, e);
	if (r)
		return r < 0 ? r : 0;
	r = attests ? sign_statement(m, a, &p, e) : sign_payload(m, a, &p, e);
	if (r)
		return r;
	add_chain(m, a, &p.parts);
	return put_piece(m, &p, tag, a, out, e);
}

const struct scheme scheme_cosign = {
	.name = "cosign",
	.format = "cosign",
	.blob_max = BUNDLE_MAX,
	.finds = finds,
	.believes = believes,
	.judge = judge,
	.make = make,
};
