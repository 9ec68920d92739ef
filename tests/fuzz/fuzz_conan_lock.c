/* conan.lock: any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(conan_lock, "conan.lock")
