/* What the scanners of contents need besides the target: rules for secrets, YARA rules; and their findings. */
#ifndef LAZARET_CMD_CONTENT_H
#define LAZARET_CMD_CONTENT_H

#include "analyze/scan.h"
#include "cmd/command.h"
#include "report/report.h"

/* Loads the libraries that the children will need; before the launcher is forked. What cannot be loaded is said when it is
 * asked for. */
void content_load(const struct args *a);
/* Reads --secret-config and --yara into scan->analysis, whose scanners are known already (and which --yara adds to).
 * ERR_INVALID is a usage error. */
int content_read(const struct args *a, struct scan_options *scan, struct err *e);
/* Findings of what the inventory holds, before exceptions and filters. */
void content_judge(struct arena *a, struct report *r);

#endif
