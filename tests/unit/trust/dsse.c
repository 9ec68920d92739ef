/* DSSE envelopes, in-toto Statements, proofs. */
#include "trust_proof.h"
#include "trust/answer.h"
#include "trust/dsse.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static void test_pae(void **state)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	(void)state;
	dsse_pae(S("http://example.com/HelloWorld"), S("hello world"), &b);
	assert_string_equal(buf_cstr(&b), "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
}

static void test_envelopes(void **state)
{
	static const struct {
		const char *json;
		int code;
		const char *payload;
	} cases[] = {
		{ "{\"payload\":\"aGk=\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"AQ==\"}]"
		  "}",
		  0, "hi" },
		{ "{\"payload\":\"aGk\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"AQ\"}]}",
		  0, "hi" },
		{ "{\"payload\":\"-_-_\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"_w==\"}]"
		  "}",
		  0, "\xfb\xff\xbf" },
		{ "{\"payload\":\"aGk=\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"AQ==\","
		  "\"keyid\":\"k\"}],"
		  "\"new\":1}",
		  0, "hi" },
		{ "[]", ERR_INVALID, NULL },
		{ "{", ERR_INVALID, NULL },
		{ "{\"payload\":\"aGk=\",\"payloadType\":\"t\",\"signatures\":[]}", ERR_INVALID,
		  NULL },
		{ "{\"payload\":\"aGk=\",\"payloadType\":\"t\"}", ERR_INVALID, NULL },
		{ "{\"payload\":\"aGk=\",\"signatures\":[{\"sig\":\"AQ==\"}]}", ERR_INVALID, NULL },
		{ "{\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"AQ==\"}]}", ERR_INVALID,
		  NULL },
		{ "{\"payload\":\"a!\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"AQ==\"}]}",
		  ERR_INVALID, NULL },
		{ "{\"payload\":\"aGk=\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"\"}]}",
		  ERR_INVALID, NULL },
		{ "{\"payload\":\"aGk=\",\"payloadType\":\"t\",\"signatures\":[{}]}", ERR_INVALID,
		  NULL },
		{ "{\"payload\":\"aGk=\",\"payload\":\"aGk=\",\"payloadType\":\"t\",\"signatures\":"
		  "[{\"sig\":\"AQ==\"}]}",
		  ERR_INVALID, NULL },
		{ "{\"payload\":\"aGk=\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"AQ==\","
		  "\"sig\":\"Ag==\"}]}",
		  ERR_INVALID, NULL },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct arena a = { 0 };
		struct dsse d = { 0 };
		struct err e = { 0 };
		int r = dsse_parse_text(str_of(cases[i].json), &a, &d, &e);
		if (r != cases[i].code)
			fail_msg("case %zu: %d %s", i, r, e.text);
		if (r == 0)
			assert_true(str_eq(d.payload, str_of(cases[i].payload)));
		arena_done(&a);
	}
}

/* GHSA-rvrx-rrwh-r9p6. */
static void test_many_signatures(void **state)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	struct arena a = { 0 };
	struct dsse d = { 0 };
	struct err e = { 0 };
	(void)state;
	buf_add_str(&b, S("{\"payload\":\"aGk=\",\"payloadType\":\"t\",\"signatures\":["));
	for (int i = 0; i <= DSSE_SIGNATURES_MAX; i++)
		buf_add_str(&b, i ? S(",{\"sig\":\"AQ==\"}") : S("{\"sig\":\"AQ==\"}"));
	buf_add_str(&b, S("]}"));
	assert_int_equal(dsse_parse_text(str_buf(&b), &a, &d, &e), ERR_LIMIT);
	arena_done(&a);
}

static void test_write(void **state)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	struct arena a = { 0 };
	struct dsse d = { 0 };
	struct err e = { 0 };
	(void)state;
	dsse_write(S(DSSE_IN_TOTO), S("{}"), S("sig"), S(""), &b);
	assert_string_equal(
		buf_cstr(&b),
		"{\"payload\":\"e30=\",\"payloadType\":\"application/vnd.in-toto+json\","
		"\"signatures\":[{\"sig\":\"c2ln\"}]}");
	assert_int_equal(dsse_parse_text(str_buf(&b), &a, &d, &e), 0);
	assert_true(str_eq(d.v[0].sig, S("sig")));
	arena_done(&a);
}

#define HEX "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define SUBJECT "\"subject\":[{\"name\":\"a\",\"digest\":{\"sha256\":\"" HEX "\"}}]"
#define V1 "\"_type\":\"https://in-toto.io/Statement/v1\""

static void test_statements(void **state)
{
	static const struct {
		const char *json;
		int code;
	} cases[] = {
		{ "{" V1 "," SUBJECT ",\"predicateType\":\"t:x\",\"predicate\":{}}", 0 },
		{ "{\"_type\":\"https://in-toto.io/Statement/v0.1\"," SUBJECT
		  ",\"predicateType\":\"t:x\",\"predicate\":{}}",
		  0 },
		{ "{" V1 "," SUBJECT
		  ",\"predicateType\":\"t:x\",\"predicate\":\"SPDXVersion: 2.3\"}",
		  0 },
		{ "{" V1 "," SUBJECT ",\"predicateType\":\"t:x\"}", 0 },
		{ "{" V1 "," SUBJECT ",\"predicateType\":\"t:x\",\"predicate\":[]}", ERR_INVALID },
		{ "{" V1 "," SUBJECT ",\"predicate\":{}}", ERR_INVALID },
		{ "{" V1 ",\"predicateType\":\"t:x\",\"predicate\":{}}", ERR_INVALID },
		{ "{" V1 ",\"subject\":[],\"predicateType\":\"t:x\",\"predicate\":{}}",
		  ERR_INVALID },
		{ "{" V1 ",\"subject\":[{\"name\":\"a\"}],\"predicateType\":\"t:x\"}",
		  ERR_INVALID },
		{ "{" V1 ",\"subject\":[{\"digest\":{}}],\"predicateType\":\"t:x\"}", ERR_INVALID },
		{ "{" V1
		  ",\"subject\":[{\"digest\":{\"sha256\":\"00\"}}],\"predicateType\":\"t:x\"}",
		  ERR_INVALID },
		{ "{" V1 ",\"subject\":[{\"digest\":{\"sha256\":\"" HEX "\",\"sha256\":\"" HEX
		  "\"}}],\"predicateType\":\"t:x\"}",
		  ERR_INVALID },
		{ "{" V1 "," SUBJECT "," SUBJECT ",\"predicateType\":\"t:x\"}", ERR_INVALID },
		{ "{\"_type\":\"https://in-toto.io/Statement/v9\"," SUBJECT
		  ",\"predicateType\":\"t:x\"}",
		  ERR_INVALID },
		{ "{" SUBJECT ",\"predicateType\":\"t:x\"}", ERR_INVALID },
		{ "\"\"", ERR_INVALID },
		{ "", ERR_INVALID },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct arena a = { 0 };
		struct statement s = { 0 };
		struct digest d, other;
		struct err e = { 0 };
		int r = statement_parse(str_of(cases[i].json), &a, &s, &e);
		if (r != cases[i].code)
			fail_msg("case %zu: %d %s", i, r, e.text);
		if (r == 0) {
			digest_of(DIGEST_SHA256, S("abc"), &d);
			digest_of(DIGEST_SHA256, S("abd"), &other);
			assert_true(statement_has_subject(&s, &d));
			assert_false(statement_has_subject(&s, &other));
			statement_done(&s);
		}
		arena_done(&a);
	}
}

/* A subject more, or a digest more, than a signer would name (GHSA-vfp6-jrw2-99g9, GHSA-cq38-jh5f-37mq and its like). */
static void test_statement_limits(void **state)
{
	(void)state;
	for (int which = 0; which < 2; which++) {
		struct buf b CLEANUP(buf_done) = { 0 };
		struct arena a = { 0 };
		struct statement s = { 0 };
		struct err e = { 0 };
		int n = which ? SUBJECT_DIGESTS_MAX : STATEMENT_SUBJECTS_MAX;
		buf_add_str(&b, S("{" V1 ",\"predicateType\":\"t:x\",\"subject\":["));
		if (which)
			buf_add_str(&b, S("{\"digest\":{\"sha256\":\"" HEX "\""));
		for (int i = 0; i < n + 1 - which; i++) {
			if (which)
				buf_addf(&b, ",\"x%d\":\"00\"", i);
			else
				buf_addf(&b, "%s{\"digest\":{\"sha256\":\"" HEX "\"}}",
					 i ? "," : "");
		}
		buf_add_str(&b, which ? S("}}]}") : S("]}"));
		assert_int_equal(statement_parse(str_buf(&b), &a, &s, &e), ERR_LIMIT);
		arena_done(&a);
	}
}

static void test_predicate_types(void **state)
{
	(void)state;
	assert_true(str_eq(predicate_type_uri(S("spdxjson")), S("https://spdx.dev/Document")));
	assert_true(str_eq(predicate_type_uri(S("slsaprovenance1")),
			   S("https://slsa.dev/provenance/v1")));
	assert_true(str_eq(predicate_type_uri(S("https://x.example/y")), S("https://x.example/y")));
	assert_int_equal(predicate_type_uri(S("nothing")).n, 0);
	assert_int_equal(predicate_type_uri(S("")).n, 0);
}

static void test_proofs(void **state)
{
	static const struct {
		struct {
			const char *name;
			enum check_result r;
		} v[4];
		enum check_result want;
		const char *why;
	} cases[] = {
		{ { { "signature", CHECK_YES } }, CHECK_YES, "" },
		{ { { "signature", CHECK_YES }, { "log-entry", CHECK_SKIPPED } }, CHECK_YES, "" },
		{ { { "artifact", CHECK_YES } }, CHECK_UNKNOWN, "no signature was verified" },
		{ { { "signature", CHECK_SKIPPED } }, CHECK_UNKNOWN, "no signature was verified" },
		{ { { "signature", CHECK_YES }, { "time", CHECK_UNKNOWN } }, CHECK_UNKNOWN, "1" },
		{ { { "signature", CHECK_YES },
		    { "time", CHECK_UNKNOWN },
		    { "sct", CHECK_NO },
		    { "x", CHECK_NO } },
		  CHECK_NO,
		  "2" },
		{ { { "sct", CHECK_NO }, { "signature", CHECK_YES } }, CHECK_NO, "0" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct arena a = { 0 };
		struct proof p = { 0 };
		assert_int_equal(p.result, CHECK_UNKNOWN);
		for (int k = 0; k < 4 && cases[i].v[k].name; k++)
			proof_check(&p, &a, cases[i].v[k].name, cases[i].v[k].r, "%d", k);
		assert_int_equal(p.result, cases[i].want);
		assert_true(str_eq(p.why, str_of(cases[i].why)));
		arena_done(&a);
	}
}

static void test_proof_text(void **state)
{
	struct arena a = { 0 };
	struct proof p = { 0 };
	(void)state;
	proof_check(&p, &a, "signature", CHECK_NO, "by %s", "\x1b[31mred\n");
	assert_true(str_eq(p.why, S("by ?[31mred?")));
	/* C1's CSI, a direction override, bytes that are no UTF-8. */
	proof_check(&p, &a, "time", CHECK_NO, "%s",
		    "\xc2\x9b"
		    "31m \xe2\x80\xae"
		    "x \x9b \xc3\xa9");
	assert_true(str_eq(p.checks[1].text, S("?31m ?x ? \xc3\xa9")));
	assert_ptr_equal(proof_find(&p, "signature"), &p.checks[0]);
	assert_null(proof_find(&p, "sct"));
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pae),
		cmocka_unit_test(test_envelopes),
		cmocka_unit_test(test_many_signatures),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_statements),
		cmocka_unit_test(test_statement_limits),
		cmocka_unit_test(test_predicate_types),
		cmocka_unit_test(test_proofs),
		cmocka_unit_test(test_proof_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
