/* updateinfo.xml and repomd.xml. */
#include "vuln/updateinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int each(void *ctx, const struct update *u, struct err *e)
{
	(void)ctx;
	(void)u;
	(void)e;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct arena a CLEANUP(arena_done) = { 0 };
	struct stream *in CLEANUP(cleanup_stream) = stream_mem(text);
	struct repomd_file f;
	uint64_t skipped;
	struct err e;
	updateinfo_read(in, each, NULL, &skipped, &e);
	repomd_find(&a, text, S("updateinfo"), &f, &e);
	return 0;
}
