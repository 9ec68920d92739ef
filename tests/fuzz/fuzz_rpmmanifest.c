/* A manifest of any bytes: of the second kind where it has a tab. */
#include "drive.h"

extern const struct analyzer analyzer_rpmmanifest;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct drive d;
	drive_init(&d, &analyzer_rpmmanifest);
	drive_file(&d,
		   size && memchr(data, '\t', size) ? "var/lib/rpmmanifest/container-manifest-2"
						    : "var/lib/rpmmanifest/container-manifest-1",
		   (struct str){ (const char *)data, size }, 0);
	drive_finish(&d);
	drive_done(&d);
	return 0;
}
