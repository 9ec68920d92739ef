/* Every format over a report whose texts hold the input: what is JSON must be JSON, what is XML must be XML, and no format
 * lets a control character or a byte that is no UTF-8 through. The first byte says which report. */
#include "base/json.h"
#include "base/xml.h"
#include "report/crafted.h"
#include "report/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int nothing(void *ctx, unsigned depth, struct str name, const char **attributes,
		   struct err *e)
{
	(void)ctx;
	(void)depth;
	(void)name;
	(void)attributes;
	(void)e;
	return 0;
}

static int nothing_at_end(void *ctx, unsigned depth, struct str name, struct str text,
			  struct err *e)
{
	(void)ctx;
	(void)depth;
	(void)name;
	(void)text;
	(void)e;
	return 0;
}

static void check_xml(struct str text)
{
	const struct xml_handlers h = { nothing, nothing_at_end };
	struct err e;
	struct stream *s = stream_mem(text);
	if (xml_read(s, &h, NULL, &e))
		abort();
	stream_close(s);
}

static void check(const struct format *f, struct str text)
{
	struct json *j;
	struct err e;
	if (!str_is_utf8(text))
		abort();
	for (size_t i = 0; i < text.n; i++)
		if (((unsigned char)text.p[i] < ' ' && !strchr("\n\t\r", text.p[i])) ||
		    text.p[i] == 0x7F)
			abort();
	if (strcmp(f->name, "junit") == 0)
		check_xml(text);
	else if (text.n && (text.p[0] == '{' || (text.p[0] == '[' && text.n < JSON_TREE_MAX))) {
		if (json_parse(text, &j, &e))
			abort();
		json_free(j);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct crafted c = { 0 };
	struct err e;
	if (size < 1 || size > 2000)
		return 0;
	c.extra = (struct str){ (const char *)data + 1, size - 1 };
	if (data[0] & 1)
		crafted_empty(&c);
	crafted_full(&c);
	const struct format_options o = {
		.show_suppressed = data[0] & 2,
		.width = data[0] & 4 ? 60 : 0,
		.template_text =
			S("{{#each reports}}{{#each findings}}{{title | json}}{{/each}}{{/each}}"),
		.template_name = S("fuzz"),
		.github = { .sha = S("0"), .ref = S("refs/x") }
	};
	for (size_t i = 0; formats[i]; i++) {
		struct buf out = { 0 };
		if (!formats[i]->write)
			continue;
		/* An SBOM is of one image. */
		int r = formats[i]->write(c.reports, c.n, &o, &out, &e);
		if (r && c.n == 1)
			abort();
		if (r) {
			buf_done(&out);
			continue;
		}
		if (strcmp(formats[i]->name, "template") != 0)
			check(formats[i], str_buf(&out));
		buf_done(&out);
	}
	arena_done(&c.arena);
	return 0;
}
