/* Notation signatures against trust policies: tests/data/trust/notation/cases.json (made by make.py beside it, each case breaks
 * one rule), the layouts and envelopes of the shared data, and what we sign ourselves. Revocation is answered by the test. */
#include "trust_proof.h"
#include "trust/notation_policy.h"
#include "base/stream.h"
#include "trust/revocation.h"
#include "trust/revoked.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <sys/stat.h>

#include "trust_files.h"

enum { NOW = 1767225600 }; /* 2026-01-01 */

/* In place of trust/revocation.c. */
struct revocation {
	int signer, authority; /* answers for the chain of a signer and of a timestamp authority */
	unsigned asked;
	int64_t signing_time;
	bool by_authority;
};

int revocation_check(struct revocation *r, const struct chain *c, int64_t signing_time,
		     bool by_authority, struct err *e)
{
	bool critical;
	struct strs uses = { 0 };
	struct arena a = { 0 };
	cert_ext_key_usage(c->v[0], &a, &critical, &uses);
	bool tsa = uses.n && str_eq(uses.v[0], S(EKU_TIME_STAMPING));
	arena_done(&a);
	r->asked++;
	if (!tsa) {
		r->signing_time = signing_time;
		r->by_authority = by_authority;
	}
	err_set(e, ERR_IO, "revocation of the test");
	return tsa ? r->authority : r->signer;
}

struct setup {
	struct arena a;
	struct notation_trust *trust;
	struct revocation revocation;
	struct notation_policy policy;
	struct descriptor target;
};

static void setup_open(struct setup *s)
{
	struct err e;
	struct str dir = arena_printf(&s->a, "%s/data/trust/notation", getenv("LAZARET_TESTS"));
	if (notation_trust_open(dir, &s->trust, &e))
		fail_msg("%s", e.text);
	s->revocation = (struct revocation){ .signer = 1, .authority = 1 };
	s->policy = (struct notation_policy){ .trust = s->trust,
					      .scope = S("registry.example/strict"),
					      .revocation = &s->revocation,
					      .now = NOW };
	s->target =
		(struct descriptor){ .media_type = S("application/vnd.oci.image.manifest.v1+json"),
				     .size = 8 };
	digest_of(DIGEST_SHA256, S("artifact"), &s->target.digest);
}

static void setup_done(struct setup *s)
{
	notation_trust_close(s->trust);
	arena_done(&s->a);
}

static struct proof verify(struct setup *s, struct str envelope, struct str media_type)
{
	struct proof p = { 0 };
	struct err e = { 0 };
	if (notation_verify(envelope, media_type, &s->target, &s->policy, &s->a, &p, &e))
		fail_msg("%s", e.text);
	return p;
}

static bool logged(const struct proof *p, struct str what)
{
	for (size_t i = 0; i < p->n_checks; i++)
		if (p->checks[i].result == CHECK_SKIPPED &&
		    str_starts(p->checks[i].text, S("logged only: ")) &&
		    str_find(p->checks[i].text, what) >= 0)
			return true;
	return false;
}

static struct json *read_cases(struct arena *a)
{
	struct json *j;
	struct err e;
	if (json_parse(trust_file(a, false, "data/trust/notation/cases.json"), &j, &e))
		fail_msg("%s", e.text);
	return j;
}

static bool run_case(struct setup *s, const struct json *c)
{
	struct str name = json_get_str(c, "name"), why = json_get_str(c, "why"),
		   policy = json_get_str(c, "policy");
	struct str log = json_get_str(c, "logged");
	uint64_t now = NOW;
	struct str named = policy.n ? policy : S("strict");
	char *scope = arena_cstr(&s->a, arena_printf(&s->a, "registry.example/%.*s", STR(named)));
	for (char *p = scope; *p; p++)
		*p = *p == ' ' ? '-' : *p;
	json_u64(json_get(c, "now"), &now);
	s->policy.scope = str_of(scope);
	s->policy.now = (int64_t)now;
	struct proof p = verify(s, trust_bytes(&s->a, json_get_str(c, "envelope")),
				json_get_str(c, "media_type"));
	bool wanted = why.n == 0 && !json_get(c, "no");
	bool good =
		wanted ? p.result == CHECK_YES : p.result == CHECK_NO && str_find(p.why, why) >= 0;
	if (wanted && p.result == CHECK_YES)
		good = digest_eq(&p.artifact, &s->target.digest) && p.identity.n && p.key.alg &&
		       (log.n == 0 || logged(&p, log));
	if (!good)
		print_error("%.*s: %d, %.*s\n", STR(name), p.result, STR(p.why));
	return good;
}

static void every_case(void **state)
{
	struct setup s = { 0 };
	size_t n = 0, bad = 0;
	(void)state;
	setup_open(&s);
	struct json *j = read_cases(&s.a);
	JSON_EACH(c, json_get(j, "cases"))
	{
		n++;
		bad += !run_case(&s, c);
	}
	json_free(j);
	setup_done(&s);
	assert_true(n > 200);
	assert_int_equal(bad, 0);
}

static struct str find_case(struct setup *s, const char *name, struct str *media_type)
{
	struct json *j = read_cases(&s->a);
	struct str found = { 0 };
	JSON_EACH(c, json_get(j, "cases"))
	if (str_eq(json_get_str(c, "name"), str_of(name))) {
		found = trust_bytes(&s->a, json_get_str(c, "envelope"));
		*media_type = arena_str(&s->a, json_get_str(c, "media_type"));
	}
	json_free(j);
	assert_true(found.n > 0);
	return found;
}

/* A single bit that is changed anywhere in an envelope makes it a no, or leaves what was signed as it was. */
static void flipped_bits(void **state)
{
	static const char *const names[] = { "jose+json: good, ES256", "cose: good, ES256" };
	struct setup s = { 0 };
	(void)state;
	setup_open(&s);
	for (size_t i = 0; i < COUNT(names); i++) {
		struct str type, text = find_case(&s, names[i], &type);
		struct notation_envelope good, other;
		struct err e;
		assert_int_equal(notation_envelope_read(text, type, &s.a, &good, &e), 0);
		for (size_t at = 0; at < text.n; at += 3) {
			struct arena a = { 0 };
			char *changed = arena_cstr(&a, text);
			changed[at] = (char)(changed[at] ^ (1 << (at % 7)));
			struct proof p = { 0 };
			struct str t = { changed, text.n };
			assert_int_equal(notation_verify(t, type, &s.target, &s.policy, &a, &p, &e),
					 0);
			if (p.result == CHECK_YES) {
				assert_int_equal(notation_envelope_read(t, type, &a, &other, &e),
						 0);
				assert_true(str_eq(good.message, other.message));
				assert_true(str_eq(good.signature, other.signature));
			}
			arena_done(&a);
		}
	}
	setup_done(&s);
}

static void policies_apply(void **state)
{
	struct setup s = { 0 };
	struct str type, text;
	(void)state;
	setup_open(&s);
	text = find_case(&s, "jose+json: good", &type);
	s.policy.scope = S("registry.example/elsewhere");
	struct proof p = verify(&s, text, type);
	assert_int_equal(p.result, CHECK_NO);
	assert_string_equal(p.checks[0].name, "policy");
	s.policy.scope = S("registry.example/strict");
	p = verify(&s, text, S("application/pgp-signature"));
	assert_int_equal(p.result, CHECK_NO);
	/* What is not wanted of another digest, of the same artifact, is rollback (GHSA-57wx-m636-g3g8, GHSA-xhg5-42rf-296r). */
	digest_of(DIGEST_SHA256, S("newer"), &s.target.digest);
	p = verify(&s, text, type);
	assert_int_equal(p.result, CHECK_NO);
	assert_string_equal(p.checks[p.n_checks - 1].name, "artifact");
	setup_done(&s);
}

static void skip_verifies_nothing(void **state)
{
	static const char policy[] = "{\"version\":\"1.0\",\"trustPolicies\":[{\"name\":\"s\","
				     "\"registryScopes\":[\"*\"],"
				     "\"signatureVerification\":{\"level\":\"skip\"}}]}";
	struct setup s = { 0 };
	struct err e;
	struct notation_trust *t;
	(void)state;
	setup_open(&s);
	assert_int_equal(notation_trust_parse(str_of(policy), S("/nowhere"), &t, &e), 0);
	assert_true(notation_skips(t, S("a.example/b")));
	assert_false(notation_skips(s.trust, S("registry.example/strict")));
	assert_false(notation_skips(s.trust, S("registry.example/elsewhere")));
	s.policy.trust = t;
	struct proof p = verify(&s, S("rubbish"), S(NOTATION_JWS));
	assert_int_equal(p.result, CHECK_UNKNOWN);
	assert_int_equal(p.n_checks, 1);
	assert_int_equal(p.checks[0].result, CHECK_SKIPPED);
	notation_trust_close(t);
	setup_done(&s);
}

/* GHSA-45v3-38pc-874v, GHSA-qjh3-4j3h-vmwp: an authority's revocation counts, and one that cannot be found out does too. */
static void revocation_counts(void **state)
{
	static const struct {
		const char *envelope, *policy;
		int signer, authority;
		enum check_result result;
		const char *check;
	} table[] = {
		{ "jose+json: good", "strict", 1, 0, CHECK_YES, NULL },
		{ "jose+json: good", "strict", 0, 1, CHECK_NO, "revocation" },
		{ "jose+json: good", "strict", ERR_IO, 1, CHECK_UNKNOWN, "revocation" },
		{ "jose+json: good", "permissive", 0, 1, CHECK_YES, "revocation" },
		{ "jose+json: good", "permissive", ERR_IO, 1, CHECK_YES, "revocation" },
		{ "jose+json: stamp: good", "stamped", 1, 1, CHECK_YES, NULL },
		{ "jose+json: stamp: good", "stamped", 1, 0, CHECK_NO, "timestamp" },
		{ "jose+json: stamp: good", "stamped", 1, ERR_IO, CHECK_UNKNOWN, "timestamp" },
		{ "cose: stamp: good", "stamped", 0, 1, CHECK_NO, "revocation" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct setup s = { 0 };
		struct str type, text;
		setup_open(&s);
		text = find_case(&s, table[i].envelope, &type);
		s.policy.scope = arena_printf(&s.a, "registry.example/%s", table[i].policy);
		s.revocation.signer = table[i].signer;
		s.revocation.authority = table[i].authority;
		struct proof p = verify(&s, text, type);
		if (p.result != table[i].result)
			fail_msg("line %zu: %d, %.*s", i, p.result, STR(p.why));
		if (table[i].check)
			assert_int_equal(proof_find(&p, table[i].check)->result,
					 table[i].result == CHECK_YES ? CHECK_SKIPPED
								      : table[i].result);
		setup_done(&s);
	}
}

static void revocation_is_asked_with_care(void **state)
{
	struct setup s = { 0 };
	struct str type, text;
	(void)state;
	setup_open(&s);
	/* Nothing is asked for a chain that nobody trusts. */
	text = find_case(&s, "jose+json: chain: of another root", &type);
	assert_int_equal(verify(&s, text, type).result, CHECK_NO);
	s.policy.scope = S("registry.example/audit");
	assert_int_equal(verify(&s, text, type).result, CHECK_YES);
	assert_int_equal(s.revocation.asked, 0);
	text = find_case(&s, "jose+json: authority", &type);
	s.policy.scope = S("registry.example/authority");
	struct proof p = verify(&s, text, type);
	assert_int_equal(p.result, CHECK_YES);
	assert_int_equal(p.time, 1704067200);
	assert_int_equal(s.revocation.signing_time, 1704067200);
	assert_true(s.revocation.by_authority);
	text = find_case(&s, "jose+json: good", &type);
	s.policy.scope = S("registry.example/strict");
	s.policy.revocation = NULL;
	p = verify(&s, text, type);
	assert_int_equal(p.result, CHECK_UNKNOWN);
	assert_int_equal(p.time, 0);
	setup_done(&s);
}

static void own_list_counts(void **state)
{
	struct setup s = { 0 };
	struct str type, text;
	(void)state;
	setup_open(&s);
	text = find_case(&s, "jose+json: good", &type);
	struct proof p = verify(&s, text, type);
	struct revoked line = { .since = INT64_MIN, .reason = S("lost") };
	struct revocations list = { &line, 1, 1 };
	s.policy.revoked = &list;
	line.key = p.key;
	p = verify(&s, text, type);
	assert_int_equal(p.result, CHECK_NO);
	assert_string_equal(p.checks[p.n_checks - 1].name, "revoked");
	memset(&line.key.bytes, 1, 32);
	assert_int_equal(verify(&s, text, type).result, CHECK_YES);
	setup_done(&s);
}

static void load_signer(struct setup *s, const char *alg, struct certs *chain, struct key **key)
{
	struct err e;
	struct buf der = { 0 };
	struct str pem = trust_file(&s->a, false,
				    arena_printf(&s->a, "data/trust/notation/%s.key", alg).p),
		   line;
	if (certs_parse(trust_file(&s->a, false,
				   arena_printf(&s->a, "data/trust/notation/%s.crt", alg).p),
			chain, &e))
		fail_msg("%s", e.text);
	while (str_line(&pem, &line))
		if (!str_starts(line, S("-----")))
			buf_add_str(&der, line);
	if (key_from_pkcs8(trust_bytes(&s->a, str_buf(&der)), key, &e))
		fail_msg("%s", e.text);
	buf_done(&der);
}

static int stamp(void *ctx, const struct digest *d, struct buf *token, struct err *e)
{
	(void)e;
	*(struct digest *)ctx = *d;
	buf_add_str(token, S("token"));
	return 0;
}

static void round_trips(void **state)
{
	static const char *const algs[] = { "PS256", "PS384", "PS512", "ES256", "ES384", "ES512" };
	static const char *const types[] = { NOTATION_JWS, NOTATION_COSE };
	struct annotation notes[] = { { S("z"), S("<1>") }, { S("a"), S("2") } };
	(void)state;
	for (size_t i = 0; i < COUNT(algs) * 2; i++) {
		struct setup s = { 0 };
		struct certs chain = { 0 };
		struct key *key = NULL;
		struct buf out = { 0 };
		struct err e;
		struct digest stamped, expected;
		struct notation_envelope v;
		setup_open(&s);
		load_signer(&s, algs[i / 2], &chain, &key);
		struct notation_signer signer = { .key = key,
						  .chain = &chain,
						  .annotations = notes,
						  .n_annotations = 2,
						  .now = NOW,
						  .expiry = NOW + 10,
						  .stamp = stamp,
						  .stamp_ctx = &stamped };
		if (notation_sign(&s.target, types[i % 2], &signer, &out, &e))
			fail_msg("%s: %s", algs[i / 2], e.text);
		struct proof p = verify(&s, str_buf(&out), str_of(types[i % 2]));
		if (p.result != CHECK_YES)
			fail_msg("%s: %.*s", algs[i / 2], STR(p.why));
		assert_int_equal(p.annotations.n, 2);
		assert_true(str_eq(p.annotations.v[1].key, S("z")) &&
			    str_eq(p.annotations.v[1].value, S("<1>")));
		assert_true(str_find(p.payload,
				     S("\"annotations\":{\"a\":\"2\",\"z\":\"\\u003c1\\u003e\"}")) >
			    0);
		s.policy.now = NOW + 10;
		assert_int_equal(verify(&s, str_buf(&out), str_of(types[i % 2])).result, CHECK_NO);
		assert_int_equal(
			notation_envelope_read(str_buf(&out), str_of(types[i % 2]), &s.a, &v, &e),
			0);
		digest_of(alg_digest(v.alg), v.signature, &expected);
		assert_true(digest_eq(&expected, &stamped));
		assert_true(str_eq(v.timestamp, S("token")));
		buf_done(&out);
		certs_done(&chain);
		key_close(key);
		setup_done(&s);
	}
}

static void refuses_to_sign(void **state)
{
	struct setup s = { 0 };
	struct certs chain = { 0 }, other = { 0 };
	struct key *key = NULL, *other_key = NULL;
	struct buf out = { 0 };
	struct err e;
	struct annotation reserved = { S("io.cncf.notary.x"), S("y") };
	(void)state;
	setup_open(&s);
	load_signer(&s, "ES256", &chain, &key);
	load_signer(&s, "ES384", &other, &other_key);
	struct certs root = { chain.v + 1, 1, 0 };
	const struct notation_signer good = { .key = key, .chain = &chain, .now = NOW };
	struct notation_signer bad[] = { good, good, good, good, good };
	bad[0].chain = &other;
	bad[1].chain = &root;
	bad[2].expiry = NOW;
	bad[3].now = 1;
	bad[4].annotations = &reserved;
	bad[4].n_annotations = 1;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(notation_sign(&s.target, NOTATION_JWS, &bad[i], &out, &e),
				 ERR_INVALID);
	assert_int_equal(notation_sign(&s.target, "text/plain", &good, &out, &e), ERR_UNSUPPORTED);
	assert_int_equal(out.n, 0);
	assert_int_equal(notation_sign(&s.target, NOTATION_JWS, &good, &out, &e), 0);
	buf_done(&out);
	certs_done(&chain);
	certs_done(&other);
	key_close(key);
	key_close(other_key);
	setup_done(&s);
}

static struct notation_trust *shared_trust(struct setup *s, const struct json *c)
{
	char dir[] = "/tmp/lazaret-notation-XXXXXX";
	struct notation_trust *t;
	struct err e;
	struct str policy = trust_file(
		&s->a, true,
		arena_printf(&s->a, "sign/notation/%.*s", STR(json_get_str(c, "trustpolicy"))).p);
	assert_non_null(mkdtemp(dir));
	struct str cert = trust_file(
		&s->a, true,
		arena_printf(
			&s->a, "sign/notation/%.*s",
			STR(json_str(json_first(json_get(json_get(c, "trust_store"), "ca:e2e")))))
			.p);
	struct str cmd = arena_printf(&s->a, "%s/truststore", dir);
	const char *steps[] = { cmd.p, arena_printf(&s->a, "%s/x509", cmd.p).p,
				arena_printf(&s->a, "%s/x509/ca", cmd.p).p,
				arena_printf(&s->a, "%s/x509/ca/e2e", cmd.p).p };
	for (size_t i = 0; i < COUNT(steps); i++)
		assert_int_equal(mkdir(steps[i], 0700), 0);
	const char *file = arena_printf(&s->a, "%s/e2e.crt", steps[3]).p;
	FILE *f = fopen(file, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(cert.p, 1, cert.n, f), cert.n);
	fclose(f);
	if (notation_trust_parse(policy, str_of(dir), &t, &e))
		fail_msg("%s", e.text);
	unlink(file);
	for (size_t i = COUNT(steps); i-- > 0;)
		rmdir(steps[i]);
	rmdir(dir);
	return t;
}

/* The layout's one signature, found by way of its manifest. */
static struct proof shared_layout(struct setup *s, const struct json *c)
{
	struct str where = json_get_str(c, "layout"), manifest = { 0 };
	struct err e;
	struct descriptor blob;
	struct json *index;
	char text[DIGEST_TEXT];
	assert_int_equal(digest_parse(json_get_str(c, "artifact"), &s->target.digest, &e), 0);
	struct str hex = str_from(json_get_str(c, "artifact"), 7);
	struct str artifact = trust_file(
		&s->a, true,
		arena_printf(&s->a, "sign/notation/%.*s/blobs/sha256/%.*s", STR(where), STR(hex))
			.p);
	s->target.size = artifact.n;
	struct str list = trust_file(
		&s->a, true, arena_printf(&s->a, "sign/notation/%.*s/index.json", STR(where)).p);
	assert_int_equal(json_parse(list, &index, &e), 0);
	JSON_EACH(m, json_get(index, "manifests"))
	{
		struct str name = str_from(json_get_str(m, "digest"), 7);
		struct str bytes =
			trust_file(&s->a, true,
				   arena_printf(&s->a, "sign/notation/%.*s/blobs/sha256/%.*s",
						STR(where), STR(name))
					   .p);
		struct json *referrers = NULL;
		assert_int_equal(json_parse(bytes, &referrers, &e), 0);
		JSON_EACH(r, json_get(referrers, "manifests"))
		manifest = trust_file(&s->a, true,
				      arena_printf(&s->a, "sign/notation/%.*s/blobs/sha256/%.*s",
						   STR(where),
						   STR(str_from(json_get_str(r, "digest"), 7)))
					      .p);
		json_free(referrers);
	}
	json_free(index);
	if (notation_manifest_read(manifest, &s->target, &s->a, &blob, &e) != 1)
		fail_msg("%s", e.text);
	struct str envelope =
		trust_file(&s->a, true,
			   arena_printf(&s->a, "sign/notation/%.*s/blobs/sha256/%s", STR(where),
					digest_text(&blob.digest, text) + 7)
				   .p);
	assert_int_equal(envelope.n, blob.size);
	return verify(s, envelope, blob.media_type);
}

static void shared_cases(void **state)
{
	struct setup s = { 0 };
	size_t layouts = 0, envelopes = 0, files = 0;
	(void)state;
	if (!getenv("LAZARET_TEST_DATA"))
		skip();
	struct json *j = trust_json(&s.a, S("sign/notation/expected.json"));
	JSON_EACH(c, j)
	{
		struct str expect = json_get_str(c, "expect"), file = json_get_str(c, "file"),
			   envelope = json_get_str(c, "envelope");
		setup_open(&s);
		if (json_get(c, "layout")) {
			struct notation_trust *t = shared_trust(&s, c);
			s.policy.trust = t;
			s.policy.scope = S("localhost/e2e");
			struct proof p = shared_layout(&s, c);
			if ((p.result == CHECK_YES) != str_eq(expect, S("pass")))
				fail_msg("layout %zu: %.*s", layouts, STR(p.why));
			notation_trust_close(t);
			layouts++;
		} else if (envelope.n) {
			struct str text = trust_file(
				&s.a, true,
				arena_printf(&s.a, "sign/notation/%.*s", STR(envelope)).p);
			struct str type = str_eq(json_get_str(c, "format"), S("jws"))
						  ? S(NOTATION_JWS)
						  : S(NOTATION_COSE);
			struct proof p = verify(&s, text, type);
			struct digest target;
			struct err e;
			assert_int_equal(proof_find(&p, "signature")->result, CHECK_YES);
			assert_int_equal(digest_parse(json_get_str(c, "target"), &target, &e), 0);
			assert_true(digest_eq(&target, &p.artifact));
			assert_string_equal(p.checks[p.n_checks - 1].name, "trust-store");
			envelopes++;
		} else {
			struct certs found = { 0 };
			struct err e;
			uint64_t n = 0;
			int r = certs_parse(
				trust_file(&s.a, true,
					   arena_printf(&s.a, "sign/notation/%.*s", STR(file)).p),
				&found, &e);
			json_u64(json_get(c, "certificates"), &n);
			assert_int_equal(r == 0, json_bool(json_get(c, "valid"), false));
			assert_int_equal(found.n, n);
			certs_done(&found);
			files++;
		}
		notation_trust_close(s.trust);
		s.trust = NULL;
	}
	json_free(j);
	arena_done(&s.a);
	assert_true(layouts == 4 && envelopes == 2 && files == 5);
}

static void manifests(void **state)
{
	struct setup s = { 0 };
	struct descriptor blob = { .media_type = S(NOTATION_COSE), .size = 1234 }, read;
	struct certs chain = { 0 };
	struct key *key = NULL;
	struct err e;
	char text[DIGEST_TEXT];
	(void)state;
	setup_open(&s);
	load_signer(&s, "ES256", &chain, &key);
	digest_of(DIGEST_SHA256, S("blob"), &blob.digest);
	struct str m = notation_manifest_write(&s.target, &blob, notation_thumbprints(&chain, &s.a),
					       NOW, &s.a);
	struct str expected = arena_printf(
		&s.a,
		"{\"schemaVersion\":2,\"mediaType\":\"application/"
		"vnd.oci.image.manifest.v1+json\",\"artifactType\":"
		"\"application/vnd.cncf.notary.signature\",\"config\":{\"mediaType\":\"application/"
		"vnd.oci.empty.v1+json\",\"digest\":"
		"\"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\","
		"\"size\":2,\"data\":\"e30=\"},\"layers\":"
		"[{\"mediaType\":\"application/"
		"cose\",\"digest\":\"%s\",\"size\":1234}],\"subject\":{\"mediaType\":"
		"\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"sha256:"
		"c7c5c1d70c5dec4416ab6158afd0b223ef40c29b1dc1f97ed9428b94d4cadb1c\",\"size\":8},"
		"\"annotations\":{"
		"\"io.cncf.notary.x509chain.thumbprint#S256\":\"[\\\"%s\\\",\\\"%s\\\"]\",\"org."
		"opencontainers.image.created\":"
		"\"2026-01-01T00:00:00Z\"}}",
		digest_text(&blob.digest, text),
		arena_cstr(
			&s.a,
			str_of(digest_text(cert_digest(chain.v[0]), (char[DIGEST_TEXT]){ 0 }) + 7)),
		arena_cstr(&s.a,
			   str_of(digest_text(cert_digest(chain.v[1]), (char[DIGEST_TEXT]){ 0 }) +
				  7)));
	assert_string_equal(m.p, expected.p);
	assert_int_equal(notation_manifest_read(m, &s.target, &s.a, &read, &e), 1);
	assert_true(digest_eq(&read.digest, &blob.digest) && read.size == 1234);
	static const struct {
		const char *from, *to;
	} changes[] = {
		{ "vnd.oci.empty.v1", "vnd.oci.other.v1" },
		{ "\"size\":8}", "\"size\":9}" },
		{ "\"subject\"", "\"object\"" },
		{ "vnd.cncf.notary.signature", "vnd.cncf.notary.signaturf" },
		{ "application/cose", "application/josf" },
		{ "\"size\":1234", "\"size\":99999999" },
		{ "sha256:c7c5", "sha256:c7c6" },
		{ "\"layers\"", "\"blobs\"" },
		{ "\"size\":1234}", "\"size\":1234},{}" },
		{ "\"size\":1234", "\"size\":1234,\"size\":1" },
	};
	for (size_t i = 0; i < COUNT(changes); i++) {
		ssize_t at = str_find(m, str_of(changes[i].from));
		assert_true(at > 0);
		struct str rest = str_from(m, (size_t)at + strlen(changes[i].from));
		struct str changed = arena_printf(&s.a, "%.*s%s%.*s", STR(str_upto(m, (size_t)at)),
						  changes[i].to, STR(rest));
		if (notation_manifest_read(changed, &s.target, &s.a, &read, &e) != 0)
			fail_msg("taken: %s", changed.p);
	}
	certs_done(&chain);
	key_close(key);
	setup_done(&s);
}

static void oversized(void **state)
{
	struct setup s = { 0 };
	struct notation_envelope v;
	struct err e;
	(void)state;
	setup_open(&s);
	char *big = calloc(1, NOTATION_BLOB_MAX + 1);
	assert_non_null(big);
	struct str text = { big, NOTATION_BLOB_MAX + 1 };
	assert_int_equal(notation_envelope_read(text, S(NOTATION_COSE), &s.a, &v, &e), ERR_LIMIT);
	memset(big, ' ', JSON_TREE_MAX + 1);
	text.n = JSON_TREE_MAX + 1;
	assert_int_equal(notation_envelope_read(text, S(NOTATION_JWS), &s.a, &v, &e), ERR_LIMIT);
	assert_int_equal(verify(&s, text, S(NOTATION_JWS)).result, CHECK_NO);
	free(big);
	setup_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_case),
		cmocka_unit_test(flipped_bits),
		cmocka_unit_test(policies_apply),
		cmocka_unit_test(skip_verifies_nothing),
		cmocka_unit_test(revocation_counts),
		cmocka_unit_test(revocation_is_asked_with_care),
		cmocka_unit_test(own_list_counts),
		cmocka_unit_test(round_trips),
		cmocka_unit_test(refuses_to_sign),
		cmocka_unit_test(shared_cases),
		cmocka_unit_test(manifests),
		cmocka_unit_test(oversized),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
