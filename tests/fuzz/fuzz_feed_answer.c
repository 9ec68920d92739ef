/* The answer of a feed's child, in pieces whose size the first byte gives. */
#include "fuzz_feed.h"
#include "vuln/feed_run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct feed_sink sink = { fuzz_advisory, fuzz_kev, fuzz_epss, fuzz_skipped,
					       NULL };
	struct feed_answer *a = feed_answer_open(&sink);
	struct err e;
	int r = 0;
	size_t step = size ? 1 + (size_t)data[0] : 1;
	(void)fuzz_feed;
	for (size_t at = 1; at < size && r == 0; at += step)
		r = feed_answer_take(
			a, str_upto((struct str){ (const char *)data + at, size - at }, step), &e);
	if (r == 0)
		(void)feed_answer_end(a, &e);
	feed_answer_close(a);
	return 0;
}
