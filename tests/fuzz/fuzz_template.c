/* Templates: what the check takes must be written, and what it refuses must not be. */
#include "report/crafted.h"
#include "report/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct crafted c;
	struct buf out = { 0 };
	struct err e;
	const struct format_options o = { .template_text = { (const char *)data, size },
					  .template_name = S("fuzz") };
	if (!c.n)
		crafted_make(&c, "two");
	/* Nested lists multiply: that is bounded too, but not within the time of a fuzzer. */
	size_t lists = 0;
	for (size_t i = 0; i + 5 < size; i++)
		lists += memcmp(data + i, "#each", 5) == 0;
	int checked = template_check(&o, &e);
	if (lists > 4)
		return 0;
	int wrote = format_find(S("template"))->write(c.reports, c.n, &o, &out, &e);
	if ((checked == 0) != (wrote == 0))
		abort();
	buf_done(&out);
	return 0;
}
