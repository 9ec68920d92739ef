/* Notation's envelopes, and what is in one that is taken: certificates and payload. */
#include "trust/notation_envelope.h"

typedef int read_envelope(struct str text, struct arena *a, struct notation_envelope *out,
			  struct err *e);

static inline int fuzz_envelope(read_envelope *read, const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct notation_envelope v;
	struct descriptor d;
	struct certs chain = { 0 };
	struct err e;
	if (read((struct str){ (const char *)data, size }, &a, &v, &e) == 0) {
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
