/* pubspec.lock: any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(pubspec_lock, "pubspec.lock")
