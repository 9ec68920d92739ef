/* Lines of the input as paths. */
#include "drive.h"

#include <stdlib.h>

extern const struct analyzer analyzer_leftovers;
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct drive d;
	struct str rest = { (const char *)data, size }, line;
	drive_init(&d, &analyzer_leftovers);
	while (str_line(&rest, &line)) {
		struct file f = { .path = line, .size = 1 };
		struct err e;
		void *state;
		if (analyzer_leftovers.begin(&d.an, &f, &state, &e))
			abort();
	}
	drive_done(&d);
	return 0;
}
