/* The image checks: dockle's published configurations, our own configurations with what they must and must not give, the
 * forms of history lines. */
#include "drive.h"

#include "iac/image.h"
#include "iac/image_history.h"

#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

enum { NOW = 1700000000 };

struct judged {
	struct arena a;
	struct image image;
	struct inventory inv;
	struct config_finding *v;
	size_t n;
};

static void judge(struct judged *j, struct str config)
{
	struct err e = { 0 };
	struct image_check_options o = { .now = NOW };
	*j = (struct judged){ 0 };
	if (image_config_parse(&j->a, config, &j->image.cfg, &e))
		fail_msg("%s", e.text);
	j->inv = (struct inventory){ .arena = &j->a, .image = &j->image };
	image_check(&j->inv, &o, &j->a, &j->v, &j->n);
}

static size_t count(const struct judged *j, struct str id)
{
	size_t n = 0;
	for (size_t i = 0; i < j->n; i++) {
		const struct config_check *c = j->v[i].check;
		bool hit = str_eq(id, str_of(c->id));
		for (size_t k = 0; c->others[k]; k++)
			hit |= str_eq(id, str_of(c->others[k]));
		n += hit;
	}
	return n;
}

static size_t count_rule(const struct json *rules, struct str id)
{
	size_t n = 0;
	JSON_EACH(rule, rules)
	n += str_eq(json_str(rule), id);
	return n;
}

/* Those of dockle's rules that are about the configuration, each as often as dockle says, and no other. */
static void test_dockle(void **state)
{
	static const char *const ids[] = { "CIS-DI-0001", "CIS-DI-0006", "CIS-DI-0007",
					   "CIS-DI-0008", "CIS-DI-0009", "CIS-DI-0010",
					   "DKL-DI-0001", "DKL-DI-0002", "DKL-DI-0003",
					   "DKL-DI-0004", "DKL-DI-0005", "DKL-DI-0006",
					   "DKL-LI-0001", "DKL-LI-0002", "DKL-LI-0003" };
	struct buf text = { 0 };
	struct json *expected;
	struct err e;
	size_t files = 0;
	(void)state;
	if (!drive_read("LAZARET_TEST_DATA", "iac/dockle/expected.json", &text))
		skip();
	assert_int_equal(json_parse(str_buf(&text), &expected, &e), 0);
	JSON_EACH(x, expected)
	{
		char name[200];
		struct buf config = { 0 };
		struct judged j;
		snprintf(name, sizeof name, "iac/dockle/%.*s", STR(json_get_str(x, "file")));
		assert_true(drive_read("LAZARET_TEST_DATA", name, &config));
		judge(&j, str_buf(&config));
		for (size_t i = 0; i < COUNT(ids); i++) {
			size_t want = count_rule(json_get(x, "rules"), str_of(ids[i]));
			size_t have = count(&j, str_of(ids[i]));
			if (want != have)
				fail_msg("%s: %s %zu times, not %zu", name, ids[i], have, want);
		}
		arena_done(&j.a);
		buf_done(&config);
		files++;
	}
	assert_int_equal(files, 5);
	json_free(expected);
	buf_done(&text);
}

/* A history line, or a "config" member when it begins with a quote: the ids it must give, "-" before one that it must
 * not. */
static void test_cases(void **state)
{
	struct buf text = { 0 };
	struct str line, rest;
	size_t n = 0;
	(void)state;
	assert_true(drive_read("LAZARET_TESTS", "data/iac/image.cases", &text));
	rest = str_buf(&text);
	while (str_line(&rest, &line)) {
		ssize_t at = str_find(line, S(" => "));
		if (line.n == 0 || line.p[0] == '#')
			continue;
		assert_true(at > 0);
		struct str what = str_upto(line, (size_t)at), ids = str_from(line, (size_t)at + 4),
			   id;
		struct buf config = { 0 };
		struct json_out o;
		struct judged j;
		buf_add_str(&config, S("{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{"
				       "\"type\":\"layers\",\"diff_ids\":[]},\"config\":{"));
		if (what.p[0] == '"')
			buf_add_str(&config, what);
		buf_add_str(&config, S("},\"history\":[{\"created_by\":\"ADD x.tar / # buildkit\"},"
				       "{\"created_by\":"));
		json_out_init(&o, &config, 0);
		json_put_str(&o, what.p[0] == '"' ? S("") : what);
		buf_add_str(&config, S("}]}"));
		judge(&j, str_buf(&config));
		while (str_word(&ids, &id)) {
			bool absent = id.p[0] == '-';
			id = str_from(id, absent);
			if ((count(&j, id) == 0) != absent)
				fail_msg("%.*s: %.*s %s", STR(what), STR(id),
					 absent ? "must not be there" : "is missing");
		}
		arena_done(&j.a);
		buf_done(&config);
		n++;
	}
	assert_true(n > 80);
	buf_done(&text);
}

static void test_history(void **state)
{
	static const struct {
		const char *line, *keyword, *args, *program;
		size_t commands, build_args;
	} t[] = {
		{ "/bin/sh -c #(nop)  CMD [\"sh\"]", "CMD", "[\"sh\"]", NULL, 0, 0 },
		{ "/bin/sh -c #(nop) ADD file:12 in / ", "ADD", "file:12 in /", NULL, 0, 0 },
		{ "/bin/bash -o pipefail -c #(nop)  USER a", "USER", "a", NULL, 0, 0 },
		{ "/bin/sh -c apt-get update", "RUN", "apt-get update", "apt-get", 1, 0 },
		{ "|2 A=1 B=x y /bin/sh -c a && b", "RUN", "a && b", "a", 2, 2 },
		{ "RUN |1 A=1 /bin/sh -c a; b | c # buildkit", "RUN", "a; b | c", "a", 3, 1 },
		{ "RUN /bin/sh -c a # buildkit", "RUN", "a", "a", 1, 0 },
		{ "RUN apt-get update", "RUN", "apt-get update", "apt-get", 1, 0 },
		{ "RUN /bin/bash -eo pipefail -c a | b # buildkit", "RUN", "a | b", "a", 2, 0 },
		{ "COPY a b # buildkit", "COPY", "a b", NULL, 0, 0 },
		{ "run /bin/sh -c a", "RUN", "a", "a", 1, 0 },
		{ "bazel build ...", "", "bazel build ...", NULL, 0, 0 },
		{ "", "", "", NULL, 0, 0 },
		{ "/bin/sh -c if [ -f x ]; then FOO=1 'a' \"b;c\"; fi", "RUN",
		  "if [ -f x ]; then FOO=1 'a' \"b;c\"; fi", "[", 3, 0 },
		{ "/bin/sh -c set -eux; \ta 2>&1 &&  \tb", "RUN", "set -eux; \ta 2>&1 &&  \tb",
		  "set", 3, 0 },
		{ "/bin/sh -c a \"open", "RUN", "a \"open", "a", 1, 0 },
		{ "|99999999 /bin/sh -c a", "", "|99999999 /bin/sh -c a", NULL, 0, 0 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct arena a = { 0 };
		struct history h = { .created_by = str_of(t[i].line) };
		struct image_config c = { .history = &h, .n_history = 1 };
		struct image_history out;
		image_history_read(&a, &c, &out);
		const struct history_step *s = &out.steps[0];
		if (!str_eq(s->keyword, str_of(t[i].keyword)) ||
		    !str_eq(s->args, str_of(t[i].args)) || s->n_commands != t[i].commands ||
		    s->build_args.n != t[i].build_args)
			fail_msg("'%s': '%.*s' '%.*s', %zu commands, %zu arguments", t[i].line,
				 STR(s->keyword), STR(s->args), s->n_commands, s->build_args.n);
		if (t[i].program)
			assert_true(str_eq(s->commands[0].words.v[0], str_of(t[i].program)));
		arena_done(&a);
	}
}

/* Accounts, modes and leftovers, and no image at all. */
static void test_files(void **state)
{
	struct attr wrong[] = { { S("empty-password"), S("root") },
				{ S("duplicate-id"), S("0 (a, b)") } };
	struct attr cache = { S("cache"), S("apt's lists") };
	struct fact_file facts[] = {
		{ .path = S("etc/shadow"),
		  .analyzer = S("accounts"),
		  .attrs = wrong,
		  .n_attrs = 2 },
		{ .path = S("var/lib/apt/lists/a"),
		  .analyzer = S("leftovers"),
		  .size = 3,
		  .attrs = &cache,
		  .n_attrs = 1 },
		{ .path = S("var/lib/apt/lists/b"),
		  .analyzer = S("leftovers"),
		  .size = 4,
		  .attrs = &cache,
		  .n_attrs = 1 },
		{ .path = S("var/lib/apt/lists/c"),
		  .analyzer = S("leftovers"),
		  .size = 5,
		  .layer = 1,
		  .attrs = &cache,
		  .n_attrs = 1 },
	};
	struct file_mode modes[] = {
		{ .path = S("bin/su"), .mode = 04755 },
		{ .path = S("tmp"), .mode = 01777, .is_dir = true },
		{ .path = S("open"), .mode = 0777, .is_dir = true, .layer = 1 },
	};
	struct arena a = { 0 };
	struct inventory inv = { .arena = &a,
				 .facts = facts,
				 .n_facts = COUNT(facts),
				 .modes = modes,
				 .n_modes = COUNT(modes) };
	struct image_check_options o = { .now = NOW };
	struct judged j = { .inv = inv };
	(void)state;
	image_check(&inv, &o, &a, &j.v, &j.n);
	assert_int_equal(j.n, 6);
	assert_int_equal(count(&j, S("CIS-DI-0008")), 1);
	assert_int_equal(count(&j, S("LZ-IMG-003")), 1);
	assert_int_equal(count(&j, S("DKL-LI-0001")), 1);
	assert_int_equal(count(&j, S("DKL-LI-0002")), 1);
	assert_int_equal(count(&j, S("LZ-IMG-013")), 2);
	for (size_t i = 0; i < j.n; i++)
		if (!strcmp(j.v[i].check->id, "LZ-IMG-013") && j.v[i].layer == 0)
			assert_true(str_eq(j.v[i].message, S("apt's lists: 2 files, 7 bytes")));
	arena_done(&a);
}

/* What it is called, what it stands on, how old it is. */
static void test_names(void **state)
{
	static const struct {
		const char *target, *reference, *base, *created, *want[3];
		bool trust;
	} t[] = {
		{ "alpine",
		  "docker.io/library/alpine@sha256:aa",
		  "",
		  "",
		  { "LZ-IMG-022", "LZ-IMG-024" },
		  false },
		{ "alpine", "docker.io/library/alpine@sha256:aa", "", "", { "LZ-IMG-022" }, true },
		{ "h:5000/a", "h:5000/a@sha256:aa", "", "", { "LZ-IMG-022", "LZ-IMG-024" }, false },
		{ "alpine:3.19",
		  "docker.io/library/alpine@sha256:aa",
		  "",
		  "",
		  { "LZ-IMG-024" },
		  false },
		{ "alpine@sha256:aa",
		  "docker.io/library/alpine@sha256:aa",
		  "",
		  "",
		  { NULL },
		  false },
		{ "oci:image", "sha256:aa", "", "", { NULL }, false },
		{ "oci:image",
		  "sha256:aa",
		  "debian:latest",
		  "",
		  { "LZ-IMG-023", "DKL-DI-0006" },
		  false },
		{ "oci:image", "sha256:aa", "debian", "", { "LZ-IMG-023" }, false },
		{ "oci:image", "sha256:aa", "debian:12", "", { NULL }, false },
		{ "oci:image", "sha256:aa", "scratch", "", { NULL }, false },
		{ "oci:image", "sha256:aa", "", "2020-01-01T00:00:00Z", { "LZ-IMG-029" }, false },
		{ "oci:image", "sha256:aa", "", "2023-11-01T00:00:00Z", { NULL }, false },
		{ "oci:image", "sha256:aa", "", "1980-01-01T00:00:01Z", { NULL }, false },
		{ "oci:image", "sha256:aa", "", "2199-01-01T00:00:00Z", { NULL }, false },
	};
	static const char *const all[] = { "LZ-IMG-022", "LZ-IMG-023", "LZ-IMG-024", "LZ-IMG-029",
					   "DKL-DI-0006" };
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct arena a = { 0 };
		struct image image = { .cfg = { .created = str_of(t[i].created), .raw = S("{}") } };
		struct judged j = { .n = 0 };
		struct image_check_options o = { .now = NOW, .content_trust = t[i].trust };
		struct inventory inv = { .arena = &a,
					 .image = &image,
					 .target = str_of(t[i].target),
					 .reference = str_of(t[i].reference),
					 .base = { .name = str_of(t[i].base) } };
		image_check(&inv, &o, &a, &j.v, &j.n);
		for (size_t k = 0; k < COUNT(t[i].want) && t[i].want[k]; k++)
			if (!count(&j, str_of(t[i].want[k])))
				fail_msg("case %zu: no %s", i, t[i].want[k]);
		size_t n = 0;
		for (size_t k = 0; k < 4; k++)
			n += count(&j, str_of(all[k]));
		size_t want = 0;
		while (want < COUNT(t[i].want) && t[i].want[want])
			want += 1;
		want -= want && !strcmp(t[i].want[want - 1], "DKL-DI-0006");
		if (n != want)
			fail_msg("case %zu: %zu checks failed, not %zu", i, n, want);
		arena_done(&a);
	}
}

/* Instructions that count once, in the image's own part only. */
static void test_several(void **state)
{
	struct history h[] = {
		{ .created_by = S("ADD a /") },
		{ .created_by = S("CMD a"), .empty_layer = true },
		{ .created_by = S("CMD b"), .empty_layer = true },
		{ .created_by = S("COPY a b") },
		{ .created_by = S("CMD c"), .empty_layer = true },
		{ .created_by = S("CMD d"), .empty_layer = true },
	};
	struct arena a = { 0 };
	struct image image = { .cfg = { .history = h, .n_history = COUNT(h), .raw = S("{}") } };
	struct inventory inv = { .arena = &a, .image = &image };
	struct image_check_options o = { .now = NOW };
	struct judged j = { .n = 0 };
	(void)state;
	image_check(&inv, &o, &a, &j.v, &j.n);
	assert_int_equal(count(&j, S("DS-0016")), 0);
	inv.base.layers = 1;
	image_check(&inv, &o, &a, &j.v, &j.n);
	assert_int_equal(count(&j, S("DS-0016")), 1);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dockle),	cmocka_unit_test(test_cases),
		cmocka_unit_test(test_history), cmocka_unit_test(test_files),
		cmocka_unit_test(test_names),	cmocka_unit_test(test_several),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
