/* Trust policy documents, of images and of blobs, and the names in them. */
#include "trust/notation_policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct notation_trust t = { 0 }, blob = { 0 };
	struct notation_identity name = { 0 };
	struct arena a = { 0 };
	struct err e;
	if (notation_policy_parse(text, false, &t, &e) == 0)
		for (size_t i = 0; i < t.n; i++)
			if (t.v[i].scopes.n == 0 || !notation_policy_find(&t, t.v[i].scopes.v[0]))
				__builtin_trap();
	notation_policy_parse(text, true, &blob, &e);
	if (notation_name_parse(text, &a, &name, &e) == 0 && !notation_name_subset(&name, &name))
		__builtin_trap();
	arena_done(&t.arena);
	arena_done(&blob.arena);
	arena_done(&a);
	return 0;
}
