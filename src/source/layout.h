/* The OCI image layout (image-layout.md), wherever its files are: in a folder or in an archive. */
#ifndef LAZARET_SOURCE_LAYOUT_H
#define LAZARET_SOURCE_LAYOUT_H

#include "source/source.h"

/* Where the files are. `open` gives a file by its path inside the layout, with its size: ERR_NOT_FOUND when it is not
 * there, ERR_INVALID for anything but a regular file inside the layout. May be called from several threads. */
struct layout {
	int (*open)(void *ctx, struct str path, struct stream **out, uint64_t *size, struct err *e);
	void *ctx;
	struct str index_bytes;         /* index.json as it came */
	struct descriptor self;         /* of index.json, which is an index itself */
	struct descriptors entries;
};

/* Checks oci-layout, reads index.json; what it keeps is in the source's arena. */
int layout_load(struct layout *l, struct source *s, struct err *e);
int layout_resolve(struct layout *l, struct source *s, struct descriptor *out, struct err *e);
int layout_get(const struct layout *l, const struct descriptor *d, struct stream **out, struct err *e);
/* By the subjects of the manifests in index.json, and by the index named ALGORITHM-HEX. */
int layout_referrers(struct layout *l, struct source *s, const struct digest *subject, struct descriptors *out,
                     struct err *e);
int layout_list(const struct layout *l, struct source *s, struct strs *tags, struct err *e);

#endif
