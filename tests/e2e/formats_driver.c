/* formats-driver FORMAT REPORT [TEMPLATE]: writes one of the reports made by hand (crafted.h) to standard output. The
 * environment says SUPPRESSED for --show-suppressed, WIDTH for a terminal of that width. */
#include "report/crafted.h"
#include "report/format.h"

#include <stdio.h>

int main(int argc, char **argv)
{
	struct crafted c;
	struct buf out = { 0 };
	struct err e;
	struct format_options o = { .github = {
					    .sha = S("0123456789abcdef0123456789abcdef01234567"),
					    .ref = S("refs/heads/main"),
					    .id = S("1"),
					    .correlator = S("scan_build") } };
	const struct format *f = argc > 2 ? format_find(str_of(argv[1])) : NULL;
	if (!f || !crafted_make(&c, argv[2]))
		return 2;
	o.show_suppressed = getenv("SUPPRESSED") != NULL;
	o.width = getenv("WIDTH") ? (unsigned)strtoul(getenv("WIDTH"), NULL, 10) : 0;
	o.template_text = str_of(argc > 3 ? argv[3] : "");
	o.template_name = S("argument");
	if (f->write(c.reports, c.n, &o, &out, &e)) {
		fprintf(stderr, "%s\n", e.text);
		return 3;
	}
	fwrite(out.p, 1, out.n, stdout);
	buf_done(&out);
	arena_done(&c.arena);
	return 0;
}
