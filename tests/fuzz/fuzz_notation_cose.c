/* Notation's COSE envelopes. */
#include "fuzz_notation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_envelope(notation_cose_read, data, size);
}
