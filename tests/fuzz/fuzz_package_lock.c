/* package-lock.json of any version. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(package_lock, "package-lock.json")
