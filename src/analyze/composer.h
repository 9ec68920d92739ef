/* Composer's packages, which its lockfile and its record of what is installed write alike. */
#ifndef LAZARET_ANALYZE_COMPOSER_H
#define LAZARET_ANALYZE_COMPOSER_H

#include "analyze/listing.h"

/* Adds one: name, licences, what it requires, provides and replaces. */
struct record_package *composer_add(struct listing *l, const struct json *package,
				    struct str version);

#endif
