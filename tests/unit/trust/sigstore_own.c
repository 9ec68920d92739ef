/* Signatures of Sigstore in every form, made by tests/data/trust/sigstore/make.py: each is good, and with any of the changes
 * listed there it is not. */
#include "files.h"
#include "trust/sigstore.h"

#include <dirent.h>

enum { NOW = 1800000000, COLUMNS = 6 };

/* A line of `cases`. */
struct form {
	struct str name, kind, options;
};
/* What is verified with, the files read once. */
struct folder {
	struct arena arena;
	struct str dir, message, payload, envelope;
	struct form *forms;
	size_t n;
};
struct attempt {
	struct arena arena;
	struct sigstore_bundle *bundle;
	struct trusted_root *root;
	struct key *key;
	struct proof proof;
	struct identity identity;
	struct sigstore_policy policy;
	struct signed_bytes what;
};

static struct str file(struct folder *f, struct str name)
{
	return read_in(&f->arena, f->dir.p, name);
}

static void open_folder(struct folder *f)
{
	*f = (struct folder){ 0 };
	f->dir = arena_printf(&f->arena, "%s/data/trust/sigstore", getenv("LAZARET_TESTS"));
	f->message = file(f, S("message"));
	f->payload = file(f, S("payload"));
	f->envelope = file(f, S("envelope"));
	struct str text = file(f, S("cases"));
	f->forms = arena_array(&f->arena, 100, sizeof *f->forms);
	while (text.n) {
		struct str line = str_cut(&text, '\n');
		assert_true(f->n < 100);
		struct form *o = &f->forms[f->n++];
		o->name = str_cut(&line, '\t');
		o->kind = str_cut(&line, '\t');
		o->options = line;
	}
	assert_true(f->n >= 16);
}

static const struct form *form_of(const struct folder *f, struct str name)
{
	for (size_t i = 0; i < f->n; i++)
		if (str_eq(f->forms[i].name, name))
			return &f->forms[i];
	fail_msg("no case %.*s", STR(name));
	return NULL;
}

static bool has(const struct form *o, const char *option)
{
	struct str rest = o->options;
	while (rest.n)
		if (str_eq(str_cut(&rest, ','), str_of(option)))
			return true;
	return false;
}

static void attempt_done(struct attempt *t)
{
	sigstore_bundle_close(t->bundle);
	trusted_root_close(t->root);
	key_close(t->key);
	identity_done(&t->identity);
	arena_done(&t->arena);
}

static void want_somebody(struct attempt *t, struct folder *f, const struct form *o)
{
	static const struct str san = { "signer@example.org", 18 },
				issuer = { "https://issuer.example", 22 };
	struct err e = { 0 };
	if (has(o, "key")) {
		assert_int_equal(key_from_pem(file(f, S("key.pub")), &t->key, &e), 0);
		t->policy.keys = (const struct key *const *)&t->key;
		t->policy.n_keys = 1;
		return;
	}
	assert_int_equal(text_matcher_init(&t->identity.san, &san, NULL, &e), 0);
	assert_int_equal(text_matcher_init(&t->identity.issuer, &issuer, NULL, &e), 0);
	t->policy.identities = &t->identity;
	t->policy.n_identities = 1;
}

static struct str string_of(const struct json *j, const char *name, struct arena *a)
{
	return arena_str(a, json_get_str(j, name));
}

/* Annotations, as verification reads them off a layer: what is no text is not there. */
static int read_annotations(struct attempt *t, struct folder *f, bool is_dsse, struct str text,
			    struct err *e)
{
	struct json *j CLEANUP(cleanup_json) = NULL;
	if (json_parse(text, &j, e))
		return e->code;
	struct cosign_material m = {
		.signature = string_of(j, "dev.cosignproject.cosign/signature", &t->arena),
		.certificate = string_of(j, "dev.sigstore.cosign/certificate", &t->arena),
		.chain = string_of(j, "dev.sigstore.cosign/chain", &t->arena),
		.rekor_bundle = string_of(j, "dev.sigstore.cosign/bundle", &t->arena),
		.timestamp = string_of(j, "dev.sigstore.cosign/rfc3161timestamp", &t->arena),
	};
	return sigstore_bundle_from_cosign(&m, is_dsse ? f->envelope : f->payload, is_dsse,
					   &t->bundle, e);
}

static int read_signature(struct attempt *t, struct folder *f, const struct form *o,
			  struct str text, struct err *e)
{
	bool bundle = str_eq(o->kind, S("bundle"));
	t->what = (struct signed_bytes){
		.has_message = true,
		.message = bundle ? f->message : f->payload,
	};
	if (bundle)
		return sigstore_bundle_parse(text, &t->bundle, e);
	return read_annotations(t, f, str_eq(o->kind, S("att")), text, e);
}

static bool says_no(const struct proof *p, struct str check)
{
	for (size_t i = 0; i < p->n_checks; i++)
		if (p->checks[i].result == CHECK_NO && str_eq(check, str_of(p->checks[i].name)))
			return true;
	return false;
}

/* "yes", "no" or "parse". */
static const char *try(struct attempt *t, struct folder *f, const struct form *o, struct str text,
		       struct str root, struct err *e)
{
	*t = (struct attempt){ .policy.now = NOW };
	want_somebody(t, f, o);
	if (has(o, "own-root")) {
		t->root = trusted_root_new(S("own"));
		struct trusted_root *services CLEANUP(cleanup_trusted_root) = NULL;
		if (trusted_root_parse(root, S("root.json"), &services, e) ||
		    trusted_root_add_authority(services, file(f, S("own-root.pem")),
					       (struct str){ 0 }, e))
			return "parse";
		trusted_root_close(t->root);
		t->root = STEAL(services);
	} else if (trusted_root_parse(root, S("root.json"), &t->root, e)) {
		return "parse";
	}
	t->policy.roots = (const struct trusted_root *const *)&t->root;
	t->policy.n_roots = 1;
	t->policy.require_log = has(o, "log");
	t->policy.ignore_log = has(o, "no-log");
	t->policy.ignore_sct = has(o, "no-sct");
	if (read_signature(t, f, o, text, e))
		return "parse";
	assert_int_equal(sigstore_verify(t->bundle, &t->what, &t->policy, &t->arena, &t->proof, e),
			 0);
	if (t->proof.result == CHECK_YES)
		return "yes";
	assert_int_equal(t->proof.result, CHECK_NO);
	err_set(e, ERR_INVALID, "%.*s", STR(t->proof.why));
	return "no";
}

static struct str root_of(struct folder *f, const struct form *o)
{
	return file(f, has(o, "short") ? S("root-short.json") : S("root.json"));
}

static struct str signature_of(struct folder *f, const struct form *o)
{
	return file(f, arena_printf(&f->arena, "%.*s.json", STR(o->name)));
}

static void test_forms(void **state)
{
	struct folder f;
	struct attempt t;
	(void)state;
	open_folder(&f);
	for (size_t i = 0; i < f.n; i++) {
		struct err e = { 0 };
		const struct form *o = &f.forms[i];
		const char *r = try(&t, &f, o, signature_of(&f, o), root_of(&f, o), &e);
		if (strcmp(r, "yes") != 0)
			fail_msg("%.*s: %s: %s", STR(o->name), r, e.text);
		/* A key needs no time; everybody else has the one that was made up for them. */
		if (t.proof.time)
			assert_in_range(t.proof.time, 1700000000, 1700000100);
		else
			assert_true(has(o, "key"));
		attempt_done(&t);
	}
	arena_done(&f.arena);
}

/* One line of `mutations` applied; what came of it is what it says. */
static bool mutation(struct folder *f, struct str line, size_t number)
{
	struct str column[COLUMNS];
	struct buf changed CLEANUP(buf_done) = { 0 };
	struct attempt t;
	struct err e = { 0 };
	uint64_t at = 0, cut = 0;
	for (size_t i = 0; i + 1 < COLUMNS; i++)
		column[i] = str_cut(&line, '\t');
	column[COLUMNS - 1] = line;
	const struct form *o = form_of(f, column[0]);
	struct str before = file(f, column[1]);
	assert_true(str_to_u64(column[2], before.n, &at) &&
		    str_to_u64(column[3], before.n - at, &cut));
	buf_add_str(&changed, str_upto(before, at));
	buf_add_str(&changed, column[5]);
	buf_add_str(&changed, str_from(before, at + cut));
	bool is_root = str_starts(column[1], S("root"));
	const char *r = try(&t, f, o, is_root ? signature_of(f, o) : str_buf(&changed),
			    is_root ? str_buf(&changed) : root_of(f, o), &e);
	bool as_said = str_eq(column[4], str_of(r)) || says_no(&t.proof, column[4]) ||
		       (str_eq(column[4], S("no")) && strcmp(r, "parse") == 0);
	attempt_done(&t);
	if (as_said)
		return true;
	print_error("mutations:%zu: %.*s, %.*s for %.40s: %s, not %.*s: %s\n", number,
		    STR(column[1]), STR(str_upto(column[5], 40)),
		    before.p + (at > 20 ? at - 20 : 0), r, STR(column[4]), e.text);
	return false;
}

static void test_mutations(void **state)
{
	struct folder f;
	size_t number = 0, bad = 0;
	(void)state;
	open_folder(&f);
	struct str text = file(&f, S("mutations"));
	while (text.n) {
		bad += !mutation(&f, str_cut(&text, '\n'), ++number);
	}
	assert_true(number > 500);
	assert_int_equal(bad, 0);
	arena_done(&f.arena);
}

/* Every combination of matchers: name, issuer and claim each absent, exact, expression or both, right or wrong. */
static const struct matcher_case {
	const char *exact, *regexp; /* %: the right text */
	bool good;
} matchers[] = {
	{ NULL, NULL, false },	  { "%", NULL, true },	       { "x", NULL, false },
	{ NULL, ".*e.*", true },  { NULL, "e", false },	       { NULL, "x.*", false },
	{ "%", ".*e.*", true },	  { "%", "x.*", false },       { "x", ".*e.*", false },
	{ "x", "x", false },	  { "", NULL, false },	       { NULL, "", false },
	{ NULL, ".*E.*", false }, { NULL, "(?i).*E.*", true },
};

static void matcher(struct text_matcher *m, const struct matcher_case *c, const char *right)
{
	struct str exact = str_of(c->exact && *c->exact == '%' ? right : c->exact ? c->exact : "");
	struct str regexp = str_of(c->regexp ? c->regexp : "");
	struct err e = { 0 };
	if (text_matcher_init(m, c->exact ? &exact : NULL, c->regexp ? &regexp : NULL, &e))
		fail_msg("%s", e.text);
}

static void test_matchers(void **state)
{
	struct folder f;
	struct attempt t;
	struct err e = { 0 };
	(void)state;
	open_folder(&f);
	const struct form *o = form_of(&f, S("message-0.3"));
	assert_string_equal(try(&t, &f, o, signature_of(&f, o), root_of(&f, o), &e), "yes");
	proof_claim(&t.proof, &t.arena, "source-repository-ref", S("refs/heads/main"));
	for (size_t i = 0; i < COUNT(matchers) * COUNT(matchers) * (COUNT(matchers) + 1); i++) {
		size_t s = i % COUNT(matchers), n = i / COUNT(matchers) % COUNT(matchers),
		       c = i / COUNT(matchers) / COUNT(matchers);
		struct claim_matcher claim = { .name = i % 2 ? "source-repository-ref" : "none" };
		struct identity id = { .claims = &claim, .n_claims = c < COUNT(matchers) };
		bool good = matchers[s].good && matchers[n].good;
		matcher(&id.san, &matchers[s], "signer@example.org");
		matcher(&id.issuer, &matchers[n], "https://issuer.example");
		if (id.n_claims) {
			matcher(&claim.value, &matchers[c], "refs/heads/main");
			/* A claim that is not there is an empty text. */
			bool empty = (!matchers[c].exact || !*matchers[c].exact) &&
				     (!matchers[c].regexp || !*matchers[c].regexp) && c > 0;
			good = good && (i % 2 ? matchers[c].good : empty);
		}
		if ((identity_matches(&id, &t.proof, &e) == 1) != good)
			fail_msg("name %zu, issuer %zu, claim %zu of %s: %s", s, n, c, claim.name,
				 e.text);
		identity_done(&id);
	}
	attempt_done(&t);
	arena_done(&f.arena);
}

static int read_bundle(struct str text, struct err *e)
{
	struct sigstore_bundle *b CLEANUP(cleanup_sigstore_bundle) = NULL;
	return sigstore_bundle_parse(text, &b, e);
}

static int read_dsse(struct str text, struct err *e)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	struct dsse d;
	return dsse_parse_text(text, &a, &d, e);
}

static int read_statement(struct str text, struct err *e)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	struct statement s = { 0 };
	int r = statement_parse(text, &a, &s, e);
	statement_done(&s);
	return r;
}

static int read_root(struct str text, struct err *e)
{
	struct trusted_root *r CLEANUP(cleanup_trusted_root) = NULL;
	return trusted_root_parse(text, S("root.json"), &r, e);
}

/* tests/reject/trust/KIND/CODE-what.json */
static void test_rejects(void **state)
{
	static const struct {
		const char *kind;
		int (*read)(struct str text, struct err *e);
		size_t least;
	} kinds[] = {
		{ "bundle", read_bundle, 30 },
		{ "dsse", read_dsse, 15 },
		{ "statement", read_statement, 15 },
		{ "trusted_root", read_root, 15 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct arena a CLEANUP(arena_done) = { 0 };
		struct str dir = arena_printf(&a, "%s/reject/trust/%s", getenv("LAZARET_TESTS"),
					      kinds[i].kind);
		DIR *d = opendir(dir.p);
		size_t n = 0;
		assert_non_null(d);
		for (const struct dirent *x; (x = readdir(d));) {
			struct str name = str_of(x->d_name);
			struct err e = { 0 };
			if (!str_ends(name, S(".json")))
				continue;
			int r = kinds[i].read(read_in(&a, dir.p, name), &e);
			if (r != (str_starts(name, S("limit-")) ? ERR_LIMIT : ERR_INVALID))
				fail_msg("%s/%s: %d %s", kinds[i].kind, x->d_name, r, e.text);
			n++;
		}
		closedir(d);
		assert_true(n >= kinds[i].least);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_mutations),
		cmocka_unit_test(test_matchers),
		cmocka_unit_test(test_rejects),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
