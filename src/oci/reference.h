/* Image references: "[HOST[:PORT]/]REPOSITORY[:TAG][@DIGEST]" with Docker's rules for short names: a first component
 * without '.', ':' or "localhost" is no host; no host is docker.io; one component there is library/NAME; no tag and
 * no digest is "latest". Grammar and lengths as in the distribution specification (repository 255, tag 128 bytes). */
#ifndef LAZARET_OCI_REFERENCE_H
#define LAZARET_OCI_REFERENCE_H

#include "base/arena.h"
#include "base/digest.h"

struct reference {
	struct str host;                /* "docker.io", "localhost:5000", "[::1]:5000" */
	struct str repository;
	struct str tag;                 /* empty when only a digest was given */
	struct digest digest;           /* alg DIGEST_NONE when none */
};

int reference_parse(struct arena *a, struct str s, struct reference *out, struct err *e);
struct str reference_text(struct arena *a, const struct reference *r);
bool tag_valid(struct str tag);

#endif
