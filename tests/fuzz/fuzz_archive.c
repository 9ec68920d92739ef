/* Image archives of both kinds, from a file in memory: probed, opened, every image read, every layer verified. The first
 * byte chooses the way in. */
#include "source/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_layers(struct source *s, const struct image *image)
{
	for (size_t i = 0; i < image->n_layers; i++) {
		struct stream *in CLEANUP(cleanup_stream) = NULL;
		struct err e;
		if (source_get_verified(s, &image->layers[i], &in, &e) == 0)
			stream_drain(in, &e);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const schemes[] = { "", "docker-archive:", "oci-archive:" };
	struct source_options o = { 0 };
	struct arena a = { 0 };
	struct source *s = NULL;
	struct image *images = NULL;
	struct strs tags = { 0 };
	struct err e;
	char target[64];
	size_t n = 0;
	int fd = memfd_create("archive", MFD_CLOEXEC);
	if (size == 0 || fd < 0 || write(fd, data + 1, size - 1) != (ssize_t)(size - 1)) {
		close(fd);
		return 0;
	}
	limits_default(&o.limits);
	o.limits.archive_bytes = o.limits.blob_bytes = 1 << 20;
	o.limits.archive_entries = 200;
	snprintf(target, sizeof target, "%s/proc/self/fd/%d", schemes[data[0] % COUNT(schemes)],
		 fd);
	if (source_open(str_of(target), &o, &s, &e) == 0) {
		s->ops->list(s, &tags, &e);
		if (source_images(s, NULL, &a, &images, &n, &e) == 0)
			for (size_t i = 0; i < n; i++)
				read_layers(s, &images[i]);
		source_close(s);
	}
	arena_done(&a);
	close(fd);
	return 0;
}
