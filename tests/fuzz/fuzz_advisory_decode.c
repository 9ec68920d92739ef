/* Encoded advisories, from a child or a disk: decoded ones encode to something that decodes to the same. */
#include "vuln/advisory_code.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = { (const char *)data, size };
	struct arena a = { 0 };
	struct advisory adv;
	struct affected f;
	struct feed_info info;
	struct kev k;
	struct epss p;
	struct err e;
	if (advisory_decode(&a, bytes, &adv, &e) == 0) {
		struct buf first = { 0 }, second = { 0 };
		if (advisory_encode(&adv, &first, &e) ||
		    advisory_decode(&a, str_buf(&first), &adv, &e) ||
		    advisory_encode(&adv, &second, &e) ||
		    !str_eq(str_buf(&first), str_buf(&second)))
			abort();
		buf_done(&first);
		buf_done(&second);
	}
	(void)advisory_decode_body(&a, bytes, &adv, &e);
	(void)affected_decode(&a, bytes, &f, &e);
	(void)feed_info_decode(bytes, &info, &e);
	(void)kev_decode(bytes, &k, &e);
	(void)epss_decode(bytes, &p, &e);
	arena_done(&a);
	return 0;
}
