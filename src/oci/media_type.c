/* Media types of the OCI image specification 1.1 and of Docker's distribution: which are indexes, manifests and layers,
 * and what compression a layer's type promises. Parameters ("; charset=utf-8") are no part of a type; comparison does
 * not mind case, as RFC 6838 has it. A type is a promise only: contents are told by their bytes. */
#include "oci/media_type.h"
#include "base/stream.h"

const char *const manifest_accept = "application/vnd.oci.image.index.v1+json, "
				    "application/vnd.docker.distribution.manifest.list.v2+json, "
				    "application/vnd.oci.image.manifest.v1+json, "
				    "application/vnd.docker.distribution.manifest.v2+json";

static bool one_of(struct str t, const char *const *list, size_t n)
{
	t = media_type_bare(t);
	for (size_t i = 0; i < n; i++)
		if (str_eq_nocase(t, str_of(list[i])))
			return true;
	return false;
}

struct str media_type_bare(struct str t)
{
	return str_trim(str_cut(&t, ';'));
}

bool media_type_is_index(struct str t)
{
	static const char *const list[] = { MEDIA_OCI_INDEX, MEDIA_DOCKER_LIST };
	return one_of(t, list, COUNT(list));
}

bool media_type_is_manifest(struct str t)
{
	static const char *const list[] = { MEDIA_OCI_MANIFEST, MEDIA_DOCKER_MANIFEST };
	return one_of(t, list, COUNT(list));
}

bool media_type_is_schema1(struct str t)
{
	static const char *const list[] = {
		"application/vnd.docker.distribution.manifest.v1+json",
		"application/vnd.docker.distribution.manifest.v1+prettyjws"
	};
	return one_of(t, list, COUNT(list));
}

bool media_type_is_config(struct str t)
{
	static const char *const list[] = { MEDIA_OCI_CONFIG, MEDIA_DOCKER_CONFIG };
	return one_of(t, list, COUNT(list));
}

bool media_type_says_nothing(struct str t)
{
	static const char *const list[] = { "", "application/json", "application/octet-stream",
					    "text/plain", "binary/octet-stream" };
	return one_of(t, list, COUNT(list));
}

static const struct {
	const char *type;
	enum compression compression;
	bool foreign;
} layers[] = {
	{ "application/vnd.oci.image.layer.v1.tar", COMPRESSION_NONE, false },
	{ "application/vnd.oci.image.layer.v1.tar+gzip", COMPRESSION_GZIP, false },
	{ "application/vnd.oci.image.layer.v1.tar+zstd", COMPRESSION_ZSTD, false },
	{ "application/vnd.oci.image.layer.nondistributable.v1.tar", COMPRESSION_NONE, true },
	{ "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", COMPRESSION_GZIP, true },
	{ "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", COMPRESSION_ZSTD, true },
	{ "application/vnd.docker.image.rootfs.diff.tar", COMPRESSION_NONE, false },
	{ "application/vnd.docker.image.rootfs.diff.tar.gzip", COMPRESSION_GZIP, false },
	{ "application/vnd.docker.image.rootfs.diff.tar.zstd", COMPRESSION_ZSTD, false },
	{ "application/vnd.docker.image.rootfs.foreign.diff.tar", COMPRESSION_NONE, true },
	{ "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", COMPRESSION_GZIP, true },
	{ "application/vnd.docker.image.rootfs.foreign.diff.tar.zstd", COMPRESSION_ZSTD, true },
};

static ssize_t layer_type(struct str t)
{
	t = media_type_bare(t);
	for (size_t i = 0; i < COUNT(layers); i++)
		if (str_eq_nocase(t, str_of(layers[i].type)))
			return (ssize_t)i;
	return -1;
}

bool media_type_is_unknown_layer(struct str t, const char **why)
{
	if (layer_type(t) >= 0)
		return false;
	*why = str_ends(media_type_bare(t), S("+encrypted"))
		       ? "the layer is encrypted"
		       : "the layer's media type is not known";
	return true;
}

int media_type_compression(struct str t)
{
	ssize_t i = layer_type(t);
	return i < 0 ? COMPRESSION_NONE : (int)layers[i].compression;
}

bool media_type_is_foreign(struct str t)
{
	ssize_t i = layer_type(t);
	return i >= 0 && layers[i].foreign;
}
