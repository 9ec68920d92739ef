/* Comma-separated values (RFC 4180): a head, then a row for each find; lines end in CR LF. Cells that a spreadsheet would
 * take for a formula get a leading apostrophe. Things that were not examined are rows too. */
#include "report/format.h"
#include "report/item.h"
#include "report/text.h"

enum { COLUMNS = 20 };

static const char *const heads[COLUMNS] = {
	"target", "kind", "id",	   "severity", "score", "package",    "version",
	"type",	  "purl", "fixed", "status",   "path",	"line",	      "layer",
	"base",	  "kev",  "epss",  "title",    "url",	"suppressed",
};

static void put_row(struct buf *b, const struct str cells[COLUMNS])
{
	for (size_t c = 0; c < COLUMNS; c++) {
		if (c)
			buf_add_char(b, ',');
		text_put_csv(b, cells[c]);
	}
	buf_add_str(b, S("\r\n"));
}

static struct str suppression_text(struct arena *a, const struct item *i)
{
	if (!i->suppressed.reason.n)
		return i->suppressed.by;
	return arena_printf(a, "%.*s: %.*s", STR(i->suppressed.by), STR(i->suppressed.reason));
}

static void put_item(struct buf *b, struct arena *a, const struct item *i)
{
	const struct finding *f = i->finding;
	bool base = i->report->inventory->base.layers != 0;
	put_row(b, (const struct str[COLUMNS]){
			   text_clean(a, i->report->inventory->target, ITEM_PATH_MAX),
			   str_of(item_kind_name(i->kind)),
			   i->id,
			   str_of(severity_name(i->severity)),
			   arena_printf(a, "%.1f", i->score),
			   i->name,
			   i->version,
			   i->type,
			   i->purl,
			   i->fixed,
			   f ? str_of(status_name(f->status)) : S(""),
			   i->path,
			   i->line ? arena_printf(a, "%llu", (unsigned long long)i->line) : S(""),
			   item_layer_text(a, i),
			   !base	     ? S("")
			   : item_in_base(i) ? S("base")
					     : S("own"),
			   f && f->kev ? S("yes") : S(""),
			   f && f->epss >= 0 ? arena_printf(a, "%.5f", f->epss) : S(""),
			   i->title,
			   i->url,
			   suppression_text(a, i),
		   });
}

static void put_not_examined(struct buf *b, struct arena *a, const struct report *r)
{
	for (size_t i = 0; i < r->inventory->n_not_examined; i++) {
		const struct not_examined *n = &r->inventory->not_examined[i];
		struct str cells[COLUMNS] = { text_clean(a, r->inventory->target, ITEM_PATH_MAX),
					      S("not-examined") };
		cells[11] = n->path;
		cells[17] = n->reason;
		put_row(b, cells);
	}
}

static int write_csv(const struct report *reports, size_t n, const struct format_options *opt,
		     struct buf *out, struct err *e)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	struct items items;
	struct str cells[COLUMNS];
	(void)e;
	for (size_t c = 0; c < COLUMNS; c++)
		cells[c] = str_of(heads[c]);
	put_row(out, cells);
	items_collect(&a, reports, n, opt->show_suppressed, &items);
	for (size_t i = 0; i < items.n; i++)
		put_item(out, &a, &items.v[i]);
	for (size_t i = 0; i < n; i++)
		put_not_examined(out, &a, &reports[i]);
	return 0;
}

const struct format format_csv = { "csv", write_csv };
