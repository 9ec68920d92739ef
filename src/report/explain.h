/* Why something is reported: the record that says so, the range that holds, the package, its file and layer, who needs it;
 * and what would mend it. */
#ifndef LAZARET_REPORT_EXPLAIN_H
#define LAZARET_REPORT_EXPLAIN_H

#include "report/report.h"

/* Everything in the report that `id` names (a vulnerability or an alias, a check's or another tool's id, a secret's or
 * YARA's rule, a licence; any case), for people. Returns how many there were. */
size_t explain_text(const struct report *r, struct str id, struct arena *a, struct buf *out);
size_t explain_json(const struct report *r, struct str id, struct arena *a, struct buf *out);

#endif
