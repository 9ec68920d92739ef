/* VEX documents of any format against a small inventory. */
#include "vuln/vex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct vex v = { .arena = &a };
	struct strs warnings = { 0 };
	struct err e;
	const size_t down[] = { 1 }, round[] = { 0, 2 };
	struct package p[] = {
		{ .type = S("npm"), .purl = S("pkg:npm/a@1"), .needs = down, .n_needs = 1 },
		{ .type = S("npm"), .purl = S("pkg:npm/b@1"), .needs = round, .n_needs = 2 },
		{ .type = S("deb"), .purl = S("pkg:deb/debian/c@1?arch=amd64") },
	};
	struct inventory inv = { .arena = &a,
				 .packages = p,
				 .n_packages = COUNT(p),
				 .target = S("debian:12"),
				 .purl = S("pkg:oci/debian?tag=12"),
				 .serial = S("urn:uuid:1") };
	struct finding f[] = { { .id = S("CVE-1"), .package = &p[1] },
			       { .id = S("CVE-1"), .package = &p[2] } };
	if (vex_add(&v, (struct str){ (const char *)data, size }, S("doc"), &e) == 0)
		vex_apply(&v, &inv, f, COUNT(f), &a, &warnings);
	else if (v.n_documents || v.n_statements)
		__builtin_trap();
	arena_done(&a);
	return 0;
}
