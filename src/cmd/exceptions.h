/* What takes findings out of account: ignore files and VEX documents, from files and from what refers to the image. */
#ifndef LAZARET_CMD_EXCEPTIONS_H
#define LAZARET_CMD_EXCEPTIONS_H

#include "cmd/command.h"
#include "policy/ignore.h"
#include "source/source.h"
#include "vuln/vex.h"

struct exceptions {
	struct ignores ignores;
	struct vex
		vex; /* from files; what refers to an image is added for its report and taken away again */
	bool referrers; /* --vex oci */
};

/* Reads --ignorefile (else .lazaretignore.yaml, .trivyignore and .trivyignore.yaml of the working directory, those that
 * are there) and --vex. */
int exceptions_read(const struct args *a, struct exceptions *x, struct err *e);
/* Before the verdict. `source` NULL: nothing refers to it. */
int exceptions_apply(struct exceptions *x, struct source *source, struct report *r, int64_t now,
		     struct arena *a, struct err *e);

#endif
