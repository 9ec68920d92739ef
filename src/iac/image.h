/* What is wrong with an image's configuration, its build history, its accounts and its files' modes: the image checks of
 * the CIS Docker Benchmark (section 4), of dockle and of Trivy. image_checks.def is their table. */
#ifndef LAZARET_IAC_IMAGE_H
#define LAZARET_IAC_IMAGE_H

#include "analyze/inventory.h"
#include "iac/check.h"

struct image_check_options {
	int64_t now; /* Unix seconds; ages are counted from it */
	bool content_trust; /* the user's DOCKER_CONTENT_TRUST is on, or signatures are verified elsewhere */
};

/* Adds what fails to *out, by check, then in the order of layers and paths. Strings live in `a` or in the inventory. An
 * image configuration was parsed before, so that nothing here fails; a directory is judged by its files alone. */
void image_check(const struct inventory *inv, const struct image_check_options *o, struct arena *a,
		 struct config_finding **out, size_t *n);

#endif
