/* The format for people: a summary by severity, then tables that fit the width, one for the distribution's packages, one for
 * each file that names several others, one for each type of what is alone in its file; what can be fixed first, known
 * exploited ones marked, the way to an indirect dependency below it; then what was not looked at and the verdict. At
 * last, a line for each of several targets. */
#include "analyze/analyzer.h"
#include "base/map.h"
#include "base/time.h"
#include "report/format.h"
#include "report/item.h"
#include "report/summary.h"
#include "report/text.h"

#include <stdio.h>

enum {
	COLUMNS = 6,
	DEFAULT_WIDTH = 120,
	NARROWEST = 60,
	NOTES_SHOWN = 20,
	SECRETS_SHOWN = 100,
	DETAILS_SHOWN = 5,
	CHAIN_MAX = 8, /* packages between the project and the one at hand that are named */
	TITLE_LEAST = 12,
	EXPRESSION_SHOWN = 80,
	COLUMN_LEAST = 14
};

static const char *const colours[] = {
	[SEVERITY_UNKNOWN] = "\x1b[36m", [SEVERITY_NEGLIGIBLE] = "\x1b[2m",
	[SEVERITY_LOW] = "\x1b[34m",	 [SEVERITY_MEDIUM] = "\x1b[33m",
	[SEVERITY_HIGH] = "\x1b[31m",	 [SEVERITY_CRITICAL] = "\x1b[1;31m",
};

struct row { /* of the table of vulnerabilities */
	const struct item *item;
	struct str group; /* empty: the distribution's packages */
	bool of_type; /* the group is named by its type, not by a file */
	size_t index;
};
struct table {
	const struct format_options *opt;
	struct buf *out;
	struct arena *arena; /* for one report */
	struct items items; /* suppressed ones too */
	struct row *rows;
	size_t n_rows;
	size_t *needed_by; /* of each package: the one that leads to it from the root; SIZE_MAX: none */
	size_t width[COLUMNS];
};

static void put_safe(struct buf *b, struct str s)
{
	text_put_clean(b, s);
}

/* Columns that a text takes: code points (wide ones are rare in what is printed here). */
static size_t columns_of(struct str s)
{
	size_t n = 0;
	bool text = str_is_utf8(s);
	for (size_t i = 0; i < s.n; i++)
		n += !text || ((unsigned char)s.p[i] & 0xC0) != 0x80;
	return n;
}

static void put_cell(struct table *t, struct str s, size_t width, const char *colour)
{
	size_t have = columns_of(s);
	bool cut = have > width;
	if (cut) {
		size_t keep = 0, at = 0;
		while (at < s.n && keep + 1 < width) {
			at++;
			while (at < s.n && ((unsigned char)s.p[at] & 0xC0) == 0x80)
				at++;
			keep++;
		}
		s = str_upto(s, at);
		have = keep + 1;
	}
	if (colour && t->opt->colour)
		buf_add_str(t->out, str_of(colour));
	put_safe(t->out, s);
	if (cut)
		buf_add_str(t->out, S("…"));
	if (colour && t->opt->colour)
		buf_add_str(t->out, S("\x1b[0m"));
	for (; have < width; have++)
		buf_add_char(t->out, ' ');
}

/* The same vulnerability in the same version of a package, in several places. */
static bool same_cells(const struct item *x, const struct item *y)
{
	return x->finding->status == y->finding->status && str_eq(x->id, y->id) &&
	       str_eq(x->name, y->name) && str_eq(x->version, y->version) &&
	       str_eq(x->fixed, y->fixed);
}

static size_t places_of(const struct table *t, size_t from, size_t to)
{
	size_t at = from + 1;
	while (at < to && same_cells(t->rows[from].item, t->rows[at].item))
		at++;
	return at - from;
}

/* The cells of a vulnerability's row. */
static void cells_of(const struct item *i, struct str cells[COLUMNS])
{
	cells[0] = i->name;
	cells[1] = i->id;
	cells[2] = str_of(severity_name(i->severity));
	cells[3] = i->version;
	cells[4] = i->fixed.n ? i->fixed : str_of(status_name(i->finding->status));
	cells[5] = i->finding->summary.n ? i->title : (struct str){ 0 };
}

static const struct str heads[COLUMNS] = {
	{ "PACKAGE", 7 },   { "VULNERABILITY", 13 }, { "SEVERITY", 8 },
	{ "INSTALLED", 9 }, { "FIXED IN", 8 },	     { "TITLE", 5 },
};

static size_t total_width(const struct table *t)
{
	return t->opt->width ? MAX((size_t)t->opt->width, (size_t)NARROWEST) : DEFAULT_WIDTH;
}

/* Natural widths; the title takes what is left, else columns give way until the row fits. */
static void fit(struct table *t)
{
	size_t total = total_width(t);
	for (size_t c = 0; c < COLUMNS; c++)
		t->width[c] = heads[c].n;
	for (size_t i = 0; i < t->n_rows; i++) {
		struct str cells[COLUMNS];
		const struct item *x = t->rows[i].item;
		cells_of(x, cells);
		if (i && same_cells(t->rows[i - 1].item, x))
			cells[0] = arena_printf(t->arena, "%.*s (x%zu)", STR(cells[0]), t->n_rows);
		for (size_t c = 0; c < COLUMNS; c++)
			t->width[c] = MAX(t->width[c], columns_of(cells[c]) +
							       (c == 1 && x->finding->kev ? 4 : 0));
	}
	t->width[0] = MIN(t->width[0], (size_t)30);
	t->width[1] = MIN(t->width[1], (size_t)40);
	t->width[3] = MIN(t->width[3], (size_t)30);
	t->width[4] = MIN(t->width[4], (size_t)30);
	size_t used = 2 * (COLUMNS - 1);
	for (size_t c = 0; c < COLUMNS - 1; c++)
		used += t->width[c];
	/* A title that says nothing is not worth a version cut short. */
	t->width[COLUMNS - 1] =
		used + TITLE_LEAST <= total ? MIN(t->width[COLUMNS - 1], total - used) : 0;
	static const size_t gives[] = { 0, 3, 4 };
	for (size_t i = 0; i < COUNT(gives) && used > total + 2; i++) {
		size_t *width = &t->width[gives[i]];
		size_t spare = *width > COLUMN_LEAST ? *width - COLUMN_LEAST : 0;
		size_t take = MIN(used - total - 2, spare);
		*width -= take;
		used -= take;
	}
}

static void put_row(struct table *t, const struct str cells[COLUMNS], const struct item *x)
{
	for (size_t c = 0; c < COLUMNS; c++) {
		if (t->width[c] == 0)
			continue;
		const char *colour = x && c == 2 ? colours[x->severity] : !x ? "\x1b[1m" : NULL;
		if (x && c == 1 && x->finding->kev) {
			put_cell(t, cells[c], t->width[c] - 4, NULL);
			put_cell(t, S(" KEV"), 4, colours[SEVERITY_CRITICAL]);
		} else if (c == COLUMNS - 1) {
			put_cell(t, cells[c], MIN(t->width[c], columns_of(cells[c])), colour);
		} else {
			put_cell(t, cells[c], t->width[c], colour);
		}
		if (c < COLUMNS - 1)
			buf_add_str(t->out, S("  "));
	}
	while (t->out->n && t->out->p[t->out->n - 1] == ' ')
		t->out->n--;
	buf_add_char(t->out, '\n');
}

/* The distribution first, then files, then types; inside, what can be fixed, then the items' own order. */
static int compare_rows(const void *x, const void *y)
{
	const struct row *a = x, *b = y;
	if ((a->group.n == 0) != (b->group.n == 0))
		return a->group.n == 0 ? -1 : 1;
	if (a->of_type != b->of_type)
		return a->of_type ? 1 : -1;
	int c = str_cmp(a->group, b->group);
	if (c)
		return c;
	if ((a->item->fixed.n == 0) != (b->item->fixed.n == 0))
		return a->item->fixed.n ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

/* A file that names several packages is a group; what is alone in its file stands with others of its type. */
static void collect_rows(struct table *t, const struct inventory *inv)
{
	struct map seen;
	map_init(&seen, t->arena);
	for (size_t i = 0; i < inv->n_packages; i++) {
		void **slot = map_at(&seen, inv->packages[i].path);
		*slot = *slot ? (void *)inv : (void *)&inv->packages[i];
	}
	t->rows = arena_array(t->arena, t->items.n, sizeof *t->rows);
	for (size_t i = 0; i < t->items.n; i++) {
		const struct item *x = &t->items.v[i];
		if (x->kind != ITEM_VULNERABILITY || x->suppressed.by.n)
			continue;
		struct row *row = &t->rows[t->n_rows++];
		*row = (struct row){ .item = x, .index = i };
		if (package_is_os(x->package))
			continue;
		row->of_type =
			map_get(&seen, x->package->path) != (void *)inv || !x->package->path.n;
		row->group = row->of_type ? x->type
					  : text_clean(t->arena, x->package->path, ITEM_PATH_MAX);
		if (!row->group.n)
			row->group = S("other");
	}
	if (t->n_rows)
		qsort(t->rows, t->n_rows, sizeof *t->rows, compare_rows);
}

/* How each package is reached from the project's own, breadth first. */
static void collect_needs(struct table *t, const struct inventory *inv)
{
	size_t *queue = arena_array(t->arena, inv->n_packages, sizeof *queue), n = 0;
	bool *known = arena_zalloc(t->arena, inv->n_packages + 1);
	t->needed_by = arena_array(t->arena, inv->n_packages, sizeof *t->needed_by);
	for (size_t i = 0; i < inv->n_packages; i++) {
		t->needed_by[i] = SIZE_MAX;
		enum relation relation = inv->packages[i].relation;
		known[i] = relation == RELATION_ROOT || relation == RELATION_DIRECT;
		if (known[i])
			queue[n++] = i;
	}
	for (size_t at = 0; at < n; at++) {
		const struct package *p = &inv->packages[queue[at]];
		for (size_t k = 0; k < p->n_needs; k++) {
			size_t to = p->needs[k];
			if (to >= inv->n_packages || known[to])
				continue;
			known[to] = true;
			t->needed_by[to] = queue[at];
			queue[n++] = to;
		}
	}
}

/* "direct", "indirect via express > body-parser", "development". */
static void put_relation(struct table *t, const struct inventory *inv, const struct package *p,
			 struct buf *b)
{
	size_t chain[CHAIN_MAX], n = 0;
	for (size_t i = t->needed_by[p - inv->packages]; i != SIZE_MAX && n < CHAIN_MAX;
	     i = t->needed_by[i])
		chain[n++] = i;
	const char *between = b->n ? ", " : "";
	if (p->relation == RELATION_DIRECT || p->relation == RELATION_ROOT)
		buf_addf(b, "%s%s", between,
			 p->relation == RELATION_DIRECT ? "direct" : "the project itself");
	else if (p->relation == RELATION_INDIRECT || n)
		buf_addf(b, "%sindirect", between);
	for (size_t i = n; i-- > 0;)
		buf_addf(b, "%s%.*s", i + 1 == n ? " via " : " > ",
			 STR(text_clean(t->arena, inv->packages[chain[i]].name, 60)));
	if (p->dev)
		buf_addf(b, "%sdevelopment", b->n ? ", " : "");
	if (p->optional)
		buf_addf(b, "%soptional", b->n ? ", " : "");
}

/* Where a package is and who wants it, below the first row of it. */
static void put_package_line(struct table *t, const struct inventory *inv, const struct row *row)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	const struct item *x = row->item;
	bool os = row->group.n == 0;
	if (!os && (row->of_type || x->package->inside.n))
		buf_add_str(&b, x->path);
	if (!os)
		put_relation(t, inv, x->package, &b);
	if (!b.n)
		return;
	size_t width = MIN(columns_of(str_buf(&b)), total_width(t) - 4);
	buf_add_str(t->out, S("    "));
	put_cell(t, str_buf(&b), width, "\x1b[2m");
	buf_add_char(t->out, '\n');
}

static void put_counts(struct table *t, const struct row *rows, size_t n)
{
	size_t count[SEVERITY_CRITICAL + 1] = { 0 };
	for (size_t i = 0; i < n; i++)
		count[rows[i].item->severity]++;
	buf_addf(t->out, "Total: %zu", n);
	for (int s = SEVERITY_CRITICAL; s >= 0 && n; s--)
		if (s != SEVERITY_NEGLIGIBLE || count[s])
			buf_addf(t->out, "%s%s: %zu", s == SEVERITY_CRITICAL ? " (" : ", ",
				 severity_name((enum severity)s), count[s]);
	buf_add_str(t->out, n ? S(")\n") : S(""));
}

static void put_group_head(struct table *t, const struct inventory *inv, size_t from, size_t to)
{
	const struct row *row = &t->rows[from];
	struct buf b CLEANUP(buf_done) = { 0 };
	if (row->group.n)
		buf_add_str(&b, row->group);
	else
		buf_addf(&b, "%.*s %.*s", STR(text_clean(t->arena, inv->distribution.id, 60)),
			 STR(text_clean(t->arena, inv->distribution.version, 60)));
	if (row->group.n && !row->of_type)
		buf_addf(&b, " (%.*s)", STR(row->item->type));
	size_t width = MIN(columns_of(str_buf(&b)), total_width(t));
	if (from)
		buf_add_char(t->out, '\n');
	put_cell(t, str_buf(&b), width, "\x1b[1m");
	buf_add_char(t->out, '\n');
	put_counts(t, row, to - from);
	buf_add_char(t->out, '\n');
}

/* One row, and below it where the package is, unless that was said before. */
static void put_places(struct table *t, const struct inventory *inv, struct map *said,
		       const struct row *rows, size_t n)
{
	struct str cells[COLUMNS];
	cells_of(rows[0].item, cells);
	if (n > 1)
		cells[0] = arena_printf(t->arena, "%.*s (x%zu)", STR(cells[0]), n);
	put_row(t, cells, rows[0].item);
	for (size_t i = 0; i < n; i++) {
		const struct package *p = rows[i].item->package;
		void **slot =
			map_at(said, arena_printf(t->arena, "%zu", (size_t)(p - inv->packages)));
		if (!*slot)
			put_package_line(t, inv, &rows[i]);
		*slot = t;
	}
}

static void put_rows(struct table *t, const struct inventory *inv)
{
	struct map said;
	map_init(&said, t->arena);
	for (size_t from = 0, to; from < t->n_rows; from = to) {
		for (to = from; to < t->n_rows && str_eq(t->rows[to].group, t->rows[from].group) &&
				t->rows[to].of_type == t->rows[from].of_type;)
			to++;
		if (from || to < t->n_rows || t->rows[from].group.n)
			put_group_head(t, inv, from, to);
		put_row(t, heads, NULL);
		for (size_t i = from, n; i < to; i += n) {
			n = places_of(t, i, to);
			put_places(t, inv, &said, &t->rows[i], n);
		}
	}
}

/* What is hidden, why, and who says so. */
static void put_suppressed(struct table *t)
{
	size_t n = 0;
	for (size_t i = 0; i < t->items.n; i++)
		n += t->items.v[i].suppressed.by.n != 0;
	if (!n)
		return;
	if (!t->opt->show_suppressed) {
		buf_addf(t->out, "%zu suppressed (--show-suppressed lists them)\n\n", n);
		return;
	}
	buf_addf(t->out, "Suppressed (%zu):\n", n);
	for (size_t i = 0; i < t->items.n; i++) {
		const struct item *x = &t->items.v[i];
		struct buf b CLEANUP(buf_done) = { 0 };
		if (!x->suppressed.by.n)
			continue;
		struct str what = x->name.n ? x->name : x->path;
		buf_addf(&b, "  %s %.*s", severity_name(x->severity), STR(x->id));
		buf_addf(&b, "%s%.*s%s%.*s", what.n ? " in " : "", STR(what),
			 x->version.n ? " " : "", STR(x->version));
		buf_addf(&b, ": %.*s", STR(x->suppressed.by));
		if (x->suppressed.reason.n)
			buf_addf(&b, ", %.*s", STR(x->suppressed.reason));
		if (x->suppressed.source.n)
			buf_addf(&b, " (%.*s)", STR(x->suppressed.source));
		buf_add_str(t->out, str_buf(&b));
		buf_add_char(t->out, '\n');
	}
	buf_add_char(t->out, '\n');
}

static void put_head(struct table *t, const struct report *r)
{
	const struct inventory *inv = r->inventory;
	const struct distribution *d = &inv->distribution;
	char text[TIME_TEXT];
	put_safe(t->out, inv->target);
	buf_add_str(t->out, S(" ("));
	if (d->pretty_name.n)
		put_safe(t->out, d->pretty_name);
	else if (d->id.n) {
		put_safe(t->out, d->id);
		buf_add_str(t->out, d->version.n || d->version_id.n ? S(" ") : S(""));
		put_safe(t->out, d->version.n ? d->version : d->version_id);
	} else {
		buf_add_str(t->out, S("no distribution recognised"));
	}
	if (inv->image)
		buf_addf(t->out, ", %.*s/%.*s", STR(inv->platform.os), STR(inv->platform.arch));
	buf_add_str(t->out, S(")\n"));
	if (inv->reference.n) {
		put_safe(t->out, inv->reference);
		buf_add_char(t->out, '\n');
	}
	if (d->eol && d->eol < r->created)
		buf_addf(t->out, "This release has been without public support since %s.\n",
			 date_text(d->eol, text));
	bool listed = inv->scanners & (SCAN_PACKAGES | SCAN_LICENCES);
	if (listed)
		buf_addf(t->out, "%zu package%s", inv->n_packages, inv->n_packages == 1 ? "" : "s");
	if (inv->n_layers > 1)
		buf_addf(t->out, "%s%zu layers", listed ? " in " : "", inv->n_layers);
	buf_add_str(t->out, listed || inv->n_layers > 1 ? S("\n\n") : S("\n"));
}

static void put_summary(struct table *t, const struct report *r)
{
	size_t fixable = 0, kev = 0;
	for (size_t i = 0; i < t->n_rows; i++) {
		fixable += t->rows[i].item->fixed.n != 0;
		kev += t->rows[i].item->finding->kev;
	}
	put_counts(t, t->rows, t->n_rows);
	if (t->n_rows)
		buf_addf(t->out, "%zu can be fixed", fixable);
	if (kev)
		buf_addf(t->out, ", %zu known to be exploited (KEV)", kev);
	buf_add_str(t->out, S("\n\n"));
	if (t->n_rows) {
		put_rows(t, r->inventory);
		buf_add_char(t->out, '\n');
	}
}

static void put_more(struct table *t, size_t all, size_t shown)
{
	if (all > shown)
		buf_addf(t->out, "    and %zu more (--format json lists all)\n", all - shown);
}

static void put_check_head(struct table *t, const struct config_check *c)
{
	enum severity s = SEVERITY_UNKNOWN;
	severity_parse(str_of(c->severity), &s);
	buf_addf(t->out, "  %s ", c->id);
	put_cell(t, str_of(c->severity), 8, colours[s]);
	buf_addf(t->out, " %s", c->title);
	if (c->others[0])
		buf_addf(t->out, " (%s)", c->others[0]);
	buf_addf(t->out, "\n    %s\n", c->fix);
}

/* Checks that failed, grouped by check; a few of each are enough here. */
static void put_checks(struct table *t, const struct report *r)
{
	size_t shown = 0, of_check = 0, n = 0;
	for (size_t i = 0; i < r->n_checks; i++)
		n += !r->checks[i].suppressed.by.n;
	if (n)
		buf_addf(t->out, "Configuration: %zu finding%s\n", n, n == 1 ? "" : "s");
	const struct config_check *last = NULL;
	for (size_t i = 0; i < r->n_checks; i++) {
		const struct config_finding *c = &r->checks[i];
		if (c->suppressed.by.n)
			continue;
		if (c->check != last) {
			put_more(t, of_check, shown);
			shown = of_check = 0;
			last = c->check;
			put_check_head(t, c->check);
		}
		of_check++;
		if (of_check > DETAILS_SHOWN)
			continue;
		shown++;
		buf_add_str(t->out, S("    "));
		put_safe(t->out, c->path);
		if (c->path.n)
			buf_add_str(t->out, S(": "));
		put_safe(t->out, c->message);
		buf_add_char(t->out, '\n');
	}
	put_more(t, of_check, shown);
	if (n)
		buf_add_char(t->out, '\n');
}

/* Packages of one licence on one line. */
static void put_licence_line(struct table *t, const struct report *r, size_t from, size_t to)
{
	const struct licence_finding *f = &r->licences[from];
	size_t shown = 0, n = 0;
	buf_add_str(t->out, S("  "));
	put_cell(t, str_of(severity_name(f->severity)), 8, colours[f->severity]);
	buf_addf(t->out, " %.*s ", STR(f->category));
	struct str expression = text_clean(t->arena, f->expression, EXPRESSION_SHOWN);
	put_safe(t->out, expression);
	buf_add_str(t->out, S(": "));
	for (size_t i = from; i < to; i++) {
		if (r->licences[i].suppressed.by.n)
			continue;
		if (++n > DETAILS_SHOWN)
			continue;
		if (shown++)
			buf_add_str(t->out, S(", "));
		put_safe(t->out, r->licences[i].package ? r->licences[i].package->name
							: r->licences[i].path);
	}
	if (n > shown)
		buf_addf(t->out, " and %zu more", n - shown);
	buf_add_char(t->out, '\n');
}

static void put_licences(struct table *t, const struct report *r)
{
	size_t n = 0;
	for (size_t i = 0; i < r->n_licences; i++)
		n += !r->licences[i].suppressed.by.n;
	if (n == 0)
		return;
	buf_addf(t->out, "Licences: %zu finding%s\n", n, n == 1 ? "" : "s");
	for (size_t i = 0, end; i < r->n_licences; i = end) {
		for (end = i + 1; end < r->n_licences &&
				  str_eq(r->licences[end].expression, r->licences[i].expression);)
			end++;
		if (!r->licences[i].suppressed.by.n)
			put_licence_line(t, r, i, end);
	}
	buf_add_char(t->out, '\n');
}

static void put_secret(struct table *t, const struct secret *s)
{
	enum severity severity = SEVERITY_UNKNOWN;
	severity_parse(s->severity, &severity);
	buf_add_str(t->out, S("  "));
	put_cell(t, s->severity, 8, colours[severity]);
	buf_add_char(t->out, ' ');
	put_safe(t->out, s->title);
	buf_add_str(t->out, S(" ("));
	put_safe(t->out, s->rule);
	buf_add_str(t->out, S(")\n    "));
	if (!str_eq(s->where, S("file"))) {
		put_safe(t->out, s->where);
		buf_add_char(t->out, ' ');
	}
	put_safe(t->out, s->path);
	if (s->line)
		buf_addf(t->out, ":%llu", (unsigned long long)s->line);
	if (s->layer > 0)
		buf_addf(t->out, ", layer %zd", s->layer);
	if (s->deleted)
		buf_add_str(t->out, S(", not there any more but still in its layer"));
	buf_add_str(t->out, S(": "));
	put_safe(t->out, s->match);
	buf_add_char(t->out, '\n');
}

static void put_secrets(struct table *t, const struct report *r)
{
	size_t n = 0, shown = 0;
	for (size_t i = 0; i < r->n_secrets; i++)
		n += !r->secrets[i].suppressed.by.n;
	if (n == 0)
		return;
	buf_addf(t->out, "Secrets: %zu finding%s\n", n, n == 1 ? "" : "s");
	for (size_t i = 0; i < r->n_secrets && shown < SECRETS_SHOWN; i++)
		if (!r->secrets[i].suppressed.by.n) {
			put_secret(t, r->secrets[i].secret);
			shown++;
		}
	put_more(t, n, shown);
	buf_add_char(t->out, '\n');
}

static void put_malware(struct table *t, const struct report *r)
{
	size_t n = 0, shown = 0;
	for (size_t i = 0; i < r->n_malware; i++)
		n += !r->malware[i].suppressed.by.n;
	if (n == 0)
		return;
	buf_addf(t->out, "Malware: %zu finding%s\n", n, n == 1 ? "" : "s");
	for (size_t i = 0; i < r->n_malware && shown < SECRETS_SHOWN; i++) {
		const struct malware *m = r->malware[i].malware;
		if (r->malware[i].suppressed.by.n)
			continue;
		shown++;
		buf_add_str(t->out, S("  "));
		put_cell(t, m->rule, columns_of(m->rule), colours[SEVERITY_CRITICAL]);
		buf_add_char(t->out, ' ');
		put_safe(t->out, m->path);
		if (m->layer)
			buf_addf(t->out, ", layer %zu", m->layer);
		if (m->deleted)
			buf_add_str(t->out, S(", not there any more but still in its layer"));
		if (m->description.n)
			buf_add_str(t->out, S(": "));
		put_safe(t->out, m->description);
		buf_add_char(t->out, '\n');
	}
	put_more(t, n, shown);
	buf_add_char(t->out, '\n');
}

struct split {
	size_t base_layers, base, all;
};

/* layer < 0: the configuration, which is the image's own. */
static void count_split(struct split *s, const struct suppression *hidden, ssize_t layer)
{
	if (hidden->by.n)
		return;
	s->all++;
	s->base += layer >= 0 && (size_t)layer < s->base_layers;
}

/* How much of it is the base's. */
static void put_base(struct table *t, const struct report *r)
{
	const struct base_image *b = &r->inventory->base;
	struct split s = { .base_layers = b->layers };
	for (size_t i = 0; i < r->n_findings; i++)
		count_split(&s, &r->findings[i].suppressed, (ssize_t)r->findings[i].package->layer);
	for (size_t i = 0; i < r->n_secrets; i++)
		count_split(&s, &r->secrets[i].suppressed, r->secrets[i].secret->layer);
	for (size_t i = 0; i < r->n_checks; i++) {
		const struct suppression hidden = { .by = r->checks[i].suppressed.by };
		count_split(&s, &hidden, r->checks[i].layer);
	}
	for (size_t i = 0; i < r->n_licences; i++)
		count_split(&s, &r->licences[i].suppressed, (ssize_t)r->licences[i].layer);
	for (size_t i = 0; i < r->n_malware; i++)
		count_split(&s, &r->malware[i].suppressed, (ssize_t)r->malware[i].malware->layer);
	if (b->layers == 0 || s.all == 0)
		return;
	buf_addf(t->out, "%zu in the base image", s.base);
	if (b->name.n) {
		buf_add_char(t->out, ' ');
		put_safe(t->out, b->name);
	}
	buf_addf(t->out, " (%zu layer%s, by %.*s), %zu in own layers\n\n", b->layers,
		 b->layers == 1 ? "" : "s", STR(b->evidence), s.all - s.base);
}

static void put_lines(struct table *t, const char *head, const struct strs *v)
{
	for (size_t i = 0; i < v->n; i++) {
		buf_add_str(t->out, str_of(head));
		put_safe(t->out, v->v[i]);
		buf_add_char(t->out, '\n');
	}
}

static void put_not_examined(struct table *t, const struct inventory *inv)
{
	if (!inv->n_not_examined)
		return;
	buf_addf(t->out, "Not examined (%zu):\n", inv->n_not_examined);
	for (size_t i = 0; i < MIN(inv->n_not_examined, (size_t)NOTES_SHOWN); i++) {
		const struct not_examined *n = &inv->not_examined[i];
		buf_add_str(t->out, S("  "));
		if (n->layer >= 0 && inv->image)
			buf_addf(t->out, "layer %zd: ", n->layer);
		if (n->path.n) {
			put_safe(t->out, n->path);
			buf_add_str(t->out, S(": "));
		}
		put_safe(t->out, n->reason);
		buf_add_char(t->out, '\n');
	}
	if (inv->n_not_examined > NOTES_SHOWN)
		buf_addf(t->out, "  and %zu more (--format json lists all)\n",
			 inv->n_not_examined - NOTES_SHOWN);
	buf_add_char(t->out, '\n');
}

/* Those that are not said by the lines before the verdict. */
static void put_more_reasons(struct table *t, const struct report *r)
{
	struct strs more = r->verdict.reasons;
	size_t said = MIN(r->unknown.n, more.n);
	more.v += said;
	more.n -= said;
	put_lines(t, "  ", &more);
}

static void put_report(struct table *t, const struct report *r)
{
	items_collect(t->arena, r, 1, true, &t->items);
	collect_rows(t, r->inventory);
	collect_needs(t, r->inventory);
	fit(t);
	put_head(t, r);
	if (r->inventory->scanners & SCAN_PACKAGES)
		put_summary(t, r);
	put_malware(t, r);
	put_secrets(t, r);
	put_checks(t, r);
	put_licences(t, r);
	put_base(t, r);
	put_suppressed(t);
	put_not_examined(t, r->inventory);
	put_lines(t, "Warning: ", &r->warnings);
	put_lines(t, "Unknown: ", &r->unknown);
	buf_addf(t->out, "Verdict: %s\n", verdict_name(r->verdict.kind));
	if (r->verdict.kind == VERDICT_DENIED)
		put_lines(t, "  ", &r->verdict.reasons);
	else if (r->verdict.kind == VERDICT_UNKNOWN)
		put_more_reasons(t, r);
}

static int write_table(const struct report *reports, size_t n, const struct format_options *o,
		       struct buf *out, struct err *e)
{
	(void)e;
	for (size_t i = 0; i < n; i++) {
		struct arena a CLEANUP(arena_done) = { 0 };
		struct table t = { .opt = o, .out = out, .arena = &a };
		if (i)
			buf_add_char(out, '\n');
		put_report(&t, &reports[i]);
	}
	if (summary_wanted(n, o)) {
		buf_add_char(out, '\n');
		summary_text(reports, n, o, out);
	}
	return 0;
}

const struct format format_table = { "table", write_table };
