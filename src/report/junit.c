/* JUnit XML as Jenkins (xunit), GitLab and others read it: a suite for each target, a case for each find that fails, a case
 * in error for each thing that was not examined, and one for the verdict, so that a suite is never empty. */
#include "base/time.h"
#include "report/format.h"
#include "report/item.h"
#include "report/text.h"

#include <stdio.h>

struct counts {
	size_t tests, failures, errors, skipped;
};

static struct counts count(const struct report *r, const struct items *items)
{
	struct counts c = { .tests = items->n + r->inventory->n_not_examined + 1,
			    .errors = r->inventory->n_not_examined };
	for (size_t i = 0; i < items->n; i++)
		c.skipped += items->v[i].suppressed.by.n != 0;
	c.failures = items->n - c.skipped;
	c.failures += r->verdict.kind == VERDICT_DENIED;
	c.errors += r->verdict.kind == VERDICT_UNKNOWN;
	return c;
}

static void put_attribute(struct buf *b, const char *name, struct str value)
{
	buf_addf(b, " %s=\"", name);
	text_put_xml(b, value);
	buf_add_char(b, '"');
}

static void put_case(struct buf *b, struct str class, struct str name)
{
	buf_add_str(b, S("\t\t<testcase"));
	put_attribute(b, "classname", class);
	put_attribute(b, "name", name);
	buf_add_str(b, S(" time=\"0\""));
}

static void put_details(struct buf *b, const struct item *i)
{
	const struct str lines[] = { i->message, i->title, i->fix, i->url };
	for (size_t k = 0; k < COUNT(lines); k++) {
		if (!lines[k].n)
			continue;
		text_put_xml(b, lines[k]);
		buf_add_char(b, '\n');
	}
}

static void put_item(struct buf *b, struct arena *a, const struct item *i)
{
	struct str class = i->name.n   ? arena_printf(a, "%.*s-%.*s", STR(i->name), STR(i->version))
			   : i->path.n ? i->path
				       : S("image configuration");
	put_case(b, class, arena_printf(a, "[%s] %.*s", severity_name(i->severity), STR(i->id)));
	buf_add_str(b, S(">\n\t\t\t"));
	if (i->suppressed.by.n) {
		buf_add_str(b, S("<skipped"));
		put_attribute(b, "message",
			      arena_printf(a, "%.*s: %.*s", STR(i->suppressed.by),
					   STR(i->suppressed.reason)));
		buf_add_str(b, S("/>\n"));
	} else {
		buf_addf(b, "<failure type=\"%s\"", item_kind_name(i->kind));
		put_attribute(b, "message", i->title);
		buf_add_char(b, '>');
		put_details(b, i);
		buf_add_str(b, S("</failure>\n"));
	}
	buf_add_str(b, S("\t\t</testcase>\n"));
}

static void put_not_examined(struct buf *b, struct arena *a, const struct not_examined *n)
{
	put_case(b, S("not examined"),
		 text_clean(a, n->path.n ? n->path : S("the image"), ITEM_PATH_MAX));
	buf_add_str(b, S(">\n\t\t\t<error type=\"not examined\""));
	put_attribute(b, "message", text_clean(a, n->reason, ITEM_TEXT_MAX));
	buf_add_str(b, S("/>\n\t\t</testcase>\n"));
}

static void put_verdict(struct buf *b, const struct report *r)
{
	bool denied = r->verdict.kind == VERDICT_DENIED;
	put_case(b, S("lazaret"), S("verdict"));
	if (!denied && r->verdict.kind != VERDICT_UNKNOWN) {
		buf_add_str(b, S("/>\n"));
		return;
	}
	buf_addf(b, ">\n\t\t\t<%s type=\"verdict\" message=\"%s\">", denied ? "failure" : "error",
		 verdict_name(r->verdict.kind));
	for (size_t i = 0; i < r->verdict.reasons.n; i++) {
		text_put_xml(b, r->verdict.reasons.v[i]);
		buf_add_char(b, '\n');
	}
	buf_addf(b, "</%s>\n\t\t</testcase>\n", denied ? "failure" : "error");
}

static void put_suite(struct buf *b, const struct report *r, const struct format_options *opt)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	struct items items;
	char time[TIME_TEXT], number[40];
	items_collect(&a, r, 1, opt->show_suppressed, &items);
	struct counts c = count(r, &items);
	buf_add_str(b, S("\t<testsuite"));
	put_attribute(b, "name", text_clean(&a, r->inventory->target, ITEM_PATH_MAX));
	const struct {
		const char *name;
		size_t n;
	} numbers[] = { { "tests", c.tests },
			{ "failures", c.failures },
			{ "errors", c.errors },
			{ "skipped", c.skipped } };
	for (size_t i = 0; i < COUNT(numbers); i++) {
		snprintf(number, sizeof number, "%zu", numbers[i].n);
		put_attribute(b, numbers[i].name, str_of(number));
	}
	buf_addf(b, " time=\"0\" timestamp=\"%s\">\n", time_text(r->created, time));
	for (size_t i = 0; i < items.n; i++)
		put_item(b, &a, &items.v[i]);
	for (size_t i = 0; i < r->inventory->n_not_examined; i++)
		put_not_examined(b, &a, &r->inventory->not_examined[i]);
	put_verdict(b, r);
	buf_add_str(b, S("\t</testsuite>\n"));
}

static int write_junit(const struct report *reports, size_t n, const struct format_options *opt,
		       struct buf *out, struct err *e)
{
	(void)e;
	buf_add_str(
		out,
		S("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"lazaret\">\n"));
	for (size_t i = 0; i < n; i++)
		put_suite(out, &reports[i], opt);
	buf_add_str(out, S("</testsuites>\n"));
	return 0;
}

const struct format format_junit = { "junit", write_junit };
