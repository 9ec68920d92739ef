/* SBOMs of every format: whatever is read survives encoding, becomes an inventory and can be written; what we wrote is read
 * back as the same. */
#include "report/sbom.h"
#include "report/sbom_read.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* False when the text is refused. */
static bool read_text(struct arena *a, struct str text, struct inventory *inv)
{
	struct layer_record made = { 0 }, record = { 0 };
	struct buf bytes CLEANUP(buf_done) = { 0 };
	struct limits l;
	struct err e;
	limits_default(&l);
	sbom_parse(a, text, &l, &made);
	record_encode(&made, &bytes);
	if (record_decode(a, arena_str(a, str_buf(&bytes)), &l, &record, &e) || record.n_files != 1)
		abort();
	if (record.files[0].unreadable.n)
		return false;
	inv->arena = a;
	return sbom_inventory(&record, &l, inv, &e) == 0;
}

static struct str write_text(struct arena *a, const struct inventory *inv, const char *format)
{
	struct report r = { .inventory = inv, .created = 1 };
	struct buf out CLEANUP(buf_done) = { 0 };
	struct err e;
	if (format_find(str_of(format))->write(&r, 1, NULL, &out, &e))
		abort();
	return arena_str(a, str_buf(&out));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "cyclonedx", "spdx-json", "spdx", "spdx-3-json" };
	struct arena a = { 0 };
	struct inventory inv = { 0 };
	if (read_text(&a, (struct str){ (const char *)data, size }, &inv)) {
		struct str first = write_text(&a, &inv, "cyclonedx");
		for (size_t i = 0; i < COUNT(names); i++) {
			struct inventory again = { 0 };
			struct str text = write_text(&a, &inv, names[i]);
			if (!read_text(&a, text, &again) || again.n_packages != inv.n_packages)
				abort();
			if (i == 0 && !str_eq(write_text(&a, &again, "cyclonedx"), first))
				abort();
		}
	}
	arena_done(&a);
	return 0;
}
