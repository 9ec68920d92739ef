/* lazaret attach signature|attestation|sbom IMAGE: what was signed or written elsewhere is put beside an image. Nothing
 * is verified, but all must be of its form: Rekor's answer (one entry by its id, or cosign's RekorBundle), base64, PEM,
 * DSSE envelopes, Sigstore bundles. Documents of cosign's older kinds go behind its tags, bundles become referrers. */
#include "base/base64.h"
#include "base/time.h"
#include "cmd/image_target.h"
#include "cmd/alarm.h"
#include "cmd/registry_options.h"
#include "trust/attached.h"
#include "trust/cosign.h"
#include "trust/cosign_tag.h"
#include "trust/scheme.h"
#include "oci/media_type.h"

#include <stdio.h>
#include <stdlib.h>

enum { SMALL_MAX = 1 << 20, SBOM_MAX = 128 << 20 };

static const char *const verbs[] = { "signature", "attestation", "sbom", NULL };
static const struct option options[] = {
	{ "signature", 0, "FILE", "FILE", false, false, "the signature, in base64" },
	{ "payload", 0, "FILE", "FILE", false, false, "what was signed" },
	{ "certificate", 0, "FILE", "FILE", false, false, "the signer's certificate, PEM" },
	{ "certificate-chain", 0, "FILE", "FILE", false, false, "its issuers, PEM" },
	{ "rekor-response", 0, "FILE", "FILE", false, false, "the log's answer" },
	{ "tsr", 0, "FILE", "FILE", false, false, "answer of a timestamp authority" },
	{ "attestation", 0, "FILE", "FILE", true, false, "envelope or bundle" },
	{ "sbom", 0, "FILE", "FILE", false, false, "the SBOM" },
	{ "type", 0, "KIND", "spdx cyclonedx syft", false, false, "what the SBOM is" },
	{ "input-format", 0, "FORMAT", "json xml text", false, false, "how the SBOM is written" },
	{ "registry-referrers-mode", 0, "MODE", "legacy oci-1-1", false, false,
	  "by tag, or as a referrer" },
#include "cmd/registry_options.def"
	{ 0 },
};

struct attach {
	const struct args *args;
	struct source_options options;
	struct image_target target;
	bool refer; /* oci-1-1 */
};

/* What stands beside the image in the end. */
static void tell(const struct attach *t, const char *what, const struct descriptor *d)
{
	char text[DIGEST_TEXT];
	digest_text(&d->digest, text);
	say(t->args, "attached %s to %.*s: %s", what, STR(t->target.shown), text);
}

static int put_layer(const struct attach *t, const char *what, struct str artifact,
		     const char *suffix, const struct descriptor *layer, struct err *e)
{
	struct arena *a = t->args->arena;
	struct cosign_addition x = {
		.into = t->target.signatures,
		.tag = attached_tag(a, &t->target.descriptor.digest, suffix),
		.layer = layer,
		.alone = strcmp(suffix, ".sbom") == 0,
	};
	struct buf manifest CLEANUP(buf_done) = { 0 };
	struct descriptor d;
	int r;
	if (t->refer) {
		cosign_referrer_manifest(artifact, &t->target.descriptor, layer, &manifest);
		r = source_put_document(x.into, artifact, S("{}"), &d, e);
		r = r ? r : source_put_referrer(x.into, str_buf(&manifest), &d, e);
	} else {
		r = cosign_tag_add(&x, a, &d, e);
	}
	if (r == 0)
		tell(t, what, &d);
	return r;
}

/* Signatures. */
static int read_signature(const struct attach *t, struct str *out, struct err *e)
{
	struct buf raw CLEANUP(buf_done) = { 0 };
	struct str text = { 0 };
	if (args_file(t->args, "signature", SMALL_MAX, &text, e))
		return e->code;
	if (!base64_decode(str_trim(text), &raw) || raw.n == 0)
		return err_set(e, ERR_INVALID, "--signature: there is no base64 in the file");
	*out = arena_str(t->args->arena, str_buf(&raw));
	return 0;
}

static int read_pem(const struct attach *t, const char *option, struct str *out, struct err *e)
{
	struct certs certs CLEANUP(certs_done) = { 0 };
	struct str text = { 0 };
	if (args_file(t->args, option, (size_t)CERTS_MAX * CERT_DER_MAX, &text, e))
		return e->code;
	if (text.n &&
	    (!str_starts(str_trim(text), S("-----BEGIN")) || certs_parse(text, &certs, e)))
		return certs.n || e->code ? err_in(e, "--%s", option)
					  : err_set(e, ERR_INVALID, "--%s: it is no PEM", option);
	*out = text;
	return 0;
}

static bool decode(const struct json *j, const char *key, struct arena *a, struct str *out)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	if (!base64_decode(json_get_str(j, key), &b) || !b.n)
		return false;
	*out = arena_str(a, str_buf(&b));
	return true;
}

static bool decode_hex(struct str hex, struct arena *a, struct str *out)
{
	struct digest d;
	if (!digest_from_hex(DIGEST_SHA256, hex, &d))
		return false;
	*out = arena_str(a, (struct str){ (const char *)d.bytes, d.len });
	return true;
}

/* {ID: {body, integratedTime, logIndex, logID, verification: {signedEntryTimestamp}}}, or cosign's bundle of them. */
static int parse_entry(const struct json *j, struct arena *a, struct log_entry *out, struct err *e)
{
	const struct json *payload = json_get(j, "Payload"), *promise = j;
	const char *name = "SignedEntryTimestamp";
	uint64_t time;
	if (!payload) {
		payload = json_first(j);
		promise = json_get(payload, "verification");
		name = "signedEntryTimestamp";
	}
	if (!payload || !decode(payload, "body", a, &out->body) ||
	    !decode(promise, name, a, &out->set) ||
	    !decode_hex(json_get_str(payload, "logID"), a, &out->log_id) ||
	    !json_u64(json_get(payload, "integratedTime"), &time) ||
	    !json_u64(json_get(payload, "logIndex"), &out->index))
		return err_set(e, ERR_INVALID,
			       "--rekor-response: it is no entry of the log with its signed time");
	out->integrated_time = (int64_t)time;
	return 0;
}

static int read_entry(const struct attach *t, struct log_entry *out, bool *there, struct err *e)
{
	struct json *j CLEANUP(cleanup_json) = NULL;
	struct str text = { 0 };
	if (args_file(t->args, "rekor-response", SMALL_MAX, &text, e))
		return e->code;
	*there = text.n > 0;
	if (!text.n)
		return 0;
	if (json_parse(text, &j, e))
		return err_in(e, "--rekor-response");
	return parse_entry(j, t->args->arena, out, e);
}

/* What cosign would have signed, unless another payload is given; it must be about this image. */
static int read_payload(const struct attach *t, struct str *out, struct err *e)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	struct simple_signing s = { .reference = t->target.name,
				    .digest = t->target.descriptor.digest };
	struct arena *a = t->args->arena;
	*out = S("");
	if (args_file(t->args, "payload", SIMPLE_SIGNING_MAX, out, e))
		return e->code;
	if (!out->n) {
		simple_signing_write(&s, a, &b);
		*out = arena_str(a, str_buf(&b));
	} else if (simple_signing_parse(*out, a, &s, e)) {
		return err_in(e, "--payload");
	} else if (!digest_eq(&s.digest, &t->target.descriptor.digest)) {
		return err_set(e, ERR_INVALID, "--payload: it is about another image");
	}
	return 0;
}

static int attach_signature(struct attach *t, struct err *e)
{
	struct cosign_parts parts = { 0 };
	struct log_entry entry = { 0 };
	struct descriptor layer;
	struct str payload;
	bool logged = false;
	if (read_signature(t, &parts.signature, e) || read_payload(t, &payload, e) ||
	    read_pem(t, "certificate", &parts.certificate, e) ||
	    read_pem(t, "certificate-chain", &parts.chain, e) ||
	    read_entry(t, &entry, &logged, e) ||
	    args_file(t->args, "tsr", SMALL_MAX, &parts.timestamp, e))
		return e->code;
	parts.entry = logged ? &entry : NULL;
	if (source_put_document(t->target.signatures, S(COSIGN_SIMPLE_SIGNING), payload, &layer, e))
		return e->code;
	cosign_layer_annotations(&parts, t->args->arena, &layer.annotations, &layer.n_annotations);
	return put_layer(t, "the signature", S(COSIGN_SIGNATURE_ARTIFACT), ".sig", &layer, e);
}

/* Attestations. */
static int check_statement(const struct attach *t, const struct dsse *d, struct str *type,
			   struct err *e)
{
	struct statement s;
	if (!str_eq(d->payload_type, S(DSSE_IN_TOTO)))
		return err_set(e, ERR_INVALID, "its payload is no in-toto statement, but %.*s",
			       STR(str_upto(d->payload_type, 100)));
	if (statement_parse(d->payload, t->args->arena, &s, e))
		return e->code;
	bool about = statement_has_subject(&s, &t->target.descriptor.digest);
	*type = arena_str(t->args->arena, s.predicate_type);
	statement_done(&s);
	return about ? 0 : err_set(e, ERR_INVALID, "its statement is about another image");
}

static int put_bundle(const struct attach *t, struct str text, struct err *e)
{
	struct sigstore_bundle *b CLEANUP(cleanup_sigstore_bundle) = NULL;
	struct descriptor layer, config, manifest;
	struct buf bytes CLEANUP(buf_done) = { 0 };
	struct bundle_place place = { .subject = &t->target.descriptor,
				      .bundle = &layer,
				      .content = "dsse-envelope",
				      .created = time_now() };
	if (sigstore_bundle_parse(text, &b, e))
		return e->code;
	if (!b->is_dsse || !str_eq(b->version, S("0.3")))
		return err_set(e, ERR_UNSUPPORTED,
			       "only bundles of version 0.3 with an envelope are attached");
	if (check_statement(t, &b->dsse, &place.predicate_type, e) ||
	    source_put_document(t->target.signatures, S(BUNDLE_MEDIA_TYPE), text, &layer, e) ||
	    source_put_document(t->target.signatures, S(MEDIA_OCI_EMPTY), S("{}"), &config, e))
		return e->code;
	cosign_bundle_manifest(&place, &bytes);
	if (source_put_referrer(t->target.signatures, str_buf(&bytes), &manifest, e))
		return e->code;
	tell(t, "the bundle", &manifest);
	return 0;
}

static int put_envelope(const struct attach *t, struct str text, struct err *e)
{
	struct cosign_parts parts = { 0 };
	struct dsse d;
	struct descriptor layer;
	if (dsse_parse_text(text, t->args->arena, &d, e) ||
	    check_statement(t, &d, &parts.predicate_type, e) ||
	    source_put_document(t->target.signatures, S(COSIGN_DSSE), text, &layer, e))
		return e->code;
	cosign_layer_annotations(&parts, t->args->arena, &layer.annotations, &layer.n_annotations);
	return put_layer(t, "the attestation", S(DSSE_IN_TOTO), ".att", &layer, e);
}

static int attach_attestations(struct attach *t, struct err *e)
{
	struct strs files = args_list(t->args, "attestation");
	for (size_t i = 0; i < files.n; i++) {
		struct json *j CLEANUP(cleanup_json) = NULL;
		struct str text;
		if (args_read(t->args, "attestation", files.v[i], BUNDLE_MAX, &text, e))
			return e->code;
		int r = json_parse_upto(text, BUNDLE_MAX, &j, e);
		if (r == 0)
			r = json_get(j, "mediaType") ? put_bundle(t, text, e)
						     : put_envelope(t, text, e);
		if (r)
			return err_in(e, "--attestation %.*s", STR(files.v[i]));
	}
	return 0;
}

/* SBOMs. */
static const struct sbom_type {
	struct str type, format;
	const char *media_type;
} sbom_types[] = {
	{ S("spdx"), S("text"), "text/spdx" },
	{ S("spdx"), S("json"), "text/spdx+json" },
	{ S("cyclonedx"), S("xml"), "application/vnd.cyclonedx+xml" },
	{ S("cyclonedx"), S("json"), "application/vnd.cyclonedx+json" },
	{ S("syft"), S("json"), "application/vnd.syft+json" },
};

/* Without --input-format what the file begins with tells. */
static int sbom_media_type(const struct args *a, struct str text, struct str *out, struct err *e)
{
	struct str type = args_str(a, "type"), format = args_str(a, "input-format"),
		   start = str_upto(str_trim(text), 1);
	if (!type.n)
		type = S("spdx");
	if (!format.n)
		format = str_eq(start, S("{"))	 ? S("json")
			 : str_eq(start, S("<")) ? S("xml")
						 : S("text");
	if (str_eq(format, S("tag-value")))
		format = S("text");
	for (size_t i = 0; i < COUNT(sbom_types); i++)
		if (str_eq(sbom_types[i].type, type) && str_eq(sbom_types[i].format, format)) {
			*out = str_of(sbom_types[i].media_type);
			return 0;
		}
	return err_set(e, ERR_INVALID, "--type, --input-format: there is no '%.*s' as '%.*s'",
		       STR(type), STR(format));
}

static int attach_sbom(struct attach *t, struct err *e)
{
	struct descriptor layer;
	struct str text = { 0 }, media_type;
	if (args_file(t->args, "sbom", SBOM_MAX, &text, e) ||
	    sbom_media_type(t->args, text, &media_type, e) ||
	    source_put_document(t->target.signatures, media_type, text, &layer, e))
		return e->code;
	return put_layer(t, "the SBOM", S(COSIGN_SBOM_ARTIFACT), ".sbom", &layer, e);
}

static const struct what {
	const char *wanted; /* the option without which there is nothing */
	int (*run)(struct attach *t, struct err *e);
} whats[] = {
	{ "signature", attach_signature },
	{ "attestation", attach_attestations },
	{ "sbom", attach_sbom },
};

static int read_words(struct attach *t, size_t *k, struct err *e)
{
	const struct args *a = t->args;
	struct str mode = args_str(a, "registry-referrers-mode");
	while (verbs[*k] && !str_eq(a->words.n ? a->words.v[0] : S(""), str_of(verbs[*k])))
		++*k;
	if (!verbs[*k] || a->words.n != 2)
		return err_set(e, ERR_INVALID,
			       "wanted: signature, attestation or sbom, and one image");
	if (args_list(a, whats[*k].wanted).n == 0)
		return err_set(e, ERR_INVALID, "wanted: --%s FILE", whats[*k].wanted);
	t->refer = str_eq(mode, S("oci-1-1"));
	if (mode.n && !t->refer && !str_eq(mode, S("legacy")))
		return err_set(e, ERR_INVALID, "--registry-referrers-mode: legacy or oci-1-1");
	if (alarm_start(a, e))
		return e->code;
	return registry_options_read(a, &t->options, e);
}

static int run(const struct args *a)
{
	struct attach t = { .args = a };
	struct err e = { 0 };
	size_t k = 0;
	if (read_words(&t, &k, &e))
		return usage(a, "%s", e.text);
	int r = image_target_open(a, &t.options, a->words.v[1], true, &t.target, &e);
	if (r == 0) {
		r = whats[k].run(&t, &e);
		r = r ? r : image_target_finish(&t.target, &e);
		image_target_close(&t.target);
	}
	return r ? fail(a, &e) : EXIT_YES;
}

const struct command command_attach = { "attach", "attach what was signed or written elsewhere",
					verbs, options, run };
