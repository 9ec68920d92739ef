/* Bundles are written: version 0.3, protojson in one line, 64 bit numbers as text, zero values left out where readers of
 * Sigstore leave them out too. */
#include "trust/sigstore.h"
#include "base/base64.h"

static void put_bytes(struct json_out *o, const char *key, struct str bytes)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	base64_encode(bytes, &b);
	json_put_member(o, key, str_buf(&b));
}

static void put_wrapped(struct json_out *o, const char *key, const char *inner, struct str bytes)
{
	json_put_key(o, key);
	json_begin_object(o);
	put_bytes(o, inner, bytes);
	json_end_object(o);
}

static void put_number(struct json_out *o, const char *key, uint64_t v)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	buf_addf(&b, "%llu", (unsigned long long)v);
	json_put_member(o, key, str_buf(&b));
}

static void put_proof(struct json_out *o, const struct log_entry *l)
{
	json_put_key(o, "inclusionProof");
	json_begin_object(o);
	put_number(o, "logIndex", l->proof_index);
	put_bytes(o, "rootHash", l->root_hash);
	put_number(o, "treeSize", l->tree_size);
	json_put_key(o, "hashes");
	json_begin_array(o);
	for (size_t i = 0; i < l->n_hashes; i++) {
		struct buf b CLEANUP(buf_done) = { 0 };
		base64_encode(l->hashes[i], &b);
		json_put_str(o, str_buf(&b));
	}
	json_end_array(o);
	json_put_key(o, "checkpoint");
	json_begin_object(o);
	json_put_member(o, "envelope", l->checkpoint);
	json_end_object(o);
	json_end_object(o);
}

static void put_entry(struct json_out *o, const struct log_entry *l)
{
	json_begin_object(o);
	put_number(o, "logIndex", l->index);
	put_wrapped(o, "logId", "keyId", l->log_id);
	json_put_key(o, "kindVersion");
	json_begin_object(o);
	json_put_member(o, "kind", l->kind);
	json_put_member(o, "version", l->version);
	json_end_object(o);
	if (l->integrated_time)
		put_number(o, "integratedTime", (uint64_t)l->integrated_time);
	if (l->set.n)
		put_wrapped(o, "inclusionPromise", "signedEntryTimestamp", l->set);
	if (l->has_proof)
		put_proof(o, l);
	if (l->body.n)
		put_bytes(o, "canonicalizedBody", l->body);
	json_end_object(o);
}

static void put_signer(struct json_out *o, const struct bundle_parts *p)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	if (p->cert_der.n) {
		put_wrapped(o, "certificate", "rawBytes", p->cert_der);
		return;
	}
	base64_encode((struct str){ (const char *)key_id(p->key)->bytes, key_id(p->key)->len }, &b);
	json_put_key(o, "publicKey");
	json_begin_object(o);
	json_put_member(o, "hint", str_buf(&b));
	json_end_object(o);
}

static void put_material(struct json_out *o, const struct bundle_parts *p)
{
	json_put_key(o, "verificationMaterial");
	json_begin_object(o);
	put_signer(o, p);
	if (p->n_entries) {
		json_put_key(o, "tlogEntries");
		json_begin_array(o);
		for (size_t i = 0; i < p->n_entries; i++)
			put_entry(o, &p->entries[i]);
		json_end_array(o);
	}
	if (p->n_timestamps) {
		json_put_key(o, "timestampVerificationData");
		json_begin_object(o);
		json_put_key(o, "rfc3161Timestamps");
		json_begin_array(o);
		for (size_t i = 0; i < p->n_timestamps; i++) {
			json_begin_object(o);
			put_bytes(o, "signedTimestamp", p->timestamps[i]);
			json_end_object(o);
		}
		json_end_array(o);
		json_end_object(o);
	}
	json_end_object(o);
}

static void put_message(struct json_out *o, const struct bundle_parts *p)
{
	const struct digest *d = &p->message_digest;
	json_put_key(o, "messageSignature");
	json_begin_object(o);
	if (d->alg != DIGEST_NONE) {
		json_put_key(o, "messageDigest");
		json_begin_object(o);
		json_put_member(o, "algorithm",
				d->alg == DIGEST_SHA256	  ? S("SHA2_256")
				: d->alg == DIGEST_SHA384 ? S("SHA2_384")
							  : S("SHA2_512"));
		put_bytes(o, "digest", (struct str){ (const char *)d->bytes, d->len });
		json_end_object(o);
	}
	put_bytes(o, "signature", p->signature);
	json_end_object(o);
}

void sigstore_bundle_write(const struct bundle_parts *p, struct buf *out)
{
	struct buf envelope CLEANUP(buf_done) = { 0 };
	struct json_out o;
	json_out_init(&o, out, 0);
	json_begin_object(&o);
	json_put_member(&o, "mediaType", S(BUNDLE_MEDIA_TYPE));
	put_material(&o, p);
	if (p->dsse) {
		dsse_write(p->dsse->payload_type, p->dsse->payload, p->dsse->v[0].sig,
			   p->dsse->v[0].keyid, &envelope);
		json_put_key(&o, "dsseEnvelope");
		json_put_raw(&o, str_buf(&envelope));
	} else {
		put_message(&o, p);
	}
	json_end_object(&o);
}
