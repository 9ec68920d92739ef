/* What every command that asks a registry shares: the options of registry_options.def. */
#ifndef LAZARET_CMD_REGISTRY_OPTIONS_H
#define LAZARET_CMD_REGISTRY_OPTIONS_H

#include "cmd/command.h"
#include "source/source.h"

/* Reads the rows of registry_options.def but --timeout (alarm_start), limits too; reads standard input for
 * --password-stdin. ERR_INVALID is a usage error. */
int registry_options_read(const struct args *a, struct source_options *o, struct err *e);
/* Where what is attached to the image of `s` is kept: *other is the repository of COSIGN_REPOSITORY, opened, when that is
 * set and the image is in a registry; else NULL, and it is `s` itself. The caller closes it. */
int registry_attachments(const struct args *a, const struct source_options *o, const struct source *s,
			 struct source **other, struct err *e);

#endif
