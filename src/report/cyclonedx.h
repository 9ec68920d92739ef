/* The parts of CycloneDX: documents (cyclonedx.c), their vulnerabilities (cyclonedx_vulns.c), reading (cyclonedx_read.c). */
#ifndef LAZARET_REPORT_CYCLONEDX_H
#define LAZARET_REPORT_CYCLONEDX_H

#include "report/sbom.h"

struct json_out;
/* The members of `metadata` that say when and by what. */
void cyclonedx_put_metadata(struct json_out *j, int64_t created);
/* The member `vulnerabilities`, of all findings of the report; o->refs are what `affects` names. */
void cyclonedx_put_vulnerabilities(struct sbom_out *o, struct json_out *j);

bool cyclonedx_probe(const struct sbom_head *h);
int cyclonedx_read(struct sbom *s, struct str text, struct err *e);

#endif
