/* bun.lock: any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(bun_lock, "bun.lock")
