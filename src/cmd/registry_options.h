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

/* An image that a command works on, and where what is attached to it is. */
struct opened_image {
	struct source_options options;
	struct source *s, *other;       /* other: see registry_attachments */
	struct source *attachments;     /* one of the two */
	struct descriptor self;         /* of the image or index that the target names */
};
/* Options, --timeout, the source, the image. `platform` (may be empty): that one of an index. ERR_INVALID is a usage
 * error only where *usage is set. Close it in any case. */
int opened_image_open(const struct args *a, struct str target, struct str platform, struct opened_image *out,
		      bool *usage, struct err *e);
void opened_image_close(struct opened_image *o);

#endif
