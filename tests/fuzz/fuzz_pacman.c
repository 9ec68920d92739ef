/* Files of pacman's database: any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(pacman, "var/lib/pacman/local/a-1/desc", "var/lib/pacman/local/a-1/mtree")
