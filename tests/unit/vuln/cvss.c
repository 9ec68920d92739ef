/* CVSS scores: data/cvss/scores.cases (vectors of all versions with the scores of an independent implementation), the examples of
 * the specifications, and vectors that must be refused. */
#include "vuln/advisory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>

static void test_cases(void **state)
{
	char path[4096], line[1024];
	unsigned n = 0;
	(void)state;
	snprintf(path, sizeof path, "%s/data/cvss/scores.cases", getenv("LAZARET_TESTS"));
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof line, f)) {
		struct str rest = str_of(line), vector, want;
		double score = -1;
		int version;
		assert_true(str_word(&rest, &vector) && str_word(&rest, &want));
		assert_true(cvss_score(vector, &score, &version));
		if (fabs(score - strtod(want.p, NULL)) > 0.01)
			fail_msg("%s: %.1f", line, score);
		n++;
	}
	fclose(f);
	assert_true(n >= 200);
}

static void test_reject(void **state)
{
	static const char *const bad[] = {
		"",
		"CVSS:3.1/",
		"CVSS:3.1/AV:N",
		"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:X",
		"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/",
		"CVSS:3.1/AV:N/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
		"CVSS:3.2/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
		"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:S/VI:H/VA:H/SC:H/SI:H/SA:H",
		"AV:N/AC:L/Au:N/C:N/I:N/A:",
		"AV:N/AC:L/Au:N/C:N/I:N/A:Z",
	};
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		double score = 42;
		int version = 42;
		if (cvss_score(str_of(bad[i]), &score, &version))
			fail_msg("accepted: %s", bad[i]);
		assert_int_equal(version, 42);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_cases),
					    cmocka_unit_test(test_reject) };
	return cmocka_run_group_tests_name("vuln/cvss", tests, NULL, NULL);
}
