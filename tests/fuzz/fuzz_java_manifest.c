/* A manifest of any bytes, up to the first NUL, and a file name behind it. What must hold: all that is guessed lies in them. */
#include "analyze/java_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_done) struct arena a = { 0 };
	struct str file = { (const char *)data, size }, text = str_cut(&file, '\0');
	struct str group, artifact, version;
	struct java_manifest m = { 0 };
	struct strs licences = { 0 };
	java_manifest_parse(&a, text, &m);
	java_guess(&m, file, &group, &artifact, &version);
	java_manifest_licences(&a, &m, &licences);
	if (group.n > size || artifact.n > size || version.n > size || licences.n > size + 3)
		abort();
	return 0;
}
