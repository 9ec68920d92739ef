/* What cosign wrote before bundles: annotations beside a payload in a registry, and blob bundles, both with a "RekorBundle"
 * ({"SignedEntryTimestamp", "Payload": {"body", "integratedTime", "logIndex", "logID"}}) in place of a log entry. They are
 * annotations that everybody with write access can replace, so that nothing here is believed; what is there and cannot be
 * read makes the whole invalid, never "no such thing". Roots in the chain are dropped: cosign writes them there. */
#include "trust/bundle.h"
#include "trust/protojson.h"
#include "base/base64.h"

static int decode(struct str text, const char *what, struct arena *a, struct str *out,
		  struct err *e)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	if (!base64_decode(str_trim(text), &b))
		return err_set(e, ERR_INVALID, "%s is no base64", what);
	*out = arena_str(a, str_buf(&b));
	return 0;
}

static bool unhex(struct str hex, struct arena *a, struct str *out)
{
	struct digest d;
	if (!digest_from_hex(DIGEST_SHA256, hex, &d))
		return false;
	*out = arena_str(a, (struct str){ (const char *)d.bytes, d.len });
	return true;
}

/* Kind and version of a body that came without them. */
static int body_kind(struct log_entry *l, struct arena *a, struct err *e)
{
	struct json *j CLEANUP(cleanup_json) = NULL;
	if (json_parse(l->body, &j, e))
		return err_in(e, "the log entry's body");
	l->kind = arena_str(a, json_get_str(j, "kind"));
	l->version = arena_str(a, json_get_str(j, "apiVersion"));
	return 0;
}

static int parse_rekor(const struct json *j, struct sigstore_bundle *b, struct err *e)
{
	static const char *const names[] = { "SignedEntryTimestamp", "Payload", NULL };
	static const char *const payload_names[] = { "body", "integratedTime", "logIndex", "logID",
						     NULL };
	const struct json *v[PROTO_FIELDS_MAX], *p[PROTO_FIELDS_MAX];
	struct log_entry *l = ARENA_NEW(&b->arena, struct log_entry);
	uint64_t time;
	if (proto_fields(j, "the Rekor bundle", false, names, v, e) ||
	    proto_fields(v[1], "its Payload", false, payload_names, p, e) ||
	    decode(json_str(v[0]), "SignedEntryTimestamp", &b->arena, &l->set, e) ||
	    decode(json_str(p[0]), "body", &b->arena, &l->body, e) || body_kind(l, &b->arena, e))
		return e->code;
	if (!json_u64(p[1], &time) || !json_u64(p[2], &l->index) ||
	    !unhex(json_str(p[3]), &b->arena, &l->log_id))
		return err_set(e, ERR_INVALID,
			       "the Rekor bundle lacks integratedTime, logIndex or logID");
	if (l->set.n == 0)
		return err_set(e, ERR_INVALID, "the Rekor bundle has no SignedEntryTimestamp");
	l->integrated_time = (int64_t)time;
	b->entries = l;
	b->n_entries = 1;
	return 0;
}

static int add_certs(struct sigstore_bundle *b, struct str leaf, struct str chain, struct err *e)
{
	struct certs more CLEANUP(certs_done) = { 0 };
	if (certs_parse(leaf, &b->certs, e))
		return err_in(e, "certificate");
	if (str_trim(chain).n == 0)
		return 0;
	if (certs_parse(chain, &more, e))
		return err_in(e, "certificate chain");
	for (size_t i = 0; i < more.n && b->certs.n < CERTS_MAX; i++)
		if (!cert_self_signed(more.v[i]) && certs_parse(cert_der(more.v[i]), &b->certs, e))
			return err_in(e, "certificate chain");
	return 0;
}

static int take_signature(struct sigstore_bundle *b, struct str payload, bool is_dsse,
			  struct err *e)
{
	if (is_dsse) {
		b->envelope_json = arena_str(&b->arena, payload);
		if (dsse_parse_text(payload, &b->arena, &b->dsse, e))
			return e->code;
		if (b->dsse.n != 1)
			return err_set(e, ERR_INVALID, "the envelope has more than one signature");
		b->is_dsse = true;
		b->timestamps_of_envelope = true;
		b->signature = b->dsse.v[0].sig;
	}
	if (b->signature.n == 0 || b->signature.n > SIGNATURE_MAX)
		return err_set(e, ERR_INVALID, "its signature has %zu bytes", b->signature.n);
	return 0;
}

static int parse_timestamp(struct str text, struct sigstore_bundle *b, struct err *e)
{
	struct json *j CLEANUP(cleanup_json) = NULL;
	struct str *t = ARENA_NEW(&b->arena, struct str);
	if (json_parse(text, &j, e))
		return err_in(e, "timestamp");
	if (json_is_null(j))
		return 0;
	if (decode(json_get_str(j, "SignedRFC3161Timestamp"), "SignedRFC3161Timestamp", &b->arena,
		   t, e))
		return e->code;
	if (t->n == 0)
		return err_set(e, ERR_INVALID, "the timestamp is empty");
	b->timestamps = t;
	b->n_timestamps = 1;
	return 0;
}

static int from_cosign(const struct cosign_material *m, struct str payload,
		       struct sigstore_bundle *b, bool is_dsse, struct err *e)
{
	struct json *rekor CLEANUP(cleanup_json) = NULL;
	b->version = S("cosign");
	if ((!is_dsse && decode(m->signature, "the signature", &b->arena, &b->signature, e)) ||
	    take_signature(b, payload, is_dsse, e))
		return e->code;
	if (m->certificate.n && add_certs(b, m->certificate, m->chain, e))
		return e->code;
	if (m->rekor_bundle.n && json_parse(m->rekor_bundle, &rekor, e))
		return err_in(e, "Rekor bundle");
	if (rekor && !json_is_null(rekor) && parse_rekor(rekor, b, e))
		return e->code;
	return m->timestamp.n ? parse_timestamp(m->timestamp, b, e) : 0;
}

int sigstore_bundle_from_cosign(const struct cosign_material *m, struct str payload, bool is_dsse,
				struct sigstore_bundle **out, struct err *e)
{
	struct sigstore_bundle *b CLEANUP(cleanup_sigstore_bundle) = sigstore_bundle_new();
	if (from_cosign(m, payload, b, is_dsse, e))
		return err_in(e, "cosign signature");
	*out = STEAL(b);
	return 0;
}

/* "cert" is base64 of PEM, or of DER; of a key it holds the public key, which is not ours to believe. */
static int blob_cert(struct str text, struct sigstore_bundle *b, struct err *e)
{
	struct str pem = { 0 };
	if (text.n == 0)
		return 0;
	if (decode(text, "cert", &b->arena, &pem, e))
		return e->code;
	if (str_find(pem, S("-----BEGIN PUBLIC KEY-----")) >= 0)
		return 0;
	return add_certs(b, pem, (struct str){ 0 }, e);
}

int bundle_parse_blob(const struct json *j, struct sigstore_bundle *b, struct err *e)
{
	static const char *const names[] = { "base64Signature", "cert", "rekorBundle", NULL };
	const struct json *v[PROTO_FIELDS_MAX];
	struct str sig;
	b->version = S("cosign");
	if (proto_fields(j, "the blob bundle", false, names, v, e) ||
	    decode(json_str(v[0]), "base64Signature", &b->arena, &sig, e))
		return e->code;
	/* attest-blob kept the whole envelope there. */
	bool is_dsse = str_starts(sig, S("{"));
	if (!is_dsse)
		b->signature = sig;
	if (take_signature(b, sig, is_dsse, e) || blob_cert(json_str(v[1]), b, e))
		return e->code;
	return v[2] ? parse_rekor(v[2], b, e) : 0;
}
