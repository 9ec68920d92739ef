/* Secrets: every rule has samples; what is found does not depend on the pieces; lines, exceptions, configurations, limits. */
#include "drive.h"
#include "words.h"

#include "analyze/secret.h"
#include "analyze/secret_engine.h"
#include "base/regexp.h"
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

/* No word is lost, in one call of up to a megabyte and in pieces. */
static void test_words(void **state)
{
	static const struct {
		size_t size, piece;
		unsigned times;
	} t[] = { { 40, 20, 400 }, { 5000, 70, 30 }, { 60000, 4096, 3 }, { 1 << 20, 100000, 1 } };
	struct words w;
	(void)state;
	words_open(&w,
		   "rules:\n- {id: x, regex: x, keywords: [Near, '-', 'eleven and more bytes']}\n");
	for (size_t i = 0; i < COUNT(t); i++)
		for (unsigned k = 0; k < t[i].times; k++) {
			struct buf b = { 0 };
			words_grow(&w, t[i].size, &b);
			if (!words_same(&w, str_buf(&b), t[i].piece))
				fail_msg("%zu bytes, time %u", b.n, k);
			buf_done(&b);
		}
	words_close(&w);
}

/* An expression without words, about a body of many blocks: as if it were asked about the body at once. */
static void test_custom(void **state)
{
	static const char text[] = "[a-f]{3}-[0-9]{4,20}";
	static const size_t pieces[] = { 0, 1, 20, 4096, 65536, 100003 };
	enum { BLOCK = 64 * 1024, SIZE = 400000 };
	struct world w;
	struct buf b = { 0 };
	struct regexp *p;
	struct regexp_span all, group, want[SECRET_FINDS_MAX];
	struct secret_find *v;
	struct err e;
	size_t n = 0;
	(void)state;
	open_world(&w, "enable-builtin-rules: [jwt]\nrules:\n- {id: own, regex: "
		       "'[a-f]{3}-[0-9]{4,20}'}\n");
	while (b.n < SIZE)
		expand(&w, S("dea-{20 0-9}{3000 g-z\n}"), &b);
	/* Across where blocks begin and end. */
	for (size_t at = BLOCK; at + 100 < b.n; at += BLOCK)
		memcpy(b.p + at - 3 - at / BLOCK, "abc-12345678", 12);
	assert_int_equal(regexp_open(str_of(text), &p, &e), 0);
	for (size_t from = 0;
	     regexp_find(p, str_buf(&b), from, b.n, S(""), &all, &group) > 0;
	     from = all.end) {
		assert_true(n < COUNT(want));
		want[n++] = all;
	}
	regexp_close(p);
	assert_true(n > SIZE / 4000);
	for (size_t i = 0; i < COUNT(pieces); i++) {
		assert_int_equal(find(&w, "app/x", str_buf(&b), pieces[i], &v), n);
		for (size_t k = 0; k < n; k++) {
			assert_int_equal(v[k].at, want[k].at);
			assert_int_equal(v[k].end, want[k].end);
		}
	}
	buf_done(&b);
	close_world(&w);
}

/* A body of megabytes with finds at many places, whole and in pieces of many lengths. */
static void test_pieces(void **state)
{
	static const size_t pieces[] = { 1, 7, 4096, 4360, 65536, 100003 };
	struct world w;
	struct buf b = { 0 };
	struct secret_find *v;
	(void)state;
	open_world(&w, "rules:\n- id: own\n  regex: 'own-[0-9]{4,40}$'\n");
	for (size_t i = 0; i < 40; i++) {
		expand(&w, S("word: {9 a-z}\ntoken ghp_{36 A-Za-z0-9} x\n"), &b);
		expand(&w, S("db_password='{6 a-z}7{6 A-Z}'\0\0{5000  -~}"), &b);
		expand(&w,
		       i % 2 ? S("{90000 a-z}\n") : S("-----BEGIN EC PRIVATE KEY-----\n{64 A-Z}\n"),
		       &b);
	}
	expand(&w, S("own-{9 0-9}"), &b);
	size_t n = find(&w, "app/x", str_buf(&b), 0, &v);
	if (n < 100)
		fail_msg("%zu", n);
	struct secret_find *want = calloc(n, sizeof *want);
	assert_non_null(want);
	memcpy(want, v, n * sizeof *v);
	assert_string_equal(want[n - 1].rule->id.p, "own");
	for (size_t i = 0; i < COUNT(pieces); i++) {
		assert_int_equal(find(&w, "app/x", str_buf(&b), pieces[i], &v), n);
		for (size_t k = 0; k < n; k++) {
			assert_int_equal(v[k].at, want[k].at);
			assert_int_equal(v[k].end, want[k].end);
			assert_int_equal(v[k].line, want[k].line);
			assert_int_equal(v[k].end_line, want[k].end_line);
			assert_true(str_eq(v[k].rule->id, want[k].rule->id));
			assert_true(str_eq(v[k].text, want[k].text));
		}
	}
	/* Lines as one would count them. */
	for (size_t k = 0; k < n; k++) {
		uint64_t line = 1;
		for (size_t i = 0; i < want[k].at; i++)
			line += b.p[i] == '\n';
		if (!str_eq(want[k].rule->category, S("key")))
			assert_int_equal(want[k].line, line);
	}
	free(want);
	buf_done(&b);
	close_world(&w);
}

static void test_places(void **state)
{
	static const struct {
		const char *path;
		bool known, generic;
	} t[] = {
		{ "app/settings", true, true },
		{ "usr/share/doc/x/README", false, false },
		{ "usr/lib/x/settings", true, false },
		{ "usr/lib/x/tests/settings", false, false },
		{ "app/tests/settings", true, true },
		{ "app/node_modules/x/test/settings", false, false },
		{ "app/node_modules/x/index.js", true, false },
		{ "etc/ssl/private/ssl-cert-snakeoil.key", true, true },
	};
	struct world w, off;
	struct buf pat = { 0 }, password = { 0 };
	(void)state;
	open_world(&w, "");
	open_world(&off, "disable-allow-rules: [documentation, tests, programs]\n");
	expand(&w, S("ghp_{36 A-Za-z0-9}"), &pat);
	expand(&w, S("db_password = '{6 a-z}7{6 A-Z}'"), &password);
	for (size_t i = 0; i < COUNT(t); i++) {
		assert_int_equal(found(&w, t[i].path, str_buf(&pat), S("github-pat")), t[i].known);
		assert_int_equal(found(&w, t[i].path, str_buf(&password), S("generic-password")),
				 t[i].generic);
		assert_true(found(&off, t[i].path, str_buf(&password), S("generic-password")));
	}
	buf_done(&pat);
	buf_done(&password);
	close_world(&w);
	close_world(&off);
}

static void test_config(void **state)
{
	static const struct {
		const char *config, *path, *body, *rule;
		bool found;
	} t[] = {
		{ "rules:\n- {id: x, regex: 'id-[0-9]{6}'}\n", "a", "see id-123456.", "x", true },
		{ "rules:\n- {id: x, regex: 'id-[0-9]{6}', entropy: 20}\n", "a", "id-111111", "x",
		  false },
		{ "rules:\n- {id: x, regex: 'id-[0-9]{6}', keywords: [Near]}\n", "a", "id-123456",
		  "x", false },
		{ "rules:\n- {id: x, regex: 'id-[0-9]{6}', keywords: [far, Near]}\n", "a",
		  "id-123456 nEAR", "x", true },
		{ "rules:\n- {id: x, regex: 'id-[0-9]{6}', path: '[.]env$'}\n", "a.env",
		  "id-123456", "x", true },
		{ "rules:\n- {id: x, regex: 'id-[0-9]{6}', path: '[.]env$'}\n", "a.txt",
		  "id-123456", "x", false },
		{ "rules:\n- {id: x, regex: 'id-[0-9]{6}', allow-rules: [{id: y, regex: 999}]}\n",
		  "a", "id-123999", "x", false },
		{ "rules:\n- {id: x, regex: 'id-[0-9]{6}'}\nallow-rules: [{id: y, path: '^t/'}]\n",
		  "t/a", "id-123456", "x", false },
		{ "rules:\n- {id: x, regex: 'id-[0-9]{6}'}\nexclude-block: {regexes: ['<.*?>']}\n",
		  "a", "< id-123456 > id-1", "x", false },
		{ "rules:\n- {id: x, regex: 'id-[0-9]{6}'}\nexclude-block: {regexes: ['<.*?>']}\n",
		  "a", "< > id-123456 < >", "x", true },
		{ "rules:\n- {id: x, regex: 'key(?=[0-9])[0-9x]{6}'}\n", "a", "key12x456", "x",
		  true },
		{ "rules:\n- {id: x, regex: 'key(?=[0-9])[0-9x]{6}'}\n", "a", "keyx2x456", "x",
		  false },
		{ "rules:\n- {id: x, regex: '^start[0-9]+'}\n", "a", "start12", "x", true },
		{ "rules:\n- {id: x, regex: 'end[0-9]+$'}\n", "a", "the end12", "x", true },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct world w;
		open_world(&w, t[i].config);
		if (found(&w, t[i].path, str_of(t[i].body), str_of(t[i].rule)) != t[i].found)
			fail_msg("%s: %s", t[i].config, t[i].body);
		close_world(&w);
	}
}

/* The rules of Trivy by their names. */
static void test_aliases(void **state)
{
	struct arena a = { 0 };
	struct buf b = { 0 };
	struct secret_rules r;
	struct err e;
	(void)state;
	assert_true(drive_read("LAZARET_TESTS", "data/secret/trivy-rules.yaml", &b));
	if (secret_rules_read(&a, str_buf(&b), &r, &e))
		fail_msg("%s", e.text);
	assert_null(secret_rules_find(&r, S("github-pat")));
	assert_null(secret_rules_find(&r, S("jwt")));
	assert_null(secret_rules_find(&r, S("stripe-test-key")));
	assert_non_null(secret_rules_find(&r, S("vault-service-token")));
	/* Those that should stay stay alone. */
	b.n = 0;
	buf_add_str(&b, S("enable-builtin-rules: [slack-access-token, github-oauth]\n"));
	assert_int_equal(secret_rules_read(&a, str_buf(&b), &r, &e), 0);
	assert_int_equal(r.n, 4);
	b.n = 0;
	buf_add_str(&b, S("enable-builtin-rules: [twitch-api-token]\n"));
	assert_int_equal(secret_rules_read(&a, str_buf(&b), &r, &e), ERR_INVALID);
	buf_done(&b);
	arena_done(&a);
}

static void test_reject(void **state)
{
	static const char *const files[] = {
		"key",	       "no-regex", "no-id",   "paren",	       "empty-match",  "group",
		"severity",    "entropy",  "twice",   "builtin",       "unknown-rule", "allow",
		"allow-regex", "list",	   "exclude", "exclude-regex", "path",	       "utf",
	};
	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		struct arena a = { 0 };
		struct buf b = { 0 };
		struct str out;
		struct err e;
		char name[100];
		snprintf(name, sizeof name, "reject/secret/%s.yaml", files[i]);
		assert_true(drive_read("LAZARET_TESTS", name, &b));
		if (secret_rules_prepare(&a, str_buf(&b), S(""), 0, &out, &e) != ERR_INVALID)
			fail_msg("%s is taken", name);
		assert_true(strlen(e.text) > 10);
		buf_done(&b);
		arena_done(&a);
	}
}

/* What is done about bodies that are made to be slow, or full. */
static void test_hostile(void **state)
{
	static const char *const units[] = {
		"password=",
		"-----BEGIN RSA PRIVATE KEY-----\n",
		"\"kty\":\"RSA\"",
		"eyJaaaaaaaa.",
		"https://a:b",
		"algorithm hmac-sha256;",
		"aws_secret_access_key = ",
		"Private-key-format: v1",
		"token: \"0aA",
		"curl -u ",
		"jdbc:a:b;",
	};
	struct world w;
	struct err e;
	(void)state;
	open_world(&w, "");
	for (size_t i = 0; i < COUNT(units); i++) {
		struct buf b = { 0 };
		struct secret_find *v;
		const char *cut;
		size_t n;
		while (b.n < 100000)
			buf_add_str(&b, str_of(units[i]));
		secret_scan_begin(w.scan, S("app/x"), b.n);
		assert_int_equal(secret_scan_feed(w.scan, str_buf(&b), &e), 0);
		assert_int_equal(secret_scan_end(w.scan, &v, &n, &cut, &e), 0);
		assert_true(n <= SECRET_FINDS_MAX);
		buf_done(&b);
	}
	close_world(&w);
}

static void test_analyzer(void **state)
{
	struct world w;
	struct drive d;
	struct buf b = { 0 };
	(void)state;
	open_world(&w, "");
	const struct analysis_options o = { .scanners = SCAN_SECRETS, .secret_rules = w.prepared };
	drive_init(&d, &analyzer_secret);
	assert_true(drive_wants(&analyzer_secret, "any/thing"));
	/* Without rules nothing is looked for. */
	assert_int_equal(drive_file(&d, "a", S("ghp_"), 0), 0);
	d.an.options = &o;
	d.limits.secrets = 3;
	for (int i = 0; i < 300; i++)
		expand(&w, S("ghp_{36 A-Za-z0-9}\n"), &b);
	assert_int_equal(drive_file(&d, "many", str_buf(&b), 1000), 0);
	assert_int_equal(drive_record(&d, "many")->n_marks, SECRET_FINDS_MAX);
	assert_int_equal(d.record.n_notes, 1);
	assert_int_equal(drive_file(&d, "more", str_buf(&b), 0), 0);
	assert_null(drive_record(&d, "more"));
	assert_int_equal(d.record.n_notes, 2);
	assert_true(d.record.cut);
	drive_finish(&d);
	drive_done(&d);
	buf_done(&b);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),	 cmocka_unit_test(test_words),
		cmocka_unit_test(test_custom),	 cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_places),	 cmocka_unit_test(test_config),
		cmocka_unit_test(test_reject),	 cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_analyzer), cmocka_unit_test(test_aliases),
	};
	return cmocka_run_group_tests_name("analyze/secret", tests, NULL, NULL);
}
