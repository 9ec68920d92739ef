/* URLs and targets of redirects. What is accepted must say the same thing when it is read again. */
#include "base/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(struct arena *a, const struct url *u)
{
	struct url again;
	struct err e;
	struct str text = url_text(a, u);
	if (text.n > URL_MAX)
		return;
	if (url_parse(a, text, &again, &e) || !url_same_origin(u, &again) ||
	    !str_eq(u->path, again.path))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct arena a = { 0 };
	struct url u, base;
	struct err e;
	if (url_parse(&a, text, &u, &e) == 0)
		check_again(&a, &u);
	if (url_parse(&a, S("https://example.org:8443/a/b?c"), &base, &e) == 0 &&
	    url_resolve(&a, &base, text, &u, &e) == 0)
		check_again(&a, &u);
	arena_done(&a);
	return 0;
}
