/* lazaret attest-blob: a signed statement (in-toto Statement v1 in DSSE) about a file. */
#include "base/time.h"
#include "cmd/blob.h"
#include "cmd/file.h"
#include "cmd/signing_options.h"
#include "trust/attest.h"
#include "trust/pem.h"

#include <stdio.h>

static const struct option options[] = {
#include "cmd/signing_options.def"
	{ "predicate", 0, "FILE", "FILE", false, false, "what is said" },
	{ "type", 't', "TYPE",
	  "slsaprovenance slsaprovenance1 spdx spdxjson cyclonedx link vuln openvex custom", false,
	  false, "predicate type" },
	{ "statement", 0, "FILE", "FILE", false, false, "the whole statement in place of that" },
	{ "hash", 0, "HEX", NULL, false, false, "the file's SHA-256, in place of the file" },
	{ "bundle", 0, "FILE", "FILE", false, false, "write a Sigstore bundle" },
	{ "output-attestation", 0, "FILE", "FILE", false, false, "write the envelope" },
	{ "output-signature", 0, "FILE", "FILE", false, false, "the same, as cosign names it" },
	{ "output-certificate", 0, "FILE", "FILE", false, false, "write the certificate, PEM" },
	{ "yes", 'y', NULL, NULL, false, false, "nothing: no question is asked" },
	{ "new-bundle-format", 0, NULL, NULL, false, false, "nothing: no other is written" },
	{ 0 },
};

static struct str base_name(struct str path)
{
	ssize_t at = str_rfind_char(path, '/');
	return str_eq(path, S("-")) ? (struct str){ 0 }
				    : str_from(path, at < 0 ? 0 : (size_t)at + 1);
}

static int digest_of_blob(const struct args *a, struct digest *d, struct err *e)
{
	struct str hex = args_str(a, "hash");
	struct blob_wants w = { 0 };
	struct signed_bytes what = { 0 };
	if (hex.n && str_starts(hex, S("sha256:")))
		hex = str_from(hex, 7);
	if (hex.n)
		return digest_from_hex(DIGEST_SHA256, hex, d)
			       ? 0
			       : err_set(e, ERR_INVALID, "%s: '%.*s' is no SHA-256",
					 args_from(a, "hash"), STR(hex));
	if (blob_read(a->arena, a->words.v[0], &w, &what, e))
		return e->code;
	*d = what.sha256;
	return 0;
}

/* A statement that was made by somebody else is signed as it is, once it is one. */
static int given_statement(const struct args *a, struct buf *out, struct err *e)
{
	struct statement s CLEANUP(statement_done) = { 0 };
	struct str text = { 0 };
	if (args_file(a, "statement", DSSE_MAX, &text, e))
		return e->code;
	if (statement_parse(text, a->arena, &s, e))
		return err_in(e, "%s", args_from(a, "statement"));
	buf_add_str(out, text);
	return 0;
}

static int make_statement(const struct args *a, struct buf *out, struct err *e)
{
	struct str file = { 0 }, type = args_str(a, "type");
	struct digest d;
	struct statement_parts p = { .type = STATEMENT_V1, .digest = &d };
	if (args_file(a, "predicate", PREDICATE_MAX, &file, e))
		return e->code;
	if (predicate_make(type.n ? type : S("custom"), file, time_now(), a->arena,
			   &p.predicate_type, &p.predicate, e))
		return err_in(e, "%s", args_from(a, "predicate"));
	if (digest_of_blob(a, &d, e))
		return e->code;
	p.name = a->words.n ? base_name(a->words.v[0]) : (struct str){ 0 };
	statement_parts_write(&p, out);
	return 0;
}

static int write_to(const struct args *a, const char *option, struct str bytes, struct err *e)
{
	struct str path = args_str(a, option);
	return path.n ? file_write(arena_cstr(a->arena, path), 0644, true, bytes, e) : 0;
}

static int write_all(const struct args *a, const struct signing *s, const struct bundle_parts *p,
		     struct err *e)
{
	struct buf bundle CLEANUP(buf_done) = { 0 }, envelope CLEANUP(buf_done) = { 0 },
			  pem CLEANUP(buf_done) = { 0 };
	const struct certs *certs = signer_certs(s->signer);
	sigstore_bundle_write(p, &bundle);
	dsse_write(p->dsse->payload_type, p->dsse->payload, p->dsse->v[0].sig, p->dsse->v[0].keyid,
		   &envelope);
	if (certs && certs->n)
		pem_write(S("CERTIFICATE"), cert_der(certs->v[0]), &pem);
	else if (args_str(a, "output-certificate").n)
		return err_set(e, ERR_INVALID, "--output-certificate: a key has no certificate");
	if (write_to(a, "bundle", str_buf(&bundle), e) ||
	    write_to(a, "output-attestation", str_buf(&envelope), e) ||
	    write_to(a, "output-signature", str_buf(&envelope), e) ||
	    write_to(a, "output-certificate", str_buf(&pem), e))
		return e->code;
	if (!args_str(a, "bundle").n && !args_str(a, "output-attestation").n &&
	    !args_str(a, "output-signature").n)
		puts(buf_cstr(&envelope));
	return 0;
}

static int attest(const struct args *a, struct signing *s, struct err *e)
{
	struct buf payload CLEANUP(buf_done) = { 0 };
	struct bundle_parts p = { 0 };
	if (args_str(a, "statement").n ? given_statement(a, &payload, e)
				       : make_statement(a, &payload, e))
		return e->code;
	if (signer_sign_dsse(s->signer, S(DSSE_IN_TOTO), arena_str(a->arena, str_buf(&payload)),
			     a->arena, &p, e))
		return e->code;
	return write_all(a, s, &p, e);
}

static int run(const struct args *a)
{
	struct signing s CLEANUP(signing_close) = { 0 };
	struct err e = { 0 };
	bool statement = args_str(a, "statement").n, predicate = args_str(a, "predicate").n,
	     hash = args_str(a, "hash").n;
	if (statement == predicate)
		return usage(a, "what is to be said? Give --predicate, or --statement");
	if (statement ? a->words.n || hash : a->words.n > 1 || a->words.n + hash == 0)
		return usage(a, statement ? "--statement names the files itself"
					  : "one file, or '-', or --hash, at a time");
	int r = signing_open(a, &s, &e);
	if (r == ERR_INVALID)
		return usage(a, "%s", e.text);
	if (r)
		return fail(a, &e);
	return attest(a, &s, &e) ? fail(a, &e) : EXIT_YES;
}

const struct command command_attest_blob = { "attest-blob", "sign a statement about a file", NULL,
					     options, run };
