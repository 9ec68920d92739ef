/* What licence.c asks of licence_names.c. Strings are constant or live in l->arena. */
#ifndef LAZARET_ANALYZE_LICENCE_NAMES_H
#define LAZARET_ANALYZE_LICENCE_NAMES_H

#include "analyze/licence.h"

/* The identifier (or a short expression) that a name means; empty when it means none. */
struct str licence_look_up(struct licences *l, struct str name);
/* The identifier of an exception by its words, for this licence; empty when there is none. */
struct str licence_exception(struct licences *l, struct str words, struct str licence);
/* "LicenseRef-..." of the text's letters; empty when it has none. */
struct str licence_ref(struct licences *l, struct str text);
/* Of one identifier, with or without WITH. */
enum licence_category licence_category_of_name(struct licences *l, struct str id);

#endif
