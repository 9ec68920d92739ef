/* scan --attest: what was found becomes two attestations of each image, its packages (CycloneDX) and the scan (cosign's vuln
 * predicate), signed with what the signing options say. */
#ifndef LAZARET_CMD_SCAN_ATTEST_H
#define LAZARET_CMD_SCAN_ATTEST_H

#include "cmd/scan_job.h"
#include "cmd/signing_options.h"

struct scan_attest {
	bool wanted;
	struct signing signing;
};
/* Reads the key (and may ask for its password) before anything is scanned; nothing without --attest. ERR_INVALID is a
 * usage error. */
int scan_attest_open(const struct args *a, struct scan_attest *out, struct err *e);
/* Attests every report's image, under the digest that was scanned. Folders and SBOMs are an error: nothing can be attached
 * to them. */
int scan_attest_reports(struct scan_attest *t, const struct scan_job *j, struct err *e);
void scan_attest_close(struct scan_attest *t);

#endif
