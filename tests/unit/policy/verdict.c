/* Filters and verdicts as a table: findings in, filters, verdict out. */
#include "policy/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct one {
	enum severity severity;
	enum status status;
};

static void test_table(void **state)
{
	enum { NOW = 1000000 };
	static const struct {
		const char *name;
		struct one findings[3];
		size_t n;
		struct verdict_options o;
		bool eol, unknown;
		enum verdict_kind want;
		size_t shown;
	} t[] = {
		{ "nothing", { { 0 } }, 0, { .now = NOW }, false, false, VERDICT_CLEAN, 0 },
		{ "one",
		  { { SEVERITY_LOW, STATUS_FIXED } },
		  1,
		  { .now = NOW },
		  false,
		  false,
		  VERDICT_FINDINGS,
		  1 },
		{ "below",
		  { { SEVERITY_LOW, STATUS_FIXED } },
		  1,
		  { .now = NOW, .fail = true, .fail_on = SEVERITY_HIGH },
		  false,
		  false,
		  VERDICT_FINDINGS,
		  1 },
		{ "at",
		  { { SEVERITY_HIGH, STATUS_FIXED } },
		  1,
		  { .now = NOW, .fail = true, .fail_on = SEVERITY_HIGH },
		  false,
		  false,
		  VERDICT_DENIED,
		  1 },
		{ "unknown severity denies",
		  { { SEVERITY_UNKNOWN, STATUS_FIXED } },
		  1,
		  { .now = NOW, .fail = true, .fail_on = SEVERITY_CRITICAL },
		  false,
		  false,
		  VERDICT_DENIED,
		  1 },
		{ "hidden by severity",
		  { { SEVERITY_HIGH, STATUS_FIXED } },
		  1,
		  { .now = NOW,
		    .severities = 1u << SEVERITY_LOW,
		    .fail = true,
		    .fail_on = SEVERITY_LOW },
		  false,
		  false,
		  VERDICT_CLEAN,
		  0 },
		{ "unfixed",
		  { { SEVERITY_HIGH, STATUS_AFFECTED }, { SEVERITY_LOW, STATUS_FIXED } },
		  2,
		  { .now = NOW, .ignore_unfixed = true },
		  false,
		  false,
		  VERDICT_FINDINGS,
		  1 },
		{ "unfixed keeps unknown",
		  { { SEVERITY_HIGH, STATUS_UNKNOWN } },
		  1,
		  { .now = NOW, .ignore_unfixed = true },
		  false,
		  false,
		  VERDICT_UNKNOWN,
		  1 },
		{ "status",
		  { { SEVERITY_HIGH, STATUS_WILL_NOT_FIX } },
		  1,
		  { .now = NOW, .ignore_statuses = 1u << STATUS_WILL_NOT_FIX },
		  false,
		  false,
		  VERDICT_CLEAN,
		  0 },
		{ "not known", { { 0 } }, 0, { .now = NOW }, false, true, VERDICT_UNKNOWN, 0 },
		{ "not known, allowed",
		  { { 0 } },
		  0,
		  { .now = NOW, .allow_unknown = true },
		  false,
		  true,
		  VERDICT_CLEAN,
		  0 },
		{ "denied before unknown",
		  { { SEVERITY_HIGH, STATUS_FIXED } },
		  1,
		  { .now = NOW, .fail = true, .fail_on = SEVERITY_LOW },
		  false,
		  true,
		  VERDICT_DENIED,
		  1 },
		{ "end of life",
		  { { 0 } },
		  0,
		  { .now = NOW, .exit_on_eol = true, .allow_unknown = true },
		  true,
		  false,
		  VERDICT_DENIED,
		  0 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct arena a = { 0 };
		struct inventory inv = {
			.arena = &a, .distribution = { .id = S("x"), .eol = t[i].eol ? 1 : NOW + 1 }
		};
		struct finding f[3] = { 0 };
		struct str why = S("why");
		struct report r = { .inventory = &inv, .findings = f, .n_findings = t[i].n };
		for (size_t k = 0; k < t[i].n; k++) {
			f[k].severity = t[i].findings[k].severity;
			f[k].status = t[i].findings[k].status;
		}
		if (t[i].unknown)
			r.unknown = (struct strs){ &why, 1, 1 };
		verdict_decide(&r, &t[i].o, &a);
		size_t shown = 0;
		for (size_t k = 0; k < t[i].n; k++)
			shown += f[k].suppressed.by.n == 0;
		if (r.verdict.kind != t[i].want || shown != t[i].shown)
			fail_msg("%s: %s, %zu shown", t[i].name, verdict_name(r.verdict.kind),
				 shown);
		if ((r.verdict.kind == VERDICT_DENIED || r.verdict.kind == VERDICT_UNKNOWN) &&
		    !r.verdict.reasons.n)
			fail_msg("%s: no reason", t[i].name);
		arena_done(&a);
	}
}

/* Findings of every other kind count and are filtered as vulnerabilities are. */
static void test_kinds(void **state)
{
	static const struct config_check high = { .severity = "HIGH" };
	struct arena a = { 0 };
	struct inventory inv = { .arena = &a };
	struct secret low = { .severity = S("LOW") };
	struct malware bad = { 0 };
	(void)state;
	for (unsigned kind = 0; kind < 4; kind++) {
		static const enum severity of_kind[] = { SEVERITY_HIGH, SEVERITY_LOW,
							 SEVERITY_MEDIUM, SEVERITY_CRITICAL };
		for (int s = SEVERITY_NEGLIGIBLE; s <= SEVERITY_CRITICAL; s++) {
			struct config_finding check = { .check = &high };
			struct secret_finding secret = { .secret = &low };
			struct licence_finding licence = { .severity = SEVERITY_MEDIUM };
			struct malware_finding malware = { .malware = &bad };
			struct report r = { .inventory = &inv,
					    .checks = &check,
					    .n_checks = kind == 0,
					    .secrets = &secret,
					    .n_secrets = kind == 1,
					    .licences = &licence,
					    .n_licences = kind == 2,
					    .malware = &malware,
					    .n_malware = kind == 3 };
			struct verdict_options o = { .fail = true, .fail_on = (enum severity)s };
			verdict_decide(&r, &o, &a);
			assert_int_equal(r.verdict.kind, (int)of_kind[kind] >= s
								 ? VERDICT_DENIED
								 : VERDICT_FINDINGS);
			o = (struct verdict_options){ .severities = 1u << s };
			verdict_decide(&r, &o, &a);
			assert_int_equal(r.verdict.kind, (int)of_kind[kind] == s ? VERDICT_FINDINGS
										 : VERDICT_CLEAN);
		}
	}
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_table),
					    cmocka_unit_test(test_kinds) };
	return cmocka_run_group_tests_name("policy/verdict", tests, NULL, NULL);
}
