/* The parts of SPDX: 2.3 (spdx.c, read by spdx_read.c), 3.0.1 (spdx3.c, read by spdx3_read.c). */
#ifndef LAZARET_REPORT_SPDX_H
#define LAZARET_REPORT_SPDX_H

#include "report/sbom.h"

/* A package as SPDX sees it: the image, the distribution or one of the image's. */
struct spdx_package {
	struct str ref; /* makes its id */
	struct str name, version, purl, cpe, supplier, source, path;
	struct str licence; /* an expression; empty: not said */
	const struct digest *digests[3]; /* SHA256, SHA1, MD5 */
	const char *purpose; /* LIBRARY, APPLICATION, CONTAINER, OPERATING-SYSTEM */
	struct sbom_facts facts;
};
/* root, distribution, then the packages in order; calls `take` for each. */
void spdx_each_package(struct sbom_out *o, void (*take)(void *ctx, const struct spdx_package *p),
		       void *ctx);
struct str spdx_root_ref(struct sbom_out *o);
struct str spdx_system_ref(struct sbom_out *o);
/* "Package-0123456789abcdef" */
struct str spdx_id(struct arena *a, struct str ref);
/* Licences of an expression that are no SPDX ids: "LicenseRef-...". */
void spdx_licence_refs(struct arena *a, struct str expression, struct strs *out);

bool spdx_probe(const struct sbom_head *h);
int spdx_read(struct sbom *s, struct str text, struct err *e);
bool spdx_tag_value_probe(const struct sbom_head *h);
int spdx_tag_value_read(struct sbom *s, struct str text, struct err *e);
bool spdx3_probe(const struct sbom_head *h);
int spdx3_read(struct sbom *s, struct str text, struct err *e);

#endif
