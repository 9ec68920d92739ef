/* Trusted roots. */
#include "trust/trusted_root.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct trusted_root *r = NULL;
	struct err e;
	if (trusted_root_parse((struct str){ (const char *)data, size }, S("input"), &r, &e) == 0)
		trusted_root_close(r);
	return 0;
}
