/* One HTML file for people: charts, tables to filter and sort, what stands behind each find. It holds everything it needs
 * (html_page.css, html_page.js) and may load nothing: its content security policy allows no source but its own script, by
 * hash, so that text from an image that were taken for markup would still not run. Readable without the script. */
#include "base/base64.h"
#include "base/map.h"
#include "base/time.h"
#include "html_page.h"
#include "report/item.h"
#include "report/summary.h"
#include "report/text.h"

enum {
	PACKAGES_CHARTED = 10,
	NOTES_SHOWN = 1000,
	BAR_LEFT = 130,
	BAR_WIDTH = 230,
	BAR_HEIGHT = 22
};

struct page {
	struct buf *b;
	struct arena *arena;
	const struct format_options *opt;
};

static const char *const severity_classes[] = {
	"sev-unknown", "sev-negligible", "sev-low", "sev-medium", "sev-high", "sev-critical",
};

static void put(struct page *p, const char *markup)
{
	buf_add_str(p->b, str_of(markup));
}

static void put_text(struct page *p, struct str s)
{
	text_put_xml(p->b, s);
}

static void put_element(struct page *p, const char *open, struct str text, const char *close)
{
	put(p, open);
	put_text(p, text);
	put(p, close);
}

static void put_fact(struct page *p, const char *name, struct str value)
{
	if (!value.n)
		return;
	buf_addf(p->b, "<dt>%s</dt>", name);
	put_element(p, "<dd>", value, "</dd>\n");
}

static void put_link(struct page *p, struct str url, struct str text)
{
	if (!text_is_link(url)) {
		put_text(p, text);
		return;
	}
	put_element(p, "<a rel=\"noopener noreferrer nofollow\" href=\"", url, "\">");
	put_text(p, text);
	put(p, "</a>");
}

struct bar {
	struct str label;
	const char *class;
	size_t own, base;
};

static void put_bars(struct page *p, const char *caption, const struct bar *bars, size_t n)
{
	size_t most = 1;
	for (size_t i = 0; i < n; i++)
		most = MAX(most, bars[i].own + bars[i].base);
	buf_addf(p->b,
		 "<figure><figcaption>%s</figcaption>\n<svg viewBox=\"0 0 %d %zu\" role=\"img\" "
		 "aria-label=\"%s\">\n",
		 caption, BAR_LEFT + BAR_WIDTH + 60, n * BAR_HEIGHT, caption);
	for (size_t i = 0; i < n; i++) {
		size_t y = i * BAR_HEIGHT, own = bars[i].own * BAR_WIDTH / most;
		size_t base = bars[i].base * BAR_WIDTH / most;
		buf_addf(p->b, "<g class=\"%s\"><title>", bars[i].class);
		put_text(p, bars[i].label);
		buf_addf(p->b, ": %zu own, %zu of the base image</title>", bars[i].own,
			 bars[i].base);
		buf_addf(p->b, "<text x=\"%d\" y=\"%zu\" text-anchor=\"end\">", BAR_LEFT - 6,
			 y + 15);
		put_text(p, text_clean(p->arena, bars[i].label, 18));
		buf_addf(p->b,
			 "</text><rect class=\"bar\" x=\"%d\" y=\"%zu\" width=\"%zu\" "
			 "height=\"16\"/>",
			 BAR_LEFT, y + 3, own);
		buf_addf(p->b,
			 "<rect class=\"bar base\" x=\"%zu\" y=\"%zu\" width=\"%zu\" "
			 "height=\"16\"/>",
			 BAR_LEFT + own, y + 3, base);
		buf_addf(p->b, "<text x=\"%zu\" y=\"%zu\">%zu</text></g>\n",
			 BAR_LEFT + own + base + 6, y + 15, bars[i].own + bars[i].base);
	}
	put(p, "</svg></figure>\n");
}

static void count_in(struct bar *bar, const struct item *i)
{
	if (item_in_base(i))
		bar->base++;
	else
		bar->own++;
}

static void put_severity_chart(struct page *p, const struct items *items)
{
	struct bar bars[SEVERITY_CRITICAL + 1];
	for (int s = 0; s <= SEVERITY_CRITICAL; s++)
		bars[SEVERITY_CRITICAL - s] =
			(struct bar){ .label = str_of(severity_name((enum severity)s)),
				      .class = severity_classes[s] };
	for (size_t i = 0; i < items->n; i++)
		count_in(&bars[SEVERITY_CRITICAL - (int)items->v[i].severity], &items->v[i]);
	put_bars(p, "By severity (pale: of the base image)", bars, COUNT(bars));
}

static void put_kind_chart(struct page *p, const struct items *items)
{
	struct bar bars[ITEM_KINDS];
	for (size_t k = 0; k < ITEM_KINDS; k++)
		bars[k] = (struct bar){ .label = str_of(item_kind_name((enum item_kind)k)),
					.class = "sev-low" };
	for (size_t i = 0; i < items->n; i++)
		count_in(&bars[items->v[i].kind], &items->v[i]);
	put_bars(p, "By kind", bars, COUNT(bars));
}

static int more_first(const void *x, const void *y)
{
	const struct bar *a = *(struct bar *const *)x, *b = *(struct bar *const *)y;
	size_t n = a->own + a->base, m = b->own + b->base;
	return n != m ? (n > m ? -1 : 1) : str_cmp(a->label, b->label);
}

static void put_package_chart(struct page *p, const struct items *items)
{
	struct map seen;
	struct {
		struct bar **v;
		size_t n, cap;
	} all = { 0 };
	struct bar bars[PACKAGES_CHARTED];
	map_init(&seen, p->arena);
	for (size_t i = 0; i < items->n; i++) {
		if (!items->v[i].name.n)
			continue;
		void **slot = map_at(&seen, items->v[i].name);
		if (!*slot) {
			struct bar *bar = ARENA_NEW(p->arena, struct bar);
			*bar = (struct bar){ .label = items->v[i].name, .class = "sev-medium" };
			*slot = bar;
			*ARENA_PUSH(p->arena, all.v, all.n, all.cap) = bar;
		}
		count_in(*slot, &items->v[i]);
	}
	if (!all.n)
		return;
	qsort(all.v, all.n, sizeof *all.v, more_first);
	size_t n = MIN(all.n, (size_t)PACKAGES_CHARTED);
	for (size_t i = 0; i < n; i++)
		bars[i] = *all.v[i];
	put_bars(p, "Packages with the most", bars, n);
}

static void put_references(struct page *p, const struct strs *r)
{
	if (!r->n)
		return;
	put(p, "<dt>References</dt><dd>");
	for (size_t i = 0; i < r->n; i++) {
		put(p, i ? "<br>" : "");
		put_link(p, r->v[i], text_clean(p->arena, r->v[i], ITEM_PATH_MAX));
	}
	put(p, "</dd>\n");
}

static void put_vulnerability(struct page *p, const struct finding *f)
{
	char time[TIME_TEXT];
	put_fact(p, "Status", str_of(status_name(f->status)));
	put_fact(p, "Severity from", f->severity_source);
	for (size_t i = 0; i < f->n_cvss; i++)
		put_fact(p, "CVSS",
			 arena_printf(p->arena, "%.1f %.*s (%.*s)", MAX(f->cvss[i].score, 0.0),
				      STR(f->cvss[i].vector), STR(f->cvss[i].source)));
	if (f->epss >= 0)
		put_fact(p, "EPSS",
			 arena_printf(p->arena, "%.3f%% (above %.1f%% of all)", f->epss * 100,
				      f->epss_percentile * 100));
	if (f->kev)
		put_fact(p, "Exploited",
			 arena_printf(p->arena, "listed by CISA %.*s, due %.*s%s",
				      STR(f->kev_added), STR(f->kev_due),
				      f->kev_ransomware ? ", used by ransomware" : ""));
	if (f->published)
		put_fact(p, "Published",
			 arena_str(p->arena, str_of(time_text(f->published, time))));
	for (size_t i = 0; i < f->aliases.n; i++)
		put_fact(p, "Also", f->aliases.v[i]);
	put_references(p, &f->references);
}

static void put_details(struct page *p, const struct item *i)
{
	const struct inventory *inv = i->report->inventory;
	put_element(p, "<details><summary>", i->title, "</summary><dl class=\"facts\">\n");
	put_fact(p, "What", i->message);
	put_fact(p, "Why", i->why);
	put_fact(p, "Mend", i->fix);
	put_fact(p, "Where", i->path);
	if (i->line)
		put_fact(p, "Line", arena_printf(p->arena, "%llu", (unsigned long long)i->line));
	put_fact(p, "Package", i->purl);
	put_fact(p, "Layer", item_layer_text(p->arena, i));
	if (i->layer >= 0 && (size_t)i->layer < inv->n_layers)
		put_fact(p, "Made by",
			 text_clean(p->arena, inv->layers[i->layer].created_by, ITEM_TEXT_MAX));
	if (i->finding)
		put_vulnerability(p, i->finding);
	if (i->suppressed.by.n) {
		put_fact(p, "Suppressed by", i->suppressed.by);
		put_fact(p, "Reason", i->suppressed.reason);
		put_fact(p, "Source", i->suppressed.source);
	}
	put(p, "</dl></details>");
}

static void put_row(struct page *p, const struct item *i)
{
	const char *from = !i->report->inventory->base.layers ? ""
			   : item_in_base(i)		      ? "base"
							      : "own";
	buf_addf(
		p->b,
		"<tr%s data-severity=\"%s\" data-kind=\"%s\" data-from=\"%s\" data-fixable=\"%d\">",
		i->suppressed.by.n ? " class=\"suppressed\"" : "", severity_name(i->severity),
		item_kind_name(i->kind), from, i->fixed.n != 0);
	buf_addf(p->b,
		 "<td class=\"tight %s\" data-key=\"%d\"><b>%s</b></td><td class=\"tight mono\">",
		 severity_classes[i->severity], SEVERITY_CRITICAL - (int)i->severity,
		 severity_name(i->severity));
	put_link(p, i->url, i->id);
	if (i->finding && i->finding->kev)
		put(p, " <b class=\"sev-critical\">KEV</b>");
	put_element(p, "</td><td>", i->name.n ? i->name : i->path, "</td>");
	put_element(p, "<td class=\"mono\">", i->version, "</td>");
	put_element(p, "<td class=\"mono\">", i->fixed, "</td>");
	buf_addf(p->b, "<td class=\"tight\">%s</td><td>", from);
	put_details(p, i);
	put(p, "</td></tr>\n");
}

static void put_table(struct page *p, const struct items *items)
{
	if (!items->n) {
		put(p, "<p>Nothing was found.</p>\n");
		return;
	}
	put(p, "<div class=\"scroll\"><table class=\"finds\"><thead><tr><th "
	       "class=\"tight\">Severity</th><th>Id</th>"
	       "<th>Package or "
	       "file</th><th>Installed</th><th>Fixed</th><th>From</th><th>What</th></tr></"
	       "thead><tbody>\n");
	for (size_t i = 0; i < items->n; i++)
		put_row(p, &items->v[i]);
	put(p, "</tbody></table></div>\n");
}

static void put_lines(struct page *p, const char *head, const struct strs *v)
{
	if (!v->n)
		return;
	buf_addf(p->b, "<h3>%s</h3><ul>\n", head);
	for (size_t i = 0; i < v->n; i++)
		put_element(p, "<li>", text_clean(p->arena, v->v[i], ITEM_TEXT_MAX), "</li>\n");
	put(p, "</ul>\n");
}

static void put_not_examined(struct page *p, const struct inventory *inv)
{
	if (!inv->n_not_examined)
		return;
	buf_addf(p->b, "<h3>Not examined (%zu)</h3><ul>\n", inv->n_not_examined);
	for (size_t i = 0; i < MIN(inv->n_not_examined, (size_t)NOTES_SHOWN); i++) {
		const struct not_examined *n = &inv->not_examined[i];
		put_element(p, "<li><code>", text_clean(p->arena, n->path, ITEM_PATH_MAX),
			    "</code> ");
		put_element(p, "", text_clean(p->arena, n->reason, ITEM_TEXT_MAX), "</li>\n");
	}
	if (inv->n_not_examined > NOTES_SHOWN)
		buf_addf(p->b, "<li>%zu more</li>\n", inv->n_not_examined - NOTES_SHOWN);
	put(p, "</ul>\n");
}

static void put_packages(struct page *p, const struct inventory *inv)
{
	buf_addf(p->b,
		 "<details><summary>All packages (%zu)</summary><div class=\"scroll\"><table "
		 "class=\"packages\"><thead><tr>"
		 "<th>Name</th><th>Version</th><th>Type</th><th>Licence</th><th>Path</th></tr></"
		 "thead><tbody>\n",
		 inv->n_packages);
	for (size_t i = 0; i < inv->n_packages; i++) {
		const struct package *k = &inv->packages[i];
		const struct str cells[] = { k->name, k->version, k->type, k->licence, k->path };
		put(p, "<tr>");
		for (size_t c = 0; c < COUNT(cells); c++)
			put_element(p, "<td>", text_clean(p->arena, cells[c], ITEM_PATH_MAX),
				    "</td>");
		put(p, "</tr>\n");
	}
	put(p, "</tbody></table></div></details>\n");
}

static void put_facts(struct page *p, const struct report *r)
{
	const struct inventory *inv = r->inventory;
	const struct distribution *d = &inv->distribution;
	char time[TIME_TEXT];
	put(p, "<dl class=\"facts\">\n");
	put_fact(p, "Image", text_clean(p->arena, inv->reference, ITEM_PATH_MAX));
	put_fact(p, "Distribution",
		 text_clean(p->arena, d->pretty_name.n ? d->pretty_name : d->id, ITEM_NAME_MAX));
	if (inv->image)
		put_fact(p, "Platform", platform_text(p->arena, &inv->platform));
	if (d->eol)
		put_fact(p, "End of support", arena_str(p->arena, str_of(date_text(d->eol, time))));
	if (inv->base.layers)
		put_fact(p, "Base image",
			 arena_printf(p->arena, "%.*s (%zu of %zu layers)",
				      STR(text_clean(p->arena, inv->base.name, ITEM_NAME_MAX)),
				      inv->base.layers, inv->n_layers));
	put_fact(p, "Scanned", arena_str(p->arena, str_of(time_text(r->created, time))));
	put_fact(p, "Database", r->database);
	put(p, "</dl>\n");
}

static void put_summary_row(struct page *p, const struct summary_line *line, size_t index)
{
	if (index)
		buf_addf(p->b, "<tr><td><a href=\"#target-%zu\">", index);
	else
		put(p, "<tr><td>");
	put_text(p, line->target);
	buf_addf(p->b, "%s</td><td>%s</td>", index ? "</a>" : "", line->verdict);
	for (int s = SEVERITY_CRITICAL; s >= 0; s--)
		buf_addf(p->b, "<td>%zu</td>", line->found[s]);
	buf_addf(p->b, "<td>%zu</td><td>%zu</td></tr>\n", line->packages, line->not_examined);
}

static void put_summary(struct page *p, const struct report *reports, size_t n)
{
	struct summary s;
	summary_make(p->arena, reports, n, &s);
	put(p, "<section>\n<h2>Summary</h2>\n<div class=\"scroll\"><table class=\"packages\">"
	       "<thead><tr><th>Target</th><th>Verdict</th>");
	for (int v = SEVERITY_CRITICAL; v >= 0; v--)
		buf_addf(p->b, "<th>%s</th>", severity_name((enum severity)v));
	put(p, "<th>Packages</th><th>Not examined</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < s.n; i++)
		put_summary_row(p, &s.lines[i], i + 1);
	put_summary_row(p, &s.total, 0);
	put(p, "</tbody></table></div>\n");
	if (p->opt->n_failed)
		put(p, "<h3>Could not be scanned</h3><ul>\n");
	for (size_t i = 0; i < p->opt->n_failed; i++) {
		const struct failed_target *f = &p->opt->failed[i];
		put_element(p, "<li><code>", text_clean(p->arena, f->target, ITEM_PATH_MAX),
			    "</code> ");
		put_element(p, "", text_clean(p->arena, f->error, ITEM_TEXT_MAX), "</li>\n");
	}
	put(p, p->opt->n_failed ? "</ul>\n</section>\n" : "</section>\n");
}

static void put_report(struct page *p, const struct report *r, size_t index)
{
	struct items items;
	items_collect(p->arena, r, 1, p->opt->show_suppressed, &items);
	buf_addf(p->b, "<section id=\"target-%zu\">\n", index);
	put_element(p, "<h2>", text_clean(p->arena, r->inventory->target, ITEM_PATH_MAX), " ");
	buf_addf(p->b, "<span class=\"badge %s%s\">%s</span></h2>\n",
		 r->verdict.kind == VERDICT_UNKNOWN ? "verdict-" : "",
		 verdict_name(r->verdict.kind), verdict_name(r->verdict.kind));
	put_facts(p, r);
	put_lines(p, "Why this verdict", &r->verdict.reasons);
	put(p, "<div class=\"charts\">\n");
	put_severity_chart(p, &items);
	put_kind_chart(p, &items);
	put_package_chart(p, &items);
	put(p, "</div>\n");
	put_table(p, &items);
	put_not_examined(p, r->inventory);
	put_lines(p, "Warnings", &r->warnings);
	put_packages(p, r->inventory);
	put(p, "</section>\n");
}

static void put_filter(struct page *p)
{
	put(p, "<form class=\"filter\" hidden>\n<input type=\"search\" name=\"text\" "
	       "aria-label=\"words to look for\" "
	       "placeholder=\"words to look for\">\n");
	for (int s = SEVERITY_CRITICAL; s >= 0; s--)
		buf_addf(p->b,
			 "<label class=\"%s\"><input type=\"checkbox\" name=\"severity\" "
			 "value=\"%s\" checked> %s</label>\n",
			 severity_classes[s], severity_name((enum severity)s),
			 severity_name((enum severity)s));
	put(p, "<select name=\"kind\" aria-label=\"kind\"><option value=\"\">every kind</option>");
	for (int k = 0; k < ITEM_KINDS; k++)
		buf_addf(p->b, "<option>%s</option>", item_kind_name((enum item_kind)k));
	put(p, "</select>\n<select name=\"from\" aria-label=\"from\"><option value=\"\">base and "
	       "own</option>"
	       "<option>base</option><option>own</option></select>\n"
	       "<label><input type=\"checkbox\" name=\"fixable\"> can be fixed</label>\n"
	       "<output id=\"count\" class=\"dim\"></output>\n</form>\n");
}

/* The policy names the script by the hash of its text, as it stands between the tags. */
static void put_policy(struct page *p)
{
	struct digest d;
	digest_of(DIGEST_SHA256, str_of(html_page_js), &d);
	put(p, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	       "style-src 'unsafe-inline'; "
	       "script-src 'sha256-");
	base64_encode((struct str){ (const char *)d.bytes, d.len }, p->b);
	put(p, "'; base-uri 'none'; form-action 'none'\">\n");
}

static int write_html(const struct report *reports, size_t n, const struct format_options *opt,
		      struct buf *out, struct err *e)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	struct page p = { out, &a, opt };
	(void)e;
	put(&p, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
	put_policy(&p);
	put(&p, "<meta name=\"viewport\" content=\"width=device-width, "
		"initial-scale=1\">\n<title>lazaret");
	if (n == 1)
		put_element(&p, ": ", text_clean(&a, reports[0].inventory->target, ITEM_NAME_MAX),
			    "");
	put(&p, "</title>\n<style>\n");
	put(&p, html_page_css);
	put(&p, "</style>\n</head>\n<body>\n<h1>Scan report <span "
		"class=\"dim\">lazaret " LAZARET_VERSION "</span></h1>\n");
	put_filter(&p);
	if (summary_wanted(n, opt))
		put_summary(&p, reports, n);
	for (size_t i = 0; i < n; i++)
		put_report(&p, &reports[i], i + 1);
	put(&p, "<script>");
	put(&p, html_page_js);
	put(&p, "</script>\n</body>\n</html>\n");
	return 0;
}

const struct format format_html = { "html", write_html };
