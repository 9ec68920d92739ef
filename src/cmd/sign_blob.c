/* lazaret sign-blob: a file's signature, with a key or, where services are named, without one. */
#include "base/base64.h"
#include "cmd/blob.h"
#include "cmd/file.h"
#include "cmd/signing_options.h"
#include "trust/pem.h"

#include <stdio.h>

#define ALGORITHMS \
	"ecdsa-sha2-256-nistp256 ecdsa-sha2-384-nistp384 ecdsa-sha2-512-nistp521 ed25519 " \
	"ed25519-ph " \
	"rsa-sign-pkcs1-2048-sha256 rsa-sign-pkcs1-3072-sha256 rsa-sign-pkcs1-4096-sha256"

static const struct option options[] = {
#include "cmd/signing_options.def"
	{ "bundle", 0, "FILE", "FILE", false, false, "write a Sigstore bundle" },
	{ "output-signature", 0, "FILE", "FILE", false, false, "write the signature, base64" },
	{ "output-certificate", 0, "FILE", "FILE", false, false, "write the certificate, PEM" },
	{ "signing-algorithm", 0, "NAME", ALGORITHMS, false, false, "what the key has to be of" },
	{ "yes", 'y', NULL, NULL, false, false, "nothing: no question is asked" },
	{ "new-bundle-format", 0, NULL, NULL, false, false, "nothing: no other is written" },
	{ 0 },
};

static const struct {
	const char *name;
	enum key_type type;
	unsigned bits;
} algorithms[] = {
	{ "ecdsa-sha2-256-nistp256", KEY_ECDSA, 256 },
	{ "ecdsa-sha2-384-nistp384", KEY_ECDSA, 384 },
	{ "ecdsa-sha2-512-nistp521", KEY_ECDSA, 521 },
	{ "ed25519", KEY_ED25519, 0 },
	{ "ed25519-ph", KEY_ED25519, 0 },
	{ "rsa-sign-pkcs1-2048-sha256", KEY_RSA, 2048 },
	{ "rsa-sign-pkcs1-3072-sha256", KEY_RSA, 3072 },
	{ "rsa-sign-pkcs1-4096-sha256", KEY_RSA, 4096 },
};

/* The algorithm follows from the key; a name is what the caller takes it for. */
static int check_algorithm(const struct args *a, const struct key *k, struct err *e)
{
	struct str name = args_str(a, "signing-algorithm");
	for (size_t i = 0; i < COUNT(algorithms); i++) {
		if (!str_eq(name, str_of(algorithms[i].name)))
			continue;
		enum key_type type = k ? key_type(k) : KEY_ECDSA;
		unsigned bits = k ? key_bits(k) : 256;
		if (type == algorithms[i].type &&
		    (type == KEY_ED25519 || bits == algorithms[i].bits))
			return 0;
		return err_set(e, ERR_INVALID, "%s: the key is %s",
			       args_from(a, "signing-algorithm"), k ? key_name(k) : "ECDSA P-256");
	}
	return name.n ? err_set(e, ERR_INVALID, "%s: there is no algorithm '%.*s'",
				args_from(a, "signing-algorithm"), STR(name))
		      : 0;
}

static int write_to(const struct args *a, const char *option, struct str bytes, struct err *e)
{
	struct str path = args_str(a, option);
	return path.n ? file_write(arena_cstr(a->arena, path), 0644, true, bytes, e) : 0;
}

static int write_all(const struct args *a, const struct signing *s, const struct bundle_parts *p,
		     struct err *e)
{
	struct buf bundle CLEANUP(buf_done) = { 0 }, text CLEANUP(buf_done) = { 0 },
			  pem CLEANUP(buf_done) = { 0 };
	const struct certs *certs = signer_certs(s->signer);
	sigstore_bundle_write(p, &bundle);
	base64_encode(p->signature, &text);
	if (certs && certs->n)
		pem_write(S("CERTIFICATE"), cert_der(certs->v[0]), &pem);
	else if (args_str(a, "output-certificate").n)
		return err_set(e, ERR_INVALID, "--output-certificate: a key has no certificate");
	if (write_to(a, "bundle", str_buf(&bundle), e) ||
	    write_to(a, "output-signature", str_buf(&text), e) ||
	    write_to(a, "output-certificate", str_buf(&pem), e))
		return e->code;
	if (!args_str(a, "bundle").n && !args_str(a, "output-signature").n)
		puts(buf_cstr(&text));
	return 0;
}

static int sign(const struct args *a, struct signing *s, struct err *e)
{
	struct blob_wants w = { 0 };
	struct signed_bytes what = { 0 };
	struct bundle_parts p = { 0 };
	if (s->key)
		w.algs |= 1u << alg_digest(key_default_alg(s->key, false));
	if (blob_read(a->arena, a->words.v[0], &w, &what, e) ||
	    signer_sign_message(s->signer, &what, a->arena, &p, e))
		return e->code;
	return write_all(a, s, &p, e);
}

static int run(const struct args *a)
{
	struct signing s CLEANUP(signing_close) = { 0 };
	struct err e = { 0 };
	if (a->words.n != 1)
		return usage(a, "one file, or '-', at a time");
	int r = signing_open(a, &s, &e);
	if (r == ERR_INVALID)
		return usage(a, "%s", e.text);
	if (r)
		return fail(a, &e);
	if (check_algorithm(a, s.key, &e))
		return usage(a, "%s", e.text);
	return sign(a, &s, &e) ? fail(a, &e) : EXIT_YES;
}

const struct command command_sign_blob = { "sign-blob", "sign a file", NULL, options, run };
