/* Notation's JWS envelopes, and what is in one that is taken: certificates and payload. */
#include "trust/notation_envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct notation_envelope v;
	struct descriptor d;
	struct certs chain = { 0 };
	struct err e;
	struct str text = { (const char *)data, size };
	if (notation_jws_read(text, &a, &v, &e) == 0) {
		if (v.chain.n == 0 || v.time <= 0 || v.alg == SIGNATURE_NONE)
			__builtin_trap();
		if (notation_chain_parse(&v.chain, &chain, &e) == 0)
			notation_chain_check(&chain, &e);
		notation_payload_read(v.payload, &a, &d, &e);
	}
	certs_done(&chain);
	arena_done(&a);
	return 0;
}
