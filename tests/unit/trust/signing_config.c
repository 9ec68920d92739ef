/* Signing configurations: what is read, what is refused, which services are chosen. */
#include "trust/signing_config.h"

#include "base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define HEAD "{\"mediaType\":\"application/vnd.dev.sigstore.signingconfig.v0.2+json\""
#define FROM(y) "\"validFor\":{\"start\":\"" y "-01-01T00:00:00Z\"}"
#define DURING(y, z) \
	"\"validFor\":{\"start\":\"" y "-01-01T00:00:00Z\",\"end\":\"" z "-01-01T00:00:00Z\"}"
#define LOG(url, v, when, by) \
	"{\"url\":\"" url "\",\"majorApiVersion\":" v "," when ",\"operator\":\"" by "\"}"

static void test_select(void **state)
{
	static const struct {
		const char *logs, *config; /* elements; a selector */
		unsigned max;
		const char *want; /* hosts in order and how many are needed; NULL: not enough */
	} t[] = {
		{ "", "", 2, "0" },
		{ LOG("https://a", "1", FROM("2020"), "x"), "", 2, "a 1" },
		{ LOG("https://a", "1", FROM("2020"), "x"), "{\"selector\":\"ANY\"}", 2, "a 1" },
		/* the highest version that we know, whatever its age */
		{ LOG("https://a", "1", FROM("2024"), "x") "," LOG("https://b", "2", FROM("2023"),
								   "x"),
		  "", 2, "b 1" },
		{ LOG("https://a", "1", FROM("2024"), "x") "," LOG("https://b", "2", FROM("2023"),
								   "x"),
		  "", 1, "a 1" },
		{ LOG("https://b", "3", FROM("2020"), "x"), "", 2, NULL },
		/* then the newest */
		{ LOG("https://a", "1", FROM("2020"), "x") "," LOG("https://b", "1", FROM("2021"),
								   "x"),
		  "", 2, "b 1" },
		/* not yet, no longer; both ends are inside */
		{ LOG("https://a", "1", FROM("2030"), "x"), "", 2, NULL },
		{ LOG("https://a", "1", DURING("2020", "2024"), "x"), "", 2, NULL },
		{ LOG("https://a", "1", DURING("2020", "2025"), "x"), "", 2, "a 1" },
		{ LOG("https://a", "1", FROM("2025"), "x"), "", 2, "a 1" },
		/* one an operator */
		{ LOG("https://a", "1", FROM("2020"), "x") "," LOG("https://b", "1", FROM("2020"),
								   "x"),
		  "{\"selector\":\"ALL\"}", 2, "a 1" },
		{ LOG("https://a", "1", FROM("2020"), "x") "," LOG("https://b", "1", FROM("2020"),
								   "y"),
		  "{\"selector\":\"ALL\"}", 2, "a b 2" },
		{ LOG("https://a", "1", FROM("2020"), "x") "," LOG("https://b", "2", FROM("2020"),
								   "y"),
		  "{\"selector\":\"ANY\"}", 2, "b a 1" },
		{ LOG("https://a", "1", FROM("2020"), "x") "," LOG("https://b", "1", FROM("2020"),
								   "y"),
		  "{\"selector\":\"EXACT\",\"count\":2}", 2, "a b 2" },
		{ LOG("https://a", "1", FROM("2020"), "x") "," LOG("https://b", "1", FROM("2020"),
								   "x"),
		  "{\"selector\":\"EXACT\",\"count\":2}", 2, NULL },
		{ LOG("https://a", "1", FROM("2030"), "x"), "{\"selector\":\"ALL\"}", 2, NULL },
	};
	int64_t now;
	(void)state;
	assert_true(time_parse(S("2025-01-01T00:00:00Z"), &now));
	for (size_t i = 0; i < COUNT(t); i++) {
		struct arena a = { 0 };
		struct signing_config c;
		struct service_list chosen;
		struct err e = { 0 };
		struct buf got = { 0 };
		size_t needed;
		struct str json =
			arena_printf(&a, HEAD ",\"rekorTlogUrls\":[%s]%s%s}", t[i].logs,
				     t[i].config[0] ? ",\"rekorTlogConfig\":" : "", t[i].config);
		if (signing_config_parse(json, &a, &c, &e))
			fail_msg("%zu: %s", i, e.text);
		int r = service_select(&c.logs, "logs", t[i].max, now, &a, &chosen, &needed, &e);
		assert_int_equal(r, t[i].want ? 0 : ERR_NOT_FOUND);
		for (size_t k = 0; !r && k < chosen.n; k++)
			buf_addf(&got, "%s ", chosen.v[k].url.p + strlen("https://"));
		if (!r)
			buf_addf(&got, "%zu", needed);
		if (t[i].want && strcmp(buf_cstr(&got), t[i].want) != 0)
			fail_msg("%zu: %s, want %s", i, buf_cstr(&got), t[i].want);
		buf_done(&got);
		arena_done(&a);
	}
}

static void test_reject(void **state)
{
	static const struct {
		const char *json, *why;
	} t[] = {
		{ "", "" },
		{ "{}", "no signing configuration" },
		{ "[]", "no signing configuration" },
		{ "{\"mediaType\":\"application/vnd.dev.sigstore.signingconfig.v0.1+json\"}",
		  "no signing configuration" },
		{ "{\"mediaType\":\"application/vnd.dev.sigstore.clienttrustconfig.v0.1+json\"}",
		  "no signing configuration" },
		{ HEAD ",\"caUrls\":{}}", "no list" },
		{ HEAD ",\"caUrls\":[7]}", "caUrls" },
		{ HEAD ",\"caUrls\":[{\"url\":\"https://a\",\"majorApiVersion\":1}]}", "no start" },
		{ HEAD ",\"caUrls\":[" LOG("https://a", "0", FROM("2020"), "x") "]}",
		  "no version" },
		{ HEAD ",\"caUrls\":[" LOG("https://a", "-1", FROM("2020"), "x") "]}",
		  "no version" },
		{ HEAD ",\"caUrls\":[" LOG("https://a", "\"1\"", FROM("2020"), "x") "]}",
		  "no version" },
		{ HEAD ",\"caUrls\":[" LOG("file:///etc/passwd", "1", FROM("2020"), "x") "]}",
		  "caUrls" },
		{ HEAD ",\"caUrls\":[" LOG("https://u:p@a", "1", FROM("2020"), "x") "]}",
		  "caUrls" },
		{ HEAD ",\"tsaUrls\":[" LOG("https://a", "1", DURING("2020", "x"), "x") "]}",
		  "no time" },
		{ HEAD ",\"tsaConfig\":{\"selector\":\"SOME\"}}", "selector" },
		{ HEAD ",\"tsaConfig\":{\"selector\":\"EXACT\"}}", "count" },
		{ HEAD ",\"tsaConfig\":{\"selector\":\"EXACT\",\"count\":0}}", "count" },
		{ HEAD ",\"tsaConfig\":{\"selector\":\"EXACT\",\"count\":65}}", "count" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct arena a = { 0 };
		struct signing_config c;
		struct err e = { 0 };
		if (signing_config_parse(str_of(t[i].json), &a, &c, &e) != ERR_INVALID ||
		    !strstr(e.text, t[i].why))
			fail_msg("%zu: %s", i, e.text);
		arena_done(&a);
	}
}

static void test_limits(void **state)
{
	struct arena a = { 0 };
	struct buf b = { 0 };
	struct signing_config c;
	struct err e;
	(void)state;
	buf_add_str(&b, S(HEAD ",\"caUrls\":["));
	for (int i = 0; i <= SIGNING_SERVICES_MAX; i++)
		buf_addf(&b, "%s%s", i ? "," : "", LOG("https://a", "1", FROM("2020"), "x"));
	buf_add_str(&b, S("]}"));
	assert_int_equal(signing_config_parse(str_buf(&b), &a, &c, &e), ERR_LIMIT);
	while (b.n <= SIGNING_CONFIG_MAX)
		buf_add_char(&b, ' ');
	assert_int_equal(signing_config_parse(str_buf(&b), &a, &c, &e), ERR_LIMIT);
	buf_done(&b);
	arena_done(&a);
}

static void test_client_trust_config(void **state)
{
	struct arena a = { 0 };
	struct signing_config c;
	struct err e = { 0 };
	(void)state;
	assert_int_equal(
		signing_config_parse(
			S("{\"mediaType\":\"application/vnd.dev.sigstore.clienttrustconfig.v0.1"
			  "+json\",\"trustedRoot\":{},\"signingConfig\":" HEAD
			  ",\"caUrls\":[" LOG("https://ca", "1", FROM("2020"), "x") "]}}"),
			&a, &c, &e),
		0);
	assert_int_equal(c.cas.n, 1);
	assert_string_equal(c.cas.v[0].url.p, "https://ca");
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_select),
		cmocka_unit_test(test_reject),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_client_trust_config),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
