/* The format for people: a summary by severity, then a table that fits the width, what can be fixed first, known
 * exploited ones marked; then what was not looked at and the verdict. */
#include "analyze/analyzer.h"
#include "base/time.h"
#include "report/format.h"
#include "report/text.h"

#include <stdio.h>

enum {
	COLUMNS = 6,
	DEFAULT_WIDTH = 120,
	NARROWEST = 60,
	NOTES_SHOWN = 20,
	SECRETS_SHOWN = 100,
	DETAILS_SHOWN = 5,
	TITLE_LEAST = 12,
	COLUMN_LEAST = 14
};

static const char *const colours[] = {
	[SEVERITY_UNKNOWN] = "\x1b[36m", [SEVERITY_NEGLIGIBLE] = "\x1b[2m",
	[SEVERITY_LOW] = "\x1b[34m",	 [SEVERITY_MEDIUM] = "\x1b[33m",
	[SEVERITY_HIGH] = "\x1b[31m",	 [SEVERITY_CRITICAL] = "\x1b[1;31m",
};

struct table {
	const struct format_options *opt;
	struct buf *out;
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

/* The cells of a finding's row. */
static void cells_of(const struct finding *f, struct str cells[COLUMNS])
{
	cells[0] = f->package->name;
	cells[1] = f->id;
	cells[2] = str_of(severity_name(f->severity));
	cells[3] = f->package->version;
	cells[4] = f->fixed.n ? f->fixed : str_of(status_name(f->status));
	cells[5] = f->summary;
}

static const struct str heads[COLUMNS] = {
	{ "PACKAGE", 7 },   { "VULNERABILITY", 13 }, { "SEVERITY", 8 },
	{ "INSTALLED", 9 }, { "FIXED IN", 8 },	     { "TITLE", 5 },
};

/* Natural widths; the title takes what is left, else columns give way until the row fits. */
static void fit(struct table *t, const struct report *r)
{
	size_t total =
		t->opt->width ? MAX((size_t)t->opt->width, (size_t)NARROWEST) : DEFAULT_WIDTH;
	for (size_t c = 0; c < COLUMNS; c++)
		t->width[c] = heads[c].n;
	for (size_t i = 0; i < r->n_findings; i++) {
		struct str cells[COLUMNS];
		if (r->findings[i].suppressed.by.n)
			continue;
		cells_of(&r->findings[i], cells);
		for (size_t c = 0; c < COLUMNS; c++)
			t->width[c] =
				MAX(t->width[c],
				    columns_of(cells[c]) + (c == 1 && r->findings[i].kev ? 4 : 0));
	}
	t->width[0] = MIN(t->width[0], (size_t)30);
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

static void put_row(struct table *t, const struct str cells[COLUMNS], const struct finding *f)
{
	for (size_t c = 0; c < COLUMNS; c++) {
		if (t->width[c] == 0)
			continue;
		const char *colour = f && c == 2 ? colours[f->severity] : !f ? "\x1b[1m" : NULL;
		if (f && c == 1 && f->kev) {
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

/* Fixable ones first; inside, the order of the match (severity down). */
static void put_rows(struct table *t, const struct report *r)
{
	put_row(t, heads, NULL);
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < r->n_findings; i++) {
			const struct finding *f = &r->findings[i];
			struct str cells[COLUMNS];
			if (f->suppressed.by.n || (f->fixed.n != 0) == (pass == 1))
				continue;
			cells_of(f, cells);
			put_row(t, cells, f);
		}
	}
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
		buf_add_char(t->out, ' ');
		put_safe(t->out, d->version);
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
	buf_addf(t->out, "%zu package%s", inv->n_packages, inv->n_packages == 1 ? "" : "s");
	if (inv->n_layers > 1)
		buf_addf(t->out, " in %zu layers", inv->n_layers);
	buf_add_str(t->out, S("\n\n"));
}

static void put_summary(struct table *t, const struct report *r)
{
	size_t count[SEVERITY_CRITICAL + 1] = { 0 }, total = 0, fixable = 0, kev = 0;
	for (size_t i = 0; i < r->n_findings; i++) {
		const struct finding *f = &r->findings[i];
		if (f->suppressed.by.n)
			continue;
		total++;
		count[f->severity]++;
		fixable += f->fixed.n != 0;
		kev += f->kev;
	}
	buf_addf(t->out, "Total: %zu", total);
	if (total) {
		buf_add_str(t->out, S(" ("));
		for (int s = SEVERITY_CRITICAL; s >= 0; s--)
			if (s != SEVERITY_NEGLIGIBLE || count[s])
				buf_addf(t->out, "%s%s: %zu", s == SEVERITY_CRITICAL ? "" : ", ",
					 severity_name((enum severity)s), count[s]);
		buf_addf(t->out, ")\n%zu can be fixed", fixable);
		if (kev)
			buf_addf(t->out, ", %zu known to be exploited (KEV)", kev);
	}
	buf_add_str(t->out, S("\n\n"));
	if (total) {
		put_rows(t, r);
		buf_add_char(t->out, '\n');
	}
}

static void put_more(struct table *t, size_t all, size_t shown)
{
	if (all > shown)
		buf_addf(t->out, "    and %zu more (--format json lists all)\n", all - shown);
}

static void put_check_head(struct table *t, const struct check *c)
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
	const struct check *last = NULL;
	for (size_t i = 0; i < r->n_checks; i++) {
		const struct check_result *c = &r->checks[i];
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
	put_safe(t->out, f->expression);
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

/* How much of it is the base's. */
static void put_base(struct table *t, const struct report *r)
{
	const struct base_image *b = &r->inventory->base;
	size_t base = 0, all = 0;
	for (size_t i = 0; i < r->n_findings; i++) {
		bool counts = !r->findings[i].suppressed.by.n;
		all += counts;
		base += counts && r->findings[i].package->layer < b->layers;
	}
	for (size_t i = 0; i < r->n_checks; i++) {
		bool counts = !r->checks[i].suppressed.by.n;
		all += counts;
		base += counts && r->checks[i].layer >= 0 && (size_t)r->checks[i].layer < b->layers;
	}
	for (size_t i = 0; i < r->n_licences; i++) {
		bool counts = !r->licences[i].suppressed.by.n;
		all += counts;
		base += counts && r->licences[i].layer < b->layers;
	}
	if (b->layers == 0 || all == 0)
		return;
	buf_addf(t->out, "%zu in the base image", base);
	if (b->name.n) {
		buf_add_char(t->out, ' ');
		put_safe(t->out, b->name);
	}
	buf_addf(t->out, " (%zu layer%s, by %.*s), %zu in own layers\n\n", b->layers,
		 b->layers == 1 ? "" : "s", STR(b->evidence), all - base);
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
		if (n->layer >= 0)
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
	fit(t, r);
	put_head(t, r);
	if (r->inventory->scanners & SCAN_PACKAGES)
		put_summary(t, r);
	put_secrets(t, r);
	put_checks(t, r);
	put_licences(t, r);
	put_base(t, r);
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
	struct table t = { .opt = o, .out = out };
	(void)e;
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_add_char(out, '\n');
		put_report(&t, &reports[i]);
	}
	return 0;
}

const struct format format_table = { "table", write_table };
