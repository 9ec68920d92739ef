/* Where trust roots that came by TUF are kept: TUF_ROOT (as for cosign), $XDG_DATA_HOME/lazaret/trust,
 * ~/.local/share/lazaret/trust. trust/tuf.h has trust_cached_root() that reads from there. */
#ifndef LAZARET_CMD_TRUST_DIR_H
#define LAZARET_CMD_TRUST_DIR_H

#include "cmd/command.h"

struct str trust_dir(const struct args *a);

#endif
