/* One text as a licence file and as a copyright file, then what follows the fold. */
#include "drive.h"

#include "analyze/licence.h"

#include <stdlib.h>

extern const struct analyzer analyzer_licence_text;
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct drive d;
	struct fold f;
	struct inventory inv;
	struct buf raw = { 0 };
	struct layer_record back = { 0 };
	struct err e;
	struct str body = { (const char *)data, size };
	drive_init(&d, &analyzer_licence_text);
	drive_file(&d, "app/LICENSE", body, 0);
	drive_file(&d, "usr/share/doc/foo/copyright", body, 0);
	record_encode(&d.record, &raw);
	if (record_decode(&d.arena, str_buf(&raw), &d.limits, &back, &e) < 0)
		abort();
	drive_fold(&d, &f);
	f.n_files = f.files_cap = 0;
	f.files = NULL;
	fold_layers(&f);
	drive_inventory(&d, &f, &inv);
	*ARENA_PUSH(&d.arena, inv.packages, inv.n_packages, inv.packages_cap) =
		(struct package){ .type = S("deb"), .name = S("foo") };
	licence_collect(&f, &inv);
	buf_done(&raw);
	drive_done(&d);
	return 0;
}
