/* Debian changelogs of a source named "p". */
#include "vuln/deb_changelog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	struct changelog c;
	deb_changelog_parse(&a, (struct str){ (const char *)data, size }, S("p"), &c);
	return 0;
}
