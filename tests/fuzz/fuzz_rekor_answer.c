/* What transparency logs answer, to questions that some of the seeds answer. The first byte chooses generation and question. */
#include "base/base64.h"
#include "trust/rekor_client.h"

#include "../data/trust/keyless/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct key *key;
static struct buf cert, message_sig, envelope_sig;

static void prepare(void)
{
	struct err e;
	if (!key && (key_from_pem(S(KEY_PEM), &key, &e) || !base64_decode(S(CERT_B64), &cert) ||
		     !base64_decode(S(MESSAGE_SIG), &message_sig) ||
		     !base64_decode(S(ENVELOPE_SIG), &envelope_sig)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct log_entry entry;
	struct err e;
	if (size == 0)
		return 0;
	prepare();
	struct str text = { (const char *)data + 1, size - 1 };
	struct dsse_signature sig = { .sig = str_buf(&envelope_sig) };
	struct dsse dsse = { S(PAYLOAD), S(PAYLOAD_TYPE), &sig, 1 };
	struct rekor_request r = { .key = key,
				   .cert_der = str_buf(&cert),
				   .alg = SIGNATURE_ECDSA_SHA256,
				   .signature = str_buf(&message_sig) };
	digest_of(DIGEST_SHA256, S(MESSAGE), &r.digest);
	if (data[0] == '2') {
		r.dsse = &dsse;
		r.signature = sig.sig;
	}
	if (rekor_answer(text, data[0] == '3' ? 2 : 1, &r, &a, &entry, &e) == 0 &&
	    (entry.log_id.n != 32 || !entry.has_proof || !entry.body.n))
		abort();
	arena_done(&a);
	return 0;
}
