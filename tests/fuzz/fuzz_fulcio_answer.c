/* What certificate authorities answer. */
#include "trust/fulcio.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct certs certs = { 0 };
	struct err e;
	if (fulcio_answer((struct str){ (const char *)data, size }, &certs, &e) == 0 &&
	    (certs.n == 0 || certs.n > CERTS_MAX))
		abort();
	certs_done(&certs);
	return 0;
}
