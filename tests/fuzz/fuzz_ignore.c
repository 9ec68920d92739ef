/* Exceptions of either kind; the first byte chooses. */
#include "policy/ignore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct ignores v = { .arena = &a };
	struct strs warnings = { 0 };
	struct err e;
	struct package p = { .purl = S("pkg:npm/a@1"), .path = S("app/package.json") };
	struct finding f = { .id = S("CVE-1"), .package = &p };
	struct report r = { .findings = &f, .n_findings = 1 };
	if (size && ignore_add(&v, (struct str){ (const char *)data + 1, size - 1 },
			       data[0] & 1 ? S("x.yaml") : S("x"), &e) == 0)
		ignore_apply(&v, &r, 1700000000, &a, &warnings);
	arena_done(&a);
	return 0;
}
