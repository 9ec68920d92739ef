/* Lines as licences of packages: what comes out is an expression that means itself. */
#include "analyze/licence.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* The tables are the same each time; what is made of the input is not kept. */
	static struct arena tables;
	static struct licences names;
	struct arena a = { 0 };
	struct str rest = { (const char *)data, size }, line;
	if (!names.arena)
		licences_init(&names, &tables);
	struct licences l = names;
	l.arena = &a;
	map_init(&l.seen, &a);
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
