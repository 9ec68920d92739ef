/* Link fields. The target must lie inside the input. */
#include "source/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str field = { (const char *)data, size };
	struct str next = link_next(field);
	if (next.n && (next.p < field.p || next.p + next.n > field.p + field.n))
		abort();
	return 0;
}
