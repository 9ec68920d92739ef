/* The four files of accounts from one input, parted by NUL, in chunks of a few bytes. */
#include "drive.h"

#include <stdlib.h>

extern const struct analyzer analyzer_accounts;
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct drive d;
	struct buf raw = { 0 };
	struct layer_record back = { 0 };
	struct err e;
	struct str rest = { (const char *)data, size };
	drive_init(&d, &analyzer_accounts);
	for (size_t i = 0; analyzer_accounts.patterns[i]; i++)
		drive_file(&d, analyzer_accounts.patterns[i], str_cut(&rest, '\0'), i * 7);
	record_encode(&d.record, &raw);
	if (record_decode(&d.arena, str_buf(&raw), &d.limits, &back, &e) < 0)
		abort();
	buf_done(&raw);
	drive_done(&d);
	return 0;
}
