/* Time-stamp tokens. Ours are made by tests/data/trust/timestamps/make.py: what is named pass-* holds, the rest does not. */
#include "trust/timestamp.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "trust_files.h"

enum { STAMPED = 1685620800, GLOBALSIGN = 1631887750 };

static void add_pem(struct arena *a, struct certs *to, const char *name)
{
	struct err e;
	struct str path = arena_printf(a, "data/trust/timestamps/%s", name);
	if (certs_parse(trust_file(a, false, path.p), to, &e) < 0)
		fail_msg("%s: %s", name, e.text);
}

/* A part of why not, of those that could fail for a wrong reason. "other": GHSA-xm5m-wgh2-rrg3, a certificate beside the one that
 * signed lends it a good name. */
static const char *const reasons[][2] = {
	{ "fail-other.der", "of something else" },
	{ "fail-other-root.der", "leads to no trusted one" },
	{ "fail-key.der", "signature does not hold" },
	{ "fail-named-other.der", "signature does not hold" },
	{ "fail-ess-other.der", "is not there" },
	{ "fail-no-ess.der", "signing-certificate-v2" },
	{ "fail-digest.der", "signature does not hold" },
	{ "fail-wide-eku.der", "not for timestamps alone" },
	{ "fail-no-eku.der", "not for timestamps alone" },
	{ "fail-expired-mid.der", "it ended 2022-01-01" },
	{ "fail-early.der", "it begins" },
	{ "fail-version.der", "version 1" },
	{ "fail-sha1.der", "hash that is not accepted" },
	{ "fail-rejected.der", "refused it (status 2): not today" },
	{ "fail-no-token.der", "no token" },
	{ "fail-many-signers.der", "more than 8 signers" },
	{ "fail-no-signer.der", "nobody signed it" },
};

static void check_reason(const char *name, const char *text)
{
	for (size_t i = 0; i < COUNT(reasons); i++)
		if (strcmp(name, reasons[i][0]) == 0 && !strstr(text, reasons[i][1]))
			fail_msg("%s: %s", name, text);
}

static void test_ours(void **state)
{
	struct arena a = { 0 };
	struct certs anchors = { 0 }, others = { 0 };
	struct dirent *x;
	int n = 0;
	add_pem(&a, &anchors, "root.pem");
	DIR *d = opendir(arena_printf(&a, "%s/data/trust/timestamps", getenv("LAZARET_TESTS")).p);
	assert_non_null(d);
	while ((x = readdir(d))) {
		struct timestamp t = { 0 };
		struct err e = { 0 };
		if (!str_ends(str_of(x->d_name), S(".der")))
			continue;
		bool pass = strncmp(x->d_name, "pass-", 5) == 0;
		bool bare = strcmp(x->d_name, "pass-no-certs.der") == 0;
		struct str der = trust_file(
			&a, false, arena_printf(&a, "data/trust/timestamps/%s", x->d_name).p);
		int r = timestamp_verify(der, S("message"), NULL, &anchors, NULL, &a, &t, &e);
		if (r != (pass && !bare))
			fail_msg("%s: %d %s", x->d_name, r, e.text);
		if (r == 0)
			check_reason(x->d_name, e.text);
		if (bare) {
			add_pem(&a, &others, "tsa.pem");
			add_pem(&a, &others, "mid.pem");
			r = timestamp_verify(der, S("message"), &others, &anchors, NULL, &a, &t,
					     &e);
			assert_int_equal(r, 1);
		}
		if (r == 1) {
			assert_int_equal(t.time, STAMPED);
			assert_int_equal(t.accuracy, 2); /* 1.005 s */
			assert_true(str_eq(t.policy, S("1.2.3.4")) && str_eq(t.serial, S("4d")));
			assert_true(t.chain.n == 3 && t.chain.v[2] == anchors.v[0]);
			assert_int_equal(timestamp_verify(der, S("messag"), &others, &anchors, NULL,
							  &a, &t, &e),
					 0);
		}
		timestamp_done(&t);
		n++;
	}
	closedir(d);
	assert_true(n >= 30);
	certs_done(&anchors);
	certs_done(&others);
	arena_done(&a);
	(void)state;
}

static void test_read(void **state)
{
	struct arena a = { 0 };
	struct timestamp t = { 0 };
	struct digest d;
	struct buf token = { 0 }, out = { 0 }, nonce = { 0 };
	struct err e;
	struct str bare = trust_file(&a, false, "data/trust/timestamps/pass-token.der");
	struct str response = trust_file(&a, false, "data/trust/timestamps/pass-response.der");
	digest_of(DIGEST_SHA256, S("message"), &d);
	assert_int_equal(timestamp_read(response, &a, &t, &e), 0);
	assert_true(t.time == STAMPED && digest_eq(&t.imprint, &d) && t.chain.n == 0);
	assert_int_equal(timestamp_read(S(""), &a, &t, &e), ERR_INVALID);
	assert_int_equal(timestamp_token(response, &d, (struct str){ 0 }, &token, &e), 0);
	assert_true(token.n > 0 && token.n < response.n &&
		    timestamp_read(str_buf(&token), &a, &t, &e) == 0);
	assert_int_equal(timestamp_token(bare, &d, (struct str){ 0 }, &token, &e), ERR_INVALID);
	assert_int_equal(timestamp_token(response, &d, S("AB"), &token, &e), ERR_INVALID);
	d.bytes[0] ^= 1;
	assert_int_equal(timestamp_token(response, &d, (struct str){ 0 }, &token, &e), ERR_INVALID);
	assert_int_equal(timestamp_request(&d, true, &out, &nonce, &e), 0);
	assert_true(nonce.n == 8 && str_find(str_buf(&out), str_buf(&nonce)) > 0 &&
		    str_ends(str_buf(&out), S("\1\1\377")));
	d.alg = DIGEST_SHA1;
	assert_int_equal(timestamp_request(&d, true, &out, &nonce, &e), ERR_UNSUPPORTED);
	buf_done(&token);
	buf_done(&out);
	buf_done(&nonce);
	arena_done(&a);
	(void)state;
}

static void test_shared(void **state)
{
	if (!getenv("LAZARET_TEST_DATA"))
		skip();
	struct arena a = { 0 };
	struct certs anchors = { 0 };
	struct json *cases = trust_json(&a, S("sign/tsp/expected.json"));
	struct err e = { 0 };
	assert_int_equal(
		certs_parse(trust_file(&a, true, "sign/tsp/GlobalSignRootCA.crt"), &anchors, &e),
		0);
	JSON_EACH(x, cases)
	{
		struct timestamp t = { 0 };
		const char *name = json_get_str(x, "file").p;
		struct str der = trust_file(&a, true, arena_printf(&a, "sign/tsp/%s", name).p);
		bool pass = str_eq(json_get_str(x, "expect"), S("pass"));
		if (str_eq(json_get_str(x, "expect"), S("parse"))) {
			int want = strcmp(name, "granted.tsq") == 0 ? 0 : ERR_INVALID;
			assert_int_equal(timestamp_read(der, &a, &t, &e), want);
			continue;
		}
		if (timestamp_verify(der, S("notation"), NULL, &anchors, NULL, &a, &t, &e) != pass)
			fail_msg("%s: %s", name, e.text);
		if (pass)
			assert_true(t.time == GLOBALSIGN && t.accuracy == 1);
		timestamp_done(&t);
	}
	certs_done(&anchors);
	json_free(cases);
	arena_done(&a);
	(void)state;
}

/* Sigstore's authority: responses with and without certificates, the leaf from the trusted root. */
static void test_sigstore(void **state)
{
	if (!getenv("LAZARET_TEST_DATA"))
		skip();
	static const char *const names[] = { "rekor2-happy-path", "rekor2-dsse-happy-path",
					     "rekor2-timestamp-with-embedded-cert",
					     "managed-key-happy-path" };
	struct arena a = { 0 };
	for (size_t i = 0; i < COUNT(names); i++) {
		struct json *cases = trust_json(&a, S("sign/sigstore/cases.json"));
		JSON_EACH(x, cases)
		{
			if (!str_eq(json_get_str(x, "case"), str_of(names[i])))
				continue;
			struct timestamp t = { 0 };
			struct err e;
			struct trust_case c =
				trust_case_open(&a, names[i], json_get_str(x, "trusted_root").p);
			const struct json *vm = json_get(c.bundle, "verificationMaterial");
			struct str der = trust_bytes(
				&a, json_get_str(json_first(json_get(
							 json_get(vm, "timestampVerificationData"),
							 "rfc3161Timestamps")),
						 "signedTimestamp"));
			const struct json *dsse = json_get(c.bundle, "dsseEnvelope");
			struct str signature = trust_bytes(
				&a,
				dsse ? json_get_str(json_first(json_get(dsse, "signatures")), "sig")
				     : json_get_str(json_get(c.bundle, "messageSignature"),
						    "signature"));
			struct certs root = { .v = &c.tsa.v[c.tsa.n - 1], .n = 1 };
			if (timestamp_verify(der, signature, &c.tsa, &root, NULL, &a, &t, &e) != 1)
				fail_msg("%s: %s", names[i], e.text);
			assert_true(t.chain.v[t.chain.n - 1] == root.v[0]);
			timestamp_done(&t);
			trust_case_done(&c);
		}
		json_free(cases);
	}
	arena_done(&a);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ours),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_sigstore),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
