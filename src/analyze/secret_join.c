/* Secrets of an image: marks of all records, and the configuration (OCI image specification, config.md), searched here and
 * in process: it is one bounded JSON document. A hostile one may repeat secrets or hold thousands of lines: each text is cut
 * at CONFIG_TEXT_MAX and the finds of all are limited. */
#include "analyze/secret.h"

#include "analyze/marks.h"
#include "analyze/secret_scan.h"
#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>

enum { CONFIG_TEXT_MAX = 256 * 1024, CONFIG_FINDS_MAX = 1000 };

static void describe(struct secret *s, const struct secret_rule *r)
{
	if (!r)
		return;
	s->title = r->title;
	s->category = r->category;
	s->severity = r->severity;
}

struct files {
	struct inventory *inv;
	const struct secret_rules *rules;
};

static void add_file(void *ctx, const struct mark_place *m)
{
	struct files *f = ctx;
	struct inventory *inv = f->inv;
	struct secret *s = ARENA_PUSH(inv->arena, inv->secrets, inv->n_secrets, inv->secrets_cap);
	*s = (struct secret){ .rule = m->mark->rule,
			      .where = S("file"),
			      .path = m->path,
			      .match = m->mark->text,
			      .line = m->mark->line,
			      .end_line = m->mark->end_line,
			      .layer = (ssize_t)m->layer,
			      .deleted = m->deleted };
	describe(s, secret_rules_find(f->rules, m->mark->rule));
}

/* The configuration */

struct config {
	struct inventory *inv;
	struct secret_scan *scan;
	size_t found;
	bool cut;
	const struct secret_find *finds; /* of the last text */
	size_t n_finds;
};

static int search(struct config *c, const char *where, struct str name, struct str text,
		  struct err *e)
{
	struct secret_find *v;
	size_t n;
	const char *cut;
	c->finds = NULL;
	c->n_finds = 0;
	c->cut |= text.n > CONFIG_TEXT_MAX;
	text = str_upto(text, CONFIG_TEXT_MAX);
	secret_scan_begin(c->scan, S(""), text.n);
	if (secret_scan_feed(c->scan, text, e) || secret_scan_end(c->scan, &v, &n, &cut, e))
		return e->code;
	c->cut |= cut != NULL;
	c->finds = v;
	c->n_finds = n;
	for (size_t i = 0; i < n; i++) {
		struct inventory *inv = c->inv;
		if (c->found++ >= CONFIG_FINDS_MAX) {
			c->cut = true;
			return 0;
		}
		struct secret *s =
			ARENA_PUSH(inv->arena, inv->secrets, inv->n_secrets, inv->secrets_cap);
		*s = (struct secret){ .rule = v[i].rule->id,
				      .where = str_of(where),
				      .path = arena_str(inv->arena, name),
				      .match = v[i].text,
				      .layer = -1 };
		describe(s, v[i].rule);
	}
	return 0;
}

static int search_env(struct config *c, const struct json *env, struct err *e)
{
	JSON_EACH(x, env)
	{
		struct str text = json_str(x), name = text;
		name = str_cut(&name, '=');
		if (search(c, "env", str_upto(name, 200), text, e))
			return e->code;
	}
	return 0;
}

static int search_labels(struct config *c, const struct json *labels, struct err *e)
{
	JSON_EACH(x, labels)
	{
		struct buf b = { 0 };
		buf_add_str(&b, json_key(x));
		buf_add_char(&b, '=');
		buf_add_str(&b, json_str(x));
		int r = search(c, "label", str_upto(json_key(x), 200), str_buf(&b), e);
		buf_done(&b);
		if (r)
			return r;
	}
	return 0;
}

/* Arguments as one line: `--password X` is only seen together. */
static int search_words(struct config *c, const char *name, const struct json *list, struct err *e)
{
	struct buf b = { 0 };
	JSON_EACH(x, list)
	{
		if (b.n)
			buf_add_char(&b, ' ');
		buf_add_str(&b, json_str(x));
	}
	int r = b.n ? search(c, "argument", str_of(name), str_buf(&b), e) : 0;
	buf_done(&b);
	return r;
}

/* The text with stars in place of what was found in it: reports print it as what made a layer. */
static struct str masked(const struct config *c, struct str text)
{
	struct buf b = { 0 };
	size_t at = 0;
	for (size_t i = 0; i < c->n_finds; i++) {
		size_t from = (size_t)MIN(c->finds[i].at, (uint64_t)text.n);
		size_t to = (size_t)MIN(c->finds[i].end, (uint64_t)text.n);
		if (from > at)
			buf_add(&b, text.p + at, from - at);
		if (to > at)
			buf_add_str(&b, S("*****"));
		at = MAX(at, to);
	}
	buf_add_str(&b, str_from(text, at));
	struct str s = arena_str(c->inv->arena, str_buf(&b));
	buf_done(&b);
	return s;
}

static int search_history(struct config *c, const struct image_config *cfg, struct err *e)
{
	for (size_t i = 0, layer = 0; i < cfg->n_history; i++) {
		char step[24];
		struct buf b = { 0 };
		snprintf(step, sizeof step, "%zu", i + 1);
		buf_add_str(&b, cfg->history[i].created_by);
		buf_add_char(&b, '\n');
		buf_add_str(&b, cfg->history[i].comment);
		int r = search(c, "history", str_of(step), str_buf(&b), e);
		buf_done(&b);
		if (r)
			return r;
		if (cfg->history[i].empty_layer)
			continue;
		if (c->n_finds && layer < c->inv->n_layers)
			c->inv->layers[layer].created_by = masked(c, cfg->history[i].created_by);
		layer++;
	}
	return 0;
}

static int search_config(struct config *c, const struct image_config *cfg, struct err *e)
{
	struct json *j CLEANUP(cleanup_json) = NULL;
	if (json_parse(cfg->raw, &j, e))
		return e->code;
	const struct json *x = json_get(j, "config");
	if (search_env(c, json_get(x, "Env"), e) || search_labels(c, json_get(x, "Labels"), e) ||
	    search_words(c, "Entrypoint", json_get(x, "Entrypoint"), e) ||
	    search_words(c, "Cmd", json_get(x, "Cmd"), e) ||
	    search_words(c, "Shell", json_get(x, "Shell"), e) ||
	    search_words(c, "OnBuild", json_get(x, "OnBuild"), e) ||
	    search_words(c, "Healthcheck", json_get(json_get(x, "Healthcheck"), "Test"), e))
		return e->code;
	return search_history(c, cfg, e);
}

static int compare(const void *a, const void *b)
{
	const struct secret *x = a, *y = b;
	int r;
	if (x->layer != y->layer)
		return x->layer < y->layer ? -1 : 1;
	if ((r = str_cmp(x->where, y->where)) || (r = str_cmp(x->path, y->path)))
		return r;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if ((r = str_cmp(x->rule, y->rule)))
		return r;
	return str_cmp(x->match, y->match);
}

int secrets_collect(const struct fold *f, struct str prepared, struct inventory *inv, struct err *e)
{
	struct secret_scan *s;
	if (secret_scan_open(inv->arena, prepared, &s, e))
		return e->code;
	struct config c = { .inv = inv, .scan = s };
	struct files files = { inv, secret_scan_rules(s) };
	marks_each(f, "secret", add_file, &files);
	int r = inv->image && inv->image->cfg.raw.n ? search_config(&c, &inv->image->cfg, e) : 0;
	if (c.cut)
		inventory_note(inv, -1, S(""),
			       "the image's configuration was not searched for secrets wholly: too "
			       "long, or too many");
	secret_scan_close(s);
	if (inv->n_secrets)
		qsort(inv->secrets, inv->n_secrets, sizeof *inv->secrets, compare);
	return r;
}
