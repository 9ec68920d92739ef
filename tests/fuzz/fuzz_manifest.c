/* Manifests, indexes and configurations; the first byte says what a descriptor would call it. */
#include "oci/media_type.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = { "", MEDIA_OCI_INDEX, MEDIA_OCI_MANIFEST,
					     MEDIA_DOCKER_MANIFEST };
	struct arena a = { 0 };
	struct limits l;
	struct manifest m;
	struct image_config c;
	struct platform host;
	struct err e;
	limits_default(&l);
	l.layers = 8;
	platform_host(&host);
	if (size == 0)
		return 0;
	struct str bytes = { (const char *)data + 1, size - 1 };
	if (manifest_parse(&a, bytes, str_of(types[data[0] % COUNT(types)]), &l, &m, &e) == 0) {
		if (m.image.n_layers > l.layers || m.image.self.size != bytes.n)
			abort();
		for (size_t i = 0; i < m.index.n; i++)
			platform_match(&m.index.v[i].platform, &host);
	}
	if (image_config_parse(&a, bytes, &c, &e) == 0)
		image_layer_created_by(&c, 3);
	arena_done(&a);
	return 0;
}
