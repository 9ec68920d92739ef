/* Blobs are read once, in pieces, through as many digests as are asked for. */
#include "cmd/blob.h"
#include "cmd/proof_output.h"
#include "base/base64.h"
#include "base/stream.h"

#include <fcntl.h>
#include <stdio.h>

static int open_word(struct arena *a, struct str word, struct stream **out, struct err *e)
{
	if (str_eq(word, S("-"))) {
		*out = stream_fd(STDIN_FILENO, false, -1, UINT64_MAX);
		return 0;
	}
	int fd = open(arena_cstr(a, word), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open %.*s", STR(word));
	*out = stream_fd(fd, true, -1, UINT64_MAX);
	return 0;
}

int blob_file(struct arena *a, struct str path, size_t max, struct str *out, struct err *e)
{
	struct stream *in CLEANUP(cleanup_stream) = NULL;
	struct buf b CLEANUP(buf_done) = { 0 };
	if (open_word(a, path, &in, e))
		return e->code;
	if (stream_read_all(in, max, &b, e))
		return err_in(e, "read %.*s", STR(path));
	*out = arena_str(a, str_buf(&b));
	return 0;
}

static int hash_stream(struct stream *in, unsigned algs, struct signed_bytes *out, struct err *e)
{
	struct {
		enum digest_alg alg;
		struct digest *to;
		struct hasher *h;
	} v[] = { { DIGEST_SHA256, &out->sha256, NULL },
		  { DIGEST_SHA384, &out->sha384, NULL },
		  { DIGEST_SHA512, &out->sha512, NULL } };
	ssize_t n;
	for (size_t i = 0; i < COUNT(v); i++)
		if (algs & 1u << v[i].alg)
			v[i].h = hasher_open((unsigned char)v[i].alg);
	while ((n = stream_fill(in, e)) > 0) {
		for (size_t i = 0; i < COUNT(v); i++)
			if (v[i].h)
				hasher_add(v[i].h, in->pos, (size_t)n);
		in->pos = in->end;
	}
	for (size_t i = 0; i < COUNT(v); i++) {
		if (v[i].h && n == 0)
			hasher_end(v[i].h, v[i].to);
		hasher_close(v[i].h);
	}
	return (int)n;
}

int blob_read(struct arena *a, struct str word, const struct blob_wants *w,
	      struct signed_bytes *out, struct err *e)
{
	struct stream *in CLEANUP(cleanup_stream) = NULL;
	struct signed_bytes made = { 0 };
	if (w->digests && str_starts(word, S("sha256:"))) {
		if (digest_parse(word, &made.sha256, e))
			return e->code;
		*out = made;
		return 0;
	}
	if (w->whole) {
		made.has_message = true;
		if (blob_file(a, word, BLOB_WHOLE_MAX, &made.message, e))
			return e->code;
		digest_of(DIGEST_SHA256, made.message, &made.sha256);
		*out = made;
		return 0;
	}
	if (open_word(a, word, &in, e))
		return e->code;
	if (hash_stream(in, w->algs | 1u << DIGEST_SHA256, &made, e))
		return err_in(e, "read %.*s", STR(word));
	*out = made;
	return 0;
}

/* A file with base64 or the bytes themselves; a word that is no file is base64, as cosign has it. */
static int signature_of(const struct args *a, struct str word, struct str *out, struct err *e)
{
	struct buf b CLEANUP(buf_done) = { 0 }, plain CLEANUP(buf_done) = { 0 };
	struct str text = word;
	int r = blob_file(a->arena, word, BUNDLE_MAX, &text, e);
	if (r == ERR_NOT_FOUND && base64_decode(word, &plain) && plain.n)
		text = word;
	else if (r)
		return r;
	if (base64_decode(str_trim(text), &plain)) {
		*out = str_trim(text);
		return 0;
	}
	base64_encode(text, &b);
	*out = arena_str(a->arena, str_buf(&b));
	return 0;
}

static int timestamp_of(const struct args *a, struct str *out, struct err *e)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	struct str bytes = { 0 };
	if (args_file(a, "rfc3161-timestamp", BUNDLE_MAX, &bytes, e))
		return e->code;
	if (!bytes.n || str_starts(str_trim(bytes), S("{"))) {
		*out = bytes;
		return 0;
	}
	buf_add_str(&b, S("{\"SignedRFC3161Timestamp\":\""));
	base64_encode(bytes, &b);
	buf_add_str(&b, S("\"}"));
	*out = arena_str(a->arena, str_buf(&b));
	return 0;
}

/* PEM or DER, or base64 of them. */
static int certificate_of(const struct args *a, struct str *out, struct err *e)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	if (args_file(a, "certificate", (size_t)CERTS_MAX * CERT_DER_MAX, out, e))
		return e->code;
	if (out->n && base64_decode(str_trim(*out), &b))
		*out = arena_str(a->arena, str_buf(&b));
	return 0;
}

static int from_parts(const struct args *a, struct str signature, bool is_dsse,
		      struct sigstore_bundle **out, struct err *e)
{
	struct cosign_material m = { 0 };
	struct str payload = { 0 };
	if (is_dsse ? blob_file(a->arena, signature, BUNDLE_MAX, &payload, e)
		    : signature_of(a, signature, &m.signature, e))
		return err_in(e, "%s", args_from(a, "signature"));
	if (certificate_of(a, &m.certificate, e) || timestamp_of(a, &m.timestamp, e))
		return e->code;
	return sigstore_bundle_from_cosign(&m, payload, is_dsse, out, e);
}

int blob_bundle(const struct args *a, struct str word, bool is_dsse, struct sigstore_bundle **out,
		bool *usage_error, struct err *e)
{
	struct str bundle = args_str(a, "bundle"), signature = args_str(a, "signature"),
		   text = { 0 };
	bool parts = args_str(a, "certificate").n || args_str(a, "rfc3161-timestamp").n;
	*usage_error = false;
	if (signature.n && !bundle.n)
		return from_parts(a, signature, is_dsse, out, e);
	if (signature.n || parts) {
		*usage_error = true;
		return err_set(e, ERR_INVALID, "%s",
			       signature.n
				       ? "--bundle and --signature exclude each other"
				       : "--certificate and --rfc3161-timestamp want --signature");
	}
	if (!bundle.n)
		bundle = arena_printf(a->arena, "%.*s.sigstore.json", STR(word));
	int r = blob_file(a->arena, bundle, BUNDLE_MAX, &text, e);
	if (r == ERR_NOT_FOUND && !args_str(a, "bundle").n) {
		*usage_error = true;
		return err_set(e, ERR_NOT_FOUND,
			       "which signature? Give --bundle or --signature; there is no %.*s",
			       STR(bundle));
	}
	return r ? r : sigstore_bundle_parse(text, out, e);
}

bool blob_format_known(const struct args *a)
{
	struct str f = args_str(a, "format");
	if (!f.n || str_eq(f, S("json")) || str_eq(f, S("text")))
		return true;
	usage(a, "%s: there is no format '%.*s'", args_from(a, "format"), STR(f));
	return false;
}

static int answer(const struct args *a, struct str word, const struct digest *d,
		  const struct proof *p, struct str why, int status)
{
	bool json = str_eq(args_str(a, "format"), S("json"));
	struct buf text CLEANUP(buf_done) = { 0 };
	buf_add_shown(&text, why);
	if (json)
		proofs_print_json(word, d, status == EXIT_YES, why, p, p ? 1 : 0);
	if (status == EXIT_YES)
		say(a, "Verified OK");
	else
		fprintf(stderr, "lazaret %s: %.*s is not verified: %s\n", a->command->name,
			STR(word), buf_cstr(&text));
	if (p && !json)
		proof_say(a, p);
	return status;
}

int blob_answer(const struct args *a, struct str word, const struct digest *d,
		const struct proof *p)
{
	struct str why = { 0 };
	int status = proofs_status(p, 1, &why);
	return answer(a, word, d, p, why, status);
}

int blob_refused(const struct args *a, struct str word, const struct err *e)
{
	struct digest none = { 0 };
	if (e->code == ERR_INVALID || e->code == ERR_LIMIT || e->code == ERR_UNSUPPORTED)
		return answer(a, word, &none, NULL, str_of(e->text), EXIT_NO);
	return fail(a, e);
}
