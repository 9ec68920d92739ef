/* Signing with keys and no service; what cannot work is refused before anybody is asked. */
#include "trust/keyless.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct key *generate(enum key_type type, unsigned bits)
{
	struct key *k = NULL;
	struct err e;
	assert_int_equal(key_generate(type, bits, &k, &e), 0);
	return k;
}

static const struct {
	enum key_type type;
	unsigned bits;
} kinds[] = { { KEY_ECDSA, 256 },
	      { KEY_ECDSA, 384 },
	      { KEY_ECDSA, 521 },
	      { KEY_RSA, 2048 },
	      { KEY_ED25519, 0 } };

static bool holds(const struct bundle_parts *p, const struct key *k,
		  const struct signed_bytes *what)
{
	struct arena a = { 0 };
	struct buf text = { 0 };
	struct sigstore_bundle *b = NULL;
	struct proof proof = { 0 };
	struct err e = { 0 };
	struct str name = S("k");
	struct sigstore_policy policy = { .keys = &k, .key_names = &name, .n_keys = 1, .now = 1 };
	sigstore_bundle_write(p, &text);
	if (sigstore_bundle_parse(str_buf(&text), &b, &e) ||
	    sigstore_verify(b, what, &policy, &a, &proof, &e))
		fail_msg("%s", e.text);
	sigstore_bundle_close(b);
	buf_done(&text);
	arena_done(&a);
	return proof.result == CHECK_YES;
}

static void test_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct key *k = generate(kinds[i].type, kinds[i].bits);
		struct key *other = generate(kinds[i].type, kinds[i].bits);
		struct signer_options o = { .key = k };
		struct signer *s = NULL;
		struct arena a = { 0 };
		struct bundle_parts p;
		struct err e = { 0 };
		struct signed_bytes what = { .has_message = true, .message = S("message") };
		struct signed_bytes wrong = { .has_message = true, .message = S("massage") };
		struct str *stamps = NULL;
		size_t n = 0;
		assert_int_equal(signer_open(&o, &s, &e), 0);
		assert_null(signer_certs(s));
		assert_int_equal(signer_sign_message(s, &what, &a, &p, &e), 0);
		assert_true(p.key == k && !p.cert_der.n && !p.n_entries && !p.n_timestamps);
		assert_true(holds(&p, k, &what));
		assert_false(holds(&p, k, &wrong));
		assert_false(holds(&p, other, &what));
		assert_int_equal(signer_sign_dsse(s, S("text/plain"), S("payload"), &a, &p, &e), 0);
		assert_true(p.dsse && p.dsse->n == 1 && !p.signature.n);
		assert_true(holds(&p, k, NULL));
		assert_false(holds(&p, other, NULL));
		assert_int_equal(signer_timestamps(s, S("x"), &a, &stamps, &n, &e), 0);
		assert_int_equal(n, 0);
		signer_close(s);
		key_close(k);
		key_close(other);
		arena_done(&a);
	}
}

/* A digest is enough where the key signs one, and must be of the right kind. */
static void test_digests(void **state)
{
	struct signed_bytes what = { 0 },
			    message = { .has_message = true, .message = S("message") };
	(void)state;
	digest_of(DIGEST_SHA256, S("message"), &what.sha256);
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct key *k = generate(kinds[i].type, kinds[i].bits);
		struct signer_options o = { .key = k };
		struct signer *s = NULL;
		struct arena a = { 0 };
		struct bundle_parts p;
		struct err e = { 0 };
		bool enough = alg_digest(key_default_alg(k, false)) == DIGEST_SHA256;
		assert_int_equal(signer_open(&o, &s, &e), 0);
		assert_int_equal(signer_sign_message(s, &what, &a, &p, &e),
				 enough ? 0 : ERR_INVALID);
		if (enough)
			assert_true(holds(&p, k, &message));
		signer_close(s);
		key_close(k);
		arena_done(&a);
	}
}

static void test_refused(void **state)
{
	struct key *k = generate(KEY_ECDSA, 256), *public = NULL;
	struct fetch *f = NULL;
	struct fetch_options fo = { 0 };
	struct signing_service one = { .url = S("http://127.0.0.1:1/"), .version = 1 };
	struct signing_service two = { .url = S("http://127.0.0.1:1/"), .version = 2 };
	struct str token = S("e30.eyJzdWIiOiJzIn0.AA"),
		   ended = S("e30.eyJzdWIiOiJzIiwiZXhwIjoxfQ.AA");
	struct err e = { 0 };
	(void)state;
	assert_int_equal(key_from_spki(key_spki(k), &public, &e), 0);
	assert_int_equal(fetch_open(&fo, &f, &e), 0);
	struct service_list v1 = { .v = &one, .n = 1 }, v2 = { .v = &two, .n = 1 };
	const struct {
		struct signer_options o;
		int code;
		const char *why;
	} t[] = {
		{ { .key = public }, ERR_INVALID, "public key" },
		{ { .key = k, .logs = v1, .logs_needed = 1 }, ERR_INVALID, "must not be asked" },
		{ { .key = k, .fetch = f, .logs = v1, .logs_needed = 2 }, ERR_INVALID, "fewer" },
		{ { .key = k, .fetch = f, .tsas_needed = 1 }, ERR_INVALID, "fewer" },
		{ { .fetch = f, .token = token, .logs = v1, .logs_needed = 1 },
		  ERR_INVALID,
		  "wants" },
		{ { .fetch = f, .fulcio = one, .logs = v1, .logs_needed = 1 },
		  ERR_INVALID,
		  "wants" },
		{ { .fulcio = one, .token = token, .logs = v1, .logs_needed = 1 },
		  ERR_INVALID,
		  "asked" },
		{ { .fetch = f, .fulcio = one, .token = token }, ERR_INVALID, "the time" },
		{ { .fetch = f, .fulcio = one, .token = token, .logs = v2, .logs_needed = 1 },
		  ERR_INVALID,
		  "the time" },
		{ { .fetch = f, .fulcio = one, .token = S("x"), .logs = v1, .logs_needed = 1 },
		  ERR_INVALID,
		  "token" },
		{ { .fetch = f, .fulcio = one, .token = ended, .logs = v1, .logs_needed = 1 },
		  ERR_AUTH,
		  "ended 1970" },
	};
	for (size_t i = 0; i < COUNT(t); i++) {
		struct signer *s = NULL;
		int r = signer_open(&t[i].o, &s, &e);
		if (r != t[i].code || !strstr(e.text, t[i].why) || s)
			fail_msg("%zu: %d %s", i, r, e.text);
	}
	fetch_close(f);
	key_close(public);
	key_close(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_digests),
		cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
