/* Exceptions: the three formats, what they cover, and when they end. */
#include "policy/ignore.h"

#include "base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static int64_t date(const char *s)
{
	int64_t t = 0;
	assert_true(time_parse_date(str_of(s), &t));
	return t;
}

/* Whether these exceptions hide the finding of CVE-1 (GHSA-1) in pkg:npm/%40s/a@1.0.0 at app/node_modules/a. */
static bool hides(const char *name, const char *text, const char *now, size_t *warnings)
{
	struct arena a = { 0 };
	struct ignores v = { .arena = &a };
	struct strs said = { 0 };
	struct str alias = S("GHSA-1");
	struct err e = { 0 };
	struct package p = { .purl = S("pkg:npm/%40s/a@1.0.0"),
			     .path = S("app/node_modules/a/package.json") };
	struct finding f = { .id = S("CVE-1"), .aliases = { &alias, 1, 1 }, .package = &p };
	struct report r = { .findings = &f, .n_findings = 1 };
	if (ignore_add(&v, str_of(text), str_of(name), &e))
		fail_msg("%s", e.text);
	ignore_apply(&v, &r, date(now), &a, &said);
	*warnings = said.n;
	bool hidden = f.suppressed.by.n > 0;
	if (hidden)
		assert_true(str_starts(f.suppressed.source, str_of(name)));
	arena_done(&a);
	return hidden;
}

static void test_findings(void **state)
{
	static const struct {
		const char *name, *text;
		bool hidden, warned;
	} t[] = {
		{ ".trivyignore", "# comment\n\nCVE-1\n", true, false },
		{ ".trivyignore", "CVE-1 # accepted", true, false },
		{ ".trivyignore", "ghsa-1", true, false },
		{ ".trivyignore", "CVE-11", false, false },
		{ ".trivyignore", "CVE-1 exp:2026-06-02", true, false },
		{ ".trivyignore", "CVE-1 exp:2026-06-01", false, true },
		{ ".trivyignore", "CVE-2 exp:2026-06-01", false, false },
		{ "x.yaml", "- id: CVE-1\n  reason: not reached\n", true, false },
		{ "x.yaml", "- id: CVE-1\n  until: 2026-06-01\n", true, false },
		{ "x.yaml", "- id: CVE-1\n  until: 2026-05-31\n", false, true },
		{ "x.yaml", "- id: CVE-1\n  purl: pkg:npm/%40s/a\n", true, false },
		{ "x.yaml", "- purl: pkg:npm/%40s/a@1.0.0\n", true, false },
		{ "x.yaml", "- id: CVE-1\n  purl: pkg:npm/%40s/a@2.0.0\n", false, false },
		{ "x.yaml", "- id: CVE-1\n  purl: pkg:npm/a\n", false, false },
		{ "x.yaml", "- id: CVE-1\n  path: /app/**\n", true, false },
		{ "x.yaml", "- id: CVE-1\n  path: [lib/**, app/node_modules/*/package.json]\n",
		  true, false },
		{ "x.yaml", "- id: CVE-1\n  path: lib/**\n", false, false },
		{ "x.yaml", "- id: CVE-2\n  until: 2020-01-01\n- id: CVE-1\n", true, false },
		{ "x.yaml", "vulnerabilities:\n  - id: CVE-1\n    statement: no\n", true, false },
		{ "x.yaml", "vulnerabilities:\n  - id: CVE-1\n    expired_at: 2026-06-01\n", false,
		  true },
		{ "x.yaml",
		  "vulnerabilities:\n  - id: CVE-1\n    purls: [\"pkg:npm/%40s/a\"]\n    "
		  "paths: [\"app/**\"]\n",
		  true, false },
		{ "x.yaml", "secrets:\n  - id: CVE-1\n", false, false },
		{ "x.yaml", "", false, false },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		size_t warnings = 0;
		if (hides(t[i].name, t[i].text, "2026-06-01", &warnings) != t[i].hidden)
			fail_msg("case %zu: %s", i, t[i].text);
		assert_int_equal(warnings, t[i].warned);
	}
}

/* What is no vulnerability, by the names that other tools know. */
static void test_others(void **state)
{
	static const char *const names[] = { "CIS-DI-0001", "DS-0002", NULL };
	const struct config_check check = { .id = "LZ-IMG-001", .others = names };
	static const char *const texts[] = { "DS-0002",	     "LZ-IMG-001", "aws-key",
					     "GPL-3.0-only", "forbidden",  "eicar" };
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct arena a = { 0 };
		struct ignores v = { .arena = &a };
		struct strs said = { 0 };
		struct err e;
		struct secret secret = { .rule = S("aws-key"), .path = S("root/.env") };
		struct malware malware = { .rule = S("eicar") };
		struct config_finding c = { .check = &check };
		struct secret_finding s = { .secret = &secret };
		struct licence_finding l = { .expression = S("GPL-3.0-only"),
					     .category = S("forbidden") };
		struct malware_finding m = { .malware = &malware };
		struct report r = { .checks = &c,
				    .n_checks = 1,
				    .secrets = &s,
				    .n_secrets = 1,
				    .licences = &l,
				    .n_licences = 1,
				    .malware = &m,
				    .n_malware = 1 };
		assert_int_equal(ignore_add(&v, str_of(texts[i]), S(".trivyignore"), &e), 0);
		ignore_apply(&v, &r, 0, &a, &said);
		assert_int_equal(c.suppressed.by.n > 0, i < 2);
		assert_int_equal(s.suppressed.by.n > 0, i == 2);
		assert_int_equal(l.suppressed.by.n > 0, i == 3 || i == 4);
		assert_int_equal(m.suppressed.by.n > 0, i == 5);
		arena_done(&a);
	}
}

static void test_reject(void **state)
{
	static const struct {
		const char *name, *text, *line;
	} t[] = {
		{ "t", "CVE-1\nCVE-2 until tomorrow\n", "t:2" },
		{ "t", "CVE-1 exp:tomorrow\n", "t:1" },
		{ "y.yaml", "- reason: all\n", "y.yaml:1" },
		{ "y.yaml", "- id: CVE-1\n  paths: x\n", "paths" },
		{ "y.yaml", "- id: CVE-1\n  until: soon\n", "y.yaml:1" },
		{ "y.yaml", "- CVE-1\n", "y.yaml:1" },
		{ "y.yaml", "CVE-1", "y.yaml" },
		{ "y.yaml", "vulns:\n  - id: CVE-1\n", "y.yaml:2" },
		{ "y.yaml", "secrets:\n  - id: a\n    until: 2026-01-01\n", "until" },
		{ "y.yaml", "- id: [a, b]\n", "y.yaml:1" },
		{ "y.yaml", "- id: a\n  path: [{b: c}]\n", "y.yaml:1" },
		{ "y.yaml", "{{", "y.yaml" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct arena a = { 0 };
		struct ignores v = { .arena = &a };
		struct err e = { 0 };
		if (ignore_add(&v, str_of(t[i].text), str_of(t[i].name), &e) != ERR_INVALID)
			fail_msg("case %zu is taken", i);
		if (str_find(str_of(e.text), str_of(t[i].line)) < 0)
			fail_msg("case %zu: %s", i, e.text);
		assert_int_equal(v.n, 0);
		arena_done(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_findings),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_reject),
	};
	return cmocka_run_group_tests_name("policy/ignore", tests, NULL, NULL);
}
