/* WWW-Authenticate fields. What is accepted must be within the limits. */
#include "source/challenge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size }, line;
	struct arena a = { 0 };
	struct challenges c = { 0 };
	struct err e;
	while (str_line(&rest, &line))
		(void)challenges_parse(&a, line, &c, &e);
	if (c.n > CHALLENGES_MAX)
		abort();
	for (size_t i = 0; i < c.n; i++)
		if (c.v[i].n_params > CHALLENGE_PARAMS_MAX || c.v[i].scheme.n == 0)
			abort();
	arena_done(&a);
	return 0;
}
