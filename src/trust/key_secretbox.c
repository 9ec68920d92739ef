/* cosign's encryption of private keys (its pkg/cosign/keys.go, go-securesystemslib's encrypted): a key is derived from the
 * password by scrypt (RFC 7914) and opens an XSalsa20-Poly1305 box whose tag stands first. A hostile file may ask for scrypt
 * parameters that eat memory and time: only the three that cosign ever wrote are taken, before anything is derived.
 *
 * Duplicate keys: the first counts, as everywhere in base/json.h. Other KDFs and ciphers are not supported. */
#include "trust/key_secretbox.h"

#include "base/base64.h"
#include "base/json.h"
#include "trust/pem.h"

#include <sodium.h>

enum { SCRYPT_R = 8, SCRYPT_P = 1, SCRYPT_N = 65536, SALT = 32, KEY = crypto_secretbox_KEYBYTES };
static const uint64_t known_n[] = { 32768, SCRYPT_N, 131072 };

void sealed_done(struct sealed *s)
{
	buf_done(&s->salt);
	buf_done(&s->nonce);
	buf_done(&s->ciphertext);
	*s = (struct sealed){ 0 };
}

static bool params_ok(const struct json *params, uint64_t *n)
{
	uint64_t r = 0, p = 0;
	if (!json_u64(json_get(params, "N"), n) || !json_u64(json_get(params, "r"), &r) ||
	    !json_u64(json_get(params, "p"), &p) || r != SCRYPT_R || p != SCRYPT_P)
		return false;
	for (size_t i = 0; i < COUNT(known_n); i++)
		if (*n == known_n[i])
			return true;
	return false;
}

int sealed_parse(struct str text, struct sealed *out, struct err *e)
{
	struct json CLEANUP(cleanup_json) *j = NULL;
	struct sealed CLEANUP(sealed_done) s = { 0 };
	if (text.n > SEALED_MAX)
		return err_set(e, ERR_LIMIT, "an encrypted key of %zu bytes", text.n);
	if (json_parse(text, &j, e) < 0)
		return err_in(e, "an encrypted key");
	const struct json *kdf = json_get(j, "kdf"), *cipher = json_get(j, "cipher");
	if (!json_is_object(kdf) || !json_is_object(cipher))
		return err_set(e, ERR_INVALID, "an encrypted key without kdf and cipher");
	if (!str_eq(json_get_str(kdf, "name"), S("scrypt")) ||
	    !str_eq(json_get_str(cipher, "name"), S("nacl/secretbox")))
		return err_set(e, ERR_UNSUPPORTED,
			       "an encrypted key with other than scrypt and nacl/secretbox");
	if (!params_ok(json_get(kdf, "params"), &s.n))
		return err_set(e, ERR_UNSUPPORTED,
			       "an encrypted key with unknown scrypt parameters");
	if (!base64_decode(json_get_str(kdf, "salt"), &s.salt) ||
	    !base64_decode(json_get_str(cipher, "nonce"), &s.nonce) ||
	    !base64_decode(json_get_str(j, "ciphertext"), &s.ciphertext) ||
	    s.salt.n < SEALED_SALT_MIN || s.salt.n > SEALED_SALT_MAX || s.nonce.n != SEALED_NONCE ||
	    s.ciphertext.n < SEALED_TAG)
		return err_set(e, ERR_INVALID,
			       "an encrypted key whose salt, nonce or ciphertext is none");
	struct sealed taken = s;
	memset(&s, 0, sizeof s);
	*out = taken;
	return 0;
}

static int derive(uint64_t n, struct str salt, struct str password, unsigned char key[KEY],
		  struct err *e)
{
	if (crypto_pwhash_scryptsalsa208sha256_ll((const uint8_t *)(password.n ? password.p : ""),
						  password.n, (const uint8_t *)salt.p, salt.n, n,
						  SCRYPT_R, SCRYPT_P, key, KEY) != 0)
		return err_sys(e, "derive a key from the password");
	return 0;
}

int sealed_open(const struct sealed *s, struct str password, struct buf *out, struct err *e)
{
	unsigned char key[KEY];
	struct buf CLEANUP(secret_done) plain = { 0 };
	int r = derive(s->n, str_buf(&s->salt), password, key, e);
	if (r < 0)
		return r;
	buf_reserve(&plain, s->ciphertext.n);
	int opened = crypto_secretbox_open_easy(
		(unsigned char *)plain.p, (const unsigned char *)s->ciphertext.p, s->ciphertext.n,
		(const unsigned char *)s->nonce.p, key);
	sodium_memzero(key, sizeof key);
	if (opened != 0)
		return err_set(e, ERR_AUTH,
			       "the password is not that of this key (or the file is damaged)");
	plain.n = s->ciphertext.n - SEALED_TAG;
	buf_add_str(out, str_buf(&plain));
	return 0;
}

static void put_base64(struct json_out *o, const char *name, const void *p, size_t n)
{
	struct buf CLEANUP(buf_done) text = { 0 };
	base64_encode((struct str){ p, n }, &text);
	json_put_member(o, name, str_buf(&text));
}

static void put_sealed(struct buf *out, const unsigned char *salt, const unsigned char *nonce,
		       struct str box)
{
	struct json_out o;
	json_out_init(&o, out, 0);
	json_begin_object(&o);
	json_put_key(&o, "kdf");
	json_begin_object(&o);
	json_put_member(&o, "name", S("scrypt"));
	json_put_key(&o, "params");
	json_begin_object(&o);
	json_put_key(&o, "N");
	json_put_u64(&o, SCRYPT_N);
	json_put_key(&o, "r");
	json_put_u64(&o, SCRYPT_R);
	json_put_key(&o, "p");
	json_put_u64(&o, SCRYPT_P);
	json_end_object(&o);
	put_base64(&o, "salt", salt, SALT);
	json_end_object(&o);
	json_put_key(&o, "cipher");
	json_begin_object(&o);
	json_put_member(&o, "name", S("nacl/secretbox"));
	put_base64(&o, "nonce", nonce, SEALED_NONCE);
	json_end_object(&o);
	put_base64(&o, "ciphertext", box.p, box.n);
	json_end_object(&o);
}

int sealed_make(struct str plain, struct str password, struct buf *out, struct err *e)
{
	unsigned char key[KEY], salt[SALT], nonce[SEALED_NONCE];
	struct buf CLEANUP(buf_done) box = { 0 };
	if (sodium_init() < 0)
		return err_set(e, ERR_IO, "there are no random numbers");
	randombytes_buf(salt, sizeof salt);
	randombytes_buf(nonce, sizeof nonce);
	int r = derive(SCRYPT_N, (struct str){ (const char *)salt, sizeof salt }, password, key, e);
	if (r < 0)
		return r;
	buf_reserve(&box, plain.n + SEALED_TAG);
	crypto_secretbox_easy((unsigned char *)box.p, (const unsigned char *)plain.p, plain.n,
			      nonce, key);
	box.n = plain.n + SEALED_TAG;
	sodium_memzero(key, sizeof key);
	put_sealed(out, salt, nonce, str_buf(&box));
	return 0;
}
