/* Any bytes as a body: what is found in it whole and in pieces, whose lengths the first 8 bytes give, is the same, lies
 * inside it, and is not shown. No word of any rule is lost, neither in it nor in a body of up to a megabyte that grows from
 * it. */
#include "words.h"

#include "analyze/secret_scan.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LENGTHS = 8 };
static const char config[] = "rules:\n"
			     "- id: ends\n"
			     "  regex: 'end[0-9]{2,}$'\n"
			     "- id: words\n"
			     "  regex: '(?P<head>[a-f]{3})-(?P<tail>[0-9]{4,20})'\n"
			     "  secret-group-name: tail\n"
			     "  keywords: [near]\n"
			     "- id: looks\n"
			     "  regex: 'key(?=[0-9])[0-9x]{4,40}'\n";

static void scan(struct secret_scan *s, struct str body, const uint8_t *lengths,
		 struct secret_find **v, size_t *n, const char **cut)
{
	struct err e;
	secret_scan_begin(s, S("app/config.json"), body.n);
	for (size_t i = 0; body.n; i++) {
		size_t k = body.n;
		/* From single bytes to some kilobytes. */
		if (lengths)
			k = MIN(k, (size_t)1 + (size_t)lengths[i % LENGTHS] *
						       (lengths[(i / LENGTHS) % LENGTHS] % 64));
		char *copy = malloc(k);
		if (!copy)
			abort();
		memcpy(copy, body.p, k);
		if (secret_scan_feed(s, (struct str){ copy, k }, &e))
			abort();
		free(copy);
		body = str_from(body, k);
	}
	if (secret_scan_end(s, v, n, cut, &e))
		abort();
}

static bool same(const struct secret_find *x, const struct secret_find *y)
{
	return str_eq(x->rule->id, y->rule->id) && x->at == y->at && x->end == y->end &&
	       x->line == y->line && x->end_line == y->end_line && str_eq(x->text, y->text);
}

static void words(const uint8_t *data, struct str body)
{
	static struct words w;
	struct buf b = { 0 };
	if (!w.engine)
		words_open(&w, config);
	memcpy(&w.random, data, LENGTHS);
	if (!words_same(&w, body, (size_t)1 + data[0]))
		abort();
	/* Most are small, as growing one to a megabyte takes long. */
	buf_add_str(&b, body);
	words_grow(&w, (size_t)1 << (data[1] % 64 ? data[1] % 13 : 20), &b);
	if (!words_same(&w, str_buf(&b), (size_t)1 + data[2] * (size_t)data[3]))
		abort();
	buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct arena kept;
	static struct str prepared;
	struct arena a = { 0 };
	struct secret_scan *s[2];
	struct secret_find *v[2];
	const char *cut[2];
	size_t n[2];
	struct err e;
	if (size < LENGTHS)
		return 0;
	if (!prepared.n && secret_rules_prepare(&kept, str_of(config), S(""), 0, &prepared, &e)) {
		fprintf(stderr, "%s\n", e.text);
		abort();
	}
	struct str body = { (const char *)data + LENGTHS, size - LENGTHS };
	words(data, body);
	for (int i = 0; i < 2; i++) {
		if (secret_scan_open(&a, prepared, &s[i], &e))
			abort();
		scan(s[i], body, i ? data : NULL, &v[i], &n[i], &cut[i]);
	}
	if (!cut[0] && n[0] != n[1])
		abort();
	for (size_t i = 0; i < n[0]; i++) {
		if (v[0][i].at >= v[0][i].end || v[0][i].end > body.n || v[0][i].text.n > 60)
			abort();
		if (!cut[0] && !same(&v[0][i], &v[1][i]))
			abort();
	}
	for (int i = 0; i < 2; i++)
		secret_scan_close(s[i]);
	arena_done(&a);
	return 0;
}
