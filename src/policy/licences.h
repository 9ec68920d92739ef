/* Which licences of an inventory are worth looking at. */
#ifndef LAZARET_POLICY_LICENCES_H
#define LAZARET_POLICY_LICENCES_H

#include "report/report.h"

/* Fills r->licences: packages, and files that belong to none, whose licence is forbidden, restricted, reciprocal or of no
 * known category; with the severities Trivy gives these (CRITICAL, HIGH, MEDIUM, UNKNOWN). The worst first, then by
 * expression, then in the inventory's order. */
void licences_judge(struct report *r, struct arena *a);

#endif
