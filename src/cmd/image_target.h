/* An image that signatures are made for or looked for: the source it is in, the one its signatures are in, and the digest
 * that its name was resolved to, once. */
#ifndef LAZARET_CMD_IMAGE_TARGET_H
#define LAZARET_CMD_IMAGE_TARGET_H

#include "cmd/command.h"
#include "source/source.h"
#include "trust/x509.h"

struct image_target {
	struct source *source,
		*other; /* other: COSIGN_REPOSITORY's; NULL: signatures are beside the image */
	struct source *signatures; /* one of the two */
	struct descriptor descriptor; /* media type, digest, size */
	struct manifest manifest;
	bool by_tag; /* in a registry, named without a digest */
	struct str name; /* "host/repository" as cosign writes it; empty: not in a registry */
	struct str shown; /* for people: with the digest */
};
/* `write`: signatures will be added. Errors name the target. */
int image_target_open(const struct args *a, const struct source_options *o, struct str text,
		      bool write, struct image_target *out, struct err *e);
/* After writing: archives become visible. */
int image_target_finish(struct image_target *t, struct err *e);
void image_target_close(struct image_target *t);

/* "k=v" values of an option as annotations in the arena; ERR_INVALID without a '=' or a key. */
int read_annotations(const struct args *a, const char *option, struct annotation **v, size_t *n,
		     struct err *e);
/* Of --certificate and --certificate-chain, which may both be left out: leaf first. `otherwise`: the file in their place then;
 * empty: none. ERR_INVALID: not this key's. */
int read_key_chain(const struct args *a, struct str otherwise, const struct key *key,
		   struct certs *out, struct err *e);

#endif
