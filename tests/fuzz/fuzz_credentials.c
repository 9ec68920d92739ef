/* Configuration files with credentials, and the answers of helpers. Helpers are never run: inputs that name one are left
 * out. */
#include "source/credentials.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct credentials c = { 0 };
	struct err e;
	if (str_find(text, S("creds")) < 0 && str_find(text, S("credH")) < 0 &&
	    str_find_char(text, '\\') < 0)
		(void)credentials_from_config(text, S("example.org:5000"), S("team/app"), "fuzz",
					      &c, &e);
	credentials_done(&c);
	(void)credentials_from_answer(text, &c, &e);
	credentials_done(&c);
	return 0;
}
