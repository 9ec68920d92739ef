/* apt's sources in both styles. */
#include "vuln/apt_sources.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct arena a CLEANUP(arena_done) = { 0 };
	struct apt_sources s = { 0 };
	struct err e;
	apt_sources_list(&a, text, S("f"), &s, &e);
	apt_sources_deb822(&a, text, S("f"), &s, &e);
	return 0;
}
