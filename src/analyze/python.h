/* What the readers of Python's files share. */
#ifndef LAZARET_ANALYZE_PYTHON_H
#define LAZARET_ANALYZE_PYTHON_H

#include "analyze/lock.h"

/* A dependency specifier (PEP 508): 'NAME[extras] (>=1,<2) ; marker', 'NAME @ URL'. Borrowed; absent parts are empty. */
struct requirement {
	struct str name, extras, range, url, marker;
};
/* False when it begins with no name. */
bool python_requirement(struct str text, struct requirement *out);
/* The version of a range that is one "==VERSION" or "===VERSION" without '*'; empty for any other. */
struct str python_pinned(struct str range);

/* METADATA and PKG-INFO ("core metadata specifications"): adds the package. ERR_INVALID when name or version is missing. */
int python_metadata(struct listing *l, struct str text, struct err *e);

#endif
