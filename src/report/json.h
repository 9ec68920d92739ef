/* Our own JSON report, for documents that hold one. */
#ifndef LAZARET_REPORT_JSON_H
#define LAZARET_REPORT_JSON_H

#include "base/json.h"
#include "report/format.h"

/* The object of one image. */
void report_put_json(struct json_out *o, const struct report *r, const struct format_options *opt);

#endif
