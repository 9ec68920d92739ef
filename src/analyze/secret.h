/* From records and the image's configuration to inventory.secrets. */
#ifndef LAZARET_ANALYZE_SECRET_H
#define LAZARET_ANALYZE_SECRET_H

#include "analyze/fold.h"

/* Adds what every layer's record says, whether its file is still there or a later layer deletes or replaces it, each once;
 * then searches the configuration of inv->image (environment, labels, history, commands) and masks what it finds in the
 * layers' created_by; then sorts. prepared: from secret_rules_prepare. What of the configuration is too large is a line in
 * not_examined. */
int secrets_collect(const struct fold *f, struct str prepared, struct inventory *inv,
		    struct err *e);

#endif
