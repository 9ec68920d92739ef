/* A go.mod and the go.sum beside it, divided by the first NUL. */
#include "drive.h"

extern const struct analyzer analyzer_gomod;
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str sum = { (const char *)data, size }, mod = str_cut(&sum, '\0');
	struct drive d;
	drive_init(&d, &analyzer_gomod);
	drive_file(&d, "go.mod", mod, 0);
	drive_file(&d, "go.sum", sum, 0);
	drive_finish(&d);
	drive_done(&d);
	return 0;
}
