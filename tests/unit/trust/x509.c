/* Certificates: what is read out of them, which chains hold at which time, and embedded SCTs. The certificates are made by
 * tests/data/trust/certs/make.py. */
#include "trust/x509.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "trust_files.h"

enum { IN_2021 = 1625000000, IN_2023 = 1700000000 };

/* leaf others | anchors at eku; "" : it holds, else a part of why not */
static const struct {
	const char *leaf, *others, *anchors;
	int64_t at;
	const char *eku, *why;
} chains[] = {
	{ "leaf", "mid", "root", IN_2023, EKU_CODE_SIGNING, "" },
	{ "leaf", "", "mid", IN_2023, EKU_CODE_SIGNING, "" },
	{ "leaf", "", "leaf", IN_2023, EKU_CODE_SIGNING, "" },
	{ "leaf", "mid root", "root-other root", IN_2023, NULL, "" },
	{ "leaf", "mid", "root-other", IN_2023, NULL, "who issued it is 'CN=root," },
	{ "leaf", "", "root", IN_2023, NULL, "leads to no trusted one" },
	{ "leaf", "mid root", "", IN_2023, NULL, "leads to no trusted one" },
	{ "leaf", "mid", "root", 1, NULL, "it begins 2020-01-01T00:00:00Z" },
	/* Every certificate of the path, not the leaf alone (CVE-2026-24122). */
	{ "leaf", "mid-expired", "root", IN_2023, NULL, "it ended 2022-01-01T00:00:00Z" },
	{ "leaf", "mid-expired mid", "root", IN_2023, NULL, "" },
	{ "leaf", "", "mid-expired", IN_2023, NULL, "it ended 2022-01-01T00:00:00Z" },
	{ "leaf-short", "mid", "root", IN_2021, NULL, "" },
	{ "leaf-short", "mid", "root", IN_2023, NULL, "it ended 2022-01-01T00:00:00Z" },
	{ "leaf-short", "mid", "root", 1609459200, NULL, "" }, /* both ends count */
	{ "leaf-short", "mid", "root", 1609459199, NULL, "it begins" },
	{ "leaf-short", "mid", "root", 1640995200, NULL, "" },
	{ "leaf-short", "mid", "root", 1640995201, NULL, "it ended" },
	{ "leaf-no-eku", "mid", "root", IN_2023, NULL, "" },
	{ "leaf-no-eku", "mid", "root", IN_2023, EKU_CODE_SIGNING, "not for this use" },
	{ "leaf-tls", "mid", "root", IN_2023, EKU_CODE_SIGNING, "not for this use" },
	{ "leaf-encipher", "mid", "root", IN_2023, EKU_CODE_SIGNING, "not for signatures" },
	{ "leaf-critical", "mid", "root", IN_2023, NULL, "critical extension" },
	{ "leaf-sha1", "mid", "root", IN_2023, NULL, "hash that is not accepted" },
	{ "leaf-forged", "mid", "root", IN_2023, NULL, "leads to no trusted one" },
	{ "leaf-of-leaf", "leaf-named mid", "root", IN_2023, NULL, "is no certificate authority" },
	{ "leaf-deep", "mid-deep mid", "root", IN_2023, NULL, "no path of this length" },
	{ "leaf-under-tls", "mid-tls", "root", IN_2023, EKU_CODE_SIGNING,
	  "may not issue certificates for this use" },
	{ "leaf-under-tls", "mid-tls", "root", IN_2023, NULL, "" },
	{ "leaf-no-sign", "mid-no-sign", "root", IN_2023, NULL, "may not sign certificates" },
	{ "leaf-name-good", "mid-named", "root", IN_2023, NULL, "" },
	{ "leaf-name-bad", "mid-named", "root", IN_2023, NULL,
	  "a name that its authority may not give" },
	{ "leaf-loop", "loop-a loop-b", "root", IN_2023, NULL, "leads to no trusted one" },
	{ "leaf-long-enough", "long", "root", IN_2023, NULL, "" },
	{ "leaf-long", "long", "root", IN_2023, NULL, "too long" },
	{ "self-leaf", "", "self-leaf", IN_2023, EKU_CODE_SIGNING, "" },
	{ "self-leaf", "self-leaf", "root", IN_2023, NULL, "leads to no trusted one" },
};

static void test_chains(void **state)
{
	struct chain_cache *cache = chain_cache_open();
	for (size_t round = 0; round < 3; round++) /* without a cache, cold, warm */
		for (size_t i = 0; i < COUNT(chains); i++) {
			struct arena a = { 0 };
			struct certs leaf = { 0 }, others = { 0 }, anchors = { 0 };
			struct chain out = { 0 };
			struct err e = { 0 };
			trust_add(&a, &leaf, chains[i].leaf);
			trust_add_all(&a, &others, chains[i].others);
			trust_add_all(&a, &anchors, chains[i].anchors);
			int r = cert_chain(leaf.v[0], &others, &anchors, chains[i].at,
					   chains[i].eku, round ? cache : NULL, &out, &e);
			if (r != (*chains[i].why == '\0') ||
			    (r == 0 && !strstr(e.text, chains[i].why)))
				fail_msg("line %zu, %s: %d %s", i + 1, chains[i].leaf, r, e.text);
			assert_true(r == 0 ? out.n == 0 : out.n >= 1 && out.v[0] == leaf.v[0]);
			certs_done(&leaf);
			certs_done(&others);
			certs_done(&anchors);
			arena_done(&a);
		}
	chain_cache_close(cache);
	(void)state;
}

/* Many certificates of one name: the search ends. */
static void test_many_of_one_name(void **state)
{
	struct arena a = { 0 };
	struct certs leaf = { 0 }, others = { 0 }, anchors = { 0 };
	struct chain out;
	struct err e;
	trust_add(&a, &leaf, "leaf");
	while (others.n < CERTS_MAX)
		trust_add(&a, &others, others.n % 2 ? "mid" : "mid-expired");
	trust_add(&a, &anchors, "root-other");
	assert_int_equal(cert_chain(leaf.v[0], &others, &anchors, IN_2021, NULL, NULL, &out, &e),
			 0);
	assert_int_equal(certs_parse(S("-----BEGIN CERTIFICATE-----\n"), &others, &e), ERR_INVALID);
	struct str one = trust_file(&a, false, "data/trust/certs/mid.pem");
	assert_int_equal(certs_parse(one, &others, &e), ERR_LIMIT);
	assert_int_equal(others.n, CERTS_MAX);
	certs_done(&leaf);
	certs_done(&others);
	certs_done(&anchors);
	arena_done(&a);
	(void)state;
}

static void test_fields(void **state)
{
	struct arena a = { 0 };
	struct certs v = { 0 };
	struct name_part *parts;
	struct san *sans;
	struct strs ekus;
	struct str value;
	size_t n;
	bool critical, ca;
	unsigned bits;
	int path_len;
	struct cert *c = trust_add(&a, &v, "leaf-sans"), *mid = trust_add(&a, &v, "mid"),
		    *leaf = trust_add(&a, &v, "leaf");
	assert_true(str_eq(cert_subject(c, &a),
			   S("1.2.3.9=#0C0178,street=Main,O=A\\, B & C,ST=WA,C=US")));
	assert_true(str_eq(cert_issuer(c, &a), S("CN=mid,O=Lazaret tests,C=CH")));
	assert_true(cert_subject_parts(c, &a, &parts, &n));
	static const char *const want[][2] = { { "C", "US" },
					       { "ST", "WA" },
					       { "O", "A, B & C" },
					       { "STREET", "Main" },
					       { "1.2.3.9", "x" } };
	assert_int_equal(n, COUNT(want));
	for (size_t i = 0; i < n; i++) {
		assert_true(str_eq(parts[i].type, str_of(want[i][0])));
		assert_true(str_eq(parts[i].value, str_of(want[i][1])));
	}
	assert_false(cert_subject_parts(trust_add(&a, &v, "leaf-multi"), &a, &parts, &n));
	cert_sans(c, &a, &sans, &n);
	static const struct san want_sans[] = { { SAN_EMAIL, S("me@example.com") },
						{ SAN_DNS, S("example.com") },
						{ SAN_IP, S("\300\0\2\1") },
						{ SAN_OTHER_NAME, S("user") },
						{ SAN_URI, S("https://example.com/x") } };
	assert_int_equal(n, COUNT(want_sans)); /* the foreign OtherName and the NUL are left out */
	for (size_t i = 0; i < n; i++)
		assert_true(sans[i].kind == want_sans[i].kind &&
			    str_eq(sans[i].value, want_sans[i].value));
	cert_ext_key_usage(c, &a, &critical, &ekus);
	assert_true(ekus.n == 1 && !critical && str_eq(ekus.v[0], S(EKU_CODE_SIGNING)));
	assert_true(cert_key_usage(c, &critical, &bits) && critical && bits == 1);
	assert_true(cert_key_usage(mid, &critical, &bits) && bits == (1 << 5 | 1 << 6));
	assert_true(cert_basic_constraints(mid, &critical, &ca, &path_len) && critical && ca &&
		    path_len == 0);
	assert_false(cert_basic_constraints(c, &critical, &ca, &path_len));
	assert_true(cert_extension(leaf, "2.5.29.17", &critical, &value) && critical &&
		    value.n > 0);
	assert_false(cert_extension(leaf, "1.2.3.4", &critical, &value));
	assert_string_equal(cert_signature_hash(c), "sha256");
	assert_string_equal(cert_signature_hash(mid), "sha384");
	assert_true(cert_not_before(c) == 1577836800 && cert_not_after(c) == 4701974400);
	assert_true(cert_key(c) && key_type(cert_key(c)) == KEY_ECDSA);
	assert_null(cert_key(trust_add(&a, &v, "small-rsa")));
	assert_true(cert_self_signed(trust_add(&a, &v, "self-leaf")));
	assert_false(cert_self_signed(c));
	assert_true(cert_issued_by(c, mid));
	assert_false(cert_issued_by(trust_add(&a, &v, "leaf-forged"), mid));
	certs_done(&v);
	arena_done(&a);
	(void)state;
}

static void test_der_in_a_row(void **state)
{
	struct arena a = { 0 };
	struct certs v = { 0 }, again = { 0 };
	struct buf both = { 0 };
	struct err e;
	trust_add_all(&a, &v, "leaf mid");
	buf_add_str(&both, cert_der(v.v[0]));
	buf_add_str(&both, cert_der(v.v[1]));
	assert_int_equal(certs_parse(str_buf(&both), &again, &e), 0);
	assert_true(again.n == 2 && digest_eq(cert_digest(again.v[1]), cert_digest(v.v[1])));
	buf_add_char(&both, '0');
	assert_int_equal(certs_parse(str_buf(&both), &again, &e), ERR_INVALID);
	assert_int_equal(again.n, 2);
	assert_int_equal(certs_parse(S(""), &again, &e), ERR_INVALID);
	buf_done(&both);
	certs_done(&v);
	certs_done(&again);
	arena_done(&a);
	(void)state;
}

static void test_must_fail(void **state)
{
	struct arena a = { 0 };
	DIR *d = opendir(arena_printf(&a, "%s/reject/trust", getenv("LAZARET_TESTS")).p);
	struct dirent *x;
	int n = 0;
	assert_non_null(d);
	while ((x = readdir(d))) {
		struct cert *c;
		struct err e;
		if (strncmp(x->d_name, "cert-", 5) != 0)
			continue;
		if (cert_parse(
			    trust_file(&a, false, arena_printf(&a, "reject/trust/%s", x->d_name).p),
			    &c, &e) != ERR_INVALID)
			fail_msg("%s was accepted", x->d_name);
		n++;
	}
	closedir(d);
	assert_true(n >= 9);
	arena_done(&a);
	(void)state;
}

static void test_scts(void **state)
{
	struct arena a = { 0 };
	struct certs v = { 0 };
	struct sct s[SCTS_MAX];
	struct key *log CLEANUP(cleanup_key) = NULL;
	struct err e;
	struct cert *c = trust_add(&a, &v, "leaf-scts"), *mid = trust_add(&a, &v, "mid"),
		    *root = trust_add(&a, &v, "root");
	assert_int_equal(
		key_from_pem(trust_file(&a, false, "data/trust/certs/ct-log.pub"), &log, &e), 0);
	assert_int_equal(cert_scts(c, s, &e), 2);
	assert_true(s[0].time == 1700000000000 && s[0].extensions.n == 0 && s[1].extensions.n == 8);
	assert_true(sct_verify(&s[0], c, mid, log));
	assert_true(sct_verify(&s[1], c, mid, log));
	assert_false(sct_verify(&s[0], c, root, log));
	assert_false(sct_verify(&s[0], trust_add(&a, &v, "leaf-named"), mid, log));
	assert_false(sct_verify(&s[0], c, mid, cert_key(mid)));
	s[0].time++;
	assert_false(sct_verify(&s[0], c, mid, log));
	s[1].extensions.n--;
	assert_false(sct_verify(&s[1], c, mid, log));
	assert_int_equal(cert_scts(mid, s, &e), 0);
	certs_done(&v);
	arena_done(&a);
	(void)state;
}

/* Real certificates of Fulcio: their chains and SCTs under the trusted root. Number of SCTs that a log vouches for. */
static int good_scts(struct arena *a, const struct trust_case *c)
{
	struct sct s[SCTS_MAX];
	struct chain chain;
	struct err e;
	int good = 0, n = cert_scts(c->leaf.v[0], s, &e);
	if (cert_chain(c->leaf.v[0], NULL, &c->authorities, cert_not_before(c->leaf.v[0]),
		       EKU_CODE_SIGNING, NULL, &chain, &e) != 1)
		return -1;
	for (int i = 0; i < n; i++)
		JSON_EACH(log, json_get(c->root, "ctlogs"))
		{
			struct key *k CLEANUP(cleanup_key) = NULL;
			struct str spki = trust_bytes(
				a, json_get_str(json_get(log, "publicKey"), "rawBytes"));
			if (key_from_spki(spki, &k, &e) == 0)
				good += sct_verify(&s[i], c->leaf.v[0], chain.v[1], k);
		}
	return good;
}

static void test_fulcio(void **state)
{
	if (!getenv("LAZARET_TEST_DATA"))
		skip();
	struct arena a = { 0 };
	struct json *cases = trust_json(&a, S("sign/sigstore/cases.json"));
	int n = 0;
	JSON_EACH(x, cases)
	{
		const char *name = json_get_str(x, "case").p;
		struct trust_case c = trust_case_open(&a, name, json_get_str(x, "trusted_root").p);
		if (c.leaf.n > 0) {
			int good = good_scts(&a, &c);
			/* The second ends at an authority that was gone by then. */
			int want = strcmp(name, "invalid-ct-key_fail") == 0		  ? 0
				   : strcmp(name, "intoto-expired-certificate_fail") == 0 ? -1
											  : 1;
			if (good != want)
				fail_msg("%s: %d SCTs", name, good);
			n++;
		}
		trust_case_done(&c);
	}
	assert_true(n >= 15);
	json_free(cases);
	arena_done(&a);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chains),	  cmocka_unit_test(test_many_of_one_name),
		cmocka_unit_test(test_fields),	  cmocka_unit_test(test_der_in_a_row),
		cmocka_unit_test(test_must_fail), cmocka_unit_test(test_scts),
		cmocka_unit_test(test_fulcio),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
