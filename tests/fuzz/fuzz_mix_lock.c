/* mix.lock: any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(mix_lock, "mix.lock")
