/* What copy, save and load share. */
#ifndef LAZARET_CMD_COPY_H
#define LAZARET_CMD_COPY_H

#include "cmd/command.h"

struct copy_job {
	struct str from, to;            /* targets */
	struct str name;                /* at the destination; empty: that of `to`, else that of `from` */
	struct str platform;            /* empty: all */
	struct strs only;               /* "sig", "att", "sbom"; none: all, with the image */
	bool attachments_there;         /* what is attached goes to COSIGN_REPOSITORY */
	bool force;                     /* names that are there are moved */
};
/* Copies and prints what was carried; returns an exit status. The command's table has registry_options.def. */
int copy_run(const struct args *a, const struct copy_job *j);

#endif
