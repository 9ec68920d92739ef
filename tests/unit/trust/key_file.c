/* Key files: cosign's (LAZARET_TEST_DATA/sign/cosign, every vector), PKCS#8, PKCS#1, SEC 1 made with openssl, and references. */
#include "base/base64.h"
#include "base/json.h"
#include "base/stream.h"
#include "drive.h"
#include "trust/key_file.h"
#include "trust/key_private.h"
#include "trust/key_secretbox.h"
#include "trust/pem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>

static int answer(void *ctx, struct buf *out, struct err *e)
{
	(void)e;
	buf_add_str(out, str_of(ctx));
	return 0;
}

static int no_answer(void *ctx, struct buf *out, struct err *e)
{
	(void)ctx, (void)out;
	fail_msg("asked for a password that is not needed");
	return err_set(e, ERR_AUTH, "asked");
}

static struct password password(const char *text)
{
	return (struct password){ .ask = text ? answer : no_answer, .ctx = (void *)text };
}

static void load(const char *variable, const char *name, struct buf *out)
{
	out->n = 0;
	if (!drive_read(variable, name, out))
		skip();
}

static void envelope_text(const struct json *j, struct buf *out)
{
	const struct json *kdf = json_get(j, "kdf"), *params = json_get(kdf, "params");
	const struct json *cipher = json_get(j, "cipher");
	uint64_t n = 0, r = 0, p = 0;
	json_u64(json_get(params, "N"), &n);
	json_u64(json_get(params, "r"), &r);
	json_u64(json_get(params, "p"), &p);
	buf_addf(out,
		 "{\"kdf\":{\"name\":\"%.*s\",\"params\":{\"N\":%u,\"r\":%u,\"p\":%u},\"salt\":\"%."
		 "*s\"},"
		 "\"cipher\":{\"name\":\"%.*s\",\"nonce\":\"%.*s\"},\"ciphertext\":\"%.*s\"}",
		 STR(json_get_str(kdf, "name")), (unsigned)n, (unsigned)r, (unsigned)p,
		 STR(json_get_str(kdf, "salt")), STR(json_get_str(cipher, "name")),
		 STR(json_get_str(cipher, "nonce")), STR(json_get_str(j, "ciphertext")));
}

static void test_vectors(void **state)
{
	struct json CLEANUP(cleanup_json) *j = NULL;
	struct buf CLEANUP(buf_done) text = { 0 };
	struct err e = { 0 };
	size_t n = 0;
	(void)state;
	load("LAZARET_TEST_DATA", "sign/cosign/encrypted-vectors.json", &text);
	assert_int_equal(json_parse(str_buf(&text), &j, &e), 0);
	JSON_EACH(v, j)
	{
		struct buf CLEANUP(buf_done) envelope = { 0 }, CLEANUP(buf_done) plain = { 0 };
		struct sealed CLEANUP(sealed_done) s = { 0 };
		struct str name = json_get_str(v, "name");
		envelope_text(json_get(v, "envelope"), &envelope);
		int r = sealed_parse(str_buf(&envelope), &s, &e);
		if (r == 0)
			r = sealed_open(&s, json_get_str(v, "passphrase"), &plain, &e);
		bool pass = str_eq(json_get_str(v, "expect"), S("pass"));
		if ((r == 0) != pass ||
		    !str_eq(str_buf(&plain), pass ? json_get_str(v, "plaintext") : S("")))
			fail_msg("%.*s: %d, %s", STR(name), r, e.text);
		n++;
	}
	assert_int_equal(n, 6);
}

/* The file whose plaintext is SEC 1 decrypts, and is no PKCS#8. */
static void decrypts_only(struct str text, struct str pass)
{
	struct buf CLEANUP(buf_done) json = { 0 }, CLEANUP(buf_done) der = { 0 };
	struct buf CLEANUP(buf_done) pkcs8 = { 0 };
	struct sealed CLEANUP(sealed_done) s = { 0 };
	struct key CLEANUP(cleanup_key) *k = NULL;
	struct err e = { 0 };
	struct str label;
	assert_int_equal(pem_next(&text, &label, &json, &e), 1);
	assert_int_equal(sealed_parse(str_buf(&json), &s, &e), 0);
	assert_int_equal(sealed_open(&s, pass, &der, &e), 0);
	assert_int_equal(key_from_pkcs8(str_buf(&der), &k, &e), ERR_INVALID);
	assert_int_equal(pkcs8_of_sec1(str_buf(&der), &pkcs8, &e), 0);
	assert_int_equal(key_from_pkcs8(str_buf(&pkcs8), &k, &e), 0);
}

static void test_cosign_files(void **state)
{
	struct json CLEANUP(cleanup_json) *j = NULL;
	struct buf CLEANUP(buf_done) list = { 0 }, CLEANUP(buf_done) text = { 0 };
	struct err e = { 0 };
	size_t n = 0;
	(void)state;
	load("LAZARET_TEST_DATA", "sign/cosign/expected.json", &list);
	assert_int_equal(json_parse(str_buf(&list), &j, &e), 0);
	JSON_EACH(v, j)
	{
		struct key CLEANUP(cleanup_key) *k = NULL;
		struct str expect = json_get_str(v, "expect");
		struct password p = password(json_get_str(v, "password").p);
		char path[256];
		snprintf(path, sizeof path, "sign/cosign/%.*s", STR(json_get_str(v, "file")));
		load("LAZARET_TEST_DATA", path, &text);
		int r = key_private_from_text(str_buf(&text), &p, &k, &e);
		assert_int_equal(r, str_eq(expect, S("pass"))	? 0
				    : str_eq(expect, S("fail")) ? ERR_AUTH
								: ERR_INVALID);
		if (str_eq(expect, S("decrypts")))
			decrypts_only(str_buf(&text), json_get_str(v, "password"));
		n++;
	}
	assert_int_equal(n, 4);
}

static const struct {
	const char *file, *pub, *password;
} files[] = {
	{ "p256.pkcs8.pem", "p256.pub.pem", NULL },
	{ "p256.sec1.pem", "p256.pub.pem", NULL },
	{ "p256.params.pem", "p256.pub.pem", NULL },
	{ "p256.pbes2.pem", "p256.crt.pem", "hello" },
	{ "rsa2048.pkcs1.pem", "rsa2048.pub.pem", NULL },
	{ "rsa2048.pkcs8.pem", "rsa2048.pkcs1.pub.pem", NULL },
	{ "ed25519.pkcs8.pem", "ed25519.pub.pem", NULL },
};

static void test_files(void **state)
{
	const char *tests = getenv("LAZARET_TESTS");
	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		struct key CLEANUP(cleanup_key) *k = NULL, CLEANUP(cleanup_key) *pub = NULL;
		struct key CLEANUP(cleanup_key) *half = NULL;
		struct buf CLEANUP(buf_done) sig = { 0 };
		struct password p = password(files[i].password), wrong = password("wrong");
		struct err e = { 0 };
		char path[4096], public_path[4096];
		snprintf(path, sizeof path, "%s/data/trust/keys/%s", tests, files[i].file);
		snprintf(public_path, sizeof public_path, "%s/data/trust/keys/%s", tests,
			 files[i].pub);
		if (key_load_private(str_of(path), &p, &k, &e) < 0)
			fail_msg("%s", e.text);
		assert_int_equal(key_load_public(str_of(public_path), NULL, true, &pub, &e), 0);
		assert_int_equal(key_load_public(str_of(path), &p, true, &half, &e), 0);
		assert_true(key_eq(k, pub) && key_eq(k, half) && !key_is_private(half));
		enum signature_alg alg = key_default_alg(k, false);
		assert_int_equal(key_sign(k, alg, S("text"), &sig, &e), 0);
		assert_true(key_verify(pub, alg, S("text"), str_buf(&sig)));
		if (!files[i].password)
			continue;
		struct key *none = NULL;
		assert_int_equal(key_load_private(str_of(path), &wrong, &none, &e), ERR_AUTH);
		assert_int_equal(key_load_private(str_of(path), NULL, &none, &e), ERR_AUTH);
		assert_null(strstr(e.text, "wrong"));
	}
}

static void test_written(void **state)
{
	static const char *const passwords[] = { "", "a password, \xc3\xbc" };
	(void)state;
	for (size_t i = 0; i < COUNT(passwords); i++) {
		struct key CLEANUP(cleanup_key) *k = NULL, CLEANUP(cleanup_key) *again = NULL;
		struct buf CLEANUP(secret_done) text = { 0 };
		struct password p = password(passwords[i]), wrong = password("a Password");
		struct err e = { 0 };
		struct key *none = NULL;
		assert_int_equal(key_generate(i ? KEY_ED25519 : KEY_ECDSA, i ? 0 : 521, &k, &e), 0);
		assert_int_equal(key_private_text(k, str_of(passwords[i]), &text, &e), 0);
		assert_true(str_starts(str_buf(&text),
				       S("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n")));
		assert_int_equal(key_private_from_text(str_buf(&text), &p, &again, &e), 0);
		assert_true(key_eq(k, again));
		assert_int_equal(key_private_from_text(str_buf(&text), &wrong, &none, &e),
				 ERR_AUTH);
	}
}

static void test_references(void **state)
{
	static const struct {
		const char *ref;
		int code;
		const char *says;
	} bad[] = {
		{ "awskms:///alias/x", ERR_UNSUPPORTED, "PKCS#11" },
		{ "gcpkms://projects/x", ERR_UNSUPPORTED, "PKCS#11" },
		{ "azurekms://x/y", ERR_UNSUPPORTED, "download" },
		{ "hashivault://x", ERR_UNSUPPORTED, "PKCS#11" },
		{ "k8s://ns/secret", ERR_UNSUPPORTED, "mount" },
		{ "gitlab://1", ERR_UNSUPPORTED, "env://" },
		{ "github://o/r", ERR_UNSUPPORTED, "env://" },
		{ "mykms://o/r", ERR_UNSUPPORTED, "pkcs11:" },
		{ "http://localhost/cosign.pub", ERR_UNSUPPORTED, "https://" },
		{ "env://LAZARET_NO_SUCH_VARIABLE", ERR_NOT_FOUND, "LAZARET_NO_SUCH_VARIABLE" },
		{ "/no/such/file", ERR_NOT_FOUND, "/no/such/file" },
		{ "", ERR_INVALID, "no key file" },
		{ "/", ERR_IO, "read" },
	};
	struct err e = { 0 };
	struct key *k = NULL;
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(key_load_private(str_of(bad[i].ref), NULL, &k, &e), bad[i].code);
		if (!strstr(e.text, bad[i].says))
			fail_msg("%s: %s", bad[i].ref, e.text);
		assert_int_equal(key_load_public(str_of(bad[i].ref), NULL, true, &k, &e),
				 bad[i].code);
	}
	assert_int_equal(key_load_public(S("https://localhost:1/cosign.pub"), NULL, true, &k, &e),
			 ERR_UNSUPPORTED);
	assert_non_null(strstr(e.text, "offline"));
	assert_int_equal(key_load_private(S("https://localhost:1/cosign.key"), NULL, &k, &e),
			 ERR_UNSUPPORTED);
	assert_null(k);
	struct buf CLEANUP(buf_done) text = { 0 };
	struct key CLEANUP(cleanup_key) *from_variable = NULL;
	load("LAZARET_TESTS", "data/trust/keys/p256.pkcs8.pem", &text);
	setenv("LAZARET_TEST_KEY", buf_cstr(&text), 1);
	assert_int_equal(key_load_private(S("env://LAZARET_TEST_KEY"), NULL, &from_variable, &e),
			 0);
	unsetenv("LAZARET_TEST_KEY");
}

static void test_reject_private(void **state)
{
	static const struct {
		const char *file;
		int code;
	} bad[] = {
		{ "pbkdf2-billion.pem", ERR_LIMIT },	 { "pbes1.pem", ERR_UNSUPPORTED },
		{ "pbes2-scrypt.pem", ERR_UNSUPPORTED }, { "rsa-proc-type.pem", ERR_UNSUPPORTED },
		{ "no-key.pem", ERR_INVALID },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct buf CLEANUP(buf_done) text = { 0 };
		struct password p = password("hello");
		struct key *k = NULL;
		struct err e = { 0 };
		char path[256];
		snprintf(path, sizeof path, "reject/trust/key/%s", bad[i].file);
		load("LAZARET_TESTS", path, &text);
		int r = key_private_from_text(str_buf(&text), &p, &k, &e);
		if (r != bad[i].code)
			fail_msg("%s: %d (%s)", bad[i].file, r, e.text);
	}
}

#define KDF \
	"\"kdf\":{\"name\":\"scrypt\",\"params\":{\"N\":65536,\"r\":8,\"p\":1},\"salt\":" \
	"\"WO3mVvyTwJ9vwT5/Tk5OW5WPIBUofMjcpEfrLnfY4uA=\"}"
#define CIPHER \
	"\"cipher\":{\"name\":\"nacl/secretbox\",\"nonce\":\"tCy7HcTFr4uxv4Nrg/DWmncuZ148U1MX\"}"
#define TEXT "\"ciphertext\":\"08n43p5G5yviPEZpO7tPPF4aZQkWiWjkv4taFdhDBA0tamKH4nw=\""

static void test_reject_sealed(void **state)
{
	static const struct {
		const char *json;
		int code;
	} bad[] = {
		{ "", ERR_INVALID },
		{ "[]", ERR_INVALID },
		{ "{" KDF "," CIPHER "}", ERR_INVALID },
		{ "{" KDF "," TEXT "}", ERR_INVALID },
		{ "{" CIPHER "," TEXT "}", ERR_INVALID },
		{ "{" KDF "," CIPHER ",\"ciphertext\":\"08n43p5G5yviPEZpO7tP\"}", ERR_INVALID },
		{ "{" KDF "," CIPHER ",\"ciphertext\":\"?\"}", ERR_INVALID },
		{ "{" KDF ",\"cipher\":{\"name\":\"aes\",\"nonce\":\"\"}," TEXT "}",
		  ERR_UNSUPPORTED },
		{ "{" KDF ",\"cipher\":{\"name\":\"nacl/secretbox\",\"nonce\":\"AAAA\"}," TEXT "}",
		  ERR_INVALID },
		{ "{\"kdf\":{\"name\":\"pbkdf2\"}," CIPHER "," TEXT "}", ERR_UNSUPPORTED },
		{ "{\"kdf\":{\"name\":\"scrypt\",\"params\":{\"N\":1048576,\"r\":8,\"p\":1},"
		  "\"salt\":\"\"}," CIPHER "," TEXT "}",
		  ERR_UNSUPPORTED },
		{ "{\"kdf\":{\"name\":\"scrypt\",\"params\":{\"N\":65536,\"r\":8,\"p\":2},\"salt\":"
		  "\"\"}," CIPHER "," TEXT "}",
		  ERR_UNSUPPORTED },
		{ "{\"kdf\":{\"name\":\"scrypt\",\"params\":{\"N\":65536,\"r\":8,\"p\":1},\"salt\":"
		  "\"AAAA\"}," CIPHER "," TEXT "}",
		  ERR_INVALID },
	};
	struct sealed CLEANUP(sealed_done) good = { 0 };
	struct err e = { 0 };
	(void)state;
	assert_int_equal(sealed_parse(S("{" KDF "," CIPHER "," TEXT "}"), &good, &e), 0);
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct sealed s = { 0 };
		if (sealed_parse(str_of(bad[i].json), &s, &e) != bad[i].code)
			fail_msg("%s: %s", bad[i].json, e.text);
		assert_null(s.salt.p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),	      cmocka_unit_test(test_cosign_files),
		cmocka_unit_test(test_files),	      cmocka_unit_test(test_written),
		cmocka_unit_test(test_references),    cmocka_unit_test(test_reject_private),
		cmocka_unit_test(test_reject_sealed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
