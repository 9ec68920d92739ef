/* Lines as licences of packages: what comes out is an expression that means itself. */
#include "analyze/licence.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct licences l;
	struct str rest = { (const char *)data, size }, line;
	licences_init(&l, &a);
	while (str_line(&rest, &line)) {
		struct str made = licence_expression(&l, line);
		struct str again = licence_expression(&l, made);
		if (!str_eq(made, again) && made.n < 2000)
			abort();
		licence_category_of(&l, made);
	}
	arena_done(&a);
	return 0;
}
