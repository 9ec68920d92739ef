/* Debian packages, for the changelog of "p". */
#include "vuln/deb_archive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stream *in CLEANUP(cleanup_stream) =
		stream_mem((struct str){ (const char *)data, size });
	struct buf text CLEANUP(buf_done) = { 0 };
	enum deb_changelog_found found;
	struct err e;
	deb_archive_changelog(in, S("p"), 1 << 20, &text, &found, &e);
	return 0;
}
