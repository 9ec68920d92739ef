/* Ranges of npm against the tables of node-semver in the shared test data, and a few of our own. */
#include "base/json.h"
#include "drive.h"
#include "vuln/npm_range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static void show(struct buf *b, const struct npm_range *r)
{
	static const char *const operators[] = { "", "", "<", "<=", ">", ">=" };
	for (size_t i = 0; i < r->n; i++) {
		buf_addf(b, "%s", i ? "||" : "");
		for (size_t k = 0; k < r->v[i].n; k++) {
			const struct npm_comparator *c = &r->v[i].v[k];
			const struct npm_version *v = &c->version;
			buf_addf(b, "%s", k ? " " : "");
			if (c->op == NPM_ANY)
				buf_addf(b, "*");
			else
				buf_addf(b, "%s%ju.%ju.%ju%s%.*s", operators[c->op],
					 (uintmax_t)v->n[0], (uintmax_t)v->n[1], (uintmax_t)v->n[2],
					 v->pre.n ? "-" : "", STR(v->pre));
		}
	}
}

static bool is_set(const struct json *options, const char *name)
{
	const struct json *value = json_get(options, name);
	return json_bool(value, false) || json_double(value, 0) != 0;
}

static unsigned flags_of(const struct json *element)
{
	const struct json *options = json_get(element, "options");
	return (is_set(options, "loose") ? NPM_LOOSE : 0U) |
	       (is_set(options, "includePrerelease") ? NPM_PRERELEASE : 0U);
}

/* One element of a file; false: not as it says. */
typedef bool check_fn(struct arena *a, const struct json *element);

static bool has(struct arena *a, const struct json *element)
{
	struct npm_range r;
	return npm_range_parse(a, json_get_str(element, "range"), flags_of(element), &r) &&
	       npm_range_has(&r, json_get_str(element, "version"));
}

static bool has_not(struct arena *a, const struct json *element)
{
	return !has(a, element);
}

static bool on_side(struct arena *a, const struct json *element, int side)
{
	struct npm_range r;
	return npm_range_parse(a, json_get_str(element, "range"), flags_of(element), &r) &&
	       npm_range_beyond(&r, json_get_str(element, "version"), side);
}

static bool above(struct arena *a, const struct json *element)
{
	return on_side(a, element, 1);
}

static bool not_above(struct arena *a, const struct json *element)
{
	return !on_side(a, element, 1);
}

static bool below(struct arena *a, const struct json *element)
{
	return on_side(a, element, -1);
}

static bool not_below(struct arena *a, const struct json *element)
{
	return !on_side(a, element, -1);
}

static bool meets(struct arena *a, const struct json *element)
{
	struct npm_range x, y;
	bool want = json_bool(json_get(element, "intersects"), false);
	return npm_range_parse(a, json_get_str(element, "a"), 0, &x) &&
	       npm_range_parse(a, json_get_str(element, "b"), 0, &y) &&
	       npm_range_meets(&x, &y) == want && npm_range_meets(&y, &x) == want;
}

static bool canonical(struct arena *a, const struct json *element)
{
	struct npm_range r;
	bool valid = json_is_string(json_get(element, "canonical"));
	if (!npm_range_parse(a, json_get_str(element, "range"), flags_of(element), &r))
		return !valid;
	struct buf text = { 0 };
	show(&text, &r);
	struct str want = json_get_str(element, "canonical");
	bool ok = valid && str_eq(str_buf(&text), want.n ? want : S("*"));
	if (!ok)
		print_error("got %.*s\n", STR(str_buf(&text)));
	buf_done(&text);
	return ok;
}

static void test_published(void **state)
{
	static const struct {
		const char *file;
		check_fn *check;
		size_t at_least;
	} t[] = {
		{ "range-include", has, 126 },	   { "range-exclude", has_not, 97 },
		{ "range-parse", canonical, 133 }, { "range-intersection", meets, 54 },
		{ "version-gt-range", above, 56 }, { "version-not-gt-range", not_above, 80 },
		{ "version-lt-range", below, 58 }, { "version-not-lt-range", not_below, 83 },
	};
	size_t bad = 0;
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		CLEANUP(cleanup_json) struct json *list = NULL;
		struct buf text = { 0 };
		struct arena a = { 0 };
		struct err e = { 0 };
		size_t n = 0;
		char file[64];
		snprintf(file, sizeof file, "versions/npm/%s.json", t[i].file);
		if (!drive_read("LAZARET_TEST_DATA", file, &text)) {
			skip();
			return;
		}
		assert_int_equal(json_parse(str_buf(&text), &list, &e), 0);
		JSON_EACH(element, list)
		{
			n++;
			if (t[i].check(&a, element))
				continue;
			bad++;
			print_error("%s %zu: '%.*s' '%.*s' '%.*s'\n", t[i].file, n,
				    STR(json_get_str(element, "range")),
				    STR(json_get_str(element, "version")),
				    STR(json_get_str(element, "canonical")));
		}
		assert_true(n >= t[i].at_least);
		arena_done(&a);
		buf_done(&text);
	}
	assert_int_equal(bad, 0);
}

static void test_own(void **state)
{
	static const struct {
		const char *range;
		unsigned flags;
		const char *canonical; /* NULL: no range */
		const char *in, *out; /* a version of it, one that is not; NULL: none */
	} t[] = {
		{ "^1.2.3", 0, ">=1.2.3 <2.0.0-0", "1.99.0", "2.0.0-a" },
		{ "^0.2.3-a", 0, ">=0.2.3-a <0.3.0-0", "0.2.3-b", "0.2.4-b" },
		{ "^0.0.3", NPM_PRERELEASE, ">=0.0.3 <0.0.4-0", "0.0.3", "0.0.4-a" },
		{ "~1.2 || >3", 0, ">=1.2.0 <1.3.0-0||>=4.0.0", "1.2.9", "3.9.9" },
		{ "~> 1", NPM_PRERELEASE, ">=1.0.0-0 <2.0.0-0", "1.0.0-a", "2.0.0-a" },
		{ "1.2 - 2", 0, ">=1.2.0 <3.0.0-0", "2.9.9", "3.0.0" },
		{ "1.2.3 - 2.0.0", NPM_PRERELEASE, ">=1.2.3-0 <2.0.1-0", "2.0.0-a", "2.0.1-a" },
		{ " > 1.2.3  < 1.4.0 ", 0, ">1.2.3 <1.4.0", "1.3.9", "1.2.3" },
		{ "", 0, "*", "0.0.0", "1.0.0-a" },
		{ "|| 1", 0, "*", "5.0.0", NULL },
		{ "<0 || 1.x.x", 0, ">=1.0.0 <2.0.0-0", "1.0.0", "0.0.0" },
		{ ">x", 0, "<0.0.0-0", NULL, "1.0.0" },
		{ "<* || >*", 0, "<0.0.0-0", NULL, "1.0.0" },
		{ ">1 >1 *", 0, ">=2.0.0", "2.0.0", "1.5.0" },
		{ "v1.2.3+b", 0, "1.2.3", "1.2.3+c", "1.2.4" },
		{ "1.2.3b || foo", NPM_LOOSE, "1.2.3-b", "=1.2.3-b", "1.2.3" },
		{ "9007199254740991", 0, NULL, NULL, NULL },
		{ ">=9007199254740991.0.0", 0, ">=9007199254740991.0.0", NULL, "1.0.0" },
		{ "9007199254740992.0.0", 0, NULL, NULL, NULL },
		{ "1.2.3b", 0, NULL, NULL, NULL },
		{ "1.x.3", 0, NULL, NULL, NULL },
		{ "01.2.3", 0, NULL, NULL, NULL },
		{ "1.2.3-01", 0, NULL, NULL, NULL },
		{ "1.2.3.4", 0, NULL, NULL, NULL },
		{ "1.2.3-", 0, NULL, NULL, NULL },
		{ "1.2.3+", 0, NULL, NULL, NULL },
		{ "> =1.0.0", 0, ">=1.0.0", "1.0.0", NULL },
		{ "> = 1.0.0", 0, NULL, NULL, NULL },
		{ "> ", 0, NULL, NULL, NULL },
		{ "1 -2", 0, NULL, NULL, NULL },
		{ "1 - 2 3", 0, NULL, NULL, NULL },
		{ "latest", 0, NULL, NULL, NULL },
		{ "latest", NPM_LOOSE, NULL, NULL, NULL },
		{ "git+https://example.org/x.git", 0, NULL, NULL, NULL },
	};
	struct arena a = { 0 };
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct npm_range r;
		struct buf text = { 0 };
		bool valid = npm_range_parse(&a, str_of(t[i].range), t[i].flags, &r);
		if (valid)
			show(&text, &r);
		if (valid != (t[i].canonical != NULL) ||
		    (valid && strcmp(buf_cstr(&text), t[i].canonical) != 0))
			fail_msg("'%s': %s", t[i].range, valid ? buf_cstr(&text) : "no range");
		if (t[i].in && !npm_range_has(&r, str_of(t[i].in)))
			fail_msg("'%s': %s must be in it", t[i].range, t[i].in);
		if (t[i].out && npm_range_has(&r, str_of(t[i].out)))
			fail_msg("'%s': %s must not be in it", t[i].range, t[i].out);
		buf_done(&text);
	}
	arena_done(&a);
}

static void test_limits(void **state)
{
	struct arena a = { 0 };
	struct buf text = { 0 };
	struct npm_range r;
	(void)state;
	for (size_t i = 0; i < NPM_COMPARATORS_MAX; i++)
		buf_addf(&text, "%s>%zu.0.0", i ? " " : "", i % 10);
	assert_false(str_buf(&text).n > NPM_RANGE_MAX);
	assert_true(npm_range_parse(&a, str_buf(&text), 0, &r));
	assert_int_equal(r.v[0].n, 10);
	buf_addf(&text, " >1.0.0");
	assert_false(npm_range_parse(&a, str_buf(&text), 0, &r));
	buf_done(&text);
	for (size_t i = 0; i <= NPM_RANGE_MAX; i++)
		buf_add_char(&text, ' ');
	assert_false(npm_range_parse(&a, str_buf(&text), 0, &r));
	buf_done(&text);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_published),
	};
	return cmocka_run_group_tests_name("vuln/npm_range", tests, NULL, NULL);
}
