/* Packages and Release through the deb822 reader. */
#include "vuln/deb_packages.h"
#include "vuln/deb_release.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int each(void *ctx, const struct deb_package *p, struct err *e)
{
	(void)ctx;
	(void)e;
	if (!deb_path_is_safe(p->filename))
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct arena a CLEANUP(arena_done) = { 0 };
	struct stream *in CLEANUP(cleanup_stream) = stream_mem(text);
	struct deb_release r;
	uint64_t skipped;
	struct err e;
	deb_packages_read(in, each, NULL, &skipped, &e);
	deb_release_parse(&a, text, &r, &e);
	return 0;
}
