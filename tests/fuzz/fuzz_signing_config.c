/* Signing configurations, and the choice that is made of what they name: never more services than are needed and there. */
#include "trust/signing_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void choose(const struct service_list *l, struct arena *a)
{
	struct service_list chosen;
	size_t needed;
	struct err e;
	if (service_select(l, "services", 2, 1800000000, a, &chosen, &needed, &e))
		return;
	if (chosen.n < needed || chosen.n > l->n || (l->n && !needed))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct signing_config c;
	struct err e;
	if (signing_config_parse((struct str){ (const char *)data, size }, &a, &c, &e) == 0) {
		choose(&c.cas, &a);
		choose(&c.logs, &a);
		choose(&c.tsas, &a);
	}
	arena_done(&a);
	return 0;
}
