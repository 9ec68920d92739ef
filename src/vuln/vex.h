/* VEX: what somebody who knows says about vulnerabilities in products. OpenVEX 0.2.0, CSAF 2.0 (profile VEX and security
 * advisories), CycloneDX 1.4 to 1.7; plain, as an in-toto statement, or in a DSSE envelope or Sigstore bundle, whose
 * signature is not looked at here.
 *
 * Products and components are named by package URLs. A statement suppresses a finding when every way from the image down to
 * the package leads through a product it names (the image, a package on the way, the package itself), the component,
 * where it names one, being that package. Of statements about one finding the newest counts; of equally old ones the last. */
#ifndef LAZARET_VULN_VEX_H
#define LAZARET_VULN_VEX_H

#include "vuln/finding.h"

enum {
	VEX_BYTES = 4 << 20, /* of one document */
	VEX_FILES = 10000, /* of one folder */
	VEX_STATEMENTS = 1000000, /* of all documents, and the same of targets */
	VEX_DEPTH = 40, /* branches of a CSAF product tree, relationships through relationships */
};

struct vex_target {
	struct str product,
		component; /* package URLs as written; component empty: the product itself */
	struct str
		serial; /* of the SBOM that a CycloneDX link goes to, "urn:uuid:..."; empty: any */
};
struct vex_statement {
	struct str vulnerability;
	struct strs aliases;
	enum status status; /* NOT_AFFECTED, FIXED, AFFECTED or UNDER_INVESTIGATION */
	struct str justification; /* "vulnerable_code_not_present", ...; empty: none */
	struct str text; /* for people: impact or action */
	int64_t time; /* Unix seconds; 0: none given */
	struct vex_target *targets;
	size_t n_targets, targets_cap;
	size_t document; /* index */
	bool matched; /* by vex_apply: it spoke of some finding */
};
struct vex_document {
	struct str source; /* path or reference, for messages */
	const char *format; /* "OpenVEX", "CSAF", "CycloneDX" */
	struct strs subjects; /* digests "sha256:..." of an in-toto statement; none: any image */
};
struct vex {
	struct arena *arena;
	struct vex_document *documents;
	size_t n_documents, documents_cap;
	struct vex_statement *statements;
	size_t n_statements, statements_cap;
	uint64_t targets; /* in all statements */
};

/* One document. ERR_INVALID when it is of no known format or breaks it, ERR_LIMIT. Strings are copied. */
int vex_add(struct vex *v, struct str text, struct str source, struct err *e);
/* A file, or every *.json of a folder (not below it), by name; a file of a folder that is no VEX is an error too. */
int vex_add_path(struct vex *v, const char *path, struct err *e);

/* Fills finding.suppressed (those that have one already are left), marks statements that spoke of something, and adds one
 * line a document with statements that did not to `warnings`. */
void vex_apply(struct vex *v, const struct inventory *inv, struct finding *findings, size_t n,
	       struct arena *a, struct strs *warnings);

#endif
