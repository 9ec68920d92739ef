/* A feed's parser over any bytes; what it gives must survive its own encoding. */
#ifndef LAZARET_FUZZ_FEED_H
#define LAZARET_FUZZ_FEED_H

#include "vuln/advisory_code.h"
#include "vuln/feed.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int fuzz_advisory(void *ctx, const struct advisory *adv, struct err *e)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	struct arena a = { 0 };
	struct advisory out;
	(void)ctx;
	if (advisory_encode(adv, &b, e) == 0 && advisory_decode(&a, str_buf(&b), &out, e))
		abort();
	arena_done(&a);
	return 0;
}

static int fuzz_kev(void *ctx, const struct kev *k, struct err *e)
{
	(void)ctx;
	(void)k;
	(void)e;
	return 0;
}

static int fuzz_epss(void *ctx, const struct epss *p, struct err *e)
{
	(void)ctx;
	(void)e;
	if (!(p->score >= 0 && p->score <= 1))
		abort();
	return 0;
}

static void fuzz_skipped(void *ctx, struct str what, const char *why)
{
	(void)ctx;
	(void)what;
	(void)why;
}

static int fuzz_feed(const struct feed *feed, struct str bytes)
{
	static const struct feed_sink sink = { fuzz_advisory, fuzz_kev, fuzz_epss, fuzz_skipped,
					       NULL };
	struct stream *in CLEANUP(cleanup_stream) = stream_mem(bytes);
	struct arena a = { 0 };
	struct str detail = { 0 };
	struct err e;
	feed->probe(&a, S("v3.19/main.json"), str_upto(bytes, 4096), &detail);
	(void)feed->parse(in, S(""), &sink, &e);
	arena_done(&a);
	return 0;
}

#define FUZZ_FEED(name) \
	extern const struct feed feed_##name; \
	int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) \
	{ \
		return fuzz_feed(&feed_##name, (struct str){ (const char *)data, size }); \
	}

#endif
