/* dpkg: the first byte is the chunk size, the rest status, list, sums and diversions, parted by NUL; then the join. What
 * comes out must survive its encoding. */
#include "drive.h"

#include <stdlib.h>

extern const struct analyzer analyzer_dpkg, analyzer_dpkg_files;
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void drive_all(struct drive *d, struct str rest, size_t chunk)
{
	static const char *const paths[] = { "var/lib/dpkg/info/a.list",
					     "var/lib/dpkg/info/a.md5sums",
					     "var/lib/dpkg/diversions" };
	drive_file(d, "var/lib/dpkg/status", str_cut(&rest, '\0'), chunk);
	d->analyzer = &analyzer_dpkg_files;
	d->an.shared = NULL;
	for (size_t i = 0; i < COUNT(paths); i++)
		drive_file(d, paths[i], str_cut(&rest, '\0'), chunk);
	drive_finish(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct drive d;
	struct fold f;
	struct inventory inv;
	struct buf raw = { 0 };
	struct layer_record back = { 0 };
	struct err e;
	if (size == 0)
		return 0;
	drive_init(&d, &analyzer_dpkg);
	drive_all(&d, (struct str){ (const char *)data + 1, size - 1 }, data[0]);
	record_encode(&d.record, &raw);
	if (record_decode(&d.arena, str_buf(&raw), &d.limits, &back, &e) < 0)
		abort();
	drive_fold(&d, &f);
	drive_inventory(&d, &f, &inv);
	analyzer_dpkg_files.join(&f, &inv, &e);
	buf_done(&raw);
	drive_done(&d);
	return 0;
}
