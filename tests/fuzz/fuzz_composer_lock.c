/* composer.lock: any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(composer_lock, "composer.lock")
