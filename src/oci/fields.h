/* Documents that several readers must read alike. Go's decoder, which engines and registries use, takes the last of two
 * equal keys and does not mind case ("Layers", even with U+017F for s); others take the first and do. A document in
 * which that makes a difference shows one image to us and another to the runtime, so it is refused. */
#ifndef LAZARET_OCI_FIELDS_H
#define LAZARET_OCI_FIELDS_H

#include "base/json.h"

/* Every key of `object` that reads like one of `names` (ends with NULL) is exactly that name, and there once.
 * ERR_INVALID otherwise. Nothing is asked of a value that is no object. */
int fields_check(const struct json *object, const char *const *names, struct err *e);

#endif
