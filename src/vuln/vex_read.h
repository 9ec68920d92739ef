/* Readers of VEX formats, one file each; private to vex.c and them. Each adds to `v` what the document says, under the
 * document's index; a statement without a vulnerability or a status is ERR_INVALID. */
#ifndef LAZARET_VULN_VEX_READ_H
#define LAZARET_VULN_VEX_READ_H

#include "base/json.h"
#include "vuln/vex.h"

int vex_read_openvex(struct vex *v, size_t document, const struct json *j, struct err *e);
int vex_read_csaf(struct vex *v, size_t document, const struct json *j, struct err *e);
int vex_read_cyclonedx(struct vex *v, size_t document, const struct json *j, struct err *e);

/* ERR_LIMIT when there are too many. */
int vex_new_statement(struct vex *v, size_t document, struct vex_statement **out, struct err *e);
int vex_new_target(struct vex *v, struct vex_statement *s, struct str product, struct str component,
		   struct err *e);
struct str vex_copy(struct vex *v, struct str s);

#endif
