/* Findings, secrets, checks, licences and malware as items. */
#include "report/item.h"

#include "base/map.h"
#include "report/text.h"

#include <stdio.h>

const char *item_kind_name(enum item_kind k)
{
	static const char *const names[] = { "vulnerability", "secret", "check", "license",
					     "malware" };
	return names[k];
}

static const struct {
	double least, usual, most;
} bands[] = {
	[SEVERITY_UNKNOWN] = { 0, 0, 10 },   [SEVERITY_NEGLIGIBLE] = { 0, 0, 0 },
	[SEVERITY_LOW] = { 0.1, 2.0, 3.9 },  [SEVERITY_MEDIUM] = { 4.0, 5.5, 6.9 },
	[SEVERITY_HIGH] = { 7.0, 8.0, 8.9 }, [SEVERITY_CRITICAL] = { 9.0, 9.5, 10 },
};

double item_severity_score(enum severity s)
{
	return bands[s].usual;
}

/* The highest score that does not contradict the severity. */
static double score_of(const struct finding *f)
{
	double best = -1;
	for (size_t i = 0; i < f->n_cvss; i++)
		best = MAX(best, f->cvss[i].score);
	if (best < 0)
		return bands[f->severity].usual;
	return MIN(MAX(best, bands[f->severity].least), bands[f->severity].most);
}

static struct str clean(struct arena *a, struct str s, size_t max)
{
	return text_clean(a, str_trim(s), max);
}

static struct str url_of(struct arena *a, const struct finding *f)
{
	if (str_starts(f->id, S("CVE-")))
		return arena_printf(a, "https://nvd.nist.gov/vuln/detail/%.*s",
				    STR(clean(a, f->id, 60)));
	for (size_t i = 0; i < f->references.n; i++)
		if (text_is_link(f->references.v[i]) && f->references.v[i].n < ITEM_PATH_MAX)
			return f->references.v[i];
	return (struct str){ 0 };
}

static void set_package(struct arena *a, struct item *i, const struct package *p)
{
	i->package = p;
	i->name = clean(a, p->name, ITEM_NAME_MAX);
	i->version = clean(a, p->version, ITEM_NAME_MAX);
	i->type = clean(a, p->type, ITEM_NAME_MAX);
	i->purl = clean(a, p->purl, ITEM_PATH_MAX);
	i->path = clean(a, p->path, ITEM_PATH_MAX);
	if (p->inside.n)
		i->path = clean(a, arena_printf(a, "%.*s!%.*s", STR(p->path), STR(p->inside)),
				ITEM_PATH_MAX);
	i->layer = p->layer < i->report->inventory->n_layers ? (ssize_t)p->layer : -1;
}

static void set_suppressed(struct arena *a, struct item *i, const struct suppression *s)
{
	i->suppressed.by = clean(a, s->by, ITEM_NAME_MAX);
	i->suppressed.reason = clean(a, s->reason, ITEM_TEXT_MAX);
	i->suppressed.source = clean(a, s->source, ITEM_PATH_MAX);
	i->suppressed.status = clean(a, s->status, ITEM_NAME_MAX);
}

static void add_finding(struct arena *a, struct item *i, const struct finding *f)
{
	i->kind = ITEM_VULNERABILITY;
	i->finding = f;
	set_package(a, i, f->package);
	i->id = clean(a, f->id, ITEM_NAME_MAX);
	i->title = clean(a, f->summary, ITEM_TEXT_MAX);
	if (!i->title.n)
		i->title = arena_printf(a, "%.*s in %.*s", STR(i->id), STR(i->name));
	i->severity = f->severity;
	i->score = score_of(f);
	i->fixed = clean(a, f->fixed, ITEM_NAME_MAX);
	i->url = url_of(a, f);
	i->message = arena_printf(a, "%.*s %.*s: %.*s (%s, %s)", STR(i->name), STR(i->version),
				  STR(i->id), severity_name(f->severity), status_name(f->status));
	if (i->fixed.n)
		i->fix = arena_printf(a, "Update %.*s to %.*s.", STR(i->name), STR(i->fixed));
	set_suppressed(a, i, &f->suppressed);
}

static void add_secret(struct arena *a, struct item *i, const struct secret_finding *f)
{
	const struct secret *s = f->secret;
	bool file = str_eq(s->where, S("file"));
	i->kind = ITEM_SECRET;
	i->id = clean(a, s->rule, ITEM_NAME_MAX);
	i->title = clean(a, s->title.n ? s->title : s->rule, ITEM_TEXT_MAX);
	severity_parse(s->severity, &i->severity);
	i->layer = s->layer;
	i->line = s->line;
	i->end_line = s->end_line;
	if (file)
		i->path = clean(a, s->path, ITEM_PATH_MAX);
	i->message = arena_printf(
		a, "%.*s in %.*s %.*s%s: %.*s", STR(i->title),
		STR(clean(a, s->where, ITEM_NAME_MAX)), STR(clean(a, s->path, ITEM_PATH_MAX)),
		s->deleted ? " (deleted by a later layer, still in the image)" : "",
		STR(clean(a, s->match, ITEM_NAME_MAX)));
	i->fix = S("Revoke it, then build the image without it.");
	set_suppressed(a, i, &f->suppressed);
}

static void add_check(struct arena *a, struct item *i, const struct config_finding *c)
{
	i->kind = ITEM_CHECK;
	i->id = str_of(c->check->id);
	i->title = str_of(c->check->title);
	severity_parse(str_of(c->check->severity), &i->severity);
	i->message = clean(a, c->message.n ? c->message : i->title, ITEM_TEXT_MAX);
	i->why = str_of(c->check->why);
	i->fix = str_of(c->check->fix);
	i->url = str_of(c->check->url);
	i->path = clean(a, c->path, ITEM_PATH_MAX);
	i->line = c->line;
	i->layer = c->layer;
	const struct suppression s = {
		c->suppressed.by, c->suppressed.reason, c->suppressed.source, { 0 }
	};
	set_suppressed(a, i, &s);
}

static void add_licence(struct arena *a, struct item *i, const struct licence_finding *f)
{
	i->kind = ITEM_LICENCE;
	if (f->package)
		set_package(a, i, f->package);
	if (f->path.n)
		i->path = clean(a, f->path, ITEM_PATH_MAX);
	i->id = clean(a, f->expression, ITEM_NAME_MAX);
	struct str category = clean(a, f->category, ITEM_NAME_MAX);
	i->title = arena_printf(a, "Licence %.*s (%.*s)", STR(i->id), STR(category));
	i->severity = f->severity;
	i->layer = f->layer < i->report->inventory->n_layers ? (ssize_t)f->layer : -1;
	struct str what = i->name.n ? i->name : i->path;
	i->message = arena_printf(a, "%.*s is under %.*s, a %.*s licence", STR(what), STR(i->id),
				  STR(category));
	set_suppressed(a, i, &f->suppressed);
}

static void add_malware(struct arena *a, struct item *i, const struct malware_finding *f)
{
	const struct malware *m = f->malware;
	i->kind = ITEM_MALWARE;
	i->id = clean(a, m->rule, ITEM_NAME_MAX);
	i->title = clean(a, m->description.n ? m->description : m->rule, ITEM_TEXT_MAX);
	i->severity = SEVERITY_CRITICAL;
	i->path = clean(a, m->path, ITEM_PATH_MAX);
	i->layer = m->layer < i->report->inventory->n_layers ? (ssize_t)m->layer : -1;
	i->message = arena_printf(
		a, "%.*s%s matches the rule %.*s", STR(i->path),
		m->deleted ? " (deleted by a later layer, still in the image)" : "", STR(i->id));
	set_suppressed(a, i, &f->suppressed);
}

static int compare(const void *x, const void *y)
{
	const struct item *a = x, *b = y;
	if (a->severity != b->severity)
		return a->severity > b->severity ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	const struct str *const keys[][2] = {
		{ &a->id, &b->id },	      { &a->type, &b->type }, { &a->name, &b->name },
		{ &a->version, &b->version }, { &a->path, &b->path }, { &a->message, &b->message },
		{ &a->purl, &b->purl },
	};
	for (size_t i = 0; i < COUNT(keys); i++) {
		int c = str_cmp(*keys[i][0], *keys[i][1]);
		if (c)
			return c;
	}
	if (a->layer != b->layer)
		return a->layer < b->layer ? -1 : 1;
	return a->line < b->line ? -1 : a->line > b->line;
}

static struct str hash(struct arena *a, const struct buf *key)
{
	struct digest d;
	char text[DIGEST_TEXT];
	digest_of(DIGEST_SHA256, str_buf(key), &d);
	return arena_str(a, str_from(str_of(digest_text(&d, text)), sizeof "sha256:" - 1));
}

static void add_part(struct buf *key, struct str s)
{
	buf_add_str(key, s);
	buf_add_char(key, '\0');
}

/* How often a key has been seen before. */
static size_t count_of(struct arena *a, struct map *seen, struct str key)
{
	void **slot = map_at(seen, key);
	if (!*slot)
		*slot = arena_zalloc(a, sizeof(size_t));
	return (*(size_t *)*slot)++;
}

/* What names the item without its version; more is added only where two would be the same. */
static void set_fingerprint(struct arena *a, struct map *seen, struct item *i)
{
	struct buf key CLEANUP(buf_done) = { 0 };
	add_part(&key, str_of(item_kind_name(i->kind)));
	add_part(&key, i->id);
	add_part(&key, i->type);
	add_part(&key, i->package ? i->package->name : i->name);
	add_part(&key, i->path);
	if (i->kind == ITEM_SECRET || i->kind == ITEM_CHECK)
		add_part(&key, i->message);
	i->fingerprint = hash(a, &key);
	if (count_of(a, seen, i->fingerprint) == 0)
		return;
	add_part(&key, i->version);
	add_part(&key, i->purl);
	add_part(&key, i->report->inventory->target);
	add_part(&key, i->report->inventory->platform.arch);
	buf_addf(&key, "%llu", (unsigned long long)i->line);
	i->fingerprint = hash(a, &key);
	size_t before = count_of(a, seen, i->fingerprint);
	if (before == 0)
		return;
	buf_addf(&key, " %zu", before);
	i->fingerprint = hash(a, &key);
}

static struct item *add(struct arena *a, struct items *out, const struct report *r)
{
	struct item *i = ARENA_PUSH(a, out->v, out->n, out->cap);
	*i = (struct item){ .report = r, .layer = -1 };
	return i;
}

static void collect_one(struct arena *a, const struct report *r, bool all, struct items *out)
{
	size_t first = out->n;
	for (size_t i = 0; i < r->n_findings; i++)
		if (all || !r->findings[i].suppressed.by.n)
			add_finding(a, add(a, out, r), &r->findings[i]);
	for (size_t i = 0; i < r->n_secrets; i++)
		if (all || !r->secrets[i].suppressed.by.n)
			add_secret(a, add(a, out, r), &r->secrets[i]);
	for (size_t i = 0; i < r->n_checks; i++)
		if (all || !r->checks[i].suppressed.by.n)
			add_check(a, add(a, out, r), &r->checks[i]);
	for (size_t i = 0; i < r->n_licences; i++)
		if (all || !r->licences[i].suppressed.by.n)
			add_licence(a, add(a, out, r), &r->licences[i]);
	for (size_t i = 0; i < r->n_malware; i++)
		if (all || !r->malware[i].suppressed.by.n)
			add_malware(a, add(a, out, r), &r->malware[i]);
	for (size_t i = first; i < out->n; i++)
		if (out->v[i].kind != ITEM_VULNERABILITY)
			out->v[i].score = item_severity_score(out->v[i].severity);
	if (out->n > first)
		qsort(out->v + first, out->n - first, sizeof *out->v, compare);
}

void items_collect(struct arena *a, const struct report *reports, size_t n, bool suppressed,
		   struct items *out)
{
	struct map seen;
	*out = (struct items){ 0 };
	map_init(&seen, a);
	for (size_t i = 0; i < n; i++)
		collect_one(a, &reports[i], suppressed, out);
	for (size_t i = 0; i < out->n; i++)
		set_fingerprint(a, &seen, &out->v[i]);
}

bool item_in_base(const struct item *i)
{
	return i->layer >= 0 && (size_t)i->layer < i->report->inventory->base.layers;
}

struct str item_layer_text(struct arena *a, const struct item *i)
{
	const struct inventory *inv = i->report->inventory;
	char text[DIGEST_TEXT];
	if (i->layer < 0 || (size_t)i->layer >= inv->n_layers ||
	    inv->layers[i->layer].digest.alg == DIGEST_NONE)
		return (struct str){ 0 };
	return arena_printf(a, "#%zd %s", i->layer,
			    digest_text(&inv->layers[i->layer].digest, text));
}
