/* Sigstore bundles: the published cases, and our own ones with everything in them that can be wrong. */
#include "files.h"
#include "trust/sigstore.h"

#include "base/json.h"

struct setting {
	struct arena arena;
	struct sigstore_bundle *bundle;
	struct trusted_root *root;
	struct key *key;
	struct identity identity;
	struct sigstore_policy policy;
	struct signed_bytes what;
	struct proof proof;
};

static void setting_done(struct setting *s)
{
	sigstore_bundle_close(s->bundle);
	trusted_root_close(s->root);
	key_close(s->key);
	identity_done(&s->identity);
	arena_done(&s->arena);
}

static void want_identity(struct setting *s, struct str san, struct str issuer)
{
	struct err e;
	assert_int_equal(text_matcher_init(&s->identity.san, &san, NULL, &e), 0);
	assert_int_equal(text_matcher_init(&s->identity.issuer, &issuer, NULL, &e), 0);
	s->policy.identities = &s->identity;
	s->policy.n_identities = 1;
}

/* A key that is none (one published case has such a file) is nobody to believe. */
static void want_key(struct setting *s, struct str pem)
{
	static const struct str name = { "the key", 7 };
	struct err e;
	if (key_from_pem(pem, &s->key, &e))
		return;
	s->policy.keys = (const struct key *const *)&s->key;
	s->policy.key_names = &name;
	s->policy.n_keys = 1;
}

static void want_root(struct setting *s, struct str json)
{
	struct err e = { 0 };
	if (trusted_root_parse(json, S("trusted_root.json"), &s->root, &e))
		fail_msg("%s", e.text);
	s->policy.roots = (const struct trusted_root *const *)&s->root;
	s->policy.n_roots = 1;
}

/* The answer, a bundle that cannot be read being a no. */
static enum check_result judge(struct setting *s, struct str bundle, struct err *e)
{
	if (sigstore_bundle_parse(bundle, &s->bundle, e))
		return CHECK_NO;
	assert_int_equal(sigstore_verify(s->bundle, &s->what, &s->policy, &s->arena, &s->proof, e),
			 0);
	err_set(e, ERR_INVALID, "%.*s", STR(s->proof.why));
	return s->proof.result;
}

/* Is it about this artifact? What a command does with a statement. */
static bool about(struct setting *s, const struct digest *d)
{
	struct statement st = { 0 };
	struct err e;
	if (!s->bundle->is_dsse)
		return digest_eq(&s->proof.artifact, d);
	if (statement_parse(s->proof.payload, &s->arena, &st, &e))
		return false;
	bool yes = statement_has_subject(&st, d);
	statement_done(&st);
	return yes;
}

static void published_case(const char *dir, const struct json *c)
{
	struct setting s = { .policy.now = 1790000000 };
	struct err e = { 0 };
	struct digest d;
	struct str artifact = read_in(&s.arena, dir, json_get_str(c, "artifact"));
	s.what = (struct signed_bytes){ .has_message = true, .message = artifact };
	digest_of(DIGEST_SHA256, artifact, &d);
	want_root(&s, read_in(&s.arena, dir, json_get_str(c, "trusted_root")));
	if (json_get_str(c, "key").n)
		want_key(&s, read_in(&s.arena, dir, json_get_str(c, "key")));
	else
		want_identity(&s, json_get_str(c, "identity"), json_get_str(c, "issuer"));
	enum check_result r = judge(&s, read_in(&s.arena, dir, json_get_str(c, "bundle")), &e);
	bool pass = r == CHECK_YES && about(&s, &d);
	if (pass != str_eq(json_get_str(c, "expect"), S("pass")))
		fail_msg("%.*s: %d %s", STR(json_get_str(c, "case")), r, e.text);
	print_message("%.*s: %s %s\n", STR(json_get_str(c, "case")), check_result_name(r), e.text);
	setting_done(&s);
}

static void test_published(void **state)
{
	const char *data = getenv("LAZARET_TEST_DATA");
	struct arena a = { 0 };
	struct json *j = NULL;
	struct err e;
	(void)state;
	if (!data)
		skip();
	struct str dir = arena_printf(&a, "%s/sign/sigstore", data);
	assert_int_equal(json_parse(read_in(&a, dir.p, S("cases.json")), &j, &e), 0);
	assert_true(json_count(j) >= 20);
	JSON_EACH(c, j)
	published_case(dir.p, c);
	json_free(j);
	arena_done(&a);
}

/* The bundle with one character of one text changed, in the middle; false when there is no such text. */
static bool mutate(struct str json, size_t which, struct buf *out)
{
	buf_add_str(out, json);
	for (size_t i = 0; i + 1 < out->n; i++) {
		size_t from = i + 1, to = from;
		if (out->p[i] != '"')
			continue;
		while (to < out->n && (out->p[to] != '"' || out->p[to - 1] == '\\'))
			to++;
		i = to;
		/* Names of members are followed by a colon. */
		if (to + 1 >= out->n || out->p[to + 1] == ':' || to == from || which-- > 0)
			continue;
		/* A timestamp's signature is at its end; certificates that it brings are not needed. */
		size_t n = to - from;
		char *c = &out->p[n > 1500 ? to - n / 20 : from + n / 3];
		*c = *c == '7' ? '8' : '7';
		return true;
	}
	return false;
}

/* Every text of a bundle matters: published ones that are good are bad with any of them changed. */
static void test_mutations(void **state)
{
	const char *data = getenv("LAZARET_TEST_DATA");
	static const char *const names[] = { "happy-path-v0.3", "happy-path-intoto-in-dsse-v3",
					     "rekor2-happy-path" };
	(void)state;
	if (!data)
		skip();
	for (size_t n = 0; n < COUNT(names); n++) {
		struct arena a = { 0 };
		struct str dir = arena_printf(&a, "%s/sign/sigstore", data);
		struct str bundle = read_in(
			&a, dir.p,
			arena_printf(&a, "bundle-verify/%s/bundle.sigstore.json", names[n]));
		struct str root =
			read_in(&a, dir.p,
				n == 2 ? S("bundle-verify/rekor2-happy-path/trusted_root.json")
				       : S("root-signing/targets/trusted_root.json"));
		struct json *j = NULL;
		struct err e = { 0 };
		assert_int_equal(json_parse(read_in(&a, dir.p, S("cases.json")), &j, &e), 0);
		struct str san = json_get_str(json_first(j), "identity"),
			   issuer = json_get_str(json_first(j), "issuer");
		for (size_t i = 0, more = 1; more; i++) {
			struct buf changed CLEANUP(buf_done) = { 0 };
			struct setting s = { .policy.now = 1790000000 };
			more = mutate(bundle, i, &changed);
			s.what = (struct signed_bytes){ .has_message = true,
							.message = read_in(&a, dir.p, S("a.txt")) };
			want_root(&s, root);
			want_identity(&s, san, issuer);
			enum check_result r = judge(&s, str_buf(&changed), &e);
			if ((r == CHECK_YES) == more)
				fail_msg("%s, text %zu: %d %s", names[n], i, r, e.text);
			setting_done(&s);
		}
		json_free(j);
		arena_done(&a);
	}
}

/* What we write we read, and it verifies with the key alone. */
static void test_written(void **state)
{
	static const struct {
		enum key_type type;
		unsigned bits;
	} kinds[] = { { KEY_ECDSA, 256 },
		      { KEY_ECDSA, 384 },
		      { KEY_ECDSA, 521 },
		      { KEY_ED25519, 0 },
		      { KEY_RSA, 2048 } };
	(void)state;
	for (size_t i = 0; i < COUNT(kinds) * 2; i++) {
		struct setting s = { .policy.now = 1790000000 };
		struct buf sig CLEANUP(buf_done) = { 0 }, pae CLEANUP(buf_done) = { 0 },
			       text CLEANUP(buf_done) = { 0 };
		struct dsse_signature ds = { 0 };
		struct dsse d = { .payload = S("{}"), .payload_type = S("x/y"), .v = &ds, .n = 1 };
		struct err e = { 0 };
		bool dsse = i % 2;
		assert_int_equal(key_generate(kinds[i / 2].type, kinds[i / 2].bits, &s.key, &e), 0);
		enum signature_alg alg = key_default_alg(s.key, dsse);
		s.what = (struct signed_bytes){ .has_message = true, .message = S("hello") };
		dsse_pae(d.payload_type, d.payload, &pae);
		assert_int_equal(key_sign(s.key, alg, dsse ? str_buf(&pae) : S("hello"), &sig, &e),
				 0);
		ds.sig = str_buf(&sig);
		struct bundle_parts p = { .key = s.key,
					  .signature = str_buf(&sig),
					  .dsse = dsse ? &d : NULL };
		digest_of(DIGEST_SHA256, S("hello"), &p.message_digest);
		sigstore_bundle_write(&p, &text);
		s.policy.keys = (const struct key *const *)&s.key;
		s.policy.n_keys = 1;
		if (judge(&s, str_buf(&text), &e) != CHECK_YES)
			fail_msg("%zu: %s", i, e.text);
		assert_true(digest_eq(&s.proof.key, key_id(s.key)));
		setting_done(&s);
	}
}

/* An expression that takes anything takes somebody: a certificate that names nobody is nobody's. */
static void test_nobody(void **state)
{
	struct identity anybody = { 0 };
	struct proof p = { .issuer = S("https://issuer.example") };
	struct str all = S("(?s).*"), none = S("");
	struct err e;
	(void)state;
	assert_int_equal(text_matcher_init(&anybody.san, NULL, &all, &e), 0);
	assert_int_equal(text_matcher_init(&anybody.issuer, NULL, &all, &e), 0);
	assert_int_equal(identity_matches(&anybody, &p, &e), 0);
	p.identity = S("somebody");
	assert_int_equal(identity_matches(&anybody, &p, &e), 1);
	identity_done(&anybody);
	assert_int_equal(text_matcher_init(&anybody.san, &none, NULL, &e), 0);
	assert_int_equal(text_matcher_init(&anybody.issuer, NULL, &all, &e), 0);
	p.identity = none;
	assert_int_equal(identity_matches(&anybody, &p, &e), 0);
	identity_done(&anybody);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_mutations),
		cmocka_unit_test(test_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
