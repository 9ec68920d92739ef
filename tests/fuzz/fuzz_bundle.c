/* Bundles of all kinds; entries against the bundle's own signature and a key, so that bodies are read, and the whole
 * judged. */
#include "trust/rekor.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void read_entries(const struct sigstore_bundle *b, const struct key *k)
{
	struct signed_bytes what = { .has_message = true, .message = S("hello") };
	struct rekor_subject s = { .signature = b->signature,
				   .alg = SIGNATURE_ECDSA_SHA256,
				   .key = k,
				   .what = &what,
				   .dsse = b->is_dsse ? &b->dsse : NULL,
				   .envelope_json = b->envelope_json };
	struct trusted_log log = { .name = S("log"),
				   .key = (struct key *)k,
				   .alg = SIGNATURE_ECDSA_SHA256 };
	struct arena a = { 0 };
	struct err e;
	for (size_t i = 0; i < b->n_entries; i++) {
		struct str body = b->entries[i].body;
		struct checkpoint c = { .size = b->entries[i].tree_size };
		rekor_entry_is_of(&b->entries[i], &s, &a, &body, &e);
		rekor_set_verify(&b->entries[i], &log);
		rekor_checkpoint_verify(&b->entries[i], &log, &a, &c, &e);
		rekor_inclusion_verify(&b->entries[i], body, &c, &e);
	}
	arena_done(&a);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static struct key *k;
	struct sigstore_bundle *b = NULL;
	struct signed_bytes what = { .has_message = true, .message = S("hello") };
	struct sigstore_policy p = { .keys = (const struct key *const *)&k, .n_keys = 1 };
	struct arena a = { 0 };
	struct proof proof;
	struct err e;
	if (!k && key_generate(KEY_ECDSA, 256, &k, &e))
		abort();
	if (sigstore_bundle_parse((struct str){ (const char *)data, size }, &b, &e) == 0) {
		read_entries(b, k);
		if (sigstore_verify(b, &what, &p, &a, &proof, &e) == 0 && proof.result == CHECK_YES)
			abort();
		sigstore_bundle_close(b);
	}
	arena_done(&a);
	return 0;
}
