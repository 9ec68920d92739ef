/* What several targets come to. Counts are those of items: every kind of find, without what is suppressed. */
#include "report/summary.h"

#include "report/item.h"
#include "report/text.h"

enum { TARGET_WIDTH = 80, FAILURE_WIDTH = 300 };

bool summary_wanted(size_t n_reports, const struct format_options *o)
{
	return n_reports + o->n_failed > 1;
}

static bool same_target(const struct report *x, const struct report *y)
{
	return str_eq(x->inventory->target, y->inventory->target);
}

static void make_line(struct arena *a, const struct report *r, bool platform,
		      struct summary_line *out)
{
	struct items items;
	const struct inventory *inv = r->inventory;
	*out = (struct summary_line){ .target = text_clean(a, inv->target, ITEM_PATH_MAX),
				      .verdict = verdict_name(r->verdict.kind),
				      .packages = inv->n_packages,
				      .not_examined = inv->n_not_examined };
	if (platform && inv->image)
		out->target = arena_printf(
			a, "%.*s (%.*s)", STR(out->target),
			STR(text_clean(a, platform_text(a, &inv->platform), ITEM_NAME_MAX)));
	struct arena scratch CLEANUP(arena_done) = { 0 };
	items_collect(&scratch, r, 1, false, &items);
	for (size_t i = 0; i < items.n; i++)
		out->found[items.v[i].severity]++;
}

void summary_make(struct arena *a, const struct report *reports, size_t n, struct summary *out)
{
	struct summary_line *total = &out->total;
	*out = (struct summary){ .n = n, .total.target = S("all"), .total.verdict = "" };
	out->lines = arena_array(a, n, sizeof *out->lines);
	for (size_t i = 0; i < n; i++) {
		struct summary_line *line = &out->lines[i];
		bool again = (i && same_target(&reports[i - 1], &reports[i])) ||
			     (i + 1 < n && same_target(&reports[i], &reports[i + 1]));
		make_line(a, &reports[i], again, line);
		for (size_t s = 0; s < COUNT(total->found); s++)
			total->found[s] += line->found[s];
		total->packages += line->packages;
		total->not_examined += line->not_examined;
	}
	out->negligible = total->found[SEVERITY_NEGLIGIBLE] != 0;
}

static size_t columns_of(struct str s)
{
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
	return n;
}

static void put_padded(struct buf *out, struct str s, size_t width)
{
	buf_add_str(out, s);
	for (size_t have = columns_of(s); have < width; have++)
		buf_add_char(out, ' ');
}

static void put_line(const struct summary *s, const struct summary_line *line, size_t width,
		     struct buf *out)
{
	put_padded(out, line->target, width);
	buf_addf(out, "  %-8s", line->verdict);
	for (int v = SEVERITY_CRITICAL; v >= 0; v--)
		if (v != SEVERITY_NEGLIGIBLE || s->negligible)
			buf_addf(out, "  %*zu", (int)str_of(severity_name((enum severity)v)).n,
				 line->found[v]);
	buf_addf(out, "  %8zu  %12zu\n", line->packages, line->not_examined);
}

static void put_failed(const struct failed_target *f, struct arena *a, size_t width,
		       struct buf *out)
{
	put_padded(out, text_clean(a, f->target, TARGET_WIDTH), width);
	buf_add_str(out, S("  failed    "));
	buf_add_str(out, text_clean(a, f->error, FAILURE_WIDTH));
	buf_add_char(out, '\n');
}

void summary_text(const struct report *reports, size_t n, const struct format_options *o,
		  struct buf *out)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	struct summary s;
	size_t width = S("TARGET").n;
	summary_make(&a, reports, n, &s);
	for (size_t i = 0; i < n; i++) {
		s.lines[i].target = text_clean(&a, s.lines[i].target, TARGET_WIDTH);
		width = MAX(width, columns_of(s.lines[i].target));
	}
	for (size_t i = 0; i < o->n_failed; i++)
		width = MAX(width, columns_of(text_clean(&a, o->failed[i].target, TARGET_WIDTH)));
	buf_addf(out, "Summary of %zu targets\n\n", n + o->n_failed);
	put_padded(out, S("TARGET"), width);
	buf_add_str(out, S("  VERDICT "));
	for (int v = SEVERITY_CRITICAL; v >= 0; v--)
		if (v != SEVERITY_NEGLIGIBLE || s.negligible)
			buf_addf(out, "  %s", severity_name((enum severity)v));
	buf_add_str(out, S("  PACKAGES  NOT EXAMINED\n"));
	for (size_t i = 0; i < n; i++)
		put_line(&s, &s.lines[i], width, out);
	for (size_t i = 0; i < o->n_failed; i++)
		put_failed(&o->failed[i], &a, width, out);
	if (n > 1)
		put_line(&s, &s.total, width, out);
}
