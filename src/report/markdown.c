/* Markdown for a comment of a pull request, in GitHub's dialect: the verdict, counts, a table of what is most severe. A
 * comment holds 65,536 characters; what does not fit is counted in a last line. Nothing from the image is markup, a link or
 * a mention (text.h). */
#include "report/format.h"
#include "report/item.h"
#include "report/text.h"

enum {
	COMMENT_MAX = 65536, /* bytes, so characters fit too */
	TAIL = 200, /* kept free for "N more" */
	TITLE_MAX = 120,
	NOTES_SHOWN = 10,
	REPORTS_SHOWN = 20,
	FAILED_SHOWN = 10,
	HEAD_MAX = 2000, /* of a report: its verdict and counts */
};

static const struct {
	const char *symbol;
} severities[] = {
	[SEVERITY_UNKNOWN] = { "⚪" }, [SEVERITY_NEGLIGIBLE] = { "⚪" },
	[SEVERITY_LOW] = { "🔵" },     [SEVERITY_MEDIUM] = { "🟡" },
	[SEVERITY_HIGH] = { "🟠" }, [SEVERITY_CRITICAL] = { "🔴" },
};

static void put_cell(struct buf *b, struct arena *a, struct str s, size_t max)
{
	buf_add_str(b, S(" "));
	text_put_markdown(b, text_clean(a, s, max));
	buf_add_str(b, S(" |"));
}

static void put_row(struct buf *b, struct arena *a, const struct item *i)
{
	buf_addf(b, "| %s %s |", severities[i->severity].symbol, severity_name(i->severity));
	if (text_is_link(i->url) && i->url.n < 300 && str_find_char(i->url, ')') < 0 &&
	    str_find_char(i->url, '(') < 0) {
		buf_add_str(b, S(" ["));
		text_put_markdown(b, text_clean(a, i->id, 60));
		buf_addf(b, "](%.*s) |", STR(i->url));
	} else {
		put_cell(b, a, i->id, 60);
	}
	put_cell(b, a, i->name.n ? i->name : i->path, 100);
	put_cell(b, a, i->version, 40);
	put_cell(b, a, i->fixed, 40);
	put_cell(b, a, i->kind == ITEM_VULNERABILITY ? i->title : i->message, TITLE_MAX);
	buf_add_char(b, '\n');
}

static const char *verdict_symbol(enum verdict_kind v)
{
	static const char *const symbols[] = { "✅", "ℹ️", "❌", "❓" };
	return symbols[v];
}

static void put_head(struct buf *b, struct arena *a, const struct report *r,
		     const struct items *items)
{
	size_t count[SEVERITY_CRITICAL + 1] = { 0 }, fixable = 0, kev = 0;
	for (size_t i = 0; i < items->n; i++) {
		count[items->v[i].severity]++;
		fixable += items->v[i].fixed.n != 0;
		kev += items->v[i].finding && items->v[i].finding->kev;
	}
	buf_addf(b, "### %s ", verdict_symbol(r->verdict.kind));
	text_put_markdown(b, text_clean(a, r->inventory->target, TITLE_MAX));
	buf_addf(b, ": %s\n\n", verdict_name(r->verdict.kind));
	for (size_t i = 0; i < MIN(r->verdict.reasons.n, (size_t)3); i++) {
		buf_add_str(b, S("- "));
		text_put_markdown(b, text_clean(a, r->verdict.reasons.v[i], TITLE_MAX));
		buf_add_char(b, '\n');
	}
	if (r->verdict.reasons.n)
		buf_add_char(b, '\n');
	buf_addf(b, "%zu packages, %zu found", r->inventory->n_packages, items->n);
	for (int s = SEVERITY_CRITICAL; s >= 0; s--)
		if (count[s])
			buf_addf(b, ", %s %s %zu", severities[s].symbol,
				 severity_name((enum severity)s), count[s]);
	if (fixable)
		buf_addf(b, "; %zu can be fixed", fixable);
	if (kev)
		buf_addf(b, "; **%zu known to be exploited**", kev);
	buf_add_str(b, S("\n\n"));
}

/* As many rows as fit below `end` bytes of the whole. */
static void put_rows(struct buf *b, const struct items *items, size_t end)
{
	if (!items->n)
		return;
	size_t done = 0;
	buf_add_str(b, S("| Severity | Id | Package or file | Installed | Fixed | Title |\n"
			 "|---|---|---|---|---|---|\n"));
	for (; done < items->n; done++) {
		struct arena a CLEANUP(arena_done) = { 0 };
		size_t before = b->n;
		put_row(b, &a, &items->v[done]);
		if (b->n + TAIL <= end)
			continue;
		b->n = before;
		break;
	}
	buf_add_char(b, '\n');
	if (done < items->n)
		buf_addf(b, "%zu more\n\n", items->n - done);
}

static void put_not_examined(struct buf *b, struct arena *a, const struct inventory *inv)
{
	if (!inv->n_not_examined)
		return;
	buf_addf(b, "Not examined (%zu):\n\n", inv->n_not_examined);
	for (size_t i = 0; i < MIN(inv->n_not_examined, (size_t)NOTES_SHOWN); i++) {
		const struct not_examined *n = &inv->not_examined[i];
		buf_add_str(b, S("- "));
		text_put_markdown(b, text_clean(a, n->path.n ? n->path : S("image"), 40));
		buf_add_str(b, S(": "));
		text_put_markdown(b, text_clean(a, n->reason, 60));
		buf_add_char(b, '\n');
	}
	if (inv->n_not_examined > NOTES_SHOWN)
		buf_addf(b, "- %zu more\n", inv->n_not_examined - NOTES_SHOWN);
	buf_add_char(b, '\n');
}

/* A report gets an equal part of what is left. */
static void put_report(struct buf *b, const struct report *r, size_t end,
		       const struct format_options *opt)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	struct items items;
	size_t start = b->n;
	items_collect(&a, r, 1, opt->show_suppressed, &items);
	put_head(b, &a, r, &items);
	put_not_examined(b, &a, r->inventory);
	if (b->n + HEAD_MAX > end) { /* escapes may make it longer than it looks */
		b->n = start;
		buf_addf(b, "### %s %s\n\n%zu found\n\n", verdict_symbol(r->verdict.kind),
			 verdict_name(r->verdict.kind), items.n);
		return;
	}
	put_rows(b, &items, end);
}

static void put_failed(struct buf *b, const struct format_options *opt)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	if (!opt->n_failed)
		return;
	buf_addf(b, "### ❌ %zu could not be scanned\n\n", opt->n_failed);
	for (size_t i = 0; i < MIN(opt->n_failed, (size_t)FAILED_SHOWN); i++) {
		buf_add_str(b, S("- "));
		text_put_markdown(b, text_clean(&a, opt->failed[i].target, TITLE_MAX));
		buf_add_str(b, S(": "));
		text_put_markdown(b, text_clean(&a, opt->failed[i].error, TITLE_MAX));
		buf_add_char(b, '\n');
	}
	if (opt->n_failed > FAILED_SHOWN)
		buf_addf(b, "- %zu more\n", opt->n_failed - FAILED_SHOWN);
	buf_add_char(b, '\n');
}

static int write_markdown(const struct report *reports, size_t n, const struct format_options *opt,
			  struct buf *out, struct err *e)
{
	size_t start = out->n, shown = MIN(n, (size_t)REPORTS_SHOWN);
	(void)e;
	put_failed(out, opt);
	for (size_t i = 0; i < shown; i++) {
		size_t used = out->n - start;
		put_report(out, &reports[i], out->n + (COMMENT_MAX - TAIL - used) / (shown - i),
			   opt);
	}
	if (shown < n)
		buf_addf(out, "%zu more targets\n", n - shown);
	return 0;
}

const struct format format_markdown = { "markdown", write_markdown };
