/* Secrets: every rule has samples; what is found does not depend on the pieces; lines, exceptions, configurations, limits. */
#include "drive.h"

#include "analyze/secret.h"
#include "analyze/secret_engine.h"
#include "analyze/secret_pattern.h"
#include "analyze/secret_scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

extern const struct analyzer analyzer_secret;

struct world {
	struct arena arena;
	struct str prepared;
	struct secret_scan *scan;
	uint64_t random;
};

static void open_world(struct world *w, const char *config)
{
	struct err e;
	*w = (struct world){ .random = 1 };
	if (secret_rules_prepare(&w->arena, str_of(config), S(""), 0, &w->prepared, &e) ||
	    secret_scan_open(&w->arena, w->prepared, &w->scan, &e))
		fail_msg("%s", e.text);
}

static void close_world(struct world *w)
{
	secret_scan_close(w->scan);
	arena_done(&w->arena);
}

static unsigned draw(struct world *w, size_t n)
{
	w->random = w->random * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)((w->random >> 33) % n);
}

/* "{N SET}" drawn, escapes undone. */
static void expand(struct world *w, struct str t, struct buf *out)
{
	for (size_t i = 0; i < t.n; i++) {
		char set[256];
		uint64_t n;
		size_t m = 0;
		if (t.p[i] == '\\' && i + 1 < t.n) {
			char c = t.p[++i];
			buf_add_char(out, c == 'n' ? '\n' : c == 't' ? '\t' : c);
			continue;
		}
		if (t.p[i] != '{') {
			buf_add_char(out, t.p[i]);
			continue;
		}
		struct str rest = str_from(t, i + 1);
		struct str number = str_cut(&rest, ' ');
		struct str text = str_cut(&rest, '}');
		assert_true(str_to_u64(number, 100000, &n));
		for (size_t k = 0; k < text.n; k++) {
			if (text.p[k] == '\\' && k + 1 < text.n)
				set[m++] = text.p[++k] == 'n' ? '\n' : text.p[k];
			else if (k + 2 < text.n && text.p[k + 1] == '-' &&
				 text.p[k] < text.p[k + 2]) {
				for (int c = text.p[k]; c <= text.p[k + 2]; c++)
					set[m++] = (char)c;
				k += 2;
			} else
				set[m++] = text.p[k];
		}
		assert_true(m > 0);
		while (n--)
			buf_add_char(out, set[draw(w, m)]);
		i = (size_t)(text.p + text.n - t.p);
	}
}

/* In pieces of at most `piece` bytes, each of its own memory; 0: at once. */
static size_t find(struct world *w, const char *path, struct str body, size_t piece,
		   struct secret_find **out)
{
	struct err e;
	size_t n = 0;
	const char *cut;
	secret_scan_begin(w->scan, str_of(path), body.n);
	while (body.n) {
		size_t k = piece ? MIN(piece, body.n) : body.n;
		char *copy = malloc(k);
		assert_non_null(copy);
		memcpy(copy, body.p, k);
		assert_int_equal(secret_scan_feed(w->scan, (struct str){ copy, k }, &e), 0);
		memset(copy, 0xA5, k);
		free(copy);
		body = str_from(body, k);
	}
	assert_int_equal(secret_scan_end(w->scan, out, &n, &cut, &e), 0);
	if (cut)
		fail_msg("%s: %s", path, cut);
	return n;
}

static bool found(struct world *w, const char *path, struct str body, struct str rule)
{
	struct secret_find *v;
	size_t n = find(w, path, body, 0, &v);
	for (size_t i = 0; i < n; i++) {
		struct str value =
			str_upto(str_from(body, (size_t)v[i].at), (size_t)(v[i].end - v[i].at));
		if (str_find(v[i].text, value) >= 0)
			fail_msg("%.*s is shown: %.*s", STR(value), STR(v[i].text));
	}
	for (size_t i = 0; i < n; i++)
		if (str_eq(v[i].rule->id, rule))
			return true;
	return false;
}

static void test_rules(void **state)
{
	struct world w;
	struct buf text = { 0 };
	struct str rest, line;
	unsigned bad = 0;
	(void)state;
	open_world(&w, "");
	assert_true(drive_read("LAZARET_TESTS", "data/secret/rules.cases", &text));
	const struct secret_rules *rules = secret_scan_rules(w.scan);
	unsigned *seen = calloc(rules->n, sizeof *seen);
	assert_non_null(seen);
	rest = str_buf(&text);
	while (str_line(&rest, &line)) {
		if (line.n < 2 || line.p[0] == '#')
			continue;
		bool plus = line.p[0] == '+';
		struct str body = str_from(line, 2);
		struct str id = str_cut(&body, '|'), path = str_cut(&body, '|');
		const struct secret_rule *r = secret_rules_find(rules, id);
		if (!r)
			fail_msg("no rule %.*s", STR(id));
		struct buf b = { 0 };
		expand(&w, body, &b);
		seen[r - rules->v] |= plus ? 1 : 2;
		if (found(&w, arena_cstr(&w.arena, path), str_buf(&b), id) != plus) {
			fprintf(stderr, "%.*s (%.*s)\n", STR(line), STR(str_buf(&b)));
			bad++;
		}
		buf_done(&b);
	}
	for (size_t i = 0; i < rules->n; i++)
		if (seen[i] != 3) {
			fprintf(stderr, "%.*s: samples are missing\n", STR(rules->v[i].id));
			bad++;
		}
	assert_true(rules->n >= 100);
	assert_int_equal(bad, 0);
	free(seen);
	buf_done(&text);
	close_world(&w);
}
//MORE
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
	};
	return cmocka_run_group_tests_name("analyze/secret", tests, NULL, NULL);
}
