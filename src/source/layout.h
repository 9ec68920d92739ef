/* The OCI image layout (image-layout.md), wherever its files are: in a folder or in an archive. A source whose state
 * begins with a struct layout uses these functions as its operations. */
#ifndef LAZARET_SOURCE_LAYOUT_H
#define LAZARET_SOURCE_LAYOUT_H

#include "source/source.h"

struct layout {
	/* Where the files are. `open` gives a file by its path inside the layout, with its size: ERR_NOT_FOUND when it is
	 * not there, ERR_INVALID for anything but a regular file inside the layout. May be called from several
	 * threads. */
	int (*open)(void *ctx, struct str path, struct stream **out, uint64_t *size, struct err *e);
	void *ctx;
	int dir;                        /* the folder; -1: an archive, which is only read */
	struct str index_bytes;         /* index.json as it came */
	struct descriptor self;         /* of index.json, which is an index itself */
	struct descriptors entries;
	/* Manifests with a subject that index.json does not list (cosign keeps bundles so), once looked for. */
	struct loose {
		struct digest subject;
		struct descriptor d;
	} *loose;
	size_t n_loose, loose_cap;
	bool looked_for_loose;
};

/* Sets up `open` for an open folder. */
void layout_use_folder(struct layout *l, int dir);
/* Checks oci-layout, reads index.json; what it keeps is in the source's arena. */
int layout_load(struct source *s, struct err *e);
int layout_resolve(struct source *s, struct descriptor *out, struct err *e);
int layout_get(struct source *s, const struct descriptor *d, struct stream **out, struct err *e);
/* By the subjects of the manifests in index.json, by the index named ALGORITHM-HEX, and by loose manifests. */
int layout_referrers(struct source *s, const struct digest *subject, struct descriptors *out, struct err *e);
int layout_list(struct source *s, struct strs *tags, struct err *e);

/* Writing, into folders only. */
enum { LAYOUT_PATH = DIGEST_TEXT + 6 };
/* "blobs/ALGORITHM/HEX" in path[LAYOUT_PATH]; returns path. */
const char *layout_blob_path(const struct digest *d, char *path);
/* Opens below the folder, following no link that leads out of it; a descriptor or -1 with errno. */
int layout_open_beneath(int dir, const char *path, int flags);
/* Makes oci-layout, index.json and blobs where they are missing; only in a folder that is empty or a layout. */
int layout_make(int dir, struct err *e);
int layout_put(struct source *s, const struct descriptor *d, struct stream *in, struct err *e);
int layout_tag(struct source *s, struct str name, const struct descriptor *d, const struct digest *expected,
	       struct err *e);
int layout_remove(struct source *s, const struct digest *d, struct str name, struct err *e);
/* The folder's layout as a tar file, the same for the same content, durable. */
int layout_write_tar(int dir, int fd, struct err *e);
/* Takes away what layout_make and layout_put made, and the folder. */
void layout_delete(int dir, const char *path);

/* "sha256-HEX" with nothing or ".sig", ".att", ".sbom" behind it: names of what is attached, not of images. */
bool layout_name_is_attachment(struct str name);
struct str layout_entry_name(const struct descriptor *d);

#endif
