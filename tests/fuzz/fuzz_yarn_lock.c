/* yarn.lock of any version. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(yarn_lock, "yarn.lock")
