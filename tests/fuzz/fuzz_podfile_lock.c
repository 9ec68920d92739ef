/* Podfile.lock: any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(podfile_lock, "Podfile.lock")
