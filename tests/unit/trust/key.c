/* Keys and signatures: the three Wycheproof files of LAZARET_TEST_DATA, the published Ed25519ph vector (RFC 8032, section 7.3),
 * every kind of key made, signed with, written and read back, and what must be refused. */
#include "base/json.h"
#include "base/stream.h"
#include "drive.h"
#include "trust/key.h"
#include "trust/key_ed25519ph.h"
#include "trust/pem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <sodium.h>
#include <stdio.h>

static void hex(struct str text, struct buf *out)
{
	out->n = 0;
	for (size_t i = 0; i + 1 < text.n; i += 2) {
		uint64_t v = 0;
		assert_true(str_to_u64_base(str_upto(str_from(text, i), 2), 16, 255, &v));
		buf_add_char(out, (char)v);
	}
}

/* Each group: a key; each test: message, signature, verdict. */
static void wycheproof(const char *file, enum signature_alg alg, size_t want_cases)
{
	struct json CLEANUP(cleanup_json) *j = NULL;
	struct buf CLEANUP(buf_done) text = { 0 }, CLEANUP(buf_done) der = { 0 };
	struct buf CLEANUP(buf_done) msg = { 0 }, CLEANUP(buf_done) sig = { 0 };
	struct err e = { 0 };
	size_t n = 0;
	if (!drive_read("LAZARET_TEST_DATA", file, &text))
		skip();
	assert_int_equal(json_parse(str_buf(&text), &j, &e), 0);
	JSON_EACH(group, json_get(j, "testGroups"))
	{
		struct key CLEANUP(cleanup_key) *k = NULL, CLEANUP(cleanup_key) *same = NULL;
		hex(json_get_str(group, "publicKeyDer"), &der);
		assert_int_equal(key_from_spki(str_buf(&der), &k, &e), 0);
		assert_int_equal(key_from_pem(json_get_str(group, "publicKeyPem"), &same, &e), 0);
		assert_true(key_eq(k, same));
		JSON_EACH(test, json_get(group, "tests"))
		{
			uint64_t id = 0;
			struct str result = json_get_str(test, "result");
			json_u64(json_get(test, "tcId"), &id);
			hex(json_get_str(test, "msg"), &msg);
			hex(json_get_str(test, "sig"), &sig);
			bool yes = key_verify(k, alg, str_buf(&msg), str_buf(&sig));
			/* The one acceptable case leaves a NULL out of a DigestInfo; the specification wants it. */
			if (yes != str_eq(result, S("valid")))
				fail_msg("%s, case %u is %.*s", file, (unsigned)id, STR(result));
			n++;
		}
	}
	assert_true(n >= want_cases);
}

static void test_wycheproof_ecdsa(void **state)
{
	(void)state;
	wycheproof("sign/wycheproof/ecdsa_secp256r1_sha256_test.json", SIGNATURE_ECDSA_SHA256, 484);
}

static void test_wycheproof_ed25519(void **state)
{
	(void)state;
	wycheproof("sign/wycheproof/ed25519_test.json", SIGNATURE_ED25519, 151);
}

static void test_wycheproof_rsa(void **state)
{
	(void)state;
	wycheproof("sign/wycheproof/rsa_signature_2048_sha256_test.json", SIGNATURE_RSA_SHA256,
		   259);
}

static void pkcs8_of_seed(const char *seed, struct buf *out)
{
	struct buf CLEANUP(buf_done) bytes = { 0 };
	hex(str_of(seed), &bytes);
	buf_add_str(out, S("\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20"));
	buf_add_str(out, str_buf(&bytes));
}

static void test_ed25519ph_published(void **state)
{
	struct buf CLEANUP(buf_done) der = { 0 }, CLEANUP(buf_done) want = { 0 };
	struct buf CLEANUP(buf_done) sig = { 0 };
	struct key CLEANUP(cleanup_key) *k = NULL;
	struct err e = { 0 };
	(void)state;
	pkcs8_of_seed("833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42", &der);
	hex(S("98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41"
	      "31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406"),
	    &want);
	assert_int_equal(key_from_pkcs8(str_buf(&der), &k, &e), 0);
	assert_int_equal(key_sign(k, SIGNATURE_ED25519PH, S("abc"), &sig, &e), 0);
	assert_true(str_eq(str_buf(&sig), str_buf(&want)));
	assert_true(key_verify(k, SIGNATURE_ED25519PH, S("abc"), str_buf(&want)));
	assert_false(key_verify(k, SIGNATURE_ED25519, S("abc"), str_buf(&want)));
	assert_false(key_verify(k, SIGNATURE_ED25519PH, S("abd"), str_buf(&want)));
}

/* libsodium's own functions must agree, and S + L must not pass. */
static void test_ed25519ph_sodium(void **state)
{
	static const unsigned char order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
						 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
						 0,    0,    0,	   0,	 0,    0,    0,	   0,
						 0,    0,    0,	   0,	 0,    0,    0,	   0x10 };
	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		unsigned char pub[32], secret[64], sig[64], ours[64];
		char text[100];
		struct digest d;
		size_t n = (size_t)snprintf(text, sizeof text, "message %u", i);
		crypto_sign_ed25519ph_state st;
		crypto_sign_keypair(pub, secret);
		crypto_sign_ed25519ph_init(&st);
		crypto_sign_ed25519ph_update(&st, (unsigned char *)text, n);
		crypto_sign_ed25519ph_final_create(&st, sig, NULL, secret);
		digest_of(DIGEST_SHA512, (struct str){ text, n }, &d);
		ed25519ph_sign(secret, pub, &d, ours);
		assert_memory_equal(sig, ours, 64);
		struct str s = { (char *)sig, 64 };
		assert_true(ed25519ph_verify(pub, &d, s));
		assert_false(ed25519ph_verify(pub, &d, str_upto(s, 63)));
		unsigned carry = 0;
		for (size_t k = 0; k < 32; k++) {
			carry += (unsigned)sig[32 + k] + order[k];
			sig[32 + k] = (unsigned char)carry;
			carry >>= 8;
		}
		assert_false(ed25519ph_verify(pub, &d, s));
		d.bytes[0] ^= 1;
		assert_false(ed25519ph_verify(pub, &d, (struct str){ (char *)ours, 64 }));
	}
}

static const struct kind {
	enum key_type type;
	unsigned bits;
	const char *name, *details;
	enum signature_alg algs[7];
} kinds[] = {
	{ KEY_ECDSA, 256, "ECDSA P-256", "PKIX_ECDSA_P256_SHA_256", { SIGNATURE_ECDSA_SHA256 } },
	{ KEY_ECDSA,
	  384,
	  "ECDSA P-384",
	  "PKIX_ECDSA_P384_SHA_384",
	  { SIGNATURE_ECDSA_SHA384, SIGNATURE_ECDSA_SHA256 } },
	{ KEY_ECDSA,
	  521,
	  "ECDSA P-521",
	  "PKIX_ECDSA_P521_SHA_512",
	  { SIGNATURE_ECDSA_SHA512, SIGNATURE_ECDSA_SHA256 } },
	{ KEY_ED25519,
	  0,
	  "Ed25519",
	  "PKIX_ED25519_PH",
	  { SIGNATURE_ED25519PH, SIGNATURE_ED25519 } },
	{ KEY_RSA,
	  2048,
	  "RSA 2048",
	  "PKIX_RSA_PKCS1V15_2048_SHA256",
	  { SIGNATURE_RSA_SHA256, SIGNATURE_RSA_SHA384, SIGNATURE_RSA_SHA512, SIGNATURE_PSS_SHA256,
	    SIGNATURE_PSS_SHA384, SIGNATURE_PSS_SHA512 } },
};

static void check_alg(const struct key *k, const struct key *pub, enum signature_alg alg)
{
	struct buf CLEANUP(buf_done) sig = { 0 };
	struct err e = { 0 };
	struct str message = S("what is signed"), other = S("what is Signed");
	struct digest d;
	assert_int_equal(key_sign(k, alg, message, &sig, &e), 0);
	assert_true(key_verify(pub, alg, message, str_buf(&sig)));
	assert_false(key_verify(pub, alg, other, str_buf(&sig)));
	assert_false(key_verify(pub, alg, message, str_upto(str_buf(&sig), sig.n - 1)));
	assert_false(key_verify(pub, alg, message, S("")));
	for (int other_alg = SIGNATURE_NONE; other_alg <= SIGNATURE_PSS_SHA512; other_alg++)
		if (other_alg != (int)alg)
			assert_false(key_verify(pub, (enum signature_alg)other_alg, message,
						str_buf(&sig)));
	digest_of(alg_digest(alg) ? alg_digest(alg) : DIGEST_SHA256, message, &d);
	assert_int_equal(key_verify_digest(pub, alg, &d, str_buf(&sig)), alg != SIGNATURE_ED25519);
	sig.n = 0;
	assert_int_equal(key_sign_digest(k, alg, &d, &sig, &e),
			 alg == SIGNATURE_ED25519 ? ERR_UNSUPPORTED : 0);
	if (sig.n)
		assert_true(key_verify(pub, alg, message, str_buf(&sig)));
	buf_add_char(&sig, 0);
	assert_false(key_verify(pub, alg, message, str_buf(&sig)));
	assert_int_equal(key_sign(pub, alg, message, &sig, &e), ERR_UNSUPPORTED);
	assert_true(alg_name(alg)[0] != '\0');
}

static void test_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct key CLEANUP(cleanup_key) *k = NULL, CLEANUP(cleanup_key) *pub = NULL;
		struct key CLEANUP(cleanup_key) *again = NULL, CLEANUP(cleanup_key) *third = NULL;
		struct buf CLEANUP(buf_done) pem = { 0 }, CLEANUP(secret_done) der = { 0 };
		struct digest id;
		struct err e = { 0 };
		assert_int_equal(key_generate(kinds[i].type, kinds[i].bits, &k, &e), 0);
		assert_string_equal(key_name(k), kinds[i].name);
		assert_true(key_is_private(k));
		assert_int_equal(key_from_spki(key_spki(k), &pub, &e), 0);
		assert_false(key_is_private(pub));
		key_pem(k, &pem);
		assert_int_equal(key_from_pem(str_buf(&pem), &third, &e), 0);
		assert_true(key_eq(k, pub) && key_eq(k, third));
		digest_of(DIGEST_SHA256, key_spki(k), &id);
		assert_true(digest_eq(&id, key_id(third)));
		assert_int_equal(key_pkcs8(k, &der, &e), 0);
		assert_int_equal(key_pkcs8(pub, &der, &e), ERR_UNSUPPORTED);
		assert_int_equal(key_from_pkcs8(str_buf(&der), &again, &e), 0);
		assert_true(key_eq(k, again));
		assert_int_equal(key_default_alg(k, false), kinds[i].algs[0]);
		assert_string_equal(alg_details(kinds[i].algs[0], k), kinds[i].details);
		assert_int_equal(alg_from_details(str_of(kinds[i].details)), kinds[i].algs[0]);
		for (size_t a = 0; kinds[i].algs[a]; a++)
			check_alg(again, pub, kinds[i].algs[a]);
		struct key *none = NULL;
		struct str cut = str_upto(key_spki(k), key_spki(k).n - 1);
		assert_true(key_from_spki(cut, &none, &e) < 0);
		assert_true(key_from_pkcs8(str_upto(str_buf(&der), der.n - 1), &none, &e) < 0);
		buf_add_char(&der, 0);
		assert_true(key_from_pkcs8(str_buf(&der), &none, &e) < 0);
		struct buf CLEANUP(buf_done) longer = { 0 };
		buf_add_str(&longer, key_spki(k));
		buf_add_char(&longer, 0);
		assert_true(key_from_spki(str_buf(&longer), &none, &e) < 0);
		assert_null(none);
	}
	assert_int_equal(alg_from_details(S("PKIX_ECDSA")), SIGNATURE_NONE);
}

static void test_generate_refuses(void **state)
{
	static const struct {
		enum key_type type;
		unsigned bits;
	} bad[] = { { KEY_RSA, 1024 }, { KEY_RSA, 16384 }, { KEY_ECDSA, 224 }, { KEY_ECDSA, 0 } };
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct key *k = NULL;
		struct err e = { 0 };
		assert_int_equal(key_generate(bad[i].type, bad[i].bits, &k, &e), ERR_UNSUPPORTED);
		assert_null(k);
	}
}

/* tests/reject/trust/key/CODE-what.pem: must fail with the code. */
static void test_reject(void **state)
{
	static const struct {
		const char *file;
		int code;
	} bad[] = {
		{ "point-off-curve.pem", ERR_INVALID },
		{ "explicit-curve.pem", ERR_UNSUPPORTED },
		{ "compressed-point.pem", ERR_INVALID },
		{ "secp256k1.pem", ERR_UNSUPPORTED },
		{ "rsa-1024.pem", ERR_UNSUPPORTED },
		{ "rsa-exponent-1.pem", ERR_INVALID },
		{ "rsa-exponent-even.pem", ERR_INVALID },
		{ "rsa-modulus-even.pem", ERR_INVALID },
		{ "rsa-pss.pem", ERR_UNSUPPORTED },
		{ "ed25519-small-order.pem", ERR_INVALID },
		{ "ed448.pem", ERR_UNSUPPORTED },
		{ "trailing.pem", ERR_INVALID },
		{ "no-end.pem", ERR_INVALID },
		{ "other-end.pem", ERR_INVALID },
		{ "no-base64.pem", ERR_INVALID },
		{ "headers.pem", ERR_UNSUPPORTED },
		{ "no-key.pem", ERR_INVALID },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct buf CLEANUP(buf_done) text = { 0 };
		struct key *k = NULL;
		struct err e = { 0 };
		char path[256];
		snprintf(path, sizeof path, "reject/trust/key/%s", bad[i].file);
		assert_true(drive_read("LAZARET_TESTS", path, &text));
		int r = key_from_pem(str_buf(&text), &k, &e);
		if (r != bad[i].code)
			fail_msg("%s: %d (%s)", bad[i].file, r, e.text);
		assert_null(k);
	}
}

static void test_raw(void **state)
{
	static const unsigned bits[] = { 256, 384, 521 };
	(void)state;
	for (size_t i = 0; i < COUNT(bits); i++)
		for (unsigned n = 0; n < 40; n++) {
			struct key CLEANUP(cleanup_key) *k = NULL;
			struct buf CLEANUP(buf_done) der = { 0 }, CLEANUP(buf_done) raw = { 0 };
			struct buf CLEANUP(buf_done) back = { 0 };
			struct err e = { 0 };
			assert_int_equal(key_generate(KEY_ECDSA, bits[i], &k, &e), 0);
			assert_int_equal(key_sign(k, key_default_alg(k, true), S("x"), &der, &e),
					 0);
			assert_true(ecdsa_to_raw(str_buf(&der), bits[i], &raw));
			assert_int_equal(raw.n, (bits[i] + 7) / 8 * 2);
			assert_true(ecdsa_from_raw(str_buf(&raw), bits[i], &back));
			assert_true(str_eq(str_buf(&der), str_buf(&back)));
			assert_false(
				ecdsa_from_raw(str_upto(str_buf(&raw), raw.n - 1), bits[i], &back));
			assert_false(
				ecdsa_to_raw(str_upto(str_buf(&der), der.n - 1), bits[i], &raw));
		}
	static const struct str bad[] = {
		S("\x30\x06\x02\x01\x01\x02\x01\x01\x00"),
		S("\x30\x81\x06\x02\x01\x01\x02\x01\x01"),
		S("\x30\x07\x02\x02\x00\x01\x02\x01\x01"),
		S("\x30\x06\x02\x01\x81\x02\x01\x01"),
		S("\x30\x06\x02\x01\x00\x02\x01\x01"),
		S("\x30\x80\x02\x01\x01\x02\x01\x01\x00\x00"),
		S("\x30\x03\x02\x01\x01"),
		S("\x30\x05\x02\x00\x02\x01\x01"),
		S("\x30\x09\x02\x01\x01\x02\x01\x01\x02\x01\x01"),
	};
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct buf CLEANUP(buf_done) raw = { 0 };
		assert_false(ecdsa_to_raw(bad[i], 256, &raw));
		assert_int_equal(raw.n, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wycheproof_ecdsa),
		cmocka_unit_test(test_wycheproof_ed25519),
		cmocka_unit_test(test_wycheproof_rsa),
		cmocka_unit_test(test_ed25519ph_published),
		cmocka_unit_test(test_ed25519ph_sodium),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_generate_refuses),
		cmocka_unit_test(test_reject),
		cmocka_unit_test(test_raw),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
