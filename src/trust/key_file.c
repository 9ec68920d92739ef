/* Keys by reference: files, environment variables, https, tokens; and the private key files themselves: PEM (RFC 7468) of
 * cosign's encrypted JSON, of PKCS#8 (RFC 5208, also encrypted), PKCS#1 (RFC 8017) and SEC 1 (RFC 5915). Files are read up to
 * KEY_FILE_MAX; what a hostile one may try is met where its format is read. Services that keep keys (cloud KMS, Kubernetes and
 * forge secrets) are not asked: each needs credentials and a client of its own, and the message says what to do instead. */
#include "trust/key_file.h"

#include "base/fetch.h"
#include "trust/key_private.h"
#include "trust/key_secretbox.h"
#include "trust/key_token.h"
#include "trust/pem.h"

#include <fcntl.h>

static const struct {
	struct str scheme;
	const char *instead;
} refused[] = {
	{ S("awskms://"),
	  "AWS KMS: use its PKCS#11 module (pkcs11:...), or a file with the public key to verify" },
	{ S("gcpkms://"), "Google Cloud KMS: use its PKCS#11 module (pkcs11:...), or a file with "
			  "the public key to verify" },
	{ S("azurekms://"), "Azure Key Vault: download the public key into a file to verify; sign "
			    "with a file or a PKCS#11 "
			    "token" },
	{ S("hashivault://"), "HashiCorp Vault: use its PKCS#11 provider (pkcs11:...), or a file "
			      "with the public key to "
			      "verify" },
	{ S("k8s://"), "Kubernetes secrets: mount the secret, or read cosign.key and cosign.pub "
		       "out of it with kubectl, and "
		       "name the file" },
	{ S("gitlab://"),
	  "GitLab variables: name the variable that the job has, as env://COSIGN_PRIVATE_KEY" },
	{ S("github://"), "GitHub secrets: put the secret into the job's environment and name it, "
			  "as env://COSIGN_PRIVATE_KEY" },
};

static int refuse(struct str ref, struct err *e)
{
	for (size_t i = 0; i < COUNT(refused); i++)
		if (str_starts(ref, refused[i].scheme))
			return err_set(e, ERR_UNSUPPORTED, "%.*s: lazaret does not ask %s",
				       STR(str_upto(ref, 150)), refused[i].instead);
	ssize_t at = str_find(ref, S("://"));
	if (at > 0)
		return err_set(e, ERR_UNSUPPORTED,
			       "%.*s: keys are files, env://VARIABLE, pkcs11:... or, public ones, "
			       "https://",
			       STR(str_upto(ref, 150)));
	return 0;
}

static int read_file(struct str ref, struct buf *out, struct err *e)
{
	char path[4096];
	if (ref.n == 0 || ref.n >= sizeof path || memchr(ref.p, 0, ref.n))
		return err_set(e, ERR_INVALID, "'%.*s' names no key file", STR(str_upto(ref, 150)));
	memcpy(path, ref.p, ref.n);
	path[ref.n] = '\0';
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open the key file %s", path);
	struct stream CLEANUP(cleanup_stream) *s = stream_fd(fd, true, -1, UINT64_MAX);
	buf_reserve(out, KEY_FILE_MAX + 1);
	if (stream_read_all(s, KEY_FILE_MAX, out, e) < 0)
		return err_in(e, "read the key file %s", path);
	return 0;
}

static int read_variable(struct str name, struct buf *out, struct err *e)
{
	struct buf CLEANUP(buf_done) copy = { 0 };
	buf_add_str(&copy, name);
	const char *value = getenv(buf_cstr(&copy));
	if (!value)
		return err_set(e, ERR_NOT_FOUND, "there is no environment variable %.*s",
			       STR(str_upto(name, 150)));
	if (strlen(value) > KEY_FILE_MAX)
		return err_set(e, ERR_LIMIT, "the environment variable %.*s has more than %d bytes",
			       STR(str_upto(name, 150)), KEY_FILE_MAX);
	buf_add_str(out, str_of(value));
	return 0;
}

/* An address may be signed in its query. */
static struct str without_query(struct str url)
{
	struct str rest = url;
	return str_cut(&rest, '?');
}

static int read_url(struct str url, bool offline, struct buf *out, struct err *e)
{
	if (offline)
		return err_set(e, ERR_UNSUPPORTED,
			       "%.*s: a key is not fetched offline; download it into a file",
			       STR(str_upto(without_query(url), 200)));
	struct fetch_options options = { .retries = 3 };
	struct fetch_request request = { .url = url };
	struct fetch_response response = { 0 };
	struct fetch *f = NULL;
	struct arena CLEANUP(arena_done) a = { 0 };
	int r = fetch_open(&options, &f, e);
	if (r < 0)
		return r;
	r = fetch_send(f, &request, &a, &response, e);
	if (r == 0 && response.status != 200)
		r = err_set(e, response.status == 404 ? ERR_NOT_FOUND : ERR_IO,
			    "the server answered %d", response.status);
	if (r == 0)
		r = stream_read_all(response.body, KEY_FILE_MAX, out, e);
	stream_close(response.body);
	fetch_close(f);
	return r < 0 ? err_in(e, "fetch the key %.*s", STR(str_upto(without_query(url), 200))) : 0;
}

/* The text that a reference names; tokens are not here. */
static int read_ref(struct str ref, struct buf *out, struct err *e)
{
	if (str_starts(ref, S("env://")))
		return read_variable(str_from(ref, 6), out, e);
	int r = refuse(ref, e);
	return r < 0 ? r : read_file(ref, out, e);
}

static int ask(const struct password *p, struct buf *out, struct err *e)
{
	buf_reserve(out, PASSWORD_MAX + 1);
	if (!p || !p->ask)
		return err_set(e, ERR_AUTH,
			       "the key is encrypted and there is nobody to ask for its password");
	return p->ask(p->ctx, out, e);
}

static int open_sealed(struct str json, const struct password *p, struct buf *out, struct err *e)
{
	struct sealed CLEANUP(sealed_done) sealed = { 0 };
	struct buf CLEANUP(secret_done) password = { 0 };
	int r = sealed_parse(json, &sealed, e);
	if (r == 0)
		r = ask(p, &password, e);
	return r < 0 ? r : sealed_open(&sealed, str_buf(&password), out, e);
}

static int open_encrypted(struct str der, const struct password *p, struct buf *out, struct err *e)
{
	struct buf CLEANUP(secret_done) password = { 0 };
	int r = ask(p, &password, e);
	return r < 0 ? r : pkcs8_decrypt(der, str_buf(&password), out, e);
}

/* Appends PKCS#8 and returns 1; 0 for a block that is no private key. */
static int pkcs8_of_block(struct str label, struct str der, const struct password *p,
			  struct buf *out, struct err *e)
{
	int r = 0;
	if (str_eq(label, S("ENCRYPTED SIGSTORE PRIVATE KEY")) ||
	    str_eq(label, S("ENCRYPTED COSIGN PRIVATE KEY")))
		r = open_sealed(der, p, out, e);
	else if (str_eq(label, S("ENCRYPTED PRIVATE KEY")))
		r = open_encrypted(der, p, out, e);
	else if (str_eq(label, S("RSA PRIVATE KEY")))
		r = pkcs8_of_pkcs1(der, out, e);
	else if (str_eq(label, S("EC PRIVATE KEY")))
		r = pkcs8_of_sec1(der, out, e);
	else if (str_eq(label, S("PRIVATE KEY")))
		buf_add_str(out, der);
	else
		return 0;
	return r < 0 ? r : 1;
}

int key_private_from_text(struct str text, const struct password *p, struct key **out,
			  struct err *e)
{
	struct buf CLEANUP(secret_done) der = { 0 }, CLEANUP(secret_done) pkcs8 = { 0 };
	struct str label;
	int r;
	if (text.n > KEY_FILE_MAX)
		return err_set(e, ERR_LIMIT, "a private key of %zu bytes", text.n);
	buf_reserve(&pkcs8, KEY_FILE_MAX);
	while ((r = pem_next(&text, &label, &der, e)) == 1) {
		r = pkcs8_of_block(label, str_buf(&der), p, &pkcs8, e);
		if (r == 1)
			return key_from_pkcs8(str_buf(&pkcs8), out, e);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : err_set(e, ERR_INVALID, "no PEM block with a private key");
}

int key_private_text(const struct key *k, struct str password, struct buf *out, struct err *e)
{
	struct buf CLEANUP(secret_done) pkcs8 = { 0 };
	struct buf CLEANUP(buf_done) json = { 0 };
	int r = key_pkcs8(k, &pkcs8, e);
	if (r == 0)
		r = sealed_make(str_buf(&pkcs8), password, &json, e);
	if (r == 0)
		pem_write(S("ENCRYPTED SIGSTORE PRIVATE KEY"), str_buf(&json), out);
	return r;
}

int key_load_private(struct str ref, const struct password *p, struct key **out, struct err *e)
{
	struct buf CLEANUP(secret_done) text = { 0 };
	if (str_starts(ref, S("pkcs11:")))
		return key_token_open(ref, p, true, out, e);
	if (str_starts(ref, S("https://")))
		return err_set(e, ERR_UNSUPPORTED,
			       "%.*s: a private key is not fetched over the network",
			       STR(str_upto(ref, 150)));
	int r = read_ref(ref, &text, e);
	if (r < 0)
		return r;
	r = key_private_from_text(str_buf(&text), p, out, e);
	return r < 0 ? err_in(e, "%.*s", STR(str_upto(ref, 150))) : 0;
}

static int public_from_text(struct str text, const struct password *p, struct key **out,
			    struct err *e)
{
	struct key CLEANUP(cleanup_key) *private = NULL;
	if (str_find(text, S(" PRIVATE KEY-----")) < 0)
		return key_from_pem(text, out, e);
	int r = key_private_from_text(text, p, &private, e);
	return r < 0 ? r : key_from_spki(key_spki(private), out, e);
}

int key_load_public(struct str ref, const struct password *p, bool offline, struct key **out,
		    struct err *e)
{
	struct buf CLEANUP(secret_done) text = { 0 };
	if (str_starts(ref, S("pkcs11:")))
		return key_token_open(ref, p, false, out, e);
	bool web = str_starts(ref, S("https://"));
	int r = web ? read_url(ref, offline, &text, e) : read_ref(ref, &text, e);
	if (r < 0)
		return r;
	struct str name = web ? without_query(ref) : ref;
	r = public_from_text(str_buf(&text), p, out, e);
	return r < 0 ? err_in(e, "%.*s", STR(str_upto(name, 150))) : 0;
}
