/* What the parts of the image checks share: image.c (configuration), image_build.c (history), image_files.c (files). */
#ifndef LAZARET_IAC_IMAGE_PARTS_H
#define LAZARET_IAC_IMAGE_PARTS_H

#include "base/json.h"
#include "base/map.h"
#include "iac/image.h"
#include "iac/image_history.h"

enum image_check {
#define IMAGE_CHECK(name, ...) IMAGE_##name,
#include "iac/image_checks.def"
#undef IMAGE_CHECK
	IMAGE_CHECKS
};

struct image_judge {
	const struct inventory *inv;
	const struct image_check_options *o;
	struct arena *a;
	const struct json *config; /* the configuration's "config"; NULL: none */
	struct image_history history;
	struct map variables; /* names that were told of already */
	struct config_finding *v;
	size_t n, cap;
};

void image_fail(struct image_judge *j, enum image_check check, ssize_t layer, struct str path,
		const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* A name like DB_PASSWORD or API_TOKEN, but not PASSWORD_FILE. */
bool image_secret_name(struct str name);
/* A value that can be one: not empty, no path, no reference to another variable, no switch. */
bool image_secret_value(struct str value);
/* The rest of an image name says latest: by word, or by saying neither tag nor digest. */
bool image_is_latest(struct str name);

void image_check_build(struct image_judge *j);
void image_check_files(struct image_judge *j);

#endif
