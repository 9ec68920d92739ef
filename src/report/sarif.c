/* SARIF 2.1.0 (OASIS, errata 01), as code scanning services read it: one run a target, a rule for each vulnerability,
 * secret rule, check and licence, a result for each of their finds. What GitHub documents as limits is kept: 20 runs
 * a file (the last one takes what is left), 25,000 results a run (the most severe), 20 tags a rule, texts of 1,024
 * characters. What was not examined is a notification. */
#include "base/json.h"
#include "base/map.h"
#include "base/time.h"
#include "report/format.h"
#include "report/item.h"
#include "report/text.h"

#include <stdio.h>

enum { RUNS_MAX = 20, RESULTS_MAX = 25000, NOTES_MAX = 1000 };

struct rule {
	const struct item *item; /* the most severe of its finds */
	double score;
	size_t index;
};
struct run {
	const struct report *reports;
	size_t n;
	struct arena *arena;
	struct items items;
	size_t shown;
	struct rule *rules;
	size_t n_rules, rules_cap;
	struct map index; /* rule id -> place in `rules`, plus one */
};

static const struct {
	const char *name, *tag;
} kinds[] = {
	[ITEM_VULNERABILITY] = { "Vulnerability", "vulnerability" },
	[ITEM_SECRET] = { "Secret", "secret" },
	[ITEM_CHECK] = { "Misconfiguration", "misconfiguration" },
	[ITEM_LICENCE] = { "License", "license" },
	[ITEM_MALWARE] = { "Malware", "malware" },
};

static const char *level_of(enum severity s)
{
	return s >= SEVERITY_HIGH ? "error" : s == SEVERITY_MEDIUM ? "warning" : "note";
}

/* Items come by severity, so the first of an id is the most severe. Kinds may share an id. */
static struct str rule_key(struct arena *a, const struct item *i)
{
	if (i->kind == ITEM_VULNERABILITY || i->kind == ITEM_CHECK)
		return i->id;
	return arena_printf(a, "%s:%.*s", kinds[i->kind].tag, STR(i->id));
}

static size_t rule_of(struct run *run, const struct item *i)
{
	void **slot = map_at(&run->index, rule_key(run->arena, i));
	if (!*slot) {
		struct rule *r = ARENA_PUSH(run->arena, run->rules, run->n_rules, run->rules_cap);
		*r = (struct rule){ .item = i, .index = run->n_rules - 1, .score = i->score };
		*slot = (void *)(uintptr_t)run->n_rules;
	}
	size_t index = (size_t)(uintptr_t)*slot - 1;
	run->rules[index].score = MAX(run->rules[index].score, i->score);
	return index;
}

static void put_text(struct json_out *o, const char *key, struct str text)
{
	json_put_key(o, key);
	json_begin_object(o);
	json_put_member(o, "text", text);
	json_end_object(o);
}

/* In a message "[a](b)" is a link and "{0}" is an argument: ours has neither. */
static void put_message(struct json_out *o, struct str text)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i], next = i + 1 < text.n ? text.p[i + 1] : 0;
		buf_add_char(&b, c);
		if ((c == ']' && next == '(') || (c == '{' && next >= '0' && next <= '9'))
			buf_add_char(&b, ' ');
	}
	put_text(o, "message", str_buf(&b));
}

static void put_help(struct json_out *o, struct run *run, const struct item *i)
{
	struct buf text CLEANUP(buf_done) = { 0 }, mark CLEANUP(buf_done) = { 0 };
	(void)run;
	buf_addf(&text, "%s %.*s\nSeverity: %s", kinds[i->kind].name, STR(i->id),
		 severity_name(i->severity));
	buf_addf(&mark, "**%s ", kinds[i->kind].name);
	text_put_markdown(&mark, i->id);
	buf_addf(&mark, "**\n\nSeverity: %s", severity_name(i->severity));
	const struct str parts[] = { i->why, i->fix };
	for (size_t k = 0; k < COUNT(parts); k++) {
		if (!parts[k].n)
			continue;
		buf_addf(&text, "\n%.*s", STR(parts[k]));
		buf_add_str(&mark, S("\n\n"));
		text_put_markdown(&mark, parts[k]);
	}
	if (i->url.n) {
		buf_addf(&text, "\n%.*s", STR(i->url));
		buf_addf(&mark, "\n\n<%.*s>", STR(i->url));
	}
	json_put_key(o, "help");
	json_begin_object(o);
	json_put_member(o, "text", str_buf(&text));
	json_put_member(o, "markdown", str_buf(&mark));
	json_end_object(o);
}

static void put_rule(struct json_out *o, struct run *run, const struct rule *r)
{
	const struct item *i = r->item;
	char score[16];
	snprintf(score, sizeof score, "%.1f", r->score);
	json_begin_object(o);
	json_put_member(o, "id", rule_key(run->arena, i));
	json_put_member(o, "name", str_of(kinds[i->kind].name));
	put_text(o, "shortDescription", i->kind == ITEM_VULNERABILITY ? i->id : i->title);
	put_text(o, "fullDescription",
		 i->why.n ? text_clean(run->arena, i->why, ITEM_TEXT_MAX) : i->title);
	json_put_key(o, "defaultConfiguration");
	json_begin_object(o);
	json_put_member(o, "level", str_of(level_of(i->severity)));
	json_end_object(o);
	if (text_is_link(i->url))
		json_put_member(o, "helpUri", i->url);
	put_help(o, run, i);
	json_put_key(o, "properties");
	json_begin_object(o);
	json_put_member(o, "precision", i->kind == ITEM_SECRET ? S("high") : S("very-high"));
	json_put_member(o, "security-severity", str_of(score));
	json_put_key(o, "tags");
	json_begin_array(o);
	json_put_str(o, S("security"));
	json_put_str(o, str_of(kinds[i->kind].tag));
	json_put_str(o, str_of(severity_name(i->severity)));
	json_end_array(o);
	json_end_object(o);
	json_end_object(o);
}

static void put_location(struct json_out *o, const struct item *i)
{
	struct buf uri CLEANUP(buf_done) = { 0 };
	uint64_t line = MAX(i->line, (uint64_t)1);
	/* The configuration has no path: its place is named as the image has none such. */
	text_put_uri(&uri, i->path.n ? i->path : S("image-configuration.json"));
	json_put_key(o, "locations");
	json_begin_array(o);
	json_begin_object(o);
	json_put_key(o, "physicalLocation");
	json_begin_object(o);
	json_put_key(o, "artifactLocation");
	json_begin_object(o);
	json_put_member(o, "uri", str_buf(&uri));
	json_put_member(o, "uriBaseId", S("ROOTPATH"));
	json_end_object(o);
	json_put_key(o, "region");
	json_begin_object(o);
	json_put_key(o, "startLine");
	json_put_u64(o, MIN(line, (uint64_t)INT32_MAX));
	json_put_key(o, "startColumn");
	json_put_u64(o, 1);
	json_put_key(o, "endLine");
	json_put_u64(o, MIN(MAX(i->end_line, line), (uint64_t)INT32_MAX));
	json_put_key(o, "endColumn");
	json_put_u64(o, 2);
	json_end_object(o);
	json_end_object(o);
	put_message(o, i->message);
	json_end_object(o);
	json_end_array(o);
}

static void put_suppression(struct json_out *o, const struct item *i)
{
	if (!i->suppressed.by.n)
		return;
	json_put_key(o, "suppressions");
	json_begin_array(o);
	json_begin_object(o);
	json_put_member(o, "kind", S("external"));
	json_put_member(o, "justification",
			i->suppressed.reason.n ? i->suppressed.reason : i->suppressed.by);
	json_end_object(o);
	json_end_array(o);
}

static void put_properties(struct json_out *o, struct run *run, const struct item *i)
{
	json_put_key(o, "properties");
	json_begin_object(o);
	json_put_member(o, "severity", str_of(severity_name(i->severity)));
	json_put_member_opt(o, "package", i->name);
	json_put_member_opt(o, "installedVersion", i->version);
	json_put_member_opt(o, "fixedVersion", i->fixed);
	json_put_member_opt(o, "purl", i->purl);
	json_put_member_opt(o, "layer", item_layer_text(run->arena, i));
	if (run->n > 1)
		json_put_member(
			o, "target",
			text_clean(run->arena, i->report->inventory->target, ITEM_PATH_MAX));
	json_end_object(o);
}

static void put_result(struct json_out *o, struct run *run, const struct item *i)
{
	size_t rule = rule_of(run, i);
	struct buf text CLEANUP(buf_done) = { 0 };
	buf_addf(&text, "%.*s", STR(i->message));
	if (i->fix.n)
		buf_addf(&text, "\n%.*s", STR(i->fix));
	json_begin_object(o);
	json_put_member(o, "ruleId", rule_key(run->arena, i));
	json_put_key(o, "ruleIndex");
	json_put_u64(o, rule);
	json_put_member(o, "level", str_of(level_of(i->severity)));
	put_message(o, str_buf(&text));
	put_location(o, i);
	json_put_key(o, "partialFingerprints");
	json_begin_object(o);
	json_put_member(o, "lazaret/v1", i->fingerprint);
	json_end_object(o);
	put_suppression(o, i);
	put_properties(o, run, i);
	json_end_object(o);
}

static void put_note(struct json_out *o, struct str text)
{
	json_begin_object(o);
	json_put_member(o, "level", S("warning"));
	put_message(o, text);
	json_end_object(o);
}

static void put_notes(struct json_out *o, struct run *run)
{
	size_t shown = 0, all = 0;
	json_put_key(o, "toolExecutionNotifications");
	json_begin_array(o);
	if (run->shown < run->items.n)
		put_note(o,
			 arena_printf(run->arena, "%zu more results are left out: a run holds %d",
				      run->items.n - run->shown, RESULTS_MAX));
	for (size_t r = 0; r < run->n; r++) {
		const struct inventory *inv = run->reports[r].inventory;
		all += inv->n_not_examined;
		for (size_t i = 0; i < inv->n_not_examined && shown < NOTES_MAX; i++, shown++) {
			const struct not_examined *x = &inv->not_examined[i];
			put_note(o, text_clean(run->arena,
					       arena_printf(run->arena, "Not examined: %.*s%s%.*s",
							    STR(x->path), x->path.n ? ": " : "",
							    STR(x->reason)),
					       ITEM_TEXT_MAX));
		}
	}
	if (shown < all)
		put_note(o, arena_printf(run->arena, "%zu more things were not examined",
					 all - shown));
	json_end_array(o);
}

static void put_tool(struct json_out *o, struct run *run)
{
	json_put_key(o, "tool");
	json_begin_object(o);
	json_put_key(o, "driver");
	json_begin_object(o);
	json_put_member(o, "name", S("lazaret"));
	json_put_member(o, "version", S(LAZARET_VERSION));
	json_put_member(o, "semanticVersion", S(LAZARET_VERSION));
	json_put_key(o, "rules");
	json_begin_array(o);
	for (size_t i = 0; i < run->n_rules; i++)
		put_rule(o, run, &run->rules[i]);
	json_end_array(o);
	json_end_object(o);
	json_end_object(o);
}

/* The category under which a service keeps the alerts of one image apart from those of others: without tag and digest,
 * so that the next build's are the same. */
static struct str category_of(struct run *run)
{
	const struct inventory *inv = run->reports[0].inventory;
	struct str t = str_upto(inv->target, str_find_char(inv->target, '@') < 0
						     ? inv->target.n
						     : (size_t)str_find_char(inv->target, '@'));
	ssize_t colon = str_rfind_char(t, ':'), slash = str_rfind_char(t, '/');
	if (colon > slash && slash >= 0)
		t = str_upto(t, (size_t)colon);
	return text_clean(
		run->arena,
		arena_printf(run->arena, "lazaret/%.*s/%.*s/", STR(t), STR(inv->platform.arch)),
		ITEM_NAME_MAX);
}

static void put_about(struct json_out *o, struct run *run)
{
	const struct report *r = &run->reports[0];
	json_put_key(o, "properties");
	json_begin_object(o);
	json_put_member(o, "target", text_clean(run->arena, r->inventory->target, ITEM_PATH_MAX));
	json_put_member_opt(o, "reference",
			    text_clean(run->arena, r->inventory->reference, ITEM_PATH_MAX));
	json_put_member(o, "verdict", str_of(verdict_name(r->verdict.kind)));
	json_end_object(o);
}

static void put_run(struct json_out *o, struct run *run, const struct format_options *opt)
{
	char time[TIME_TEXT];
	map_init(&run->index, run->arena);
	items_collect(run->arena, run->reports, run->n, opt->show_suppressed, &run->items);
	run->shown = MIN(run->items.n, (size_t)RESULTS_MAX);
	for (size_t i = 0; i < run->shown; i++)
		rule_of(run, &run->items.v[i]);
	json_begin_object(o);
	put_tool(o, run);
	json_put_key(o, "automationDetails");
	json_begin_object(o);
	json_put_member(o, "id", category_of(run));
	json_end_object(o);
	json_put_key(o, "invocations");
	json_begin_array(o);
	json_begin_object(o);
	json_put_key(o, "executionSuccessful");
	json_put_bool(o, true);
	json_put_member(o, "endTimeUtc", str_of(time_text(run->reports[0].created, time)));
	put_notes(o, run);
	json_end_object(o);
	json_end_array(o);
	json_put_member(o, "columnKind", S("utf16CodeUnits"));
	json_put_key(o, "originalUriBaseIds");
	json_begin_object(o);
	json_put_key(o, "ROOTPATH");
	json_begin_object(o);
	json_put_member(o, "uri", S("file:///"));
	json_end_object(o);
	json_end_object(o);
	json_put_key(o, "results");
	json_begin_array(o);
	for (size_t i = 0; i < run->shown; i++)
		put_result(o, run, &run->items.v[i]);
	json_end_array(o);
	put_about(o, run);
	json_end_object(o);
}

static int write_sarif(const struct report *reports, size_t n, const struct format_options *opt,
		       struct buf *out, struct err *e)
{
	struct json_out o;
	(void)e;
	json_out_init(&o, out, 1);
	json_begin_object(&o);
	json_put_member(&o, "$schema", S("https://json.schemastore.org/sarif-2.1.0.json"));
	json_put_member(&o, "version", S("2.1.0"));
	json_put_key(&o, "runs");
	json_begin_array(&o);
	for (size_t i = 0; i < MIN(n, (size_t)RUNS_MAX); i++) {
		struct arena a CLEANUP(arena_done) = { 0 };
		struct run run = { .reports = &reports[i],
				   .n = i + 1 < RUNS_MAX ? 1 : n - i,
				   .arena = &a };
		put_run(&o, &run, opt);
	}
	json_end_array(&o);
	json_end_object(&o);
	buf_add_char(out, '\n');
	return 0;
}

const struct format format_sarif = { "sarif", write_sarif };
