/* Package.resolved: any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(swift_resolved, "Package.resolved")
