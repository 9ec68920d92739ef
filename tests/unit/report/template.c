/* The template language as a table: a template, and what it makes of the report made by hand, or what is wrong with it. */
#include "report/crafted.h"
#include "report/format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void test_table(void **state)
{
	static const struct {
		const char *template, *want, *error; /* error: a part of the message; NULL: none */
	} t[] = {
		{ "plain } text", "plain } text", NULL },
		{ "{{ \"{{\" }}", "{{", NULL },
		{ "{{! a remark \" }}x", "x", NULL },
		{ "a \n{{- tool_version -}}\n b", "a" LAZARET_VERSION "b", NULL },
		{ "{{#each reports}}{{verdict | upper}} {{total}}{{/each}}", "DENIED 12", NULL },
		{ "{{#each reports}}{{#each malware}}{{id}} {{target}}{{/each}}{{/each}}",
		  "Miner_A registry.example.org/team/app:1.2", NULL },
		{ "{{#each reports}}{{#each secrets}}{{@index}}{{#if "
		  "@last}}.{{else}},{{/if}}{{/each}}{{/each}}",
		  "0,1.", NULL },
		{ "{{#each reports}}{{#each reasons}}{{this | json}}{{/each}}{{/each}}",
		  "\"4 findings of severity HIGH or above\"", NULL },
		{ "{{#each reports}}{{#each vulnerabilities}}{{#if severity = "
		  "\"HIGH\"}}{{package_version}} {{/if}}{{/each}}"
		  "{{/each}}",
		  "6.7.0 6.9.0 ", NULL },
		{ "{{#each reports}}{{#each packages}}{{#if not license}}!{{/if}}{{#if "
		  "dev}}{{name}}@{{version}}{{/if}}{{/each}}"
		  "{{/each}}",
		  "qs@6.9.0", NULL },
		{ "{{#each reports}}{{#each layers}}{{#if examined != \"true\"}}{{created_by | "
		  "html}}{{/if}}{{/each}}{{/each}}",
		  "RUN apt-get install nginx", NULL },
		{ "{{#if reports}}yes{{else}}no{{/if}}", "yes", NULL },
		{ "{{ target }}", NULL, "line 1: the run has no field 'target'" },
		{ "\n\n{{#each reports}}{{ .Results }}{{/each}}", NULL,
		  "line 3: a report has no field '.Results'" },
		{ "{{#each tool_version}}{{/each}}", NULL,
		  "#each wants a list, not 'tool_version'" },
		{ "{{reports}}", NULL, "a list is for #each and #if: 'reports'" },
		{ "{{tool_version | shout}}", NULL, "there is no filter 'shout'" },
		{ "{{#each reports}}", NULL, "an #each is not ended by 'the end of the template'" },
		{ "{{#if reports}}{{/each}}", NULL, "an #if is not ended by '/each'" },
		{ "{{/if}}", NULL, "nothing was open before '/if'" },
		{ "{{#while reports}}", NULL, "there is no block '#while'" },
		{ "{{tool_version", NULL, "a {{ is never closed" },
		{ "{{@first}}", NULL, "outside of any #each there is no '@first'" },
		{ "{{}}", NULL, "an empty tag" },
		{ "{{#if reports = \"x\"}}{{/if}}", NULL, "a list is no text: 'reports'" },
		{ "{{tool_version|json|json|json|json|json}}", NULL, "too many filters" },
	};
	struct crafted c;
	(void)state;
	assert_true(crafted_make(&c, "full"));
	for (size_t i = 0; i < COUNT(t); i++) {
		struct buf out CLEANUP(buf_done) = { 0 };
		struct err e = { 0 };
		const struct format_options o = { .template_text = str_of(t[i].template),
						  .template_name = S("t") };
		int r = template_check(&o, &e);
		if (t[i].error) {
			assert_int_equal(r, ERR_INVALID);
			if (!strstr(e.text, t[i].error))
				fail_msg("%s: %s", t[i].template, e.text);
			assert_int_equal(
				format_find(S("template"))->write(c.reports, c.n, &o, &out, &e),
				ERR_INVALID);
			continue;
		}
		if (r)
			fail_msg("%s: %s", t[i].template, e.text);
		assert_int_equal(format_find(S("template"))->write(c.reports, c.n, &o, &out, &e),
				 0);
		assert_string_equal(buf_cstr(&out), t[i].want);
	}
	arena_done(&c.arena);
}

static void test_limits(void **state)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	struct err e = { 0 };
	(void)state;
	for (unsigned i = 0; i < 16; i++)
		buf_add_str(&b, S("{{#if reports}}"));
	struct format_options o = { .template_text = str_buf(&b), .template_name = S("t") };
	assert_int_equal(template_check(&o, &e), ERR_INVALID);
	assert_non_null(strstr(e.text, "too many blocks"));
	b.n = 0;
	while (b.n <= TEMPLATE_MAX)
		buf_add_str(&b, S("0123456789"));
	o.template_text = str_buf(&b);
	assert_int_equal(template_check(&o, &e), ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_table),
					    cmocka_unit_test(test_limits) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
