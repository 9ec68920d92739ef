/* lazaret download signature|attestation|sbom IMAGE: what is attached to an image, as cosign prints it. Nothing is
 * verified but digests. */
#include "base/base64.h"
#include "cmd/file.h"
#include "cmd/registry_options.h"
#include "trust/attached.h"
#include "trust/cosign.h"
#include "trust/scheme.h"
#include "trust/x509.h"

#include <stdio.h>

enum { DOWNLOAD_MAX = 256 << 20 }; /* bytes of one answer */

static const char *const verbs[] = { "signature", "attestation", "sbom", NULL };
static const struct option options[] = {
	{ "predicate-type", 0, "TYPE", NULL, false, false, "only attestations of this type" },
	{ "output-file", 0, "FILE", "FILE", false, false, "write there" },
	{ "digest", 0, "DIGEST", NULL, false, false, "only what is in this attached manifest" },
	{ "platform", 0, "OS/ARCH", "linux/amd64 linux/arm64", false, false,
	  "of this image of an index" },
#include "cmd/registry_options.def"
	{ 0 },
};

struct download {
	const struct args *args;
	struct opened_image image;
	enum attached_kind kind;
	struct str predicate_type; /* URI; empty: any */
	struct digest only; /* alg DIGEST_NONE: any */
	struct buf out;
	size_t found;
};

static void note(const struct download *d, const struct attached *t, const char *why)
{
	char text[DIGEST_TEXT];
	say(d->args, "lazaret download: left out: %s: %s", digest_text(&t->manifest.digest, text),
	    why);
}

static int read_blob(const struct download *d, const struct descriptor *layer, struct buf *out,
		     struct err *e)
{
	struct stream *in CLEANUP(cleanup_stream) = NULL;
	char text[DIGEST_TEXT];
	if (source_get_verified(d->image.attachments, layer, &in, e) ||
	    stream_read_all(in, BUNDLE_MAX, out, e))
		return err_in(e, "blob %s", digest_text(&layer->digest, text));
	return 0;
}

static int put(struct download *d, struct str bytes, struct err *e)
{
	if (bytes.n > DOWNLOAD_MAX - d->out.n)
		return err_set(e, ERR_LIMIT,
			       "more than %d bytes are attached: name one by --digest",
			       DOWNLOAD_MAX);
	buf_add_str(&d->out, bytes);
	return 0;
}

/* JSON without white space between its parts; texts and numbers stay byte for byte. */
static void compact(struct str json, struct buf *out)
{
	bool in_text = false;
	for (size_t i = 0; i < json.n; i++) {
		char c = json.p[i];
		if (in_text && c == '\\' && i + 1 < json.n) {
			buf_add_char(out, c);
			c = json.p[++i];
		} else if (c == '"') {
			in_text = !in_text;
		} else if (!in_text && (c == ' ' || c == '\t' || c == '\n' || c == '\r')) {
			continue;
		}
		buf_add_char(out, c);
	}
	buf_add_char(out, '\n');
}

/* Signatures of cosign's older form: a line with the names of Go's fields. */
static void put_base64(struct json_out *o, const char *key, struct str bytes)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	base64_encode(bytes, &b);
	json_put_member(o, key, str_buf(&b));
}

static void put_cert(struct json_out *o, const struct cert *c)
{
	json_begin_object(o);
	put_base64(o, "Raw", cert_der(c));
	json_end_object(o);
}

static int put_certs(struct json_out *o, struct str leaf, struct str chain, struct err *e)
{
	struct certs certs CLEANUP(certs_done) = { 0 }, issuers CLEANUP(certs_done) = { 0 };
	if ((leaf.n && certs_parse(leaf, &certs, e)) ||
	    (chain.n && certs_parse(chain, &issuers, e)))
		return err_in(e, "certificate beside the signature");
	json_put_key(o, "Cert");
	if (certs.n)
		put_cert(o, certs.v[0]);
	else
		json_put_null(o);
	json_put_key(o, "Chain");
	if (!issuers.n) {
		json_put_null(o);
		return 0;
	}
	json_begin_array(o);
	for (size_t i = 0; i < issuers.n; i++)
		put_cert(o, issuers.v[i]);
	json_end_array(o);
	return 0;
}

static int put_document(struct json_out *o, const char *key, struct str text, struct err *e)
{
	struct json *j CLEANUP(cleanup_json) = NULL;
	if (text.n && json_parse(text, &j, e))
		return err_in(e, "%s beside the signature", key);
	json_put_key(o, key);
	if (j)
		json_put_value(o, j);
	else
		json_put_null(o);
	return 0;
}

static int put_signature(struct download *d, const struct descriptor *layer, struct str payload,
			 struct err *e)
{
	struct buf line CLEANUP(buf_done) = { 0 };
	struct cosign_material m = { 0 };
	struct json_out o;
	if (!cosign_layer_material(layer, &m))
		return err_set(e, ERR_INVALID, "a layer has no annotation " COSIGN_SIGNATURE);
	json_out_init(&o, &line, 0);
	json_begin_object(&o);
	json_put_member(&o, "Base64Signature", m.signature);
	put_base64(&o, "Payload", payload);
	if (put_certs(&o, m.certificate, m.chain, e) ||
	    put_document(&o, "Bundle", m.rekor_bundle, e) ||
	    put_document(&o, "RFC3161Timestamp", m.timestamp, e))
		return e->code;
	json_end_object(&o);
	buf_add_char(&line, '\n');
	d->found++;
	return put(d, str_buf(&line), e);
}

/* Bundles and envelopes: the JSON that is there. Does it speak of what is asked for? An answer. */
static int is_wanted(const struct download *d, struct str text, struct arena *a, struct err *e)
{
	struct json *j CLEANUP(cleanup_json) = NULL;
	struct dsse envelope;
	struct str type;
	if (json_parse_upto(text, BUNDLE_MAX, &j, e))
		return e->code;
	if (!d->predicate_type.n)
		return 1;
	const struct json *inner = json_get(j, "dsseEnvelope");
	if (dsse_parse(inner ? inner : j, a, &envelope, e) || scheme_peek(&envelope, a, &type, e))
		return e->code;
	return str_eq(type, d->predicate_type);
}

static int put_json(struct download *d, const struct attached *t, struct str text, struct err *e)
{
	struct buf line CLEANUP(buf_done) = { 0 };
	struct arena a CLEANUP(arena_done) = { 0 };
	struct err why = { 0 };
	int answer = is_wanted(d, text, &a, &why);
	if (answer < 0)
		note(d, t, why.text);
	if (answer != 1)
		return 0;
	compact(text, &line);
	d->found++;
	return put(d, str_buf(&line), e);
}

static bool is_bundle(const struct attached *t)
{
	return strcmp(t->format, "sigstore-bundle") == 0;
}

static int put_layer(struct download *d, const struct attached *t, const struct descriptor *layer,
		     struct err *e)
{
	struct buf bytes CLEANUP(buf_done) = { 0 };
	if (read_blob(d, layer, &bytes, e))
		return e->code;
	if (d->kind == ATTACHED_SBOM) {
		if (d->found++)
			return err_set(e, ERR_CONFLICT,
				       "several SBOMs are attached: name one by --digest (`lazaret "
				       "tree` lists them)");
		return put(d, str_buf(&bytes), e);
	}
	if (d->kind == ATTACHED_SIGNATURE && !is_bundle(t))
		return put_signature(d, layer, str_buf(&bytes), e);
	return put_json(d, t, str_buf(&bytes), e);
}

static int put_attached(struct download *d, const struct attached *t, struct err *e)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	struct limits l = d->image.options.limits;
	struct manifest m;
	struct str bytes;
	char text[DIGEST_TEXT];
	l.layers = ATTACHED_LAYERS_MAX;
	if (strcmp(t->format, "notation") == 0) {
		note(d, t, "it is notation's, an envelope of another kind");
		return 0;
	}
	if (source_get_document(d->image.attachments, &t->manifest, &a, &bytes, e) ||
	    manifest_parse(&a, bytes, t->manifest.media_type, &l, &m, e))
		return err_in(e, "%s", digest_text(&t->manifest.digest, text));
	if (m.image.n_layers != 1 && (is_bundle(t) || t->kind == ATTACHED_SBOM))
		return err_set(e, ERR_INVALID, "%s has %zu layers in place of one",
			       digest_text(&t->manifest.digest, text), m.image.n_layers);
	for (size_t i = 0; i < m.image.n_layers; i++)
		if (put_layer(d, t, &m.image.layers[i], e))
			return err_in(e, "%s", digest_text(&t->manifest.digest, text));
	return 0;
}

static int put_all(struct download *d, struct err *e)
{
	struct attached *v;
	struct strs notes = { 0 };
	size_t n;
	int r = attached_list(d->image.attachments, &d->image.self.digest, d->args->arena, &v, &n,
			      &notes, e);
	for (size_t i = 0; r == 0 && i < notes.n; i++)
		say(d->args, "lazaret download: left out: %.*s", STR(notes.v[i]));
	for (size_t i = 0; r == 0 && i < n; i++)
		if (v[i].kind == d->kind &&
		    (!d->only.alg || digest_eq(&d->only, &v[i].manifest.digest)))
			r = put_attached(d, &v[i], e);
	return r;
}

static int write_out(struct download *d, struct err *e)
{
	struct str path = args_str(d->args, "output-file");
	if (path.n)
		return file_write(arena_cstr(d->args->arena, path), 0666, true, str_buf(&d->out),
				  e);
	return fwrite(d->out.p, 1, d->out.n, stdout) != d->out.n || fflush(stdout)
		       ? err_sys(e, "write standard output")
		       : 0;
}

static int read_words(struct download *d, struct err *e)
{
	const struct args *a = d->args;
	struct str type = args_str(a, "predicate-type"), only = args_str(a, "digest");
	while (verbs[d->kind] &&
	       !str_eq(a->words.n ? a->words.v[0] : S(""), str_of(verbs[d->kind])))
		d->kind++;
	if (!verbs[d->kind] || a->words.n != 2)
		return err_set(e, ERR_INVALID,
			       "wanted: signature, attestation or sbom, and one image");
	d->predicate_type = type.n ? predicate_type_uri(type) : type;
	if (type.n && (!d->predicate_type.n || d->kind != ATTACHED_ATTESTATION))
		return err_set(e, ERR_INVALID, "--predicate-type: %s",
			       d->predicate_type.n ? "only attestations have one"
						   : "there is no such type, and it is no URI");
	return only.n && digest_parse(only, &d->only, e) ? err_in(e, "--digest") : 0;
}

static int run(const struct args *a)
{
	struct download d = { .args = a };
	struct err e = { 0 };
	bool wrong = false;
	if (read_words(&d, &e))
		return usage(a, "%s", e.text);
	int r = opened_image_open(a, a->words.v[1], args_str(a, "platform"), &d.image, &wrong, &e);
	if (r == 0)
		r = put_all(&d, &e);
	if (r == 0 && d.found)
		r = write_out(&d, &e);
	opened_image_close(&d.image);
	buf_done(&d.out);
	if (r)
		return wrong ? usage(a, "%s", e.text) : fail(a, &e);
	if (!d.found)
		say(a, "lazaret download: no such %s is attached to %.*s", verbs[d.kind],
		    STR(a->words.v[1]));
	return d.found ? EXIT_YES : EXIT_NO;
}

const struct command command_download = { "download", "print what is attached to an image", verbs,
					  options, run };
