/* WWW-Authenticate and Link: what is read out of them, what is refused. */
#include "source/challenge.h"
#include "source/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* "scheme(token68)[name=value|...]" for each, separated by spaces. */
static struct str show(struct arena *a, const struct challenges *c)
{
	struct buf b = { 0 };
	for (size_t i = 0; i < c->n; i++) {
		buf_addf(&b, "%s%.*s(%.*s)[", i ? " " : "", STR(c->v[i].scheme),
			 STR(c->v[i].token68));
		for (size_t k = 0; k < c->v[i].n_params; k++)
			buf_addf(&b, "%s%.*s=%.*s", k ? "|" : "", STR(c->v[i].params[k].name),
				 STR(c->v[i].params[k].value));
		buf_add_char(&b, ']');
	}
	struct str s = arena_str(a, str_buf(&b));
	buf_done(&b);
	return s;
}

static void test_challenges(void **state)
{
	static const struct {
		const char *field, *want; /* NULL: refused */
	} t[] = {
		{ "Basic realm=\"x\"", "basic()[realm=x]" },
		{ "Basic realm=x", "basic()[realm=x]" },
		{ "Basic", "basic()[]" },
		{ "", "" },
		{ " , ,Basic , ", "basic()[]" },
		{ "Bearer "
		  "realm=\"https://auth.docker.io/"
		  "token\",service=\"registry.docker.io\",scope=\"repository:a/b:pull,push\"",
		  "bearer()[realm=https://auth.docker.io/"
		  "token|service=registry.docker.io|scope=repository:a/b:pull,push]" },
		{ "Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\", Basic "
		  "realm=\"simple\"",
		  "newauth()[realm=apps|type=1|title=Login to \"apps\"] basic()[realm=simple]" },
		{ "Negotiate, NTLM, Basic realm=\"a\"", "negotiate()[] ntlm()[] basic()[realm=a]" },
		{ "Negotiate YWJj==, Bearer realm=\"b\"", "negotiate(YWJj==)[] bearer()[realm=b]" },
		{ "BEARER Realm = \"b\" , SERVICE = c", "bearer()[realm=b|service=c]" },
		{ "Bearer realm=\"a, Basic realm=b\"", "bearer()[realm=a, Basic realm=b]" },
		{ "Bearer realm=\"\"", "bearer()[realm=]" },
		{ "Bearer realm=\"open", NULL },
		{ "Bearer realm=\"open\\", NULL },
		{ "Bearer realm=", "bearer(realm=)[]" },
		{ "Bearer realm=a, service=", NULL },
		{ "realm=\"x\"", NULL },
		{ "\"Basic\"", NULL },
		{ "Ba\"sic", NULL },
		{ "Basic realm=\"x\" /", NULL },
	};
	struct arena a = { 0 };
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct challenges c = { 0 };
		struct err e = { 0 };
		int r = challenges_parse(&a, str_of(t[i].field), &c, &e);
		if (t[i].want ? r != 0 : r != ERR_INVALID)
			fail_msg("%s: %d %s", t[i].field, r, e.text);
		if (t[i].want && !str_eq(show(&a, &c), str_of(t[i].want)))
			fail_msg("%s: %s", t[i].field, show(&a, &c).p);
	}
	arena_done(&a);
}

static void test_challenge_limits(void **state)
{
	struct arena a = { 0 };
	struct buf many = { 0 };
	struct challenges c = { 0 };
	struct err e;
	(void)state;
	for (int i = 0; i <= CHALLENGES_MAX; i++)
		buf_addf(&many, "s%d,", i);
	assert_int_equal(challenges_parse(&a, str_buf(&many), &c, &e), ERR_LIMIT);
	many.n = 0;
	c = (struct challenges){ 0 };
	buf_addf(&many, "Bearer p=v");
	for (int i = 0; i <= CHALLENGE_PARAMS_MAX; i++)
		buf_addf(&many, ",p%d=v", i);
	assert_int_equal(challenges_parse(&a, str_buf(&many), &c, &e), ERR_LIMIT);
	buf_done(&many);
	/* Fields add up; the first parameter of a name counts. */
	c = (struct challenges){ 0 };
	assert_int_equal(challenges_parse(&a, S("Basic realm=a"), &c, &e), 0);
	assert_int_equal(challenges_parse(&a, S("Bearer realm=b,realm=c"), &c, &e), 0);
	assert_true(str_eq(challenge_get(challenges_find(&c, S("bearer")), S("realm")), S("b")));
	assert_null(challenges_find(&c, S("digest")));
	assert_int_equal(challenge_get(challenges_find(&c, S("basic")), S("service")).n, 0);
	arena_done(&a);
}

static void test_links(void **state)
{
	static const struct {
		const char *field, *want;
	} t[] = {
		{ "</v2/a/tags/list?n=2&last=b>; rel=\"next\"", "/v2/a/tags/list?n=2&last=b" },
		{ "</a>; rel=next", "/a" },
		{ "</a>; REL=Next", "/a" },
		{ "</a>;rel=\"prev\", </b>; title=\"x, y\"; rel=\"last next\"", "/b" },
		{ "</a>; title=\"a\\\"; rel=next\"; rel=prev, </b>; rel=next", "/b" },
		{ "</a>; rel=prev; rel=next", "" },
		{ "</a>", "" },
		{ "", "" },
		{ "</a; rel=next", "" },
		{ "/a; rel=next", "" },
		{ "</a>; rel=\"next", "" },
		{ "</a> x; rel=next", "" },
		{ " , </a> ; x ; rel = next", "/a" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++)
		if (!str_eq(link_next(str_of(t[i].field)), str_of(t[i].want)))
			fail_msg("%s", t[i].field);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_challenges),
		cmocka_unit_test(test_challenge_limits),
		cmocka_unit_test(test_links),
	};
	return cmocka_run_group_tests_name("source/challenge", tests, NULL, NULL);
}
