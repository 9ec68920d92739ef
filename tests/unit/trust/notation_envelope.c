/* The published encoding vectors of notation's envelopes, byte for byte: headers, what is signed, the whole. */
#include "trust/notation_envelope.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/time.h"
#include "trust_files.h"

static struct str unhex(struct arena *a, struct str hex)
{
	struct buf b = { 0 };
	for (size_t i = 0; i + 1 < hex.n; i += 2) {
		uint64_t v = 0;
		assert_true(str_to_u64_base((struct str){ hex.p + i, 2 }, 16, 255, &v));
		buf_add_char(&b, (char)v);
	}
	struct str s = arena_str(a, str_buf(&b));
	buf_done(&b);
	return s;
}

static struct str url_bytes(struct arena *a, struct str text)
{
	struct buf b = { 0 };
	assert_true(base64url_decode(text, &b));
	struct str s = arena_str(a, str_buf(&b));
	buf_done(&b);
	return s;
}

static void cose_vector(void **state)
{
	struct arena a = { 0 };
	struct notation_attribute more[] = { { S("signedCritKey1"), S("signedCritValue1"), true },
					     { S("signedKey1"), S("signedValue1"), false } };
	struct notation_envelope v = { .alg = SIGNATURE_PSS_SHA384,
				       .content_type = S(NOTATION_PAYLOAD),
				       .attributes = more,
				       .n_attributes = 2,
				       .agent = S("NotationConformanceTest/1.0.0") };
	uint64_t time = 0, expiry = 0;
	(void)state;
	if (!getenv("LAZARET_TEST_DATA"))
		skip();
	struct json *j =
		trust_json(&a, S("sign/notation/notation-core-go/signature/cose/conformance.json"));
	assert_true(json_u64(json_get(j, "signingTime"), &time) &&
		    json_u64(json_get(j, "expiry"), &expiry));
	v.time = (int64_t)time;
	v.expiry = (int64_t)expiry;
	v.payload = unhex(&a, json_get_str(j, "payload"));
	struct str output = unhex(&a, json_get_str(json_get(j, "expectedOutput"), "cborHex"));
	notation_cose_protect(&v, &a);
	assert_true(str_eq(v.guarded,
			   unhex(&a, json_get_str(json_get(j, "protectedHeaders"), "cborHex"))));
	/* RSA-3072 signatures end it; no certificates are in this one. */
	v.signature = str_from(output, output.n - 384);
	struct buf b = { 0 };
	notation_cose_write(&v, &b);
	assert_true(str_eq(str_buf(&b), output));
	struct str signed_bytes = arena_printf(&a, "%s", "");
	struct buf m = { 0 };
	buf_add_str(&m, S("\x84\x6aSignature1\x59\x01\x17"));
	buf_add_str(&m, v.guarded);
	buf_add_str(&m, S("\x40\x4a"));
	buf_add_str(&m, v.payload);
	signed_bytes = arena_str(&a, str_buf(&m));
	assert_true(str_eq(v.message, signed_bytes));
	buf_done(&m);
	buf_done(&b);
	json_free(j);
	arena_done(&a);
}

static void jws_vector(void **state)
{
	struct arena a = { 0 };
	struct notation_attribute more[] = { { S("signedKey4"), S("signedValue1"), false },
					     { S("signedCritKey1"), S("signedCritValue1"), true },
					     { S("signedKey1"), S("signedValue1"), false },
					     { S("signedKey2"), S("signedValue1"), false },
					     { S("signedKey3"), S("signedValue1"), false } };
	struct notation_envelope v = { .alg = SIGNATURE_ECDSA_SHA256,
				       .content_type = S(NOTATION_PAYLOAD),
				       .attributes = more,
				       .n_attributes = COUNT(more),
				       .agent = S("NotationConformanceTest/1.0.0") };
	struct buf b = { 0 };
	struct json *made;
	struct err e;
	(void)state;
	if (!getenv("LAZARET_TEST_DATA"))
		skip();
	struct json *j =
		trust_json(&a, S("sign/notation/notation-core-go/signature/jws/conformance.json"));
	assert_true(time_parse(S("2022-08-29T13:50:00Z"), &v.time) &&
		    time_parse(S("2099-08-30T13:50:00Z"), &v.expiry));
	v.payload = url_bytes(&a, json_get_str(j, "payload"));
	v.signature = url_bytes(&a, json_get_str(j, "signature"));
	notation_jws_protect(&v, &a);
	struct str guarded = url_bytes(&a, json_get_str(j, "protected"));
	assert_string_equal(v.guarded.p, guarded.p);
	struct str message = arena_printf(&a, "%s.%s", json_get_str(j, "protected").p,
					  json_get_str(j, "payload").p);
	assert_string_equal(v.message.p, message.p);
	notation_jws_write(&v, &b);
	assert_int_equal(json_parse(str_buf(&b), &made, &e), 0);
	static const char *const keys[] = { "payload", "protected", "signature" };
	for (size_t i = 0; i < COUNT(keys); i++)
		assert_string_equal(json_get_str(made, keys[i]).p, json_get_str(j, keys[i]).p);
	assert_string_equal(json_get_str(json_get(made, "header"), "io.cncf.notary.signingAgent").p,
			    json_get_str(json_get(j, "header"), "io.cncf.notary.signingAgent").p);
	json_free(made);
	json_free(j);
	buf_done(&b);
	arena_done(&a);
}

/* What we write, whole, as the encoders of others order it. */
static void order(void **state)
{
	struct arena a = { 0 };
	struct str certs[] = { S("leaf"), S("root") };
	struct notation_envelope v = { .alg = SIGNATURE_PSS_SHA256,
				       .content_type = S(NOTATION_PAYLOAD),
				       .scheme = NOTATION_AUTHORITY,
				       .time = 1704067200,
				       .expiry = 1735689600,
				       .payload = S("{}"),
				       .signature = S("sig"),
				       .agent = S("a<b"),
				       .timestamp = S("token"),
				       .chain = { certs, 2, 2 } };
	struct buf b = { 0 };
	(void)state;
	notation_jws_protect(&v, &a);
	assert_string_equal(v.guarded.p, "{\"alg\":\"PS256\",\"crit\":[\"io.cncf.notary."
					 "signingScheme\",\"io.cncf.notary.authenticSigningTime\","
					 "\"io.cncf.notary.expiry\"],\"cty\":\"application/"
					 "vnd.cncf.notary.payload.v1+json\","
					 "\"io.cncf.notary.authenticSigningTime\":\"2024-01-01T00:"
					 "00:00Z\",\"io.cncf.notary.expiry\":"
					 "\"2025-01-01T00:00:00Z\",\"io.cncf.notary."
					 "signingScheme\":\"notary.x509.signingAuthority\"}");
	v.guarded = S("{}");
	notation_jws_write(&v, &b);
	assert_string_equal(
		buf_cstr(&b),
		"{\"payload\":\"e30\",\"protected\":\"e30\",\"header\":{\"io.cncf.notary."
		"timestampSignature\":"
		"\"dG9rZW4=\",\"x5c\":[\"bGVhZg==\",\"cm9vdA==\"],\"io.cncf.notary.signingAgent\":"
		"\"a\\u003cb\"},\"signature\":\"c2ln\"}");
	buf_done(&b);
	arena_done(&a);
}

/* Which keys may sign, and with what. */
static void algorithms(void **state)
{
	static const struct {
		enum key_type type;
		unsigned bits;
		enum signature_alg alg;
	} table[] = {
		{ KEY_ECDSA, 256, SIGNATURE_ECDSA_SHA256 },
		{ KEY_ECDSA, 384, SIGNATURE_ECDSA_SHA384 },
		{ KEY_ECDSA, 521, SIGNATURE_ECDSA_SHA512 },
		{ KEY_ED25519, 0, SIGNATURE_NONE },
		{ KEY_RSA, 2048, SIGNATURE_PSS_SHA256 },
	};
	(void)state;
	assert_int_equal(notation_alg(NULL), SIGNATURE_NONE);
	for (size_t i = 0; i < COUNT(table); i++) {
		struct key *k;
		struct err e;
		assert_int_equal(key_generate(table[i].type, table[i].bits, &k, &e), 0);
		assert_int_equal(notation_alg(k), table[i].alg);
		key_close(k);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cose_vector),
		cmocka_unit_test(jws_vector),
		cmocka_unit_test(order),
		cmocka_unit_test(algorithms),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
