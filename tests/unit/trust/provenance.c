/* SLSA provenance against what is expected of it: tables of statements, signers and wishes. */
#include "trust/provenance.h"
#include "trust/verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define SUBJECT \
	"\"subject\":[{\"name\":\"a\",\"digest\":{\"sha256\":" \
	"\"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\"}}]"
#define V1(builder, parameters) \
	"{\"_type\":\"https://in-toto.io/Statement/v1\"," SUBJECT \
	",\"predicateType\":\"" PREDICATE_SLSA_1 \
	"\",\"predicate\":{\"buildDefinition\":{\"buildType\":\"b\",\"externalParameters\":" \
	"{" parameters "},\"resolvedDependencies\":[{\"uri\":\"git+https://example.com/dep@refs/" \
		       "heads/dep\"}]},\"runDetails\":{\"builder\":{\"id\":\"" builder "\"}}}}"
#define V02(builder, uri, material, parameters, inputs) \
	"{\"_type\":\"https://in-toto.io/Statement/v0.1\"," SUBJECT \
	",\"predicateType\":\"" PREDICATE_SLSA_02 \
	"\",\"predicate\":{\"builder\":{\"id\":\"" builder \
	"\"},\"invocation\":{\"configSource\":{\"uri\":\"" uri "\"},\"parameters\":" parameters \
	",\"environment\":{\"github_event_payload\":{\"inputs\":" inputs \
	"}}},\"materials\":[{\"uri\":\"" material "\"}]}}"
#define WORKFLOW(repository, ref) \
	"\"workflow\":{\"ref\":\"" ref "\",\"repository\":\"https://" repository \
	"\",\"path\":\".github/workflows/x.yml\"}"
#define BUILDER "https://github.com/o/r/.github/workflows/x.yml@refs/tags/v1"
#define REPO "github.com/o/r"
#define GIT "git+https://" REPO "@refs/tags/v1"

static const struct annotation debug[] = { { S("debug"), S("true") } };
static const struct annotation nested[] = { { S("a.b"), S("7") } };

static const struct row {
	const char *statement, *identity, *no; /* the check that is a no; NULL: none */
	struct provenance_wanted wanted;
	const char *allowed;
} rows[] = {
	{ V1(BUILDER, WORKFLOW(REPO, "refs/tags/v1")),
	  BUILDER,
	  NULL,
	  { .source_uri = S(REPO), .source_tag = S("v1") },
	  0 },
	{ V1(BUILDER, WORKFLOW(REPO, "refs/tags/v1")),
	  BUILDER,
	  NULL,
	  { .source_uri = S("git+https://" REPO ".git"), .builder_id = S(BUILDER) },
	  0 },
	{ V1(BUILDER, WORKFLOW(REPO, "refs/tags/v1")),
	  BUILDER,
	  NULL,
	  { .builder_id = S("https://github.com/o/r/.github/workflows/x.yml") },
	  0 },
	/* A fork, another ref, a name that only begins alike. */
	{ V1(BUILDER, WORKFLOW("github.com/evil/r", "refs/tags/v1")),
	  BUILDER,
	  "source",
	  { .source_uri = S(REPO) },
	  0 },
	{ V1(BUILDER, WORKFLOW(REPO "2", "refs/tags/v1")),
	  BUILDER,
	  "source",
	  { .source_uri = S(REPO) },
	  0 },
	{ V1(BUILDER, WORKFLOW(REPO, "refs/tags/v10")),
	  BUILDER,
	  "source",
	  { .source_uri = S(REPO), .source_tag = S("v1") },
	  0 },
	{ V1(BUILDER, WORKFLOW(REPO, "refs/heads/v1")),
	  BUILDER,
	  "source",
	  { .source_uri = S(REPO), .source_tag = S("v1") },
	  0 },
	{ V1(BUILDER, WORKFLOW(REPO, "refs/heads/main")),
	  BUILDER,
	  NULL,
	  { .source_uri = S(REPO), .source_branch = S("main") },
	  0 },
	{ V1(BUILDER, WORKFLOW(REPO, "refs/heads/dev")),
	  BUILDER,
	  "source",
	  { .source_uri = S(REPO), .source_branch = S("main") },
	  0 },
	/* The builder is who signed, or whom the key's owner names. */
	{ V1(BUILDER, WORKFLOW(REPO, "refs/tags/v1")),
	  "https://github.com/evil/x@v1",
	  "builder",
	  { .source_uri = S(REPO) },
	  0 },
	{ V1(BUILDER, WORKFLOW(REPO, "refs/tags/v1")),
	  BUILDER,
	  "builder",
	  { .builder_id = S("https://github.com/o/other") },
	  0 },
	{ V1("", WORKFLOW(REPO, "refs/tags/v1")),
	  BUILDER,
	  "builder",
	  { .source_uri = S(REPO) },
	  0 },
	{ V1("https://ci", WORKFLOW(REPO, "refs/tags/v1")),
	  "",
	  "builder",
	  { .source_uri = S(REPO) },
	  0 },
	{ V1("https://ci", WORKFLOW(REPO, "refs/tags/v1")),
	  "",
	  NULL,
	  { .source_uri = S(REPO), .builder_id = S("https://ci") },
	  0 },
	/* Parameters. */
	{ V1(BUILDER, WORKFLOW(REPO, "r") ",\"debug\":true"),
	  BUILDER,
	  "parameters",
	  { .source_uri = S(REPO) },
	  0 },
	{ V1(BUILDER, WORKFLOW(REPO, "r") ",\"debug\":true"),
	  BUILDER,
	  NULL,
	  { .parameters = debug, .n_parameters = 1 },
	  0 },
	{ V1(BUILDER, WORKFLOW(REPO, "r") ",\"debug\":false"),
	  BUILDER,
	  "parameters",
	  { .parameters = debug, .n_parameters = 1 },
	  0 },
	{ V1(BUILDER, WORKFLOW(REPO, "r")),
	  BUILDER,
	  "parameters",
	  { .parameters = debug, .n_parameters = 1 },
	  0 },
	{ V1(BUILDER, WORKFLOW(REPO, "r") ",\"debug\":true"),
	  BUILDER,
	  NULL,
	  { .source_uri = S(REPO) },
	  "debug" },
	{ V1(BUILDER, WORKFLOW(REPO, "r") ",\"a\":{\"b\":7,\"c\":1}"),
	  BUILDER,
	  "parameters",
	  { .parameters = nested, .n_parameters = 1 },
	  0 },
	{ V1(BUILDER, WORKFLOW(REPO, "r") ",\"a\":{\"b\":7,\"c\":1}"),
	  BUILDER,
	  NULL,
	  { .parameters = nested, .n_parameters = 1 },
	  "a" },
	{ V1(BUILDER, WORKFLOW(REPO, "r") ",\"a\":{\"b\":7,\"c\":[1]}"),
	  BUILDER,
	  "parameters",
	  { .parameters = nested, .n_parameters = 1 },
	  "a.d" },
	{ V1(BUILDER, WORKFLOW(REPO, "r") ",\"a\":{\"b\":7,\"c\":[1]}"),
	  BUILDER,
	  NULL,
	  { .source_uri = S(REPO) },
	  "*" },
	{ V1(BUILDER, WORKFLOW(REPO, "r") ",\"inputs\":{\"debug\":\"true\"}"),
	  BUILDER,
	  "parameters",
	  { .source_uri = S(REPO) },
	  0 },
	{ V1(BUILDER, WORKFLOW(REPO, "r") ",\"inputs\":{\"debug\":\"true\"}"),
	  BUILDER,
	  NULL,
	  { .inputs = debug, .n_inputs = 1 },
	  0 },
	{ V1(BUILDER, "\"source\":\"" GIT "\""),
	  BUILDER,
	  NULL,
	  { .source_uri = S(REPO), .source_tag = S("v1") },
	  0 },
	{ V1(BUILDER, ""), BUILDER, "source", { .source_uri = S(REPO) }, 0 },
	/* Version 0.2: the source must be among the materials too. */
	{ V02(BUILDER, GIT, GIT, "null", "null"),
	  BUILDER,
	  NULL,
	  { .source_uri = S(REPO), .source_tag = S("v1") },
	  0 },
	{ V02(BUILDER, GIT, "git+https://example.com/x", "{}", "{}"),
	  BUILDER,
	  "source",
	  { .source_uri = S(REPO) },
	  0 },
	{ V02(BUILDER, GIT, GIT, "{\"x\":1}", "null"),
	  BUILDER,
	  "parameters",
	  { .source_uri = S(REPO) },
	  0 },
	{ V02(BUILDER, GIT, GIT, "{}", "{\"debug\":true}"),
	  BUILDER,
	  "parameters",
	  { .source_uri = S(REPO) },
	  0 },
	{ V02(BUILDER, GIT, GIT, "{}", "{\"debug\":true}"),
	  BUILDER,
	  NULL,
	  { .inputs = debug, .n_inputs = 1 },
	  0 },
	/* Not provenance at all. */
	{ "{\"_type\":\"https://in-toto.io/Statement/v1\"," SUBJECT
	  ",\"predicateType\":\"https://spdx.dev/Document\",\"predicate\":{}}",
	  BUILDER,
	  "predicate-type",
	  { .allowed = { 0 } },
	  0 },
	{ "{}", BUILDER, "predicate-type", { .allowed = { 0 } }, 0 },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct arena a = { 0 };
		struct proof p = { .payload = str_of(rows[i].statement),
				   .identity = str_of(rows[i].identity) };
		struct provenance_wanted w = rows[i].wanted;
		struct str allowed = str_of(rows[i].allowed);
		if (rows[i].allowed)
			w.allowed = (struct strs){ &allowed, 1, 1 };
		proof_check(&p, &a, "signature", CHECK_YES, "holds");
		provenance_check(&w, &a, &p);
		bool expected = rows[i].no == NULL;
		if ((p.result == CHECK_YES) != expected)
			fail_msg("row %zu: %.*s", i, STR(p.why));
		for (size_t k = 0; k < p.n_checks && rows[i].no; k++) {
			if (p.checks[k].result != CHECK_NO)
				continue;
			assert_string_equal(p.checks[k].name, rows[i].no);
			break;
		}
		arena_done(&a);
	}
}

/* What the certificate says of the source binds the statement. */
static void test_certificate(void **state)
{
	static const struct {
		const char *name, *value;
		enum check_result result;
	} claims[] = {
		{ "source-repository-uri", "https://" REPO, CHECK_YES },
		{ "source-repository-uri", "https://github.com/evil/r", CHECK_NO },
		{ "source-repository-ref", "refs/tags/v1", CHECK_YES },
		{ "source-repository-ref", "refs/heads/evil", CHECK_NO },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(claims); i++) {
		struct arena a = { 0 };
		struct proof p = { .payload = S(V1(BUILDER, WORKFLOW(REPO, "refs/tags/v1"))),
				   .identity = S(BUILDER) };
		struct provenance_wanted w = { .source_uri = S(REPO) };
		proof_claim(&p, &a, claims[i].name, str_of(claims[i].value));
		proof_check(&p, &a, "signature", CHECK_YES, "holds");
		provenance_check(&w, &a, &p);
		assert_int_equal(p.result, claims[i].result);
		arena_done(&a);
	}
}

/* Signers are counted, not signatures: connaisseur counted layers. */
static void test_count(void **state)
{
	static const struct {
		const char *text; /* of each proof: key, identity; upper case: no good one */
		size_t signers;
	} counts[] = {
		{ "", 0 },	   { "a-", 1 },
		{ "a- a- a-", 1 }, { "a- b-", 2 },
		{ "a- B-", 1 },	   { "A- B-", 0 },
		{ "ax bx cx", 1 }, { "ax by", 2 },
		{ "ax bx by", 1 }, { "ax by bx", 1 },
		{ "-x -x -y", 2 }, { "-- --", 1 },
		{ "ax -y ay", 1 }, { "ax cz by bz ay", 1 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(counts); i++) {
		struct proof v[8] = { 0 };
		size_t n = 0;
		for (const char *p = counts[i].text; *p; p += p[2] ? 3 : 2, n++) {
			v[n].result = p[0] >= 'A' && p[0] <= 'Z' ? CHECK_NO : CHECK_YES;
			if (p[0] != '-')
				digest_of(DIGEST_SHA256, (struct str){ p, 1 }, &v[n].key);
			if (p[1] != '-')
				v[n].identity = (struct str){ p + 1, 1 };
		}
		if (verify_count_signers(v, n) != counts[i].signers)
			fail_msg("'%s': %zu", counts[i].text, verify_count_signers(v, n));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_certificate),
		cmocka_unit_test(test_count),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
