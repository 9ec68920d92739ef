/* Shared by registry.c, which reads, and registry_write.c. */
#ifndef LAZARET_SOURCE_REGISTRY_H
#define LAZARET_SOURCE_REGISTRY_H

#include "source/registry_auth.h"

struct registry {
	struct endpoint *endpoints;     /* mirrors, then the registry itself */
	size_t n;
	size_t first;                   /* where resolve found the image: asked before the others */
	struct descriptor found;        /* what resolve saw; alg DIGEST_NONE: nothing */
	struct str bytes;               /* its manifest */
	/* Writing. */
	struct str mount_from;          /* a repository of the same registry that may have the blobs; empty: none */
	struct digest put;              /* the last manifest put, so that it can be tagged without asking for it */
	struct str put_type;
	struct buf put_bytes;
};

/* The media type without its parameters; text that is none: empty. */
struct str registry_media_type(const struct fetch_response *response);
extern const struct source_ops source_registry;
int registry_put(struct source *s, const struct descriptor *d, struct stream *in, struct err *e);
int registry_tag(struct source *s, struct str name, const struct descriptor *d, const struct digest *expected,
		 struct err *e);
int registry_remove(struct source *s, const struct digest *d, struct str name, struct err *e);
/* Both are repositories of one registry: blobs that `to` lacks are mounted from `from` where that is allowed. */
void registry_mount(struct source *to, const struct source *from);

#endif
