/* An SBOM file into an inventory. The file is parsed in a sandboxed child, in whatever format says it is its own; what comes
 * back is a record like a layer's, which is decoded with bounds. */
#ifndef LAZARET_REPORT_SBOM_READ_H
#define LAZARET_REPORT_SBOM_READ_H

#include "analyze/scan.h"
#include "report/report.h"

/* Does a file that begins like this look like an SBOM? (JSON text, or the first tag of SPDX.) */
bool sbom_looks_like(struct str head);
/* Reads the open file `fd` (not closed) called `name`. --distro and limits are those of `o`. ERR_INVALID with the reason
 * for what is no SBOM that we know or breaks its format, ERR_LIMIT beyond sbom_bytes and packages. Everything is in `a`.
 * A NULL launcher: parsed in process, for tests. */
int sbom_read(int fd, struct str name, const struct scan_options *o, struct arena *a,
	      struct inventory *out, struct err *e);
/* The parsing alone: text to record. Never fails: what went wrong is the record's first file's `unreadable`. */
void sbom_parse(struct arena *a, struct str text, const struct limits *l, struct layer_record *out);

#endif
