/* Included with SCHEME defined. Three versions, one a line: compare must be antisymmetric and transitive whatever they hold. */
#include "vuln/version.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct version_scheme *s = version_scheme_find(S(SCHEME));
	struct str rest = { (const char *)data, size }, v[3];
	for (size_t i = 0; i < 3; i++) {
		v[i] = str_cut(&rest, '\n');
		s->valid(v[i]);
		if (s->compare(v[i], v[i]) != 0)
			abort();
	}
	int ab = sign(s->compare(v[0], v[1])), bc = sign(s->compare(v[1], v[2])),
	    ac = sign(s->compare(v[0], v[2]));
	if (ab != -sign(s->compare(v[1], v[0])))
		abort();
	if (ab <= 0 && bc <= 0 && (ac > 0 || (ac == 0 && (ab || bc))))
		abort();
	if (ab >= 0 && bc >= 0 && (ac < 0 || (ac == 0 && (ab || bc))))
		abort();
	return 0;
}
